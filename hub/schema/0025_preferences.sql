-- What people choose on their preference page, and what they do with the links of a campaign.
-- What a campaign may be about: people say no to one and keep the others.
CREATE TABLE interest (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name_es     text NOT NULL CHECK (name_es <> ''),
    name_en     text NOT NULL CHECK (name_en <> ''),
    active      boolean NOT NULL DEFAULT true,
    created_at  timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE campaign ADD COLUMN interest_id bigint REFERENCES interest;
-- Of the campaign it belongs to, for the claim; interests are retired, never deleted.
ALTER TABLE delivery ADD COLUMN interest_id bigint;

CREATE TABLE interest_refusal (
    address_id   bigint NOT NULL REFERENCES address ON DELETE CASCADE,
    interest_id  bigint NOT NULL REFERENCES interest,
    at           timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (address_id, interest_id)
);

-- When campaigns may reach a person, by their own clock; Monday is 0. contact_id is the leaf (INVARIANTS §14).
CREATE TABLE contact_hours (
    contact_id  bigint PRIMARY KEY REFERENCES contact ON DELETE CASCADE,
    starts      time NOT NULL,
    ends        time NOT NULL CHECK (starts < ends),
    days        smallint[] NOT NULL CHECK (cardinality(days) BETWEEN 1 AND 7),
    changed_at  timestamptz NOT NULL DEFAULT now()
);

-- The addresses that were erased, by the number in the links we sent: such a link still stops (INVARIANTS §19).
CREATE TABLE forgotten_address (
    address_id  bigint PRIMARY KEY,
    hash        bytea NOT NULL
);

-- Whether we may know that they opened a mail is a wish of its own.
ALTER TABLE consent DROP CONSTRAINT consent_purpose_check;
ALTER TABLE consent ADD CONSTRAINT consent_purpose_check CHECK (purpose IN ('service', 'marketing', 'opens'));
ALTER TABLE suppressed DROP CONSTRAINT suppressed_purpose_check;
ALTER TABLE suppressed ADD CONSTRAINT suppressed_purpose_check CHECK (purpose IN ('service', 'marketing', 'opens'));

-- The only places a link of a campaign's message leads to; numbered within the step, in all its variants and versions.
CREATE TABLE link (
    campaign_id  bigint NOT NULL REFERENCES campaign ON DELETE CASCADE,
    step         smallint NOT NULL,
    n            smallint NOT NULL CHECK (n BETWEEN 1 AND 999),
    url          text NOT NULL CHECK (url ~ '^https?://' AND octet_length(url) <= 2000),
    PRIMARY KEY (campaign_id, step, n),
    UNIQUE (campaign_id, step, url)
);

-- One row a recipient and link, however often it is followed. `times`: by a person, as far as one can tell.
CREATE TABLE click (
    recipient_id   bigint NOT NULL,
    n              smallint NOT NULL,
    times          integer NOT NULL DEFAULT 0,
    machine_times  integer NOT NULL DEFAULT 0,
    first_at       timestamptz NOT NULL DEFAULT now(),
    last_at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (recipient_id, n)
);

CREATE TABLE opening (
    recipient_id  bigint PRIMARY KEY,
    times         integer NOT NULL DEFAULT 1,
    first_at      timestamptz NOT NULL DEFAULT now(),
    last_at       timestamptz NOT NULL DEFAULT now()
);
