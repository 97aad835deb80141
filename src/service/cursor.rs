//! Cursors that are bound to a list, its filter and its caller.
//!
//! A cursor contains a revision. In plain form it would show every caller how much others do, and one list would accept
//! the cursor of another. So it is permuted under a key made from the store's lineage, which no caller sees, and from
//! the list: every process of the store can read it.

use super::shared::Shared;
use crate::command::Read;
use crate::error::Error;
use crate::journal::{canonical, digest};
use crate::model::{Caller, Cursor, Invalid, Revision};

/// Makes and reads the cursors of one list.
#[derive(Debug)]
pub(super) struct Cursors {
    key: String,
}

impl Cursors {
    /// Of this list as this caller reads it. `list` is the read without its cursor and its limit.
    ///
    /// # Errors
    /// Errors of the store.
    pub(super) fn of(shared: &Shared, caller: &Caller, list: &Read) -> Result<Self, Error> {
        let bound_to = serde_json::json!({
            "lineage": shared.store.head()?.lineage.to_string(),
            "caller": caller.principal.to_string(),
            "acts_for": caller.acts_for.as_ref().map(ToString::to_string),
            "list": list.document(),
        });
        Ok(Self { key: digest(&canonical(&bound_to)?) })
    }

    /// The cursor of the page that continues before this revision.
    pub(super) fn seal(&self, revision: Revision) -> Cursor {
        let masked =
            (0..ROUNDS).fold(halves(revision.0), |(left, right), round| (right, left ^ self.mask(round, right)));
        Cursor::new(&self.key, Revision(joined(masked)))
    }

    /// The revision that it holds.
    ///
    /// # Errors
    /// When the cursor is of another list, another filter or another caller.
    pub(super) fn open(&self, cursor: Cursor) -> Result<Revision, Invalid> {
        let masked = halves(cursor.place_in(&self.key)?.0);
        let back = (0..ROUNDS).rev().fold(masked, |(left, right), round| (right ^ self.mask(round, left), left));
        Ok(Revision(joined(back)))
    }

    fn mask(&self, round: u32, half: u32) -> u32 {
        let digits: String = digest(&format!("{}:{round}:{half}", self.key)).chars().take(8).collect();
        u32::from_str_radix(&digits, 16).unwrap_or_default()
    }
}

/// The number of rounds of the Feistel network.
const ROUNDS: u32 = 4;

const fn halves(number: u64) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = number.to_be_bytes();
    (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]))
}

fn joined((left, right): (u32, u32)) -> u64 {
    u64::from(left) << 32 | u64::from(right)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_is_read_by_its_own_list_alone(revision: u64) {
            let (one, other) = (Cursors { key: "one".to_owned() }, Cursors { key: "other".to_owned() });
            let cursor = one.seal(Revision(revision));
            prop_assert_eq!(one.open(cursor), Ok(Revision(revision)));
            prop_assert!(other.open(cursor).is_err());
        }
    }

    #[test]
    fn a_cursor_does_not_show_how_much_happened() {
        let list = Cursors { key: "one".to_owned() };
        let places: Vec<String> = (0..100).map(|revision| list.seal(Revision(revision)).to_string()).collect();
        let mut sorted = places.clone();
        sorted.sort();
        assert_ne!(places, sorted);
        assert!(places.iter().all(|place| place.len() > 25), "{places:?}");
    }
}
