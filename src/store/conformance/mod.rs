//! The suite that a store must pass to be one.
//!
//! Every promise of [`super::Store`] is a function here that takes a [`Fixture`] and panics when the promise is broken.
//! `jit_access::store_conformance!(fixture)` makes a test of each. A promise that a store does not make is left out by
//! its name and with a reason, see [`Fixture::leaves_out`].
//!
//! | file | question |
//! |---|---|
//! | `world` | people, rules, and random stories told by the real workflow |
//! | `week` | a recorded week from one seed: requests, reviews, uses, ends |
//! | `naive` | what a store should hold, as plainly as it can be said |
//! | `commits` | is a batch written whole, or not at all |
//! | `together` | what holds when many write at once |
//! | `stories` | do the rows, pages and deadlines follow from the events |
//! | `keys` | is a command done once under one idempotency key |
//! | `positions` | is a journal known from any other, and does an exclusive decision always end |
//! | `order` | is no record older than the one before it, and is the time that was seen kept |
//! | `outbox` | is every message given out until it is settled |
//! | `refusals` | are refused attempts counted together, listed, and kept for a while |
//! | `retention` | are old records removed whole, with what stands for them |
//! | `lasting` | is everything still there after reopening |

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a suite says by panicking what does not hold"
)]

pub mod commits;
pub mod keys;
pub mod lasting;
mod naive;
pub mod order;
pub mod outbox;
pub mod positions;
pub mod refusals;
pub mod retention;
pub mod stories;
pub mod together;
pub mod week;
pub mod world;

use std::sync::Arc;

use super::Store;

/// What a store under test brings.
pub trait Fixture: Sync {
    /// A place for a store in which nothing has been written.
    fn fresh(&self) -> Box<dyn Place>;

    /// Whether such a store can be tried here. One that answers no says why.
    fn is_here(&self) -> bool {
        true
    }

    /// The promises that this store does not make, each with the reason.
    fn leaves_out(&self) -> &[(Category, &'static str)] {
        &[]
    }
}

/// A place that a store keeps its things in.
pub trait Place: Sync {
    /// One more handle on the place. Handles are used at the same time.
    fn open(&self) -> Arc<dyn Store>;
}

/// A kind of promise that some stores do not make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Category {
    /// What was committed is there when the place is opened again after every handle is gone.
    Lasting,
}

/// Whether the fixture makes this kind of promise; says so loudly when it does not.
#[expect(clippy::print_stdout, reason = "who reads a test's output must see what was not tested")]
fn promises(fixture: &dyn Fixture, category: Category) -> bool {
    match fixture.leaves_out().iter().find(|(left_out, _)| *left_out == category) {
        Some((_, reason)) => {
            println!("LEFT OUT: {category:?}: {reason}");
            false
        }
        None => true,
    }
}

/// Makes a test of every promise of [`Store`]. The argument is an expression that gives a [`Fixture`].
#[macro_export]
macro_rules! store_conformance {
    ($fixture:expr) => {
        $crate::store_conformance! { $fixture;
            commits::a_new_store_is_empty,
            commits::a_batch_is_written_whole,
            commits::a_refused_batch_leaves_nothing,
            commits::an_id_is_given_once,
            commits::records_continue_the_chain,
            commits::what_was_decided_from_old_state_conflicts,
            commits::uses_neither_cause_nor_meet_conflicts,
            commits::what_was_decided_from_a_revision_not_yet_written_is_refused,
            commits::hostile_text_comes_back_as_it_was_written,
            keys::a_command_is_done_once_under_one_key,
            keys::keys_belong_to_their_caller,
            keys::keys_are_kept_for_a_day,
            together::revisions_are_gapless_and_feeds_complete,
            together::one_of_many_answers_to_a_request_wins,
            together::one_of_many_commands_under_one_key_wins,
            together::uses_are_counted_exactly,
            together::readers_see_one_revision,
            together::a_notice_is_leased_to_one_worker,
            together::a_delivery_is_leased_to_one_worker,
            stories::rows_pages_and_deadlines_follow_from_the_events,
            stories::pages_join_without_gap_or_overlap,
            stories::ten_thousand_uses_are_one_batch,
            positions::a_position_is_in_one_journal_only,
            positions::an_exclusive_decision_never_conflicts,
            positions::an_exclusive_decision_can_be_not_to_write,
            order::no_record_is_older_than_the_one_before,
            order::a_use_that_waited_says_when_it_was,
            order::time_goes_back_only_where_somebody_says_so,
            order::the_latest_instant_that_was_seen_is_kept,
            outbox::notices_are_given_out_in_order_and_until_planned,
            outbox::notices_wait_until_they_are_due,
            outbox::a_notice_can_gather_until_it_is_given_out,
            outbox::deliveries_are_given_out_until_settled,
            outbox::a_delivery_comes_back_as_it_was_planned,
            outbox::a_thread_remembers_its_first_answer,
            outbox::deliveries_are_listed_and_counted,
            outbox::what_failed_is_sent_again_or_dropped,
            outbox::what_is_old_is_removed,
            outbox::a_secret_is_made_once_for_all,
            refusals::what_was_refused_is_counted_listed_and_forgotten,
            retention::old_records_are_removed_and_the_rest_is_whole,
            lasting::what_was_committed_is_there_after_reopening,
        }
    };
    ($fixture:expr; $($topic:ident :: $promise:ident),* $(,)?) => {
        $(
            #[test]
            fn $promise() {
                if $crate::store::conformance::Fixture::is_here(&$fixture) {
                    $crate::store::conformance::$topic::$promise(&$fixture);
                }
            }
        )*
    };
}
