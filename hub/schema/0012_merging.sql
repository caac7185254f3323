-- Two people who are one (INVARIANTS §14): which contacts moved under which root, and what was filled in there.
CREATE TABLE merge (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contact_id  bigint NOT NULL REFERENCES contact ON DELETE CASCADE,
    into_id     bigint NOT NULL REFERENCES contact ON DELETE CASCADE,
    members     bigint[] NOT NULL,
    filled      jsonb NOT NULL DEFAULT '{}',
    agent_id    bigint REFERENCES agent,
    at          timestamptz NOT NULL DEFAULT now(),
    undone_at   timestamptz
);
CREATE UNIQUE INDEX merge_standing ON merge (contact_id) WHERE undone_at IS NULL;
CREATE INDEX merge_into ON merge (into_id);
