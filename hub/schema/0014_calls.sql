-- Telephone calls: each stands in its conversation's timeline through one message, whose words follow it.
CREATE TABLE call (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel_id       bigint NOT NULL REFERENCES channel,
    provider_id      text NOT NULL DEFAULT '',     -- the caller's leg; for a call of ours, the agent's
    direction        text NOT NULL CHECK (direction IN ('in', 'out')),
    state            text NOT NULL DEFAULT 'ringing'
                     CHECK (state IN ('ringing', 'queued', 'recording', 'calling', 'talking', 'ended')),
    outcome          text NOT NULL DEFAULT ''
                     CHECK (outcome IN ('', 'answered', 'missed', 'voicemail', 'busy', 'no_answer', 'failed')),
    conversation_id  bigint NOT NULL REFERENCES conversation ON DELETE CASCADE,
    message_id       bigint NOT NULL REFERENCES message ON DELETE CASCADE,
    agent_id         bigint REFERENCES agent,      -- who talks, or began it
    number           text NOT NULL,                -- the customer's
    client_id        text,
    reason           text NOT NULL DEFAULT '',     -- why it failed, in words
    turns            integer NOT NULL DEFAULT 0,   -- how often the caller was asked to go on waiting
    seconds          integer,
    started_at       timestamptz NOT NULL DEFAULT now(),
    queued_at        timestamptz,
    answered_at      timestamptz,
    ended_at         timestamptz,
    changed_at       timestamptz NOT NULL DEFAULT now(),
    version          integer NOT NULL DEFAULT 1,
    UNIQUE (conversation_id, client_id)
);
CREATE UNIQUE INDEX call_provider ON call (channel_id, provider_id) WHERE provider_id <> '';
CREATE INDEX call_conversation ON call (conversation_id, id);
CREATE UNIQUE INDEX call_message ON call (message_id);
CREATE INDEX call_open ON call (changed_at) WHERE state <> 'ended';
CREATE INDEX call_queued ON call (channel_id, queued_at) WHERE state = 'queued';

-- Each time an agent's telephone rings for a call, and the reason it was theirs.
CREATE TABLE call_leg (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token       text NOT NULL UNIQUE,              -- in the addresses the provider calls us at
    call_id     bigint NOT NULL REFERENCES call ON DELETE CASCADE,
    n           integer NOT NULL,
    agent_id    bigint NOT NULL REFERENCES agent,
    phone       text NOT NULL,
    state       text NOT NULL DEFAULT 'ringing'
                CHECK (state IN ('ringing', 'picked_up', 'accepted', 'declined', 'busy', 'no_answer', 'failed')),
    reason      jsonb NOT NULL DEFAULT '{}',       -- {"code", …}: worded by routing/explain
    candidates  jsonb NOT NULL DEFAULT '[]',
    at          timestamptz NOT NULL DEFAULT now(),
    ended_at    timestamptz,
    UNIQUE (call_id, n)
);
-- One telephone rings for one call at a time.
CREATE UNIQUE INDEX call_leg_busy ON call_leg (agent_id) WHERE ended_at IS NULL;
