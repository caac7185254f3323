-- A gate of one delivery that a person sends again closes by itself once that has left.
ALTER TABLE gate ADD COLUMN single boolean NOT NULL DEFAULT false;
-- Messages with a hole keep a campaign from being approved.
CREATE INDEX recipient_unrendered ON recipient (campaign_id) WHERE state = 'ready' AND hash IS NULL;
