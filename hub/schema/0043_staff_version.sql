-- A fact of the road in on its way to arrival_key, with who wrote it; without a key it only names somebody to meet.
CREATE TYPE fact_row AS (
    number      integer,
    channel_id  bigint,
    key_hash    bytea,
    arrival_id  bigint,
    outcome     text,
    type        text,
    value       text,
    name        text
);

-- How often what routing knows of the staff has changed: the road in reads it all again only then. The row moves at
-- the end of the transaction that changes something, so it is held for the time of a commit and comes last of all
-- locks. Presence is left out: whoever needs it reads it each time.
CREATE TABLE staff_version (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    version  bigint NOT NULL DEFAULT 1
);
INSERT INTO staff_version DEFAULT VALUES;

CREATE FUNCTION staff_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE staff_version SET version = version + 1;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER agent_changed
    AFTER INSERT OR DELETE OR UPDATE OF name, active, time_zone, languages, skills, capacity ON agent
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION staff_changed();
CREATE CONSTRAINT TRIGGER team_changed AFTER INSERT OR DELETE OR UPDATE ON team
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION staff_changed();
CREATE CONSTRAINT TRIGGER team_member_changed AFTER INSERT OR DELETE OR UPDATE ON team_member
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION staff_changed();
CREATE CONSTRAINT TRIGGER absence_changed AFTER INSERT OR DELETE OR UPDATE ON absence
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION staff_changed();
CREATE CONSTRAINT TRIGGER rule_set_changed AFTER INSERT OR DELETE OR UPDATE ON rule_set
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION staff_changed();

-- Every arrival writes its own: what looks at the last minutes finds them by block, and nobody asks by arrival.
DROP INDEX arrival_recent;
CREATE INDEX arrival_recent ON arrival USING brin (received_at) WITH (pages_per_range = 32, autosummarize = on);
DROP INDEX arrival_key_arrival;
