-- The rows every message writes. A foreign key is checked row by row and locks the row it names: every message locked
-- its channel, two transactions at once shared that lock at a price, and an arrival could not expire before its
-- message. Channels are never deleted, and a message and its arrival are written by the same statement
-- (docs/decisions/006-keys-nobody-checks.md).
ALTER TABLE arrival DROP CONSTRAINT arrival_channel_id_fkey;
ALTER TABLE message DROP CONSTRAINT message_channel_id_fkey, DROP CONSTRAINT message_arrival_id_fkey;

-- Only what our own people write has a client's id.
ALTER TABLE message DROP CONSTRAINT message_conversation_id_client_id_key;
CREATE UNIQUE INDEX message_client ON message (conversation_id, client_id) WHERE client_id IS NOT NULL;
