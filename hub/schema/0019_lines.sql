-- What the last real trial of a line showed, step by step, and when each line was last heard and last spoke.
ALTER TABLE channel ADD COLUMN tried jsonb NOT NULL DEFAULT '[]';  -- [{"way", "step", "trouble"}]
ALTER TABLE channel ADD COLUMN tried_at timestamptz;
CREATE INDEX arrival_channel ON arrival (channel_id, id);
CREATE INDEX delivery_sent ON delivery (channel_id, sent_at) WHERE sent_at IS NOT NULL;
