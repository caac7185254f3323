-- What the road in writes travels as one array of rows a table: an array a column costs the driver a check and
-- PostgreSQL a list a value. JSON goes as text. Processes of two versions may run side by side: a row that needs
-- another column is a new type beside these, never one of these altered.
CREATE TYPE arrival_row AS (
    id           bigint,
    channel_id   bigint,
    received_at  timestamptz,
    outcome      text,
    reason       text,
    envelope     text,
    size         bigint,
    raw          bytea,
    raw_file     text
);
CREATE TYPE conversation_row AS (
    id               bigint,
    token            text,
    state            text,
    subject          text,
    contact_id       bigint,
    account_id       bigint,
    assignee_id      bigint,
    team_id          bigint,
    covering_for_id  bigint,
    channel_id       bigint,
    priority         text,
    tags             text[],
    language         text,
    waiting_since    timestamptz,
    last_message_at  timestamptz,
    last_preview     text,
    last_channel_id  bigint,
    last_seq         integer,
    last_in_seq      integer,
    closed_at        timestamptz,
    reason           text
);
CREATE TYPE message_row AS (
    id               bigint,
    conversation_id  bigint,
    seq              integer,
    channel_id       bigint,
    arrival_id       bigint,
    fact_no          integer,
    contact_id       bigint,
    address_id       bigint,
    sender           text,
    recipients       text,
    subject          text,
    text             text,
    new_text         text,
    html             text,
    html_file        text,
    message_id       text,
    in_reply_to      text,
    thread_ids       text[],
    automatic        boolean,
    verified         boolean,
    warnings         text[],
    belongs_to_id    bigint,
    said_at          timestamptz,
    created_at       timestamptz,
    fact             text
);
CREATE TYPE decision_row AS (
    conversation_id  bigint,
    rule_version     integer,
    row_name         text,
    agent_id         bigint,
    team_id          bigint,
    reason           text,
    inputs           text,
    candidates       text
);
