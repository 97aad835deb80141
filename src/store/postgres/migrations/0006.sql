-- How many idempotency keys and notices there are, so that verification finds a missing one.

ALTER TABLE head ADD COLUMN keys bigint NOT NULL DEFAULT 0;
ALTER TABLE head ADD COLUMN notices bigint NOT NULL DEFAULT 0;
UPDATE head SET keys = (SELECT count(*) FROM idempotency), notices = (SELECT count(*) FROM notices);
