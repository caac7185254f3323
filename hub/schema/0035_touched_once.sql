-- One message of a step for one person, whichever of those merged into them it was planned for: the claim takes it
-- together with the person's place of the week, so that two processes cannot both (INVARIANTS §7).
ALTER TABLE touch ADD COLUMN campaign_id bigint, ADD COLUMN step smallint;
CREATE UNIQUE INDEX touch_once ON touch (root_contact_id, campaign_id, step);
