-- To whom, and from which conversation: a proven answer to that mail comes from who got it, not from a stranger.
ALTER TABLE chat_mailed ADD COLUMN conversation_id bigint REFERENCES conversation ON DELETE CASCADE;
ALTER TABLE chat_mailed ADD COLUMN recipient text NOT NULL DEFAULT '';
CREATE INDEX chat_mailed_conversation ON chat_mailed (conversation_id);
CREATE INDEX chat_mailed_recipient ON chat_mailed (recipient, at);
