-- Campaigns and time: what nobody watched over stands still, and due times count from one moment.
-- Looked at by a worker so lately; behind a gate nobody looked at for hours nothing leaves by itself.
ALTER TABLE gate ADD COLUMN beat_at timestamptz NOT NULL DEFAULT now();

ALTER TABLE campaign ADD COLUMN starts_at timestamptz;                  -- its due times count from here
ALTER TABLE campaign ADD COLUMN timed boolean NOT NULL DEFAULT true;    -- false: they are being counted
ALTER TABLE campaign ADD COLUMN language text NOT NULL DEFAULT '';      -- what most of its people speak

-- What makes an open conversation a complaint here.
ALTER TABLE campaign_policy ADD COLUMN complaint_tags text[] NOT NULL DEFAULT '{queja,reclamación,reclamacion,complaint}';
ALTER TABLE campaign_policy ADD COLUMN complaint_priorities text[] NOT NULL DEFAULT '{urgent}';
