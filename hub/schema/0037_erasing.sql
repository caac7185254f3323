-- Erasing a person (INVARIANTS §19): who is erased and how far it is. Numbers alone: nothing of theirs stays here.
CREATE TABLE erasure (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contact_id   bigint NOT NULL,              -- the root when it was asked
    contact_ids  bigint[] NOT NULL,            -- with all merged into it
    agent_id     bigint REFERENCES agent,      -- who asked; null: by command, or after a restore
    arrival_id   bigint NOT NULL DEFAULT 0,    -- arrivals up to here were looked through
    named        text[] NOT NULL DEFAULT '{}', -- files their rows named, until they are gone
    counts       jsonb NOT NULL DEFAULT '{}',
    asked_at     timestamptz NOT NULL DEFAULT now(),
    gone_at      timestamptz,                  -- no row is left
    done_at      timestamptz                   -- nor any file
);
CREATE UNIQUE INDEX erasure_open ON erasure (contact_id) WHERE gone_at IS NULL;

-- What is deleted is found by whoever names it; else each delete reads the whole table.
CREATE INDEX delivery_address ON delivery (address_id) WHERE address_id IS NOT NULL;
CREATE INDEX message_belongs_to ON message (belongs_to_id) WHERE belongs_to_id IS NOT NULL;
CREATE INDEX thread_pointer_conversation ON thread_pointer (conversation_id);
CREATE INDEX notification_conversation ON notification (conversation_id) WHERE conversation_id IS NOT NULL;
-- Whoever writes a message holds its contact's lock, and erasing takes the messages first
-- (docs/decisions/006-keys-nobody-checks.md): checked for nothing at each message, and without an index at the end.
ALTER TABLE message DROP CONSTRAINT IF EXISTS message_contact_id_fkey;
