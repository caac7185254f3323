-- What people want to find an audience by: tags, what somebody is at an account, lists that came as files.
CREATE TABLE contact_tag (
    contact_id  bigint NOT NULL REFERENCES contact ON DELETE CASCADE,  -- the leaf it was put on (INVARIANTS §14)
    tag_id      bigint NOT NULL REFERENCES tag ON DELETE CASCADE,
    agent_id    bigint REFERENCES agent,
    at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (contact_id, tag_id)
);
CREATE INDEX contact_tag_tag ON contact_tag (tag_id, contact_id);
CREATE UNIQUE INDEX tag_plain ON tag (plain(name));

CREATE TABLE contact_role (
    contact_id  bigint NOT NULL REFERENCES contact ON DELETE CASCADE,
    account_id  bigint NOT NULL REFERENCES account ON DELETE CASCADE,
    role        text NOT NULL CHECK (role IN ('employee', 'beneficiary', 'guarantor', 'representative')),
    agent_id    bigint REFERENCES agent,
    at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (contact_id, account_id, role)
);
CREATE INDEX contact_role_account ON contact_role (account_id);

CREATE TABLE contact_list (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL CHECK (name <> ''),
    columns     text[] NOT NULL DEFAULT '{}',  -- what the file says of each person and no field of ours holds
    agent_id    bigint REFERENCES agent,
    created_at  timestamptz NOT NULL DEFAULT now(),
    changed_at  timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX contact_list_name ON contact_list (lower(name));

CREATE TABLE contact_list_member (
    list_id     bigint NOT NULL REFERENCES contact_list ON DELETE CASCADE,
    contact_id  bigint NOT NULL REFERENCES contact ON DELETE CASCADE,
    fields      jsonb NOT NULL DEFAULT '{}',   -- by column of the list
    PRIMARY KEY (list_id, contact_id)
);
CREATE INDEX contact_list_member_contact ON contact_list_member (contact_id);

-- What an audience asks of a million people at once is rolled up (docs/decisions/010-rolled-up-audiences.md). Whoever
-- changes the rows below leaves a mark, waiting for nobody; a sweep redoes what is marked (customers/rolling_up), and
-- until then readers look at the rows themselves.
-- Of a root, with all merged into it: whether marketing reaches them, on which types of address, and what they said yes
-- to ("marketing:" on any type, "marketing:email"). Who wrote to us and said nothing else is what the defaults say.
ALTER TABLE contact ADD COLUMN standing text NOT NULL DEFAULT 'no_consent'
    CHECK (standing IN ('no_address', 'unusable', 'opted_out', 'no_consent', 'permitted'));
ALTER TABLE contact ADD COLUMN reached_by text[] NOT NULL DEFAULT '{}';
ALTER TABLE contact ADD COLUMN agreed text[] NOT NULL DEFAULT '{}';
CREATE TABLE reach_stale (contact_id bigint NOT NULL);

-- What was bought and not taken back, by the person (a leaf) or account and currency.
CREATE TABLE bought (
    whose     text NOT NULL CHECK (whose IN ('person', 'account')),
    buyer_id  bigint NOT NULL,
    currency  text NOT NULL,
    number    integer NOT NULL,
    amount    numeric(18, 2) NOT NULL,
    last_at   timestamptz NOT NULL,
    PRIMARY KEY (whose, buyer_id, currency)
);
CREATE TABLE bought_stale (whose text NOT NULL, buyer_id bigint NOT NULL);

CREATE FUNCTION mark_reach_of_wishes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO reach_stale SELECT DISTINCT a.contact_id FROM fresh f JOIN address a ON a.id = f.address_id;
    RETURN NULL;
END $$;
CREATE TRIGGER consent_marks_reach AFTER INSERT ON consent REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION mark_reach_of_wishes();

CREATE FUNCTION mark_reach_of_address() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN INSERT INTO reach_stale VALUES (OLD.contact_id); END IF;
    IF TG_OP = 'INSERT' OR (TG_OP = 'UPDATE' AND NEW.contact_id <> OLD.contact_id) THEN
        INSERT INTO reach_stale VALUES (NEW.contact_id);
    END IF;
    RETURN NULL;
END $$;
-- An address that wrote to us is the first of a new person, who needs no row: the road in pays nothing.
CREATE TRIGGER address_marks_reach AFTER INSERT ON address FOR EACH ROW
    WHEN (NEW.source <> 'message') EXECUTE FUNCTION mark_reach_of_address();
CREATE TRIGGER address_change_marks_reach AFTER UPDATE OF usable, contact_id, type ON address FOR EACH ROW
    WHEN ((OLD.usable, OLD.contact_id, OLD.type) IS DISTINCT FROM (NEW.usable, NEW.contact_id, NEW.type))
    EXECUTE FUNCTION mark_reach_of_address();
CREATE TRIGGER address_end_marks_reach AFTER DELETE ON address FOR EACH ROW EXECUTE FUNCTION mark_reach_of_address();

CREATE FUNCTION mark_reach_of_compared() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO reach_stale
    SELECT NEW.contact_id WHERE EXISTS (SELECT FROM consent WHERE address_id = NEW.id AND granted);
    RETURN NULL;
END $$;
CREATE TRIGGER address_compared_marks_reach AFTER UPDATE OF compared ON address FOR EACH ROW
    WHEN (OLD.compared IS DISTINCT FROM NEW.compared) EXECUTE FUNCTION mark_reach_of_compared();

CREATE FUNCTION mark_reach_of_merge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO reach_stale VALUES (OLD.root_id), (NEW.root_id);
    RETURN NULL;
END $$;
CREATE TRIGGER merge_marks_reach AFTER UPDATE OF root_id ON contact FOR EACH ROW
    WHEN (OLD.root_id <> NEW.root_id) EXECUTE FUNCTION mark_reach_of_merge();

CREATE FUNCTION mark_bought() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO bought_stale SELECT * FROM (VALUES ('person', OLD.contact_id), ('account', OLD.account_id)) AS b (whose, id)
        WHERE id IS NOT NULL;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO bought_stale SELECT * FROM (VALUES ('person', NEW.contact_id), ('account', NEW.account_id)) AS b (whose, id)
        WHERE id IS NOT NULL;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER purchase_marks_bought AFTER INSERT OR UPDATE OR DELETE ON purchase
    FOR EACH ROW EXECUTE FUNCTION mark_bought();

-- What was there before is rolled up by the first sweeps.
INSERT INTO reach_stale SELECT id FROM contact c
WHERE NOT EXISTS (SELECT FROM address a WHERE a.contact_id = c.id AND a.usable)
   OR EXISTS (SELECT FROM address a JOIN consent k ON k.address_id = a.id WHERE a.contact_id = c.id);
INSERT INTO bought_stale SELECT DISTINCT 'person', contact_id FROM purchase WHERE contact_id IS NOT NULL;
INSERT INTO bought_stale SELECT DISTINCT 'account', account_id FROM purchase WHERE account_id IS NOT NULL;

-- Those merged into somebody are few, and the planner cannot know it of two columns: this one it counts.
ALTER TABLE contact ADD COLUMN merged boolean GENERATED ALWAYS AS (root_id <> id) STORED;
DROP INDEX contact_merged;
CREATE INDEX contact_merged ON contact (id) INCLUDE (root_id) WHERE merged;
CREATE INDEX contact_of_merged ON contact (root_id) WHERE merged;
