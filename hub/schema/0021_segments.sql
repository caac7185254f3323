-- Saved audiences. A definition is typed condition groups (hub/campaigns/conditions.py), never SQL; each save is a version.
CREATE TABLE segment (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL CHECK (name <> ''),
    definition  jsonb NOT NULL,
    version     integer NOT NULL DEFAULT 1,
    agent_id    bigint REFERENCES agent,
    changed_at  timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX segment_name ON segment (lower(name));

CREATE TABLE segment_version (
    segment_id  bigint NOT NULL REFERENCES segment ON DELETE CASCADE,
    version     integer NOT NULL,
    definition  jsonb NOT NULL,
    agent_id    bigint REFERENCES agent,
    at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (segment_id, version)
);

-- Those merged into somebody are few: an audience looks only them up, and takes everybody else as they are.
CREATE INDEX contact_merged ON contact (id) INCLUDE (root_id) WHERE root_id <> id;
