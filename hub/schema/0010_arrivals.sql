-- The ledger of what was no message: looked at by outcome, newest first. Most rows are 'stored' and need no index.
CREATE INDEX arrival_not_stored ON arrival (outcome, id) WHERE outcome <> 'stored';
