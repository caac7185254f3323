-- Documents shown page by page: how many pages a file has, what a machine read on them, the pictures made of them.
ALTER TABLE attachment
    ADD COLUMN pages integer NOT NULL DEFAULT 0,
    ADD COLUMN machine_text text NOT NULL DEFAULT '';

CREATE TABLE page_picture (
    attachment_id  bigint NOT NULL REFERENCES attachment ON DELETE CASCADE,
    page           integer NOT NULL CHECK (page > 0),
    width          integer NOT NULL,
    file           text NOT NULL,
    PRIMARY KEY (attachment_id, page, width)
);
CREATE INDEX page_picture_file ON page_picture (file);

-- Handed over and waiting for a report: few at a time, asked for each minute. Mails have no provider's id.
CREATE INDEX delivery_without_report ON delivery (channel_id) WHERE state = 'sent' AND provider_id <> '';
