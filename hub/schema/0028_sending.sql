-- When an attempt went on the wire: evidence, should nobody ever hear how it ended.
ALTER TABLE delivery ADD COLUMN started_at timestamptz;
-- The last tries behind a gate: too many that failed stop a campaign.
CREATE INDEX delivery_tried ON delivery (gate_id, id DESC) WHERE gate_id IS NOT NULL AND tries > 0;
