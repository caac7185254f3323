-- Large files of people are taken in by a worker, some hundred rows a commit; each commit says how far it is.
CREATE TABLE contact_list_import (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    list_id      bigint NOT NULL REFERENCES contact_list ON DELETE CASCADE,
    agent_id     bigint REFERENCES agent,
    name         text NOT NULL,                     -- of the file
    file         text,                              -- its key in the files, while it is needed
    plan         jsonb NOT NULL,                    -- campaigns/list_columns.Plan
    rows         integer NOT NULL,
    position     integer NOT NULL DEFAULT 1,        -- the last row looked at, as a spreadsheet counts them
    done         integer NOT NULL DEFAULT 0,
    new          integer NOT NULL DEFAULT 0,
    wrong        integer NOT NULL DEFAULT 0,
    agreed       integer NOT NULL DEFAULT 0,
    kept_out     integer NOT NULL DEFAULT 0,
    errors       jsonb NOT NULL DEFAULT '[]',       -- the first ones
    why          text NOT NULL DEFAULT '',          -- it ended early
    created_at   timestamptz NOT NULL DEFAULT now(),
    finished_at  timestamptz
);
CREATE INDEX contact_list_import_list ON contact_list_import (list_id, id);

-- When the backup that campaign.unknown_since names was restored: what was due later cannot have left before.
ALTER TABLE campaign ADD COLUMN unknown_until timestamptz;
