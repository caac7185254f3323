-- What a person is told when they are not looking.
CREATE TABLE notification (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agent_id         bigint NOT NULL REFERENCES agent ON DELETE CASCADE,
    verb             text NOT NULL,
    conversation_id  bigint REFERENCES conversation ON DELETE CASCADE,
    details          jsonb NOT NULL DEFAULT '{}',
    at               timestamptz NOT NULL DEFAULT now(),
    seen_at          timestamptz
);
CREATE INDEX notification_unseen ON notification (agent_id, id DESC) WHERE seen_at IS NULL;
