-- What customers bought and how they paid; external_id so that the same file again changes rows instead of doubling them.
CREATE TABLE product (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name         text NOT NULL CHECK (name <> ''),
    category     text NOT NULL DEFAULT '',
    price        numeric(14, 2) CHECK (price >= 0),
    currency     text NOT NULL DEFAULT 'EUR' CHECK (currency ~ '^[A-Z]{3}$'),
    active       boolean NOT NULL DEFAULT true,
    external_id  text UNIQUE,
    created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX product_name ON product (plain(name));

-- contact_id is the leaf who bought (INVARIANTS §14); account_id whom it counts for, also after that person moves on.
CREATE TABLE purchase (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contact_id   bigint REFERENCES contact,
    account_id   bigint REFERENCES account,
    product_id   bigint NOT NULL REFERENCES product,
    state        text NOT NULL DEFAULT 'bought'
                 CHECK (state IN ('bought', 'renewed', 'changed', 'returned', 'cancelled')),
    quantity     numeric(12, 3) NOT NULL DEFAULT 1 CHECK (quantity > 0),
    amount       numeric(14, 2) NOT NULL CHECK (amount >= 0),
    currency     text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    bought_at    timestamptz NOT NULL,
    external_id  text UNIQUE,
    created_at   timestamptz NOT NULL DEFAULT now(),
    CHECK (contact_id IS NOT NULL OR account_id IS NOT NULL)
);
CREATE INDEX purchase_contact ON purchase (contact_id, bought_at DESC) WHERE contact_id IS NOT NULL;
CREATE INDEX purchase_account ON purchase (account_id, bought_at DESC) WHERE account_id IS NOT NULL;
CREATE INDEX purchase_product ON purchase (product_id, bought_at DESC);

-- In the currency of its purchase. Not paid yet: paid_on is null.
CREATE TABLE payment (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    purchase_id  bigint NOT NULL REFERENCES purchase ON DELETE CASCADE,
    method       text NOT NULL DEFAULT '',
    amount       numeric(14, 2) NOT NULL CHECK (amount >= 0),
    due_on       date,
    paid_on      date,
    external_id  text UNIQUE,
    created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX payment_purchase ON payment (purchase_id);
CREATE INDEX payment_unpaid ON payment (due_on) WHERE paid_on IS NULL;
