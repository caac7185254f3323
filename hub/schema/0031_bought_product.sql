-- Who bought a product is read out of the index alone: an audience asks it of a million people.
DROP INDEX purchase_product;
CREATE INDEX purchase_product ON purchase (product_id, bought_at DESC)
    INCLUDE (contact_id, account_id, state, currency, amount);
