//! The store of the journal and the state: the port, and its adapters.
//!
//! A store has three parts that change together or not at all: the journal, the state rows that are its fold, and the
//! outbox. It calls [`crate::workflow::evolve`] itself, so a row can never contain anything that does not follow from
//! the journal.
//!
//! | file | question |
//! |---|---|
//! | `port` | what every store promises |
//! | `head` | the end of a journal, and how journals are distinguished |
//! | `batch` | what one commit writes |
//! | `checkpoints` | stored signed checkpoints |
//! | `live` | the grants that checks need |
//! | `refusals` | refused attempts: how long they are kept, and how they are listed |
//! | `retention` | which old records may be removed |
//! | `ending` | which rows of a database end with removed records, and which facts must be recorded again |
//! | `outbox` | waiting notices, and their deliveries |
//! | `page` | which rows a list shows |
//! | `records` | a query for records of the journal |
//! | `topics` | which records have a topic, and how such sets are combined |
//! | `answer` | how a view is built from single reads |
//! | `copy` | copying a whole store into another one |
//! | `columns` | conversion between values and columns of a database |
//! | `statuses` | which rows of a database have a status at an instant |
//! | `spans` | the span of a database transaction |
//! | `gate` | counting the running operations, and blocking new ones while the process forks |
//! | `counted` | the sums of the counters of all processes of a machine, in a small file |
//! | `position_file` | the last position that was seen, in a small file |
//! | `error` | the errors of a store |
//! | `fold` | how a batch of events changes the rows |
//! | `integrity` | how records are appended, and how the rows are compared with the journal |
//! | `verification` | the parameters, the progress and the result of a verification |
//! | `memory` | the store for tests and trials |
//! | `memory_outbox` | its outbox |
//! | `sqlite` | the store of one host: a file that several processes share |
//! | `postgres` | the store of many hosts: a PostgreSQL database |
//! | `conformance` | the suite that a store must pass to be one |

mod answer;
mod batch;
mod checkpoints;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod columns;
mod copy;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod counted;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod ending;
mod error;
mod fold;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod gate;
mod head;
mod integrity;
mod live;
mod memory;
mod memory_outbox;
mod outbox;
mod page;
mod port;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod position_file;
#[cfg(feature = "postgres")]
mod postgres;
mod records;
mod refusals;
mod retention;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod spans;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod statuses;
mod topics;
mod verification;

#[cfg(feature = "test-util")]
pub mod conformance;

pub use crate::journal::{Broken, Hash, Record, Verifier};
/// The subject of records.
pub use crate::model::Subject;
pub use batch::{Batch, Done};
pub use checkpoints::KeptCheckpoint;
pub use copy::{Copied, copy};
pub use error::StoreError;
pub use fold::{Rows, fold};
pub use head::{Head, Lineage, Position, Removed, Seen};
#[cfg(feature = "sqlite")]
pub(crate) use integrity::move_head_to;
pub use integrity::{check_basis, check_head, check_number, compare, move_head, seal};
pub use live::Live;
pub use memory::MemoryStore;
pub use outbox::{
    DeliveryPage, Gathers, KEY_DAYS, Leased, LeasedDelivery, MAX_NOTICES, Message, NOTICE_DAYS, NewDelivery,
    NumberedDelivery, Settled, UNSENT_DAYS,
};
pub use page::{ListedRequest, Page, Visible};
pub use port::{DecideBatch, Reads, Store};
#[cfg(feature = "postgres")]
pub use postgres::{PostgresOptions, PostgresStore, PostgresUrl, UnusableDatabase};
pub use records::RecordQuery;
pub use refusals::{MAX_REFUSALS, NumberedRefusal, REFUSAL_DAYS, RefusalPage};
pub use retention::{Removable, RemovalLimits};
#[cfg(all(feature = "sqlite", feature = "config"))]
pub(crate) use sqlite::check_private;
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteOptions, SqliteStore, UnusableFile};
pub(crate) use verification::tell;
pub use verification::{Verification, Verified, VerifyProgress, Verifying};
