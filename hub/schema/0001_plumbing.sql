-- What every room stands on: the installation, what must follow a commit, history, idempotent requests.
CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- unaccent() is STABLE because its dictionary may change; ours never does, and indices need IMMUTABLE.
CREATE FUNCTION plain(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    AS $$ SELECT lower(public.unaccent('public.unaccent', $1)) $$;

CREATE TABLE installation (
    only_one    boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    generation  integer NOT NULL DEFAULT 1,
    is_demo     boolean NOT NULL DEFAULT false,
    paused      boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT now()
);
INSERT INTO installation DEFAULT VALUES;

-- INVARIANTS §5: what follows a commit has a row; Redis and arq only wake.
CREATE TABLE todo (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind         text NOT NULL,
    ref          bigint NOT NULL DEFAULT 0,
    payload      jsonb NOT NULL DEFAULT '{}',
    due_at       timestamptz NOT NULL DEFAULT now(),
    lease_until  timestamptz,
    attempts     integer NOT NULL DEFAULT 0,
    error        text NOT NULL DEFAULT ''
);
CREATE INDEX todo_due ON todo (due_at, id);

-- One row a verb: who did what to what; timeline, notifications and webhooks read it.
CREATE TABLE history (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at               timestamptz NOT NULL DEFAULT now(),
    agent_id         bigint,
    verb             text NOT NULL,
    conversation_id  bigint,
    contact_id       bigint,
    account_id       bigint,
    details          jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX history_conversation ON history (conversation_id, id) WHERE conversation_id IS NOT NULL;
CREATE INDEX history_contact ON history (contact_id, id) WHERE contact_id IS NOT NULL;
CREATE INDEX history_account ON history (account_id, id) WHERE account_id IS NOT NULL;

CREATE TABLE idempotency_key (
    token_id      bigint NOT NULL,
    key           text NOT NULL,
    request_hash  bytea NOT NULL,
    status        integer,
    answer        bytea,
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (token_id, key)
);
