//! Sessions that ended a moment ago, and how far the journal was read for them.

use std::collections::VecDeque;

use crate::journal::Record;
use crate::model::{Fact, GrantId, Revision, Timestamp};

/// Sessions that ended a moment ago.
#[derive(Debug, Default)]
pub(super) struct EndedSessions {
    pub(super) reached: Revision,
    pub(super) ended: VecDeque<(Timestamp, GrantId)>,
}

impl EndedSessions {
    /// The same as [`EndedSessions::take_in`], once the journal was read for the first time: that goes back to before this
    /// process started.
    pub(super) fn follow(&mut self, after: Revision, reached: Revision, records: &[Record]) {
        if self.reached != Revision::ZERO {
            self.take_in(after, reached, records);
        }
    }

    /// Takes in what changed after one revision and up to another, unless it was taken in already.
    pub(super) fn take_in(&mut self, after: Revision, reached: Revision, records: &[Record]) {
        if self.reached != after {
            return;
        }
        self.reached = reached;
        self.ended.extend(records.iter().filter_map(|record| match record.event.fact {
            Fact::GrantExpired { grant }
            | Fact::GrantReleased { grant }
            | Fact::GrantRevoked { grant, .. }
            | Fact::GrantExhausted { grant } => Some((record.event.at, grant)),
            _ => None,
        }));
    }

    /// Removes and returns the sessions that ended up to this instant.
    pub(super) fn ended_until(&mut self, until: Timestamp) -> Vec<GrantId> {
        let count = self.ended.iter().take_while(|(at, _)| *at <= until).count();
        self.ended.drain(..count).map(|(_, grant)| grant).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Hash;
    use crate::model::{Actor, Event};

    fn ended(revision: u64, at: i64) -> Record {
        let at = Timestamp::from_millis(at).unwrap();
        let fact = Fact::GrantReleased { grant: GrantId::from_u128(u128::from(revision)) };
        let event = Event { at, by: Actor::Clock, fact };
        Record::seal(event, Revision(revision - 1), Hash::GENESIS).unwrap()
    }

    #[test]
    fn each_end_is_taken_in_once_and_in_order() {
        let at = |millis| Timestamp::from_millis(millis).unwrap();
        let mut sessions = EndedSessions::default();
        sessions.follow(Revision::ZERO, Revision(2), &[ended(1, 10), ended(2, 20)]);
        assert_eq!(sessions.reached, Revision::ZERO, "the journal was not read yet");
        sessions.take_in(Revision::ZERO, Revision(2), &[ended(1, 10), ended(2, 20)]);
        // The same from the other reader, and what would leave a gap.
        sessions.take_in(Revision::ZERO, Revision(2), &[ended(1, 10), ended(2, 20)]);
        sessions.take_in(Revision(3), Revision(4), &[ended(4, 40)]);
        assert_eq!(sessions.reached, Revision(2));
        sessions.follow(Revision(2), Revision(4), &[ended(3, 30)]);
        assert_eq!(sessions.reached, Revision(4));
        let ids = |all: &[u128]| all.iter().map(|id| GrantId::from_u128(*id)).collect::<Vec<_>>();
        assert_eq!(sessions.ended_until(at(9)), ids(&[]));
        assert_eq!(sessions.ended_until(at(20)), ids(&[1, 2]));
        assert_eq!(sessions.ended_until(at(40)), ids(&[3]));
    }
}
