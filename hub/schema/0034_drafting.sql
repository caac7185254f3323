-- What was done to a campaign, by its number: who changed a draft since somebody read it, who paused it for whom.
CREATE INDEX history_campaign ON history (((details->>'campaign_id')::bigint), id) WHERE details ? 'campaign_id';
-- The few addresses several people share, for whoever looks at the worst letters of an audience.
CREATE INDEX address_shared ON address (contact_id) WHERE shared;
