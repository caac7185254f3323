-- Campaigns beside each other: who said no, and who bought, in the days after one.
CREATE INDEX consent_refused ON consent (at) WHERE NOT granted;
CREATE INDEX purchase_bought ON purchase (bought_at);
