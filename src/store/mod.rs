//! Where the journal and the state are kept: the port, and its adapters.
//!
//! A store keeps three things that change together or not at all: the journal, the state rows that are its fold, and the
//! outbox. It folds by calling [`crate::workflow::evolve`] itself, so a row can never say anything the journal does not.
//!
//! | file | question |
//! |---|---|
//! | `port` | what every store promises |
//! | `head` | where the journal ends, and how one journal is told from another |
//! | `batch` | what is written together |
//! | `checkpoints` | what is kept of signed checkpoints |
//! | `live` | which grants checks need |
//! | `refusals` | refused attempts: which are kept, and which are wanted |
//! | `retention` | which old records may be removed |
//! | `ending` | which rows of a store in tables are over then, and what has to be told again |
//! | `outbox` | which notices wait to be told, and what becomes of their deliveries |
//! | `page` | which rows a list shows |
//! | `records` | which records of the journal are wanted, and what a record is about |
//! | `topics` | which records have a topic, and how several are put together |
//! | `answer` | how a view is put together from single reads |
//! | `copy` | how a whole store is copied into another one |
//! | `columns` | how values become columns of a database, and come back |
//! | `statuses` | which rows of a database have a status at an instant |
//! | `spans` | which span a transaction of a database is |
//! | `gate` | who is inside, and how everybody is kept out while a process forks |
//! | `counted` | what the processes of one machine have counted together, kept in a small file |
//! | `memo` | the last position that was seen, kept in a small file |
//! | `error` | why a store could not do what was asked |
//! | `fold` | how a batch of events changes the rows |
//! | `integrity` | how records are appended, and how the rows are compared with the journal |
//! | `verification` | what a verification is asked for, what it says meanwhile, and what it answers |
//! | `memory` | the store of tests and trials |
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
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod memo;
mod memory;
mod memory_outbox;
mod outbox;
mod page;
mod port;
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

/// What records are asked for by.
pub use crate::model::Subject;
pub use batch::{Batch, Done};
pub use checkpoints::KeptCheckpoint;
pub use copy::{Copied, copy};
pub use error::StoreError;
pub use fold::{Rows, fold};
pub use head::{Head, Lineage, Position, Removed, Seen};
#[cfg(feature = "sqlite")]
pub(crate) use integrity::pass_event;
pub use integrity::{check_basis, check_head, compare, pass, seal};
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
