-- The Drafts view: what an agent has begun, the newest first.
CREATE INDEX draft_begun ON draft (agent_id, updated_at DESC, conversation_id DESC) WHERE text <> '';

-- Lists sorted by who waits longest and by priority are read band by band; most conversations are of normal priority
-- and are read along the index of the newest.
CREATE INDEX conversation_waiting ON conversation (waiting_since, id)
    WHERE state = 'open' AND waiting_since IS NOT NULL;
CREATE INDEX conversation_priority ON conversation (priority, last_message_at DESC, id DESC)
    WHERE state = 'open' AND priority <> 'normal';

-- In which order an agent looks at a view, on whatever device; newest first where no row is.
CREATE TABLE view_sort (
    agent_id  bigint NOT NULL REFERENCES agent ON DELETE CASCADE,
    view      text NOT NULL,
    sort      text NOT NULL CHECK (sort IN ('newest', 'waiting', 'priority')),
    PRIMARY KEY (agent_id, view)
);
