-- Saved texts: wordings people keep. Each change is a new version, so that what was used can be shown again.
CREATE TABLE saved_text (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title       text NOT NULL CHECK (title <> ''),
    shortcut    text NOT NULL DEFAULT '',
    language    text NOT NULL DEFAULT '',
    version     integer NOT NULL DEFAULT 1,
    active      boolean NOT NULL DEFAULT true,
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX saved_text_shortcut ON saved_text (lower(shortcut), language) WHERE shortcut <> '' AND active;

-- The words by channel (a subject, an HTML body and a short text where they differ) and what a macro does.
CREATE TABLE saved_text_version (
    saved_text_id  bigint NOT NULL REFERENCES saved_text ON DELETE CASCADE,
    version        integer NOT NULL CHECK (version > 0),
    subject        text NOT NULL DEFAULT '',
    text           text NOT NULL DEFAULT '',
    html           text NOT NULL DEFAULT '',
    short          text NOT NULL DEFAULT '',
    actions        jsonb NOT NULL DEFAULT '{}',
    agent_id       bigint REFERENCES agent,
    created_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (saved_text_id, version)
);
