-- A number may work for some kinds of channel and not for others: a landline takes no texts and still rings.
ALTER TABLE address ADD COLUMN unusable_on text[] NOT NULL DEFAULT '{}';
