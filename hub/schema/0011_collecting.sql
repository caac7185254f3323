-- Is this file still named by a row? Asked for every old file, once a day (INVARIANTS §15).
CREATE INDEX arrival_raw_file ON arrival (raw_file) WHERE raw_file IS NOT NULL;
CREATE INDEX message_html_file ON message (html_file) WHERE html_file IS NOT NULL;
CREATE INDEX attachment_waiting ON attachment (created_at) WHERE message_id IS NULL;
