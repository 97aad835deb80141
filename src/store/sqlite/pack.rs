//! How uses that follow each other are kept together, each still a record of its own.
//!
//! The text of a use is its instant, what it says, and its place in the chain. What it says is kept once for all that say the
//! same; the place follows from the hashes, which are kept for each. So every text is made again as it was hashed.
//!
//! In bytes: the version; the first eight bytes of the SHA-256 of all that follows; the hash of the record before the first
//! one; the number of uses (two bytes, the low one first); their hashes; and deflated the number of forms, each form with its
//! length before it, and for each use the number of its form and the milliseconds since the use before it. These
//! numbers are written seven bits a byte, the low ones first.

use std::collections::HashMap;

use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;

use super::error::Fault;
use crate::journal::{Broken, Frame, Hash, Record, digest_of};
use crate::model::{Revision, Timestamp};

const VERSION: u8 = 1;
/// How many uses are kept together at most.
const MAX_USES: usize = 256;
/// No further use is added to so many bytes of forms: the last pack is written anew with every commit.
const MAX_TEXT: usize = 32 << 10;
/// More than the largest pack has, so that a damaged one takes no memory.
const MAX_INFLATED: usize = 1 << 20;
const CHECK: usize = 8;
const HASH: usize = 32;
/// Fast, and as small as the slower ones with texts such as these.
const LEVEL: u8 = 1;

/// Uses that follow each other.
#[derive(Debug)]
pub(super) struct Pack {
    first: Revision,
    previous: Hash,
    /// What uses say besides their instant and place.
    forms: Vec<Box<str>>,
    uses: Vec<One>,
    /// The bytes of all forms.
    text: usize,
    known: HashMap<Box<str>, usize, foldhash::quality::RandomState>,
    /// Room to work in.
    end: String,
}

#[derive(Debug, Clone, Copy)]
struct One {
    form: usize,
    at: Timestamp,
    hash: Hash,
}

impl Pack {
    /// An empty one, which continues the record with this position and hash.
    pub(super) fn after(revision: Revision, hash: Hash) -> Self {
        Self {
            first: revision.next(),
            previous: hash,
            forms: Vec::new(),
            uses: Vec::new(),
            text: 0,
            known: HashMap::default(),
            end: String::new(),
        }
    }

    /// The position of its first record.
    pub(super) const fn first(&self) -> Revision {
        self.first
    }

    /// The position after its last record.
    pub(super) const fn next(&self) -> Revision {
        Revision(self.first.0 + self.uses.len() as u64)
    }

    /// The instants of its first and its last record.
    pub(super) fn times(&self) -> Option<(Timestamp, Timestamp)> {
        self.uses.first().map(|one| one.at).zip(self.uses.last().map(|one| one.at))
    }

    /// Takes in the use that follows. Answers `false` when it is full, or this is a record that does not belong here.
    pub(super) fn take(&mut self, record: &Record) -> bool {
        let is_full = self.uses.len() >= MAX_USES || self.text >= MAX_TEXT;
        let is_next = record.revision == self.next() && record.previous == self.last_hash();
        let is_in_order = self.times().is_none_or(|(_, ended)| ended <= record.event.at);
        if is_full || !is_next || !is_in_order || record.event.fact.changes_state() {
            return false;
        }
        let frame = Frame { previous: record.previous, revision: record.revision };
        let Some((_, said)) = frame.parts(&record.body, &mut self.end) else { return false };
        let form = match self.known.get(said) {
            Some(form) => *form,
            None => {
                self.text += said.len();
                self.known.insert(said.into(), self.forms.len());
                self.forms.push(said.into());
                self.forms.len() - 1
            }
        };
        self.uses.push(One { form, at: record.event.at, hash: record.hash });
        true
    }

    fn last_hash(&self) -> Hash {
        self.uses.last().map_or(self.previous, |one| one.hash)
    }

    /// The instant, the hash and the text of a record; `None` when it is not here.
    pub(super) fn text(&self, revision: Revision) -> Option<(Timestamp, Hash, String)> {
        let place = self.place(revision)?;
        let one = self.uses.get(place)?;
        let previous = self.previous_of(place)?;
        let body = Frame { previous, revision }.body(one.at, self.forms.get(one.form)?);
        Some((one.at, one.hash, body))
    }

    fn place(&self, revision: Revision) -> Option<usize> {
        usize::try_from(revision.0.checked_sub(self.first.0)?).ok().filter(|place| *place < self.uses.len())
    }

    fn previous_of(&self, place: usize) -> Option<Hash> {
        match place.checked_sub(1) {
            None => Some(self.previous),
            Some(before) => self.uses.get(before).map(|one| one.hash),
        }
    }

    /// As it is kept.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut plain = Vec::with_capacity(self.text + self.uses.len() * 4 + 16);
        put(&mut plain, self.forms.len() as u64);
        for said in &self.forms {
            put(&mut plain, said.len() as u64);
            plain.extend(said.as_bytes());
        }
        let mut before = 0;
        for one in &self.uses {
            put(&mut plain, one.form as u64);
            put(&mut plain, one.at.millis().abs_diff(before));
            before = one.at.millis();
        }
        let mut rest = Vec::with_capacity(HASH * (self.uses.len() + 1) + 2 + plain.len() / 2);
        rest.extend(self.previous.bytes());
        rest.extend(u16::try_from(self.uses.len()).unwrap_or(u16::MAX).to_le_bytes());
        self.uses.iter().for_each(|one| rest.extend(one.hash.bytes()));
        rest.extend(compress_to_vec(&plain, LEVEL));
        let mut bytes = vec![VERSION];
        bytes.extend(check_of(&rest));
        bytes.append(&mut rest);
        bytes
    }

    /// What is kept so, beginning with this record.
    pub(super) fn read(first: Revision, bytes: &[u8]) -> Result<Self, Fault> {
        let broken = || {
            let problem = "the uses that are kept together from here on cannot be read".to_owned();
            Fault::from(Broken { revision: first, problem })
        };
        Self::parse(first, bytes).ok_or_else(broken)
    }

    fn parse(first: Revision, bytes: &[u8]) -> Option<Self> {
        let (version, bytes) = bytes.split_first()?;
        let (check, rest) = bytes.split_at_checked(CHECK)?;
        if *version != VERSION || check != check_of(rest) {
            return None;
        }
        let (previous, rest) = rest.split_first_chunk::<HASH>()?;
        let (count, rest) = rest.split_first_chunk::<2>()?;
        let count = usize::from(u16::from_le_bytes(*count));
        let (hashes, deflated) = rest.split_at_checked(HASH * count)?;
        let plain = decompress_to_vec_with_limit(deflated, MAX_INFLATED).ok()?;
        let mut plain = plain.as_slice();
        let mut pack = Self::after(Revision(first.0.checked_sub(1)?), Hash::from_bytes(*previous));
        for form in 0..get(&mut plain)? {
            let len = usize::try_from(get(&mut plain)?).ok()?;
            let (said, after) = plain.split_at_checked(len)?;
            let said: Box<str> = std::str::from_utf8(said).ok()?.into();
            plain = after;
            pack.text += said.len();
            pack.known.insert(said.clone(), usize::try_from(form).ok()?);
            pack.forms.push(said);
        }
        let mut at = 0_i64;
        for hash in hashes.as_chunks::<HASH>().0 {
            let form = usize::try_from(get(&mut plain)?).ok().filter(|form| *form < pack.forms.len())?;
            at = at.checked_add_unsigned(get(&mut plain)?)?;
            pack.uses.push(One { form, at: Timestamp::from_millis(at).ok()?, hash: Hash::from_bytes(*hash) });
        }
        (count > 0 && plain.is_empty()).then_some(pack)
    }
}

fn check_of(bytes: &[u8]) -> [u8; CHECK] {
    let digest = digest_of(bytes);
    let mut check = [0; CHECK];
    check.iter_mut().zip(digest).for_each(|(check, byte)| *check = byte);
    check
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn get(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Action, Actor, Event, Fact, GrantId, Principal, Resource};

    fn used(at: i64, thing: u8) -> Event {
        let fact = Fact::GrantUsed {
            grant: GrantId::from_u128(u128::from(thing % 3)),
            action: Action::new("tools.execute").unwrap(),
            resource: format!("tool:t{thing}").parse::<Resource>().unwrap(),
            drill: false,
            left: None,
            used_at: None,
            details: None,
        };
        let by = Actor::Principal(Principal::user("dev@example.com").unwrap());
        Event { at: Timestamp::from_millis(at).unwrap(), by, fact }
    }

    fn chain(uses: &[(u16, u8)]) -> Vec<Record> {
        let (mut revision, mut hash, mut at) = (Revision(7), Hash::of("before"), 1_796_115_600_000);
        let seal = |(later, thing): &(u16, u8)| {
            at += i64::from(*later);
            let record = Record::seal(used(at, *thing), revision, hash).unwrap();
            (revision, hash) = (record.revision, record.hash);
            record
        };
        uses.iter().map(seal).collect()
    }

    fn packed(records: &[Record]) -> Pack {
        let mut pack = Pack::after(Revision(7), Hash::of("before"));
        assert!(records.iter().all(|record| pack.take(record)));
        pack
    }

    proptest! {
        #[test]
        fn every_record_comes_back_as_it_was_sealed(uses in proptest::collection::vec(any::<(u16, u8)>(), 1..200)) {
            let records = chain(&uses);
            let bytes = packed(&records).to_bytes();
            let pack = Pack::read(Revision(8), &bytes).unwrap();
            for record in &records {
                let expected = (record.event.at, record.hash, record.body.clone());
                prop_assert_eq!(pack.text(record.revision), Some(expected));
            }
            prop_assert_eq!(pack.next(), records.last().unwrap().revision.next());
            prop_assert!(pack.text(pack.next()).is_none() && pack.text(Revision(7)).is_none());
            prop_assert_eq!(pack.to_bytes(), bytes);
        }

        #[test]
        fn what_was_read_goes_on_as_what_was_written(uses in proptest::collection::vec(any::<(u16, u8)>(), 2..100)) {
            let records = chain(&uses);
            let (before, after) = records.split_at(records.len() / 2);
            if !before.is_empty() {
                let mut pack = Pack::read(Revision(8), &packed(before).to_bytes()).unwrap();
                prop_assert!(after.iter().all(|record| pack.take(record)));
                prop_assert_eq!(pack.to_bytes(), packed(&records).to_bytes());
            }
        }
    }

    #[test]
    fn a_flipped_bit_anywhere_is_found() {
        let bytes = packed(&chain(&[(5, 1), (0, 1), (9, 2)])).to_bytes();
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(Pack::read(Revision(8), &damaged).is_err(), "bit {bit}");
        }
        assert!((0..bytes.len()).all(|len| Pack::read(Revision(8), &bytes[..len]).is_err()));
    }

    #[test]
    fn what_does_not_follow_is_not_taken() {
        let records = chain(&[(5, 1), (0, 1), (9, 2)]);
        let mut pack = packed(&records[..1]);
        assert!(!pack.take(&records[2]) && !pack.take(&records[0]) && pack.take(&records[1]));
        let many = chain(&vec![(1, 1); MAX_USES + 1]);
        let mut pack = packed(&many[..MAX_USES]);
        assert!(!pack.take(&many[MAX_USES]));
        assert!(pack.to_bytes().len() < MAX_USES * 40, "{} bytes", pack.to_bytes().len());
    }
}
