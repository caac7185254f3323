-- What a campaign did not deliver asks for a person until one has said that nothing more is to be done about it.
ALTER TABLE campaign ADD COLUMN settled_at timestamptz;
