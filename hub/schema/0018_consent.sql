-- Wishes may concern one channel only (a carrier's STOP), and what was refused outlives the person's rows.
ALTER TABLE consent ADD COLUMN channel_id bigint REFERENCES channel;  -- null: wherever we write
ALTER TABLE consent ADD COLUMN agent_id bigint REFERENCES agent;      -- who wrote the wish down, if a person did

-- INVARIANTS §19: HMAC of type and value, so that the list tells nobody whom it names.
CREATE TABLE suppressed (
    hash        bytea NOT NULL,
    purpose     text NOT NULL CHECK (purpose IN ('service', 'marketing')),
    channel_id  bigint REFERENCES channel,
    source      text NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (hash, purpose, channel_id)
);
-- New addresses are compared with the list by a sweep; until then no marketing goes there.
ALTER TABLE address ADD COLUMN compared boolean NOT NULL DEFAULT false;
UPDATE address SET compared = true;
CREATE INDEX address_to_compare ON address (id) WHERE NOT compared;

-- Until when free text may go to this address on this channel; null: no window, or an approved text.
ALTER TABLE delivery ADD COLUMN window_until timestamptz;
-- Marketing must not leave after this moment: quiet hours begin.
ALTER TABLE delivery ADD COLUMN leave_before timestamptz;
CREATE INDEX delivery_held_fallback ON delivery (message_id) WHERE state = 'held' AND fallback_of IS NOT NULL;

-- One's own choice for one conversation; '' follows the channel.
ALTER TABLE conversation ADD COLUMN fallback text NOT NULL DEFAULT '' CHECK (fallback IN ('', 'on', 'off'));

-- When marketing must not disturb, in the recipient's own zone; one row.
CREATE TABLE quiet_hours (
    only_one  boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    starts    time NOT NULL DEFAULT '21:00',
    ends      time NOT NULL DEFAULT '09:00'
);
INSERT INTO quiet_hours DEFAULT VALUES;
