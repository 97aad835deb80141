//! The shell: the only part that knows the time, and the only one that sees a store, an index and a clock together.
//!
//! An [`Engine`] is one host's view of one store. It hands out three handles, because there are three kinds of caller
//! with three kinds of cost: the [`crate::check::Decider`] answers checks from memory, the [`Workflow`] runs the workflow
//! and writes, and the [`Reconciler`] does what nobody is waiting for. Nothing here needs a thread for a right answer; a host without a
//! scheduler of its own lets a `host::Background` call the reconciler.
//!
//! | file | question |
//! |---|---|
//! | `engine` | how an engine is opened, and the handles it gives |
//! | `settings` | what an operator tunes in the engine |
//! | `shared` | what the handles share |
//! | `workflow` | looking up requests, grants, delegations and records |
//! | `execute` | how a command is carried out, and what a repeat answers |
//! | `commit` | the one place where facts are written |
//! | `offline` | what a machine keeps for when the store is away |
//! | `away` | how access without approval is taken, used and ended then |
//! | `last_known` | what of the store it is judged by then |
//! | `merging` | how that comes into the journal |
//! | `pending` | which commands took grants away and are not written yet |
//! | `known` | what is looked up for a caller that was judged before |
//! | `fingerprint` | by what an idempotency key knows a command again |
//! | `receipt` | what a command answers |
//! | `filter` | which rows of a list are wanted, besides their status |
//! | `cursor` | cursors that are bound to a list, its filter and its caller |
//! | `listing` | a page of rows |
//! | `sizing` | what of a role was used, and what would another grant have let pass |
//! | `kept_pasts` | what the past says of requests that are looked at again and again |
//! | `ended_sessions` | which sessions ended a moment ago |
//! | `summaries` | what was done under a grant |
//! | `records` | a page of records |
//! | `accountable` | what is told of a record besides what it says: which person answers for it, and who approved its grant |
//! | `approved` | how the grants came to be whose records are read |
//! | `evidence` | what an assessor asks for of a period |
//! | `integrity` | what was found out last of the store: whether it is whole |
//! | `proof` | signed checkpoints to read, and proofs that lead to them |
//! | `sealing` | verifying what was written since the last checkpoint, and signing the next one |
//! | `metrics` | the figures of an engine, and how Prometheus reads them |
//! | `figures` | where they come from |
//! | `counts` | what is counted for them |
//! | `counted` | what the processes of this machine have counted together |
//! | `pulse` | what was seen of the health of the engine |
//! | `monitoring` | how the monitor follows the journal, and how what it finds is written |
//! | `activity` | what happens now, for those who look on |
//! | `onlooker` | what is kept for them |
//! | `past` | what was so at an instant, told by the record alone |
//! | `offers` | what a caller may ask for |
//! | `remedies` | what may be asked for to lift a denial |
//! | `explain` | why a check is answered as it is |
//! | `retention` | removing old records, once a signed checkpoint stands for them |
//! | `configured` | which configuration an engine was opened with, on record |
//! | `process` | which process this is |
//! | `processes` | when each process starts and ends, on record |
//! | `touched` | what a change of the configuration touches |
//! | `honoured` | which grants are honoured now |
//! | `directory` | what the host says of people |
//! | `follow` | how the projections follow the store |
//! | `following` | how far they have followed it |
//! | `uses` | how checks keep current and have uses written |
//! | `reconciler` | what time has made true, and what is waiting to be written |
//! | `crowd` | whether others change the journal too |
//! | `cross_check` | which checks are asked of Cedar too, and what came of it |
//! | `differing` | whether the index and Cedar say the same of them |
//! | `analysis` | what a proposed grant would change, over everything that is known |
//! | `proving` | how what a solver says of requests gets on record |
//! | `guard` | what judges what grants allow |
//! | `guardrails` | how the guardrails follow their file, and how the host tells of its people and things |
//! | `held` | the live grants of those who are asked about, with their policies |
//! | `authorize` | the whole decision, for hosts without a decision point |
//! | `policy_cases` | whether the policies say what their operator says they must |
//! | `weigh` | what standing policies, guardrails and grants come to together |
//! | `policy_errors` | what goes wrong with a policy, as an error of the library |
//! | `policies` | the grants as Cedar policies |
//! | `export` | all grants in force as one Cedar policy set |
//! | `store_clock` | the clock of the store's server |
//! | `watch` | waiting for the next change |
//! | `deliveries` | the deliveries of notices, for those who look after them |
//! | `refusals` | refused attempts: how they come on record, and who may read them |
//! | `health` | how the library stands |
//! | `outbox` | what is told to whom, for whoever sends it |
//! | `notifier` | what wakes those who wait |
//! | `within_trace` | within which trace the host calls |

mod accountable;
mod activity;
mod analysis;
mod approved;
#[cfg(feature = "cedar")]
mod authorize;
mod away;
mod commit;
mod configured;
mod counted;
mod counts;
#[cfg(feature = "cedar")]
mod cross_check;
mod crowd;
mod cursor;
mod deliveries;
#[cfg(feature = "cedar")]
mod differing;
mod directory;
mod ended_sessions;
mod engine;
mod evidence;
mod execute;
mod explain;
#[cfg(feature = "cedar")]
mod export;
mod figures;
mod filter;
mod fingerprint;
mod follow;
mod following;
#[cfg(feature = "cedar")]
mod guard;
#[cfg(feature = "cedar")]
mod guardrails;
mod health;
#[cfg(feature = "cedar")]
mod held;
mod honoured;
mod integrity;
mod kept_pasts;
#[cfg(feature = "authzen")]
mod known;
mod last_known;
mod listing;
mod merging;
mod metrics;
mod monitoring;
mod notifier;
mod offers;
mod offline;
mod onlooker;
mod outbox;
mod past;
mod pending;
#[cfg(feature = "cedar")]
mod policies;
#[cfg(feature = "cedar")]
mod policy_cases;
#[cfg(feature = "cedar")]
mod policy_errors;
mod process;
mod processes;
mod proof;
#[cfg(feature = "cedar")]
mod proving;
mod pulse;
mod receipt;
mod reconciler;
mod records;
mod refusals;
mod remedies;
#[cfg(feature = "sign")]
mod retention;
#[cfg(feature = "sign")]
mod sealing;
mod settings;
mod shared;
mod sizing;
mod store_clock;
mod summaries;
mod touched;
mod uses;
mod watch;
#[cfg(feature = "cedar")]
mod weigh;
mod within_trace;
mod workflow;

pub use crate::monitor::Counts;
pub use accountable::Told;
pub use activity::Events;
pub use approved::Approved;
#[cfg(feature = "cedar")]
pub use authorize::{AuthorizeRequest, Authorized};
pub use directory::{Directory, DirectoryError, Known};
pub use engine::{Builder, Engine};
pub use explain::{Considered, Explanation};
pub use health::{ClockHealth, Health, StoreHealth};
pub use honoured::Honoured;
pub use integrity::Integrity;
pub use listing::Listing;
pub use metrics::{Family, Figure, FigureKind, Histogram, Metrics};
pub use offline::OfflineHealth;
pub use outbox::Outbox;
#[cfg(feature = "cedar")]
pub use policy_cases::PolicyFailure;
pub use receipt::{IdempotencyKey, Receipt};
pub use reconciler::{Reconciler, Tick};
pub use remedies::Remedies;
#[cfg(feature = "sign")]
pub use sealing::Sealer;
pub use settings::{GuardrailSettings, JournalSettings, MIN_RETENTION_DAYS, PolicyTests, Settings};
pub use watch::Watch;
pub use within_trace::within_trace;
pub use workflow::Workflow;
