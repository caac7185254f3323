-- While a campaign leaves, each commit starts some letters and ends others: what such a change adds and takes away is
-- added up first, and written by one statement; most of it is nothing.
CREATE FUNCTION tally_changed_deliveries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO campaign_tally (campaign_id, what, state, at, n)
    SELECT r.campaign_id, g.what, g.state, g.at, g.n
    FROM (SELECT min(c.recipient_id) AS one, c.what, c.state, c.at, sum(c.n) AS n
          FROM (SELECT recipient_id, gate_id, 'delivery' AS what, state, NULL::timestamptz AS at, 1 AS n FROM fresh
                UNION ALL SELECT recipient_id, gate_id, 'delivery', state, NULL, -1 FROM gone
                UNION ALL SELECT recipient_id, gate_id, 'left', '', date_bin('10 seconds', sent_at, 'epoch'), 1
                          FROM fresh WHERE sent_at IS NOT NULL
                UNION ALL SELECT recipient_id, gate_id, 'left', '', date_bin('10 seconds', sent_at, 'epoch'), -1
                          FROM gone WHERE sent_at IS NOT NULL) AS c
          WHERE c.recipient_id IS NOT NULL
          GROUP BY coalesce(c.gate_id, -c.recipient_id), 2, 3, 4 HAVING sum(c.n) <> 0) AS g
    JOIN recipient r ON r.id = g.one;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER delivery_change_tallies AFTER UPDATE ON delivery REFERENCING NEW TABLE AS fresh OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION tally_changed_deliveries();
