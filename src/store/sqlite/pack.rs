//! Storing consecutive records in one row; each is still a separate record.
//!
//! The text of a record consists of its instant, its form (everything else), and its place in the chain. Equal forms
//! are stored once. The place follows from the hashes, which are stored for each record. So every text is restored
//! exactly as it was hashed.
//!
//! In bytes: the version; the first eight bytes of the SHA-256 of all that follows; the hash of the record before the first
//! one; the number of records (two bytes, the low one first); their hashes; and then, deflated: the number of forms,
//! each form after its length, and for each record the number of its form and the milliseconds since the record before
//! it. These numbers have seven bits in each byte, the low ones first. Since version 2 the length of a form is doubled,
//! and one is added if its records change state. Version 1 has only uses, which change no state.

use std::collections::HashMap;
use std::hash::BuildHasher;

use miniz_oxide::deflate::core::{CompressorOxide, TDEFLFlush, compress_to_output, create_comp_flags_from_zip_params};
use miniz_oxide::inflate::decompress_to_vec_with_limit;

use super::error::Fault;
use crate::journal::{Broken, Frame, Hash, Record, digest_of};
use crate::model::{Revision, Timestamp};

const VERSION: u8 = 2;
/// Of uses alone.
const USES: u8 = 1;
/// The greatest number of records in a pack.
pub(super) const MAX_RECORDS: usize = 256;
/// No further record is added to so many bytes of forms: uses at the end are written again with every commit, and to
/// read one record, all must be decoded.
const MAX_TEXT: usize = 32 << 10;
const MAX_TEXT_OF_CHANGES: usize = 96 << 10;
/// More than the length of the largest pack, so that damaged data cannot use much memory.
const MAX_INFLATED: usize = 1 << 20;
/// A longer text stays in its own row.
const MAX_ONE: usize = 512 << 10;
const CHECK: usize = 8;
const HASH: usize = 32;
/// Fast, and as small as the slower levels for uses, most of which have the same form.
const LEVEL: u8 = 1;
/// A sixth smaller for different forms. It is written once.
const LEVEL_OF_CHANGES: u8 = 6;

/// Consecutive records.
#[derive(Debug)]
pub(super) struct Pack {
    first: Revision,
    previous: Hash,
    /// The forms, one after the other.
    text: String,
    forms: Vec<Form>,
    /// Whether one of them changes state.
    has_changes: bool,
    records: Vec<One>,
    /// Whether the forms are indexed by their hashes, which is needed to add one.
    is_known: bool,
    /// The last form of each hash. After a collision a form is stored twice.
    known: HashMap<u64, usize, foldhash::quality::RandomState>,
}

#[derive(Debug, Clone, Copy)]
struct Form {
    from: usize,
    until: usize,
    changes: bool,
}

#[derive(Debug, Clone, Copy)]
struct One {
    form: usize,
    at: Timestamp,
    hash: Hash,
}

/// The compressor. Its memory is larger than its input, so it is reused.
#[derive(Default)]
pub(super) struct Deflater(Option<(u8, Box<CompressorOxide>)>);

impl Deflater {
    fn deflate(&mut self, plain: &[u8], level: u8, deflated: &mut Vec<u8>) {
        let deflate = match &mut self.0 {
            Some((known, deflate)) if *known == level => {
                deflate.reset();
                deflate
            }
            other => {
                let flags = create_comp_flags_from_zip_params(level.into(), 0, 0);
                &mut other.insert((level, Box::new(CompressorOxide::new(flags)))).1
            }
        };
        compress_to_output(deflate, plain, TDEFLFlush::Finish, |bytes| {
            deflated.extend(bytes);
            true
        });
    }
}

/// A record of a pack.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packed<'a> {
    pub(super) at: Timestamp,
    pub(super) hash: Hash,
    /// Its form.
    pub(super) said: &'a str,
    /// Whether it changes state.
    pub(super) changes: bool,
    pub(super) previous: Hash,
}

impl Packed<'_> {
    /// Its text, at this position.
    pub(super) fn body(&self, revision: Revision) -> String {
        Frame { previous: self.previous, revision }.body(self.at, self.said)
    }

    /// Appends its text to another text.
    pub(super) fn write_body(&self, revision: Revision, text: &mut String) {
        Frame { previous: self.previous, revision }.write_body(self.at, self.said, text);
    }
}

impl Pack {
    /// An empty pack that continues after the record with this position and hash.
    pub(super) fn after(revision: Revision, hash: Hash) -> Self {
        Self {
            first: revision.next(),
            previous: hash,
            text: String::new(),
            forms: Vec::new(),
            has_changes: false,
            records: Vec::new(),
            is_known: false,
            known: HashMap::default(),
        }
    }

    /// The position of its first record.
    pub(super) const fn first(&self) -> Revision {
        self.first
    }

    /// The position after its last record.
    pub(super) const fn next(&self) -> Revision {
        Revision(self.first.0 + self.records.len() as u64)
    }

    /// The instants of its first and its last record.
    pub(super) fn times(&self) -> Option<(Timestamp, Timestamp)> {
        self.records.first().map(|one| one.at).zip(self.records.last().map(|one| one.at))
    }

    /// How many of its records change state.
    pub(super) fn changes(&self) -> usize {
        self.records.iter().filter(|one| self.forms.get(one.form).is_some_and(|form| form.changes)).count()
    }

    /// Adds the next use. Returns `false` if the pack is full, or the record does not belong here.
    pub(super) fn take(&mut self, record: &Record) -> bool {
        if record.event.fact.changes_state() || record.revision != self.next() || self.has_changes {
            return false;
        }
        record.said().is_some_and(|said| {
            let (at, hash, previous) = (record.event.at, record.hash, record.previous);
            self.add(&Packed { at, hash, said, changes: false, previous })
        })
    }

    /// Adds the next record. Returns `false` if it does not fit.
    pub(super) fn add(&mut self, record: &Packed<'_>) -> bool {
        let most = if record.changes || self.has_changes { MAX_TEXT_OF_CHANGES } else { MAX_TEXT };
        let is_full = self.records.len() >= MAX_RECORDS || self.text.len() >= most || record.said.len() > MAX_ONE;
        let is_in_order = self.times().is_none_or(|(_, ended)| ended <= record.at);
        if is_full || record.previous != self.last_hash() || !is_in_order {
            return false;
        }
        if !self.is_known {
            self.known.clear();
            for (place, form) in self.forms.iter().enumerate() {
                let hash = self.known.hasher().hash_one(self.said(*form));
                self.known.insert(hash, place);
            }
            self.is_known = true;
        }
        let hash = self.known.hasher().hash_one(record.said);
        let same = |form: &usize| self.forms.get(*form).is_some_and(|form| self.said(*form) == record.said);
        let form = match self.known.get(&hash).copied().filter(same) {
            Some(form) => form,
            None => {
                self.known.insert(hash, self.forms.len());
                self.push_form(record.said, record.changes);
                self.forms.len() - 1
            }
        };
        self.records.push(One { form, at: record.at, hash: record.hash });
        true
    }

    /// Whether all of these come next and fit.
    pub(super) fn has_room(&self, first: Revision, records: &[Packed<'_>]) -> bool {
        let Some(one) = records.first() else { return false };
        let follows = self.next() == first && self.last_hash() == one.previous;
        let is_in_order = self.times().is_none_or(|(_, ended)| ended <= one.at);
        let text: usize = records.iter().map(|record| record.said.len()).sum();
        let fits = self.records.len() + records.len() <= MAX_RECORDS && self.text.len() + text <= MAX_TEXT_OF_CHANGES;
        follows && is_in_order && fits
    }

    fn push_form(&mut self, said: &str, changes: bool) {
        let from = self.text.len();
        self.text.push_str(said);
        self.forms.push(Form { from, until: self.text.len(), changes });
        self.has_changes |= changes;
    }

    fn said(&self, form: Form) -> &str {
        self.text.get(form.from..form.until).unwrap_or_default()
    }

    fn last_hash(&self) -> Hash {
        self.records.last().map_or(self.previous, |one| one.hash)
    }

    /// A record; `None` if it is not in the pack.
    pub(super) fn record(&self, revision: Revision) -> Option<Packed<'_>> {
        let place = self.place(revision)?;
        let one = self.records.get(place)?;
        let form = self.forms.get(one.form)?;
        let said = self.text.get(form.from..form.until)?;
        Some(Packed { at: one.at, hash: one.hash, said, changes: form.changes, previous: self.previous_of(place)? })
    }

    fn place(&self, revision: Revision) -> Option<usize> {
        usize::try_from(revision.0.checked_sub(self.first.0)?).ok().filter(|place| *place < self.records.len())
    }

    fn previous_of(&self, place: usize) -> Option<Hash> {
        match place.checked_sub(1) {
            None => Some(self.previous),
            Some(before) => self.records.get(before).map(|one| one.hash),
        }
    }

    /// The stored form.
    pub(super) fn to_bytes(&self, deflater: &mut Deflater) -> Vec<u8> {
        let has_changes = self.has_changes;
        let (version, level) = if has_changes { (VERSION, LEVEL_OF_CHANGES) } else { (USES, LEVEL) };
        let mut plain = Vec::with_capacity(self.text.len() + self.records.len() * 4 + 16);
        put(&mut plain, self.forms.len() as u64);
        for form in &self.forms {
            let said = self.said(*form);
            let len = said.len() as u64;
            put(&mut plain, if has_changes { len << 1 | u64::from(form.changes) } else { len });
            plain.extend(said.as_bytes());
        }
        let mut before = 0;
        for one in &self.records {
            put(&mut plain, one.form as u64);
            put(&mut plain, one.at.millis().abs_diff(before));
            before = one.at.millis();
        }
        let mut rest = Vec::with_capacity(HASH * (self.records.len() + 1) + 2 + plain.len() / 2);
        rest.extend(self.previous.bytes());
        rest.extend(u16::try_from(self.records.len()).unwrap_or(u16::MAX).to_le_bytes());
        self.records.iter().for_each(|one| rest.extend(one.hash.bytes()));
        deflater.deflate(&plain, level, &mut rest);
        let mut bytes = vec![version];
        bytes.extend(check_of(&rest));
        bytes.append(&mut rest);
        bytes
    }

    /// The pack with this stored form, beginning with this record.
    pub(super) fn read(first: Revision, bytes: &[u8]) -> Result<Self, Fault> {
        let broken = || {
            let problem = "the pack of records that begins here cannot be read".to_owned();
            Fault::from(Broken { revision: first, problem })
        };
        Self::parse(first, bytes).ok_or_else(broken)
    }

    fn parse(first: Revision, bytes: &[u8]) -> Option<Self> {
        let (version, bytes) = bytes.split_first()?;
        let (check, rest) = bytes.split_at_checked(CHECK)?;
        if !(USES..=VERSION).contains(version) || check != check_of(rest) {
            return None;
        }
        let (previous, rest) = rest.split_first_chunk::<HASH>()?;
        let (count, rest) = rest.split_first_chunk::<2>()?;
        let count = usize::from(u16::from_le_bytes(*count));
        let (hashes, deflated) = rest.split_at_checked(HASH * count)?;
        let plain = decompress_to_vec_with_limit(deflated, MAX_INFLATED).ok()?;
        let mut plain = plain.as_slice();
        let mut pack = Self::after(Revision(first.0.checked_sub(1)?), Hash::from_bytes(*previous));
        pack.text.reserve(plain.len());
        for _ in 0..get(&mut plain)? {
            let len = get(&mut plain)?;
            let (len, changes) = if *version == USES { (len, false) } else { (len >> 1, len & 1 == 1) };
            let (said, after) = plain.split_at_checked(usize::try_from(len).ok()?)?;
            plain = after;
            pack.push_form(std::str::from_utf8(said).ok()?, changes);
        }
        let mut at = 0_i64;
        pack.records.reserve(count);
        for hash in hashes.as_chunks::<HASH>().0 {
            let form = usize::try_from(get(&mut plain)?).ok().filter(|form| *form < pack.forms.len())?;
            at = at.checked_add_unsigned(get(&mut plain)?)?;
            pack.records.push(One { form, at: Timestamp::from_millis(at).ok()?, hash: Hash::from_bytes(*hash) });
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

pub(super) fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

pub(super) fn get(bytes: &mut &[u8]) -> Option<u64> {
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
            let bytes = packed(&records).to_bytes(&mut Deflater::default());
            let pack = Pack::read(Revision(8), &bytes).unwrap();
            for record in &records {
                let expected = (record.event.at, record.hash, record.body.clone());
                let packed = pack.record(record.revision).map(|one| (one.at, one.hash, one.body(record.revision)));
                prop_assert_eq!(packed, Some(expected));
            }
            prop_assert_eq!(pack.next(), records.last().unwrap().revision.next());
            prop_assert!(pack.record(pack.next()).is_none() && pack.record(Revision(7)).is_none());
            prop_assert_eq!(pack.to_bytes(&mut Deflater::default()), bytes);
        }

        #[test]
        fn what_was_read_goes_on_as_what_was_written(uses in proptest::collection::vec(any::<(u16, u8)>(), 2..100)) {
            let records = chain(&uses);
            let (before, after) = records.split_at(records.len() / 2);
            if !before.is_empty() {
                let mut pack = Pack::read(Revision(8), &packed(before).to_bytes(&mut Deflater::default())).unwrap();
                prop_assert!(after.iter().all(|record| pack.take(record)));
                prop_assert_eq!(pack.to_bytes(&mut Deflater::default()), packed(&records).to_bytes(&mut Deflater::default()));
            }
        }
    }

    #[test]
    fn a_flipped_bit_anywhere_is_found() {
        let bytes = packed(&chain(&[(5, 1), (0, 1), (9, 2)])).to_bytes(&mut Deflater::default());
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
        let many = chain(&vec![(1, 1); MAX_RECORDS + 1]);
        let mut pack = packed(&many[..MAX_RECORDS]);
        assert!(!pack.take(&many[MAX_RECORDS]));
        assert!(
            pack.to_bytes(&mut Deflater::default()).len() < MAX_RECORDS * 40,
            "{} bytes",
            pack.to_bytes(&mut Deflater::default()).len()
        );
    }
}
