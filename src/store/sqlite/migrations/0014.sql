-- What is over takes less room: names are kept once, and an index holds no row that nobody looks for in it.

-- A request and a grant are topics under the number of their row (`about.rs`), so not every number stands in `topics` any more.
-- Those that an earlier version named there stay.
CREATE TABLE record_topics_made_anew (
    topic INTEGER NOT NULL,
    block INTEGER NOT NULL CHECK (block >= 0),
    bits  BLOB    NOT NULL CHECK (length(bits) BETWEEN 2 AND 512),
    PRIMARY KEY (topic, block)
) STRICT, WITHOUT ROWID;
INSERT INTO record_topics_made_anew SELECT topic, block, bits FROM record_topics;
DROP TABLE record_topics;
ALTER TABLE record_topics_made_anew RENAME TO record_topics;

-- These refer to nothing, so that no row needs an index to be removed by.
CREATE TABLE request_approvers_made_anew (
    role    TEXT    NOT NULL,
    state   TEXT    NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (role, state, created)
) STRICT, WITHOUT ROWID;
INSERT INTO request_approvers_made_anew SELECT role, state, created FROM request_approvers;
DROP TABLE request_approvers;
ALTER TABLE request_approvers_made_anew RENAME TO request_approvers;

CREATE TABLE grant_approvers_made_anew (
    role    TEXT    NOT NULL,
    state   TEXT    NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (role, state, created)
) STRICT, WITHOUT ROWID;
INSERT INTO grant_approvers_made_anew SELECT role, state, created FROM grant_approvers;
DROP TABLE grant_approvers;
ALTER TABLE grant_approvers_made_anew RENAME TO grant_approvers;

-- No list is picked by the role. What is granted stands in what is stored.
DROP INDEX requests_by_role;
DROP INDEX grants_by_role;
ALTER TABLE requests DROP COLUMN role;
ALTER TABLE grants DROP COLUMN role;

-- The person behind the owner stands beside it only where that is somebody else: the one that an agent acts for.
DROP INDEX requests_by_person;
DROP INDEX grants_by_person;
UPDATE requests SET person_kind = '', person = '' WHERE person_kind = owner_kind AND person = owner;
UPDATE grants SET person_kind = '', person = '' WHERE person_kind = owner_kind AND person = owner;
CREATE INDEX requests_by_person ON requests (person_kind, person, created) WHERE person <> '';
CREATE INDEX grants_by_person ON grants (person_kind, person, created)
    WHERE person <> '' AND (state = 'open' OR state = 'suspended');

-- By its end only what is live is looked for.
DROP INDEX grants_by_end;
CREATE INDEX grants_by_end ON grants (state, ends_at, starts_at) WHERE state = 'open' OR state = 'suspended';

-- No check needs anything of a grant that is over.
UPDATE grants SET scope = '', allowed = '', excepted = '' WHERE state NOT IN ('open', 'suspended');

-- Nearly all deliveries are sent, and are listed by their number or their channel.
DROP INDEX deliveries_settled;
DROP INDEX deliveries_by_state;
CREATE INDEX deliveries_by_state ON deliveries (state, number) WHERE state = 'waiting' OR state = 'failed' OR state = 'dropped';
