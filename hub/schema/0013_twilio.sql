-- Files a provider keeps for us until a job has fetched them; a row that stays says why it could not.
CREATE TABLE awaited_file (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id  bigint NOT NULL REFERENCES message ON DELETE CASCADE,
    url         text NOT NULL,
    type        text NOT NULL DEFAULT '',   -- as the provider says; the bytes decide
    name        text NOT NULL DEFAULT '',
    failed      text                        -- null: still on its way
);
CREATE INDEX awaited_file_message ON awaited_file (message_id);

-- Wordings a channel's provider approved: the only ones that may leave when the window for free text is over.
CREATE TABLE approved_text (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel_id   bigint NOT NULL REFERENCES channel ON DELETE CASCADE,
    name         text NOT NULL CHECK (name <> ''),
    language     text NOT NULL,
    body         text NOT NULL CHECK (body <> ''),   -- variables are {{1}}, {{2}}…
    provider_id  text NOT NULL CHECK (provider_id <> ''),
    active       boolean NOT NULL DEFAULT true,
    created_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (channel_id, name, language)
);

-- When a channel's provider was last asked for what its webhooks may have lost.
ALTER TABLE channel ADD COLUMN pulled_at timestamptz;
