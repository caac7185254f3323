-- A number as somebody typed it, where one key stands for a landline and a mobile (Argentina's 9): rung so.
ALTER TABLE address ADD COLUMN spelled text NOT NULL DEFAULT '';
