-- What a channel itself proves to belong together: a chat session, a call, a fax job; and the chat's visitors.
CREATE TABLE thread_key (
    channel_id       bigint NOT NULL REFERENCES channel ON DELETE CASCADE,
    key              text NOT NULL CHECK (key <> ''),
    conversation_id  bigint NOT NULL REFERENCES conversation ON DELETE CASCADE,
    PRIMARY KEY (channel_id, key)
);
CREATE INDEX thread_key_conversation ON thread_key (conversation_id);

-- One visitor's chat in one browser. The token is known to the visitor alone, here is its hash; `name` is the
-- session's public name: the address it is answered at and the key of its thread. What was typed is a claim.
CREATE TABLE chat_session (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel_id   bigint NOT NULL REFERENCES channel ON DELETE CASCADE,
    token_hash   bytea NOT NULL UNIQUE,
    name         text NOT NULL UNIQUE,
    user_id      text NOT NULL DEFAULT '',        -- proven by the site's signature, else empty
    said_name    text NOT NULL DEFAULT '',
    said_email   text NOT NULL DEFAULT '',
    answers      jsonb NOT NULL DEFAULT '{}',     -- the other fields of the form before the chat
    consent_at   timestamptz,
    language     text NOT NULL DEFAULT '',
    page         text NOT NULL DEFAULT '',
    seen_at      timestamptz NOT NULL DEFAULT now(),
    created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX chat_session_user ON chat_session (channel_id, user_id) WHERE user_id <> '';

-- What the visitor has not read goes out by mail when they have left: at most one mail a delivery, for ever.
CREATE TABLE chat_mailed (
    delivery_id  bigint PRIMARY KEY REFERENCES delivery ON DELETE CASCADE,
    session_id   bigint NOT NULL REFERENCES chat_session ON DELETE CASCADE,
    at           timestamptz NOT NULL DEFAULT now()
);
