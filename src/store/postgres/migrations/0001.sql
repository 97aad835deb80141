-- The journal, the state that is its fold, the outbox, and the idempotency keys, in a schema of their own that is the search
-- path when this runs.
--
-- Instants are milliseconds since 1970 in UTC. `created` is the revision of the record that made the row: one record makes one
-- row, so it is a key, and newest first is its order. Text that is looked up is compared byte by byte (`COLLATE "C"`), so that
-- no update of the system's collations damages an index.

-- The end of the journal. Every commit locks this row first, so revisions are gapless and in commit order.
CREATE TABLE head (
    one         boolean PRIMARY KEY DEFAULT true CHECK (one),
    -- The version of this schema.
    version     bigint NOT NULL,
    -- A random name, given when the schema is made: tells this journal from any other of the same length.
    lineage     text   NOT NULL CHECK (length(lineage) = 36),
    revision    bigint NOT NULL CHECK (revision >= 0),
    changed     bigint NOT NULL CHECK (changed BETWEEN 0 AND revision),
    hash        text   NOT NULL CHECK (length(hash) = 64),
    at          bigint NOT NULL,
    -- The latest instant that a process has known, as far as it was kept.
    seen        bigint NOT NULL CHECK (seen >= at),
    -- The last record by which an operator accepted a replaced store, and its instant.
    accepted    bigint CHECK (accepted BETWEEN 1 AND revision),
    accepted_at bigint CHECK ((accepted IS NULL) = (accepted_at IS NULL)),
    -- The last record by which an operator said that the clock is right.
    clock       bigint CHECK (clock BETWEEN 1 AND revision)
) WITH (fillfactor = 10);

CREATE TABLE journal (
    revision bigint  PRIMARY KEY CHECK (revision > 0),
    changes  boolean NOT NULL,
    at       bigint  NOT NULL,
    hash     text    NOT NULL CHECK (length(hash) = 64),
    body     text    NOT NULL
);

-- Uses outnumber everything else; whoever follows changes must not read past them.
CREATE INDEX journal_changes ON journal (revision) WHERE changes;
CREATE INDEX journal_by_time ON journal (at, revision);

-- Against accidents. Against intent there is the chain.
CREATE FUNCTION journal_is_only_appended_to() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the journal is only appended to'; END $$;
CREATE TRIGGER journal_is_not_rewritten BEFORE UPDATE OR DELETE OR TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION journal_is_only_appended_to();

-- What each record can be found by: what it is about, role, permission, resource, result, event and who answered. A row is a block
-- of 4,096 records: two bytes for each that has the topic, or a bit for each of the block.
CREATE TABLE topics (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind   text COLLATE "C" NOT NULL,
    -- SHA-256 of the name, which may be longer than an index takes.
    digest text COLLATE "C" NOT NULL CHECK (length(digest) = 64),
    name   text NOT NULL,
    UNIQUE (kind, digest)
);

CREATE TABLE record_topics (
    block bigint NOT NULL CHECK (block >= 0),
    topic bigint NOT NULL,
    bits  bytea  NOT NULL CHECK (length(bits) BETWEEN 2 AND 512),
    PRIMARY KEY (block, topic)
);

CREATE TABLE requests (
    created      bigint PRIMARY KEY REFERENCES journal (revision),
    id           uuid   NOT NULL UNIQUE,
    owner_kind   text   COLLATE "C" NOT NULL,
    owner        text   COLLATE "C" NOT NULL,
    -- The person behind the owner: the one that an agent acts for, or the owner.
    person_kind  text   COLLATE "C" NOT NULL,
    person       text   COLLATE "C" NOT NULL,
    state        text   COLLATE "C" NOT NULL CHECK (
        state IN ('pending', 'needs_info', 'approved', 'denied', 'withdrawn', 'timed_out')
    ),
    times_out_at bigint NOT NULL,
    -- When time next makes something true that the journal does not say; NULL when it never will.
    due_at       bigint,
    -- Whether it asks to extend a grant.
    extends      boolean NOT NULL,
    role         text   COLLATE "C" NOT NULL,
    stored       text   NOT NULL
);

CREATE INDEX requests_by_owner ON requests (owner_kind, owner, created);
CREATE INDEX requests_by_person ON requests (person_kind, person, created);
CREATE INDEX requests_by_state ON requests (state, created);
CREATE INDEX requests_due ON requests (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX requests_extending ON requests (created) WHERE extends AND state IN ('pending', 'needs_info');
CREATE INDEX requests_by_role ON requests (role, created);

-- Whose roles may approve it. `state` is repeated so that an approver's queue is read without its history.
CREATE TABLE request_approvers (
    role    text   COLLATE "C" NOT NULL,
    state   text   COLLATE "C" NOT NULL,
    created bigint NOT NULL REFERENCES requests (created),
    PRIMARY KEY (role, state, created)
);
CREATE INDEX request_approvers_of ON request_approvers (created);

CREATE TABLE grants (
    created     bigint PRIMARY KEY REFERENCES journal (revision),
    id          uuid   NOT NULL UNIQUE,
    request     uuid   NOT NULL UNIQUE,
    -- The grant that the chain of an extension begins with; NULL for what extends nothing.
    first       uuid,
    owner_kind  text   COLLATE "C" NOT NULL,
    owner       text   COLLATE "C" NOT NULL,
    person_kind text   COLLATE "C" NOT NULL,
    person      text   COLLATE "C" NOT NULL,
    state       text   COLLATE "C" NOT NULL CHECK (state IN (
        'open', 'suspended', 'expired', 'revoked', 'released', 'exhausted'
    )),
    starts_at   bigint NOT NULL,
    ends_at     bigint NOT NULL CHECK (starts_at < ends_at),
    due_at      bigint,
    -- Whether nobody approved it, and nobody has reviewed it yet or a review found its use unjustified.
    unsettled   boolean NOT NULL,
    role        text   COLLATE "C" NOT NULL,
    -- What a check needs, so that an index is loaded without reading `stored`. Permissions are joined by spaces, which no
    -- permission holds. Of a grant that is not plain a check needs more: it has conditions, or nobody approved it.
    plain       boolean NOT NULL,
    scope       text   NOT NULL,
    allowed     text   NOT NULL,
    excepted    text   NOT NULL,
    stored      text   NOT NULL
);

CREATE INDEX grants_by_owner ON grants (owner_kind, owner, created);
CREATE INDEX grants_by_person ON grants (person_kind, person, created);
CREATE INDEX grants_by_state ON grants (state, created);
-- Which grants are live, where many have ended that no record says so of yet.
CREATE INDEX grants_by_end ON grants (state, ends_at, starts_at);
CREATE INDEX grants_chains ON grants (first, created) WHERE first IS NOT NULL;
CREATE INDEX grants_not_plain ON grants (state, created) WHERE NOT plain;
CREATE INDEX grants_unsettled ON grants (created) WHERE unsettled;
CREATE INDEX grants_due ON grants (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX grants_by_role ON grants (role, created);

-- How often it was used; no row while it was not. Apart from the grant, because counting ten thousand uses must not write
-- ten thousand grants anew.
CREATE TABLE grant_uses (
    created bigint PRIMARY KEY REFERENCES grants (created),
    uses    bigint NOT NULL CHECK (uses > 0)
) WITH (fillfactor = 50);

CREATE TABLE grant_approvers (
    role    text   COLLATE "C" NOT NULL,
    state   text   COLLATE "C" NOT NULL,
    created bigint NOT NULL REFERENCES grants (created),
    PRIMARY KEY (role, state, created)
);
CREATE INDEX grant_approvers_of ON grant_approvers (created);

-- Who reviews in whose place, and until when.
CREATE TABLE delegations (
    created        bigint PRIMARY KEY REFERENCES journal (revision),
    id             uuid   NOT NULL UNIQUE,
    delegator_kind text   COLLATE "C" NOT NULL,
    delegator      text   COLLATE "C" NOT NULL,
    delegate_kind  text   COLLATE "C" NOT NULL,
    delegate       text   COLLATE "C" NOT NULL,
    ended          boolean NOT NULL,
    starts_at      bigint NOT NULL,
    ends_at        bigint NOT NULL CHECK (starts_at < ends_at),
    stored         text   NOT NULL
);

CREATE INDEX delegations_by_delegator ON delegations (delegator_kind, delegator, created);
CREATE INDEX delegations_by_delegate ON delegations (delegate_kind, delegate, created);

-- What the host said last of somebody.
CREATE TABLE standings (
    kind   text COLLATE "C" NOT NULL,
    name   text COLLATE "C" NOT NULL,
    stored text NOT NULL,
    PRIMARY KEY (kind, name)
);

CREATE TABLE notices (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind    text   NOT NULL,
    body    text   NOT NULL,
    at      bigint NOT NULL,
    due_at  bigint NOT NULL,
    -- What it gathers until it is given out, and how far it is from the next one.
    gathers text   COLLATE "C",
    apart   bigint CHECK ((gathers IS NULL) = (apart IS NULL)),
    -- What it gathers comes after the one record and ends with the other, which is known once it is given out.
    after   bigint NOT NULL DEFAULT 0,
    until   bigint,
    attempt bigint NOT NULL DEFAULT 0,
    -- When it is given out next; NULL once it is planned.
    next_at bigint
);

CREATE INDEX notices_next ON notices (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX notices_gathering ON notices (gathers, id) WHERE gathers IS NOT NULL;
CREATE INDEX notices_by_age ON notices (due_at);

CREATE TABLE deliveries (
    number      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id          uuid    NOT NULL UNIQUE,
    notice      bigint  NOT NULL REFERENCES notices (id) ON DELETE CASCADE,
    kind        text    NOT NULL,
    channel     text    COLLATE "C" NOT NULL,
    -- The person and their address; empty for the channel's own target.
    person_kind text    COLLATE "C" NOT NULL,
    person      text    COLLATE "C" NOT NULL,
    address     text    COLLATE "C" NOT NULL,
    zone        text,
    digest      boolean NOT NULL,
    thread      text    COLLATE "C",
    state       text    COLLATE "C" NOT NULL CHECK (state IN ('waiting', 'sent', 'failed', 'dropped')),
    attempts    bigint  NOT NULL DEFAULT 0,
    made_at     bigint  NOT NULL,
    next_at     bigint  CHECK ((state = 'waiting') = (next_at IS NOT NULL)),
    settled_at  bigint  CHECK ((state = 'waiting') = (settled_at IS NULL)),
    last_error  text,
    reference   text
);

CREATE INDEX deliveries_next ON deliveries (channel, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX deliveries_by_state ON deliveries (state, number);
CREATE INDEX deliveries_by_channel ON deliveries (channel, state, number);
CREATE INDEX deliveries_of_notice ON deliveries (notice);
CREATE INDEX deliveries_settled ON deliveries (channel, settled_at) WHERE state = 'sent';
CREATE INDEX deliveries_threads ON deliveries (thread, channel, person, address, number) WHERE reference IS NOT NULL;

CREATE TABLE idempotency (
    caller_kind text   COLLATE "C" NOT NULL,
    caller      text   COLLATE "C" NOT NULL,
    -- As bytes, because a key may hold U+0000, which text does not.
    key         bytea  NOT NULL,
    fingerprint text   NOT NULL,
    request     uuid,
    grant_id    uuid,
    delegation  uuid,
    -- The grants that ended by it.
    ended       uuid[] NOT NULL,
    at          bigint NOT NULL,
    PRIMARY KEY (caller_kind, caller, key)
);

CREATE INDEX idempotency_by_age ON idempotency (at);

-- Signed checkpoints: the last record that each covers, its hash, and the root of the tree over the texts of all records up
-- to it.
CREATE TABLE checkpoints (
    size bigint PRIMARY KEY CHECK (size > 0),
    head text   NOT NULL CHECK (length(head) = 64),
    root text   NOT NULL CHECK (length(root) = 64),
    at   bigint NOT NULL,
    note text   NOT NULL
);

-- The root of each 256 records, so that a proof is made without reading all of them.
CREATE TABLE tiles (
    tile bigint PRIMARY KEY CHECK (tile >= 0),
    root text   NOT NULL CHECK (length(root) = 64)
);
