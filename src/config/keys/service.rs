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
            "`memory` (lost with the process), `sqlite` or `postgresql`.",
        ),
        key("store.path", Text, "", "The SQLite file. Only this library uses it; keep it on a local disk."),
        key(
            "store.url",
            Text,
            "",
            "The PostgreSQL database: `postgresql://user:password@host:port/database`. A connection to another machine is encrypted and verified, unless the address has `sslmode=disable`; `sslrootcert` names the authority. It may lead to PgBouncer. The password is never shown.",
        ),
        key(
            "store.listen_url",
            Text,
            "",
            "PostgreSQL: another address of the same database, directly to the server and not to PgBouncer; it may be equal to `store.url`. Over it each process is notified at once (`LISTEN`) when another has committed, so a revocation does not wait for `service.interval_ms`. It is only a hint: missed notifications are found by polling. Set it for every process.",
        ),
        key("store.schema", Text, "jit_access", "PostgreSQL: the schema. It is created when it is missing."),
        key(
            "store.state_folder",
            Text,
            "",
            "PostgreSQL: a folder of this machine with the last seen state, so that a database restored from an older backup is noticed also at a start: then no grant is honoured until `accept_store`.",
        ),
        key("store.busy_timeout_ms", Plain, "5000", "How long a write waits for another process that writes."),
        key(
            "service.max_staleness_ms",
            Plain,
            "2000",
            "How old the last proof that the store has nothing new may be, for a check that does not require the current state.",
        ),
        key(
            "service.cross_check_percent",
            Plain,
            "0",
            "The percentage of checks that are also evaluated by Cedar, among those that a grant allows and those that none covers. When the two differ the answer is no, and the alert `engines_differ` has the whole question.",
        ),
        key(
            "service.time_source",
            Text,
            "host",
            "Which clock gives the time: `host`, that of the machine, which must agree with the others; or `database`, that of the PostgreSQL server, for every process. `health` and the metric `jit_clock_source` show which one it is.",
        ),
        key(
            "service.max_clock_skew_ms",
            Plain,
            "10000",
            "PostgreSQL with the host's time: how far the host's clock may be from the server's. Beyond that, no grant is honoured in this process until one of them is corrected, and its records have the server's time; other processes are not affected.",
        ),
        key(
            "service.max_clock_step_minutes",
            Plain,
            "360",
            "How far the clock may jump ahead before it is not trusted: then no grant is honoured until it is corrected, or confirmed by `accept_clock`.",
        ),
        key(
            "service.max_downtime_days",
            Plain,
            "31",
            "How long a SQLite store may have been unused before the clock is not trusted at a start: then no grant is honoured. After a longer pause, check the clock and confirm it (`accept_clock`).",
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
            "The most uses that wait to be written. At that number, the next check writes them first.",
        ),
        key(
            "journal.verify_at_start",
            Plain,
            "true",
            "At a start, everything since the last signed checkpoint is verified, with every row in force.",
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
            "What happens when the store was altered. `stop elevation`: no grant is honoured until a verification succeeds; standing rights remain. `alert`: it is logged and shown, and grants are honoured.",
        ),
        key(
            "journal.checkpoint_every_minutes",
            Plain,
            "60",
            "How often a checkpoint is signed while there are new records. One is also signed at the end of each grant. 0: only then.",
        ),
        key(
            "journal.checkpoint_folder",
            Text,
            "",
            "A folder that gets each signed checkpoint and the public keys. Best on another machine: it shows later whether records were removed, rewritten, or replaced by an older copy.",
        ),
        key(
            "journal.keep_days",
            Plain,
            "",
            "How many days records are kept, 92 or more. Older ones are removed from the beginning of the journal, in blocks of 4,096, once a signed checkpoint covers them and no live grant, pending request or open review depends on them; a record has the removal with the hash and the root of the removed records. Empty: all are kept.",
        ),
        key(
            "journal.keep_records",
            Plain,
            "",
            "How many records are kept, 100,000 or more; older ones are removed in the same way. None younger than 92 days is removed. Empty: all are kept.",
        ),
        key(
            "journal.signing_key_env",
            Text,
            "",
            "The variable with the signing key (Ed25519): PEM as `openssl genpkey -algorithm ed25519` writes it, or 32 bytes in base64. Without one, a key is made beside the store's file at the first start; a store in PostgreSQL is not signed then. All processes of one store need the same key.",
        ),
        key("journal.signing_key_file", Text, "", "The file that holds it."),
    ],
)];
