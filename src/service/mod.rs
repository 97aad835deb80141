//! The shell: the only part that knows the time, and the only one that sees a store, an index and a clock together.
//!
//! An [`Engine`] is one host's view of one store. It has three handles, one for each kind of caller: the
//! [`crate::check::Decider`] answers checks from memory, the [`Workflow`] runs the workflow and writes, and the
//! [`Reconciler`] does the background work. Right answers need no thread; a host without a scheduler uses a
//! `host::Background` to call the reconciler.
//!
//! | file | question |
//! |---|---|
//! | `engine` | opening an engine, and its handles |
//! | `settings` | the settings of the engine |
//! | `shared` | the state that the handles share |
//! | `workflow` | looking up requests, grants, delegations and records |
//! | `execute` | carrying out a command, and the answer to a repeat |
//! | `commit` | the one place where facts are written |
//! | `offline` | what a machine keeps for an unavailable store |
//! | `offline_commands` | taking, using and ending break-glass access while the store is unavailable |
//! | `last_known` | the last known state that these commands are decided from |
//! | `merging` | merging what was recorded meanwhile into the journal |
//! | `pending` | commands that ended or suspended grants and are not written yet |
//! | `trusted_lookup` | lookups for a caller that was authorized before |
//! | `fingerprint` | the digest by which a repeated command is recognized |
//! | `receipt` | the result of a command |
//! | `filter` | the filter of a list, besides the status of its rows |
//! | `cursor` | cursors that are bound to a list, its filter and its caller |
//! | `listing` | a page of rows |
//! | `sizing` | which parts of a role were used, and which calls another grant would have allowed |
//! | `kept_pasts` | a cache of what the past says about requests |
//! | `ended_sessions` | which sessions ended a moment ago |
//! | `summaries` | summaries of what was done under a grant |
//! | `records` | a page of records |
//! | `attribution` | data added to a record: the accountable person, and who approved its grant |
//! | `approved` | how grants came to be |
//! | `evidence` | evidence for an audit of a period |
//! | `integrity` | the result of the last verification of the store |
//! | `proof` | signed checkpoints to read, and proofs that lead to them |
//! | `sealing` | verifying what was written since the last checkpoint, and signing the next one |
//! | `metrics` | the metrics of an engine, and their Prometheus format |
//! | `figures` | where the metrics come from |
//! | `counts` | what is counted for the metrics |
//! | `counted` | the sum of the counts of all processes of this machine |
//! | `health_samples` | the results of the last health checks of the engine |
//! | `monitoring` | how the monitor follows the journal, and how its findings are written |
//! | `activity` | the current activity, for live displays |
//! | `live_view` | the recent activity that is kept for them |
//! | `past` | the grants in force at a past instant, from the journal alone |
//! | `offers` | the roles that a caller may request |
//! | `possible` | what a caller can do with the requests and grants in an answer |
//! | `remedies` | the requests that would lift a denial |
//! | `explain` | why a check was decided as it was |
//! | `retention` | removing old records, once a signed checkpoint covers them |
//! | `configured` | recording the configuration of an engine |
//! | `host_facts` | recording facts with the host as their actor |
//! | `process` | the identity of this process |
//! | `processes` | recording the start and the end of each process |
//! | `rules_impact` | which grants and requests a change of the configuration affects |
//! | `honoured` | which grants are honoured now |
//! | `directory` | the host's directory of people |
//! | `follow` | how the projections follow the store |
//! | `following` | how far they have followed it |
//! | `uses` | how checks stay current, and how uses are written |
//! | `reconciler` | the background work: what time has made true, and what waits to be written |
//! | `contention` | whether other processes change the journal at the same time |
//! | `cross_check` | which checks are also evaluated by Cedar, and the results |
//! | `cedar_compare` | comparing the index with Cedar |
//! | `analysis` | what a proposed grant would change, over the known entities |
//! | `proving` | how the verdicts of a solver are recorded |
//! | `guard` | evaluates guardrails and conditions of grants |
//! | `guardrails` | how the guardrails follow their file, and how the host sets its entities |
//! | `grant_cache` | a cache of principals' live grants with their policies |
//! | `authorize` | the complete decision, for hosts without a decision point |
//! | `policy_cases` | whether the policies pass the operator's tests |
//! | `combine` | combines standing policies, guardrails and grants into one decision |
//! | `policy_errors` | errors of a policy as errors of the library |
//! | `policies` | the grants as Cedar policies |
//! | `export` | all grants in force as one Cedar policy set |
//! | `store_clock` | the clock of the store's server |
//! | `watch` | waiting for the next change |
//! | `deliveries` | the deliveries of notices, for operators |
//! | `refusals` | refused attempts: how they are recorded, and who may read them |
//! | `health` | the health of the library |
//! | `outbox` | the notices that are due, for the delivery code |
//! | `notifier` | wakes the threads that wait for a change |
//! | `trace_context` | the trace of the host's call |

mod activity;
mod analysis;
mod approved;
mod attribution;
#[cfg(feature = "cedar")]
mod authorize;
#[cfg(feature = "cedar")]
mod cedar_compare;
#[cfg(feature = "cedar")]
mod combine;
mod commit;
mod configured;
mod contention;
mod counted;
mod counts;
#[cfg(feature = "cedar")]
mod cross_check;
mod cursor;
mod deliveries;
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
mod grant_cache;
#[cfg(feature = "cedar")]
mod guard;
#[cfg(feature = "cedar")]
mod guardrails;
mod health;
mod health_samples;
mod honoured;
mod host_facts;
mod integrity;
mod kept_pasts;
mod last_known;
mod listing;
mod live_view;
mod merging;
mod metrics;
mod monitoring;
mod notifier;
mod offers;
mod offline;
mod offline_commands;
mod outbox;
mod past;
mod pending;
#[cfg(feature = "cedar")]
mod policies;
#[cfg(feature = "cedar")]
mod policy_cases;
#[cfg(feature = "cedar")]
mod policy_errors;
mod possible;
mod process;
mod processes;
mod proof;
#[cfg(feature = "cedar")]
mod proving;
mod receipt;
mod reconciler;
mod records;
mod refusals;
mod remedies;
#[cfg(feature = "sign")]
mod retention;
mod rules_impact;
#[cfg(feature = "sign")]
mod sealing;
mod settings;
mod shared;
mod sizing;
mod store_clock;
mod summaries;
mod trace_context;
#[cfg(feature = "authzen")]
mod trusted_lookup;
mod uses;
mod watch;
mod workflow;

pub use crate::monitor::{Counts, MonitorSettings};
#[cfg(feature = "sign")]
pub use crate::seal::Keys;
pub use crate::sizing::{Called, PermissionUse, Proposal, Replay, Replayed, RestsOn, RightSize, RoleUse};
pub use crate::summary::{IncludedPermission, Session, SmallerRole, TimelineEntry, Used, Uses};
pub use activity::Events;
pub use approved::Approved;
pub use attribution::Attribution;
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
pub use possible::Accuracy;
pub use receipt::{IdempotencyKey, Receipt};
pub use reconciler::{Reconciler, Tick};
pub use remedies::Remedies;
#[cfg(feature = "sign")]
pub use sealing::Sealer;
pub use settings::{GuardrailSettings, JournalSettings, MIN_RETENTION_DAYS, PolicyTests, Settings};
pub use trace_context::within_trace;
pub use watch::Watch;
pub use workflow::Workflow;
