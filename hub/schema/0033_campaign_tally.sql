-- How far a campaign is, without reading its million people: whoever changes recipients or deliveries adds what that
-- changed, in the same transaction, as rows that wait for nobody; the sum of a campaign's rows is its numbers, exact at
-- any moment. A sweep sums them up (hub/campaigns/tallying.py, docs/decisions/014-campaigns-are-tallied.md).
CREATE TABLE campaign_tally (
    campaign_id  bigint NOT NULL,
    what         text NOT NULL CHECK (what IN ('plan', 'delivery', 'left', 'answered')),
    step         smallint NOT NULL DEFAULT 0,   -- plan: of whose recipients
    state        text NOT NULL DEFAULT '',      -- plan, delivery: theirs
    reason       text NOT NULL DEFAULT '',      -- plan: of those excluded or stopped
    heard        text NOT NULL DEFAULT '',      -- plan: answered, or probable
    at           timestamptz,                   -- left: in which ten seconds; answered: in which quarter of an hour
    n            bigint NOT NULL,
    summed       boolean NOT NULL DEFAULT false
);
CREATE INDEX campaign_tally_campaign ON campaign_tally (campaign_id);
CREATE INDEX campaign_tally_fresh ON campaign_tally (campaign_id) WHERE NOT summed;

-- What one recipient, as it stands, is counted under.
CREATE FUNCTION heard_of(answered_at timestamptz, probable_at timestamptz) RETURNS text IMMUTABLE LANGUAGE sql
    AS $$ SELECT CASE WHEN answered_at IS NOT NULL THEN 'answered' WHEN probable_at IS NOT NULL THEN 'probable' ELSE '' END $$;
CREATE FUNCTION why_of(state text, reason text) RETURNS text IMMUTABLE LANGUAGE sql
    AS $$ SELECT CASE WHEN state IN ('excluded', 'stopped') THEN reason ELSE '' END $$;

CREATE FUNCTION tally_plan() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO campaign_tally (campaign_id, what, step, state, reason, heard, at, n)
        SELECT campaign_id, 'plan', step, state, why_of(state, reason), heard_of(answered_at, probable_at),
               NULL::timestamptz, count(*) FROM fresh GROUP BY 1, 3, 4, 5, 6
        UNION ALL
        SELECT campaign_id, 'answered', 0, '', '', '', date_bin('15 minutes', answered_at, 'epoch'), count(*)
        FROM fresh WHERE answered_at IS NOT NULL GROUP BY 1, 7;
    END IF;
    INSERT INTO campaign_tally (campaign_id, what, step, state, reason, heard, at, n)
    SELECT campaign_id, 'plan', step, state, why_of(state, reason), heard_of(answered_at, probable_at),
           NULL::timestamptz, -count(*) FROM gone GROUP BY 1, 3, 4, 5, 6
    UNION ALL
    SELECT campaign_id, 'answered', 0, '', '', '', date_bin('15 minutes', answered_at, 'epoch'), -count(*)
    FROM gone WHERE answered_at IS NOT NULL GROUP BY 1, 7;
    RETURN NULL;
END $$;
CREATE TRIGGER recipient_change_tallies AFTER UPDATE ON recipient REFERENCING NEW TABLE AS fresh OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION tally_plan();
CREATE TRIGGER recipient_end_tallies AFTER DELETE ON recipient REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION tally_plan();

-- A million frozen at once are counted by who freezes them (campaigns/freezing), not row by row.
CREATE FUNCTION tally_planned() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO campaign_tally (campaign_id, what, step, state, reason, heard, n)
    VALUES (NEW.campaign_id, 'plan', NEW.step, NEW.state, why_of(NEW.state, NEW.reason),
            heard_of(NEW.answered_at, NEW.probable_at), 1);
    IF NEW.answered_at IS NOT NULL THEN
        INSERT INTO campaign_tally (campaign_id, what, at, n)
        VALUES (NEW.campaign_id, 'answered', date_bin('15 minutes', NEW.answered_at, 'epoch'), 1);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER recipient_tallies AFTER INSERT ON recipient FOR EACH ROW
    WHEN (NEW.state <> 'frozen' OR NEW.answered_at IS NOT NULL OR NEW.probable_at IS NOT NULL)
    EXECUTE FUNCTION tally_planned();

-- All behind one gate are of one campaign, so one of them says of which; a delivery of a message is nobody's business.
CREATE FUNCTION tally_deliveries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO campaign_tally (campaign_id, what, state, at, n)
        SELECT r.campaign_id, g.what, g.state, g.at, g.n
        FROM (SELECT min(recipient_id) AS one, 'delivery' AS what, state, NULL::timestamptz AS at, count(*) AS n
              FROM fresh WHERE recipient_id IS NOT NULL GROUP BY coalesce(gate_id, -recipient_id), state
              UNION ALL
              SELECT min(recipient_id), 'left', '', date_bin('10 seconds', sent_at, 'epoch'), count(*)
              FROM fresh WHERE recipient_id IS NOT NULL AND sent_at IS NOT NULL
              GROUP BY coalesce(gate_id, -recipient_id), 4) AS g
        JOIN recipient r ON r.id = g.one;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO campaign_tally (campaign_id, what, state, at, n)
        SELECT r.campaign_id, g.what, g.state, g.at, -g.n
        FROM (SELECT min(recipient_id) AS one, 'delivery' AS what, state, NULL::timestamptz AS at, count(*) AS n
              FROM gone WHERE recipient_id IS NOT NULL GROUP BY coalesce(gate_id, -recipient_id), state
              UNION ALL
              SELECT min(recipient_id), 'left', '', date_bin('10 seconds', sent_at, 'epoch'), count(*)
              FROM gone WHERE recipient_id IS NOT NULL AND sent_at IS NOT NULL
              GROUP BY coalesce(gate_id, -recipient_id), 4) AS g
        JOIN recipient r ON r.id = g.one;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER delivery_tallies AFTER INSERT ON delivery REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION tally_deliveries();
CREATE TRIGGER delivery_change_tallies AFTER UPDATE ON delivery REFERENCING NEW TABLE AS fresh OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION tally_deliveries();
CREATE TRIGGER delivery_end_tallies AFTER DELETE ON delivery REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION tally_deliveries();

-- What was there before.
INSERT INTO campaign_tally (campaign_id, what, step, state, reason, heard, n)
SELECT campaign_id, 'plan', step, state, why_of(state, reason), heard_of(answered_at, probable_at), count(*)
FROM recipient GROUP BY 1, 3, 4, 5, 6;
INSERT INTO campaign_tally (campaign_id, what, at, n)
SELECT campaign_id, 'answered', date_bin('15 minutes', answered_at, 'epoch'), count(*)
FROM recipient WHERE answered_at IS NOT NULL GROUP BY 1, 3;
INSERT INTO campaign_tally (campaign_id, what, state, n)
SELECT r.campaign_id, 'delivery', d.state, count(*) FROM delivery d JOIN recipient r ON r.id = d.recipient_id GROUP BY 1, 3;
INSERT INTO campaign_tally (campaign_id, what, at, n)
SELECT r.campaign_id, 'left', date_bin('10 seconds', d.sent_at, 'epoch'), count(*)
FROM delivery d JOIN recipient r ON r.id = d.recipient_id WHERE d.sent_at IS NOT NULL GROUP BY 1, 3;

-- A plan that was thrown away is deleted piece by piece: what has an id up to this one is no longer there.
ALTER TABLE campaign ADD COLUMN empty_until bigint;
-- The database is a backup's, taken then: what this campaign did since nobody knows. A person says so before it goes on.
ALTER TABLE campaign ADD COLUMN unknown_since timestamptz;
