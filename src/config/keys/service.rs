//! Keys of the store and of the process.

use super::Kind::{Plain, Text};
use super::{Table, key};

pub(super) const TABLES: &[Table] = &[(
    "service",
    &[
        key(
            "store.type",
            Text,
            "memory; sqlite with a `path`; postgresql with a `url`",
            "`memory` (gone with the process), `sqlite` or `postgresql`.",
        ),
        key("store.path", Text, "", "The SQLite file. It is this library's own; keep it on a local disk."),
        key(
            "store.url",
            Text,
            "",
            "The PostgreSQL database: `postgresql://user:password@host:port/database`. To another machine the connection is encrypted and verified, unless the address says `sslmode=disable`; `sslrootcert` names the authority. PgBouncer may stand before it. The password is shown nowhere.",
        ),
        key(
            "store.listen_url",
            Text,
            "",
            "PostgreSQL: another address of the same database that leads to the server itself, where `store.url` leads to PgBouncer; it may be the same where it does not. Over it each process hears at once (`LISTEN`) when another has committed, so a revocation does not wait for `service.interval_ms`. A hint: what is not heard is found by asking. Set it for every process.",
        ),
        key("store.schema", Text, "jit_access", "PostgreSQL: the schema. It is made where it is not there."),
        key(
            "store.state_folder",
            Text,
            "",
            "PostgreSQL: a folder of this machine that keeps what was seen last, so that a database restored from an older backup is noticed at a start too: then no grant is honoured until `accept_store`.",
        ),
        key("store.busy_timeout_ms", Plain, "5000", "How long a write waits for another process that writes."),
        key(
            "service.max_staleness_ms",
            Plain,
            "2000",
            "How old the last proof may be that the store has nothing new, for a check that does not ask for the current state.",
        ),
        key(
            "service.cross_check_percent",
            Plain,
            "0",
            "How many of a hundred checks are asked of Cedar too, of those that a grant allows and of those that none covers. Where the two differ the answer is no, and the alert `engines_differ` tells the whole question.",
        ),
        key(
            "service.time_source",
            Text,
            "host",
            "Whose time of day is believed: `host`, that of the machine, which has to agree with the others; or `database`, that of the server of a store in PostgreSQL, for every process of it. `health` and the metric `jit_clock_source` say which it is.",
        ),
        key(
            "service.max_clock_skew_ms",
            Plain,
            "10000",
            "PostgreSQL with the host's time: how far the host's clock may be from the server's. Past that no grant is honoured in this process until one of them is set right, and its records carry the server's time; other processes are not affected.",
        ),
        key(
            "service.max_clock_step_minutes",
            Plain,
            "360",
            "How far the clock may jump ahead before it is not believed: then no grant is honoured until it is set right, or `accept_clock` says that it is right.",
        ),
        key(
            "service.max_downtime_days",
            Plain,
            "31",
            "How long a SQLite store may have been unused before the clock is not believed at a start: then no grant is honoured. After a longer pause, check the clock and say that it is right (`accept_clock`).",
        ),
        key(
            "service.interval_ms",
            Plain,
            "50",
            "How often the background thread writes uses and looks for changes of other processes.",
        ),
        key(
            "service.waiting_uses",
            Plain,
            "65536",
            "How many uses may wait to be written. When they are as many, the next check writes first.",
        ),
        key(
            "journal.verify_at_start",
            Plain,
            "true",
            "At a start, what was written since the last signed checkpoint is verified, with every row that is in force.",
        ),
        key("journal.verify_every_minutes", Plain, "60", "How often the same is done while it runs. 0: never."),
        key(
            "journal.verify_all_every_hours",
            Plain,
            "24",
            "How often everything is verified, from the first record on. 0: never.",
        ),
        key(
            "journal.on_failure",
            Text,
            "stop elevation",
            "What follows when the store is not what was written to it. `stop elevation`: no grant is honoured until a verification succeeds; standing rights go on. `alert`: it is logged and shown, and grants are honoured.",
        ),
        key(
            "journal.checkpoint_every_minutes",
            Plain,
            "60",
            "How often a checkpoint is signed while there are new records. One is signed at the end of each grant besides. 0: only then.",
        ),
        key(
            "journal.checkpoint_folder",
            Text,
            "",
            "A folder that gets each signed checkpoint and the public keys. Best on another machine: what it holds shows later that records were cut off, made anew, or replaced by an older copy.",
        ),
        key(
            "journal.keep_days",
            Plain,
            "",
            "How many days records are kept, 92 or more. Older ones are removed from the beginning of the journal, in blocks of 4,096, once a signed checkpoint covers them and nothing live, pending or to be reviewed was told by them or by a later one; a record says what was removed, and which hash and root stand for it. Empty: all are kept.",
        ),
        key(
            "journal.keep_records",
            Plain,
            "",
            "How many records are kept, 100,000 or more: the same for what is beyond. None that is younger than 92 days is removed. Empty: all are kept.",
        ),
        key(
            "journal.signing_key_env",
            Text,
            "",
            "The variable that holds the Ed25519 key that signs: PEM as `openssl genpkey -algorithm ed25519` writes it, or 32 bytes in base64. Without one, a key is made beside the store's file at the first start; a store in PostgreSQL is not signed then. All processes of one store need the same key.",
        ),
        key("journal.signing_key_file", Text, "", "The file that holds it."),
    ],
)];
