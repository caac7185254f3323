-- The people who answer: agents, teams, sessions, absences.
CREATE TABLE agent (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name            text NOT NULL CHECK (name <> ''),
    email           text NOT NULL CHECK (email = lower(email)),
    password_hash   text NOT NULL DEFAULT '',
    role            text NOT NULL CHECK (role IN ('agent', 'lead', 'marketer', 'admin')),
    active          boolean NOT NULL DEFAULT true,
    language        text NOT NULL DEFAULT 'es' CHECK (language IN ('es', 'en')),
    time_zone       text NOT NULL DEFAULT 'Europe/Madrid',
    theme           text NOT NULL DEFAULT 'system' CHECK (theme IN ('system', 'light', 'dark')),
    density         text NOT NULL DEFAULT 'comfortable' CHECK (density IN ('comfortable', 'compact')),
    shortcuts       boolean NOT NULL DEFAULT true,
    undo_seconds    integer NOT NULL DEFAULT 8 CHECK (undo_seconds IN (0, 5, 8, 15, 30)),
    signature       text NOT NULL DEFAULT '',
    phone           text NOT NULL DEFAULT '',
    capacity        integer NOT NULL DEFAULT 20 CHECK (capacity BETWEEN 0 AND 1000),
    languages       text[] NOT NULL DEFAULT '{es}',
    skills          text[] NOT NULL DEFAULT '{}',
    access_version  integer NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX agent_email ON agent (email);

CREATE TABLE team (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL UNIQUE CHECK (name <> ''),
    restricted  boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE team_member (
    team_id   bigint NOT NULL REFERENCES team ON DELETE CASCADE,
    agent_id  bigint NOT NULL REFERENCES agent ON DELETE CASCADE,
    PRIMARY KEY (team_id, agent_id)
);
CREATE INDEX team_member_agent ON team_member (agent_id);

CREATE TABLE session (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_hash   bytea NOT NULL UNIQUE,
    agent_id     bigint NOT NULL REFERENCES agent ON DELETE CASCADE,
    csrf         text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    seen_at      timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    peer         text NOT NULL DEFAULT '',
    user_agent   text NOT NULL DEFAULT ''
);
CREATE INDEX session_agent ON session (agent_id);

-- API tokens: the text is shown once, only its SHA-256 is kept.
CREATE TABLE token (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agent_id    bigint NOT NULL REFERENCES agent ON DELETE CASCADE,
    name        text NOT NULL,
    hash        bytea NOT NULL UNIQUE,
    created_at  timestamptz NOT NULL DEFAULT now(),
    used_at     timestamptz,
    revoked_at  timestamptz
);

-- Invitations and resets: single use, short lived.
CREATE TABLE invitation (
    token_hash  bytea PRIMARY KEY,
    agent_id    bigint NOT NULL REFERENCES agent ON DELETE CASCADE,
    expires_at  timestamptz NOT NULL,
    used_at     timestamptz
);

-- Here or not: renewed by the live socket, never locked with the agent's row.
CREATE TABLE presence (
    agent_id    bigint PRIMARY KEY REFERENCES agent ON DELETE CASCADE,
    available   boolean NOT NULL DEFAULT true,
    seen_until  timestamptz NOT NULL DEFAULT '-infinity'
);

CREATE TABLE absence (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agent_id    bigint NOT NULL REFERENCES agent ON DELETE CASCADE,
    deputy_id   bigint REFERENCES agent,
    starts_at   timestamptz NOT NULL,
    ends_at     timestamptz NOT NULL,
    reason      text NOT NULL DEFAULT '',
    begun_at    timestamptz,
    ended_at    timestamptz,
    created_at  timestamptz NOT NULL DEFAULT now(),
    CHECK (starts_at < ends_at),
    CHECK (deputy_id <> agent_id)
);
CREATE INDEX absence_agent ON absence (agent_id, starts_at) WHERE ended_at IS NULL;
