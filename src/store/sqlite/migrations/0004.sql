-- What lists and commands pick rows by: the role, what asks to extend a grant, and which uses of break-glass are not settled.

ALTER TABLE requests ADD COLUMN extends INTEGER NOT NULL DEFAULT 0 CHECK (extends IN (0, 1));
ALTER TABLE requests ADD COLUMN role TEXT NOT NULL DEFAULT '';
UPDATE requests SET extends = json_extract(stored, '$.extends') IS NOT NULL, role = json_extract(stored, '$.role');
CREATE INDEX requests_extending ON requests (created) WHERE extends = 1 AND state IN ('pending', 'needs_info');
CREATE INDEX requests_by_role ON requests (role, created);

-- Whether nobody approved it, and nobody has reviewed it yet or a review found its use unjustified.
DROP INDEX grants_unreviewed;
ALTER TABLE grants RENAME COLUMN unreviewed TO unsettled;
ALTER TABLE grants ADD COLUMN role TEXT NOT NULL DEFAULT '';
UPDATE grants SET
    unsettled = unsettled OR (
        json_extract(stored, '$.break_glass.closed.outcome.unjustified') IS NOT NULL
        AND coalesce(json_extract(stored, '$.break_glass.drill'), 0) = 0
    ),
    role = json_extract(stored, '$.role');
CREATE INDEX grants_unsettled ON grants (created) WHERE unsettled = 1;
CREATE INDEX grants_by_role ON grants (role, created);
