-- How many idempotency keys there are, so that verification finds a missing one.

ALTER TABLE head ADD COLUMN keys INTEGER NOT NULL DEFAULT 0;
UPDATE head SET keys = (SELECT count(*) FROM idempotency);
