-- What takes seconds to count of a large campaign, as a worker counted it last (hub/campaigns/counts.py); of the worker
-- that was asked to: 'asked'.
CREATE TABLE campaign_count (
    campaign_id  bigint NOT NULL,
    what         text NOT NULL,
    value        jsonb,
    at           timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (campaign_id, what)
);
