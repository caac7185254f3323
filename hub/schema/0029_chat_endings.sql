-- How a visitor found the chat: one mark a conversation, changed until they leave it.
CREATE TABLE rating (
    conversation_id  bigint PRIMARY KEY REFERENCES conversation ON DELETE CASCADE,
    score            smallint NOT NULL CHECK (score BETWEEN 1 AND 5),
    words            text NOT NULL DEFAULT '',
    at               timestamptz NOT NULL DEFAULT now()
);

-- The visitor had this chat forgotten: its token opens nothing, what they typed of themselves is gone.
ALTER TABLE chat_session ADD COLUMN forgotten_at timestamptz;
