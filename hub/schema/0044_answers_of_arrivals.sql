-- The few keys that hold an answer (steps of calls) name the person who rang: erasing finds them by their arrival, and
-- without an index would read all keys for each of its steps.
CREATE INDEX arrival_key_answer ON arrival_key (arrival_id) WHERE answer IS NOT NULL;
