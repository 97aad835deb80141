//! Loads very many grants in an order with few waits for memory.
//!
//! An unpredictable memory access takes as long as a hundred instructions, but several accesses issued together take no
//! longer than one. So grants are read once, a few at a time: the data that these few point to is touched first and
//! read afterwards, and only what a block needs is kept of each. Hashes are sorted instead of looked up, as words of
//! half a hash and the grant's position.

use std::hint::black_box;

use super::IndexedGrant;
use super::block::{Entry, halves};
use super::hash::{Keys, upper};
use super::lookup::value;
use super::names::SetWords;
use super::scope;
use crate::model::{PermissionSet, PrincipalKind, ResourceId};

/// Half a hash, and a number.
const fn word(hash: u64, number: u32) -> u64 {
    hash >> 32 << 32 | number as u64
}

/// The number, as a place.
const fn place_of(word: u64) -> usize {
    value(word) as usize
}

/// Grants that are read and not yet written.
#[derive(Default)]
pub(super) struct Loaded {
    records: Vec<Record>,
    /// The names of their holders, once for each row of grants with the same.
    names: Vec<u8>,
    /// The texts of their scopes.
    texts: Vec<u64>,
    /// The hashes of their ids, and the upper halves of those of their holders, in order.
    pub(super) ids: Vec<u64>,
    /// The hashes of their holders, and their places, in order.
    holders: Vec<u64>,
    /// Grants whose id occurs again later.
    pub(super) left_out: Vec<Entry>,
}

/// What is kept of a grant until it is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    start: u64,
    end: u64,
    scope: u64,
    id: [u64; 2],
    /// Of the holder.
    hash: u64,
    name: usize,
    set: SetWords,
    len: u16,
    kind: PrincipalKind,
}

/// How many grants are read at a time.
const FEW: usize = 64;

impl Loaded {
    /// These grants, with the words that `set` makes of their sets. Of two with one id the later one counts.
    pub(super) fn of<'a>(
        keys: &Keys,
        mut grants: impl Iterator<Item = impl Into<IndexedGrant<'a>>>,
        mut set: impl FnMut(&'a PermissionSet) -> SetWords,
    ) -> Self {
        let mut this = Self::default();
        let mut few = Vec::<IndexedGrant<'a>>::with_capacity(FEW);
        loop {
            few.clear();
            few.extend(grants.by_ref().take(FEW).map(Into::into));
            if few.is_empty() {
                break;
            }
            for grant in &few {
                fetch(grant.holder.id());
                fetch(grant.scope.things().next().map_or("", ResourceId::id));
            }
            for grant in &few {
                this.push(keys, grant, set(grant.permissions));
            }
        }
        this.ids.sort_unstable();
        this.leave_out();
        this.holders.sort_unstable();
        this
    }

    fn push(&mut self, keys: &Keys, grant: &IndexedGrant<'_>, set: SetWords) {
        let scope = scope::encode(keys, grant.scope, &mut self.texts);
        let Entry { start, end, id, .. } = Entry::of(grant, set, scope);
        let (kind, name) = (grant.holder.kind(), grant.holder.id().as_bytes());
        let hash = keys.principal(kind, name);
        let before = self.records.last().filter(|before| before.hash == hash);
        let at = match before.filter(|before| self.holder(before) == (kind, name)) {
            Some(before) => before.name,
            None => {
                self.names.extend_from_slice(name);
                self.names.len() - name.len()
            }
        };
        let place = u32::try_from(self.records.len()).unwrap_or(u32::MAX);
        self.ids.push(word(keys.grant(grant.id), place));
        self.holders.push(word(hash, place));
        let len = u16::try_from(name.len()).unwrap_or(u16::MAX);
        self.records.push(Record { start, end, scope, id: halves(id), hash, name: at, set, len, kind });
    }

    /// Sets the holder of each id, and leaves out the grants whose id occurs again later.
    fn leave_out(&mut self) {
        let again = self.again();
        let is_left = |word: &u64| again.is_empty() || again.binary_search(&place_of(*word)).is_err();
        self.ids.retain(is_left);
        for id in &mut self.ids {
            *id = word(*id, self.holders.get(place_of(*id)).map_or(0, |holder| upper(*holder)));
        }
        self.holders.retain(is_left);
        self.left_out = again.iter().filter_map(|place| self.record(*place)).map(Record::entry).collect();
    }

    /// The positions of the grants whose id occurs again later.
    fn again(&self) -> Vec<usize> {
        let id_at = |place: usize| (self.records.get(place).map(|record| record.id), place);
        let mut again = Vec::new();
        // Half a hash is nearly always that of one id.
        for same_half in self.ids.chunk_by(|a, b| upper(*a) == upper(*b)).filter(|same| same.len() > 1) {
            let mut ids: Vec<_> = same_half.iter().map(|word| id_at(place_of(*word))).collect();
            ids.sort_unstable();
            let earlier = ids.windows(2).filter_map(<[_]>::first_chunk::<2>).filter(|[one, other]| one.0 == other.0);
            again.extend(earlier.map(|[(_, place), _]| *place));
        }
        again.sort_unstable();
        again
    }

    /// Which of them have holders with the same half hash.
    pub(super) fn chains(&self) -> Chains {
        Chains::of(self.records.len(), &self.holders)
    }

    pub(super) fn texts(&self) -> &[u64] {
        &self.texts
    }

    pub(super) fn record(&self, place: usize) -> Option<&Record> {
        self.records.get(place)
    }

    /// Its holder.
    pub(super) fn holder(&self, record: &Record) -> (PrincipalKind, &[u8]) {
        let name = record.name..record.name + usize::from(record.len);
        (record.kind, self.names.get(name).unwrap_or_default())
    }
}

impl Record {
    pub(super) const fn hash(&self) -> u64 {
        self.hash
    }

    pub(super) fn entry(&self) -> Entry {
        let [high, low] = self.id.map(u128::from);
        Entry { start: self.start, end: self.end, set: self.set, scope: self.scope, id: high << 64 | low }
    }
}

/// Has the processor fetch this text.
fn fetch(text: &str) {
    black_box(text.as_bytes().first().copied());
}

/// Which grants have holders with the same half hash: from each to the next.
pub(super) struct Chains {
    next: Vec<u32>,
    /// Whether a chain begins here.
    begins: Vec<bool>,
    /// How many chains there are.
    pub(super) count: usize,
}

/// No place.
const NONE: u32 = u32::MAX;

impl Chains {
    /// The chains in these sorted words, for this number of positions.
    fn of(places: usize, words: &[u64]) -> Self {
        let mut this = Self { next: vec![NONE; places], begins: vec![false; places], count: 0 };
        let mut before = None;
        for word in words {
            let before = before.replace(*word);
            match before.filter(|before| upper(*before) == upper(*word)) {
                Some(before) => this.next.get_mut(place_of(before)).into_iter().for_each(|next| *next = value(*word)),
                None => {
                    this.begins.get_mut(place_of(*word)).into_iter().for_each(|begins| *begins = true);
                    this.count += 1;
                }
            }
        }
        this
    }

    /// The places of each chain.
    pub(super) fn all(&self) -> impl Iterator<Item = impl Iterator<Item = usize>> {
        let next = |at: &usize| self.next.get(*at).filter(|next| **next != NONE).map(|next| *next as usize);
        let firsts = self.begins.iter().enumerate().filter(|(_, begins)| **begins);
        firsts.map(move |(at, _)| std::iter::successors(Some(at), next))
    }
}
