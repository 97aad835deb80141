//! What a load of very many grants looks up first, so that what it does then is done in an order that waits for nothing.
//!
//! A hash leads somewhere in memory, and each such read takes as long as a hundred others. So hashes are sorted rather
//! than looked up, as words of half a hash and the grant's place among the grants.

use super::Held;
use super::lookup::value;
use super::published::Published;
use super::writer::{hash_of, upper};

/// Half a hash, and a number.
pub(super) const fn word(hash: u64, number: u32) -> u64 {
    hash >> 32 << 32 | number as u64
}

/// The number, as a place.
pub(super) const fn place_of(word: u64) -> usize {
    value(word) as usize
}

/// Grants that are read and not yet written.
pub(super) struct Loaded<G> {
    pub(super) grants: Vec<G>,
    /// The hashes of their ids and their places, in order.
    pub(super) ids: Vec<u64>,
    /// The hashes of their holders and their places, in the order of the grants.
    pub(super) holders: Vec<u64>,
}

impl<'a, G: Into<Held<'a>> + Copy> Loaded<G> {
    /// These grants. Of two with one id the later one counts.
    pub(super) fn of(to: &Published, grants: impl Iterator<Item = G>) -> Self {
        let mut this = Self { grants: Vec::new(), ids: Vec::new(), holders: Vec::new() };
        for (at, grant) in (0..).zip(grants) {
            let held: Held<'a> = grant.into();
            this.grants.push(grant);
            this.ids.push(word(to.keys.grant(held.id), at));
            this.holders.push(word(hash_of(to, held.holder), at));
        }
        this.ids.sort_unstable();
        let again = this.again();
        if again.is_empty() {
            return this;
        }
        let once = (0..).zip(this.grants).filter(|(at, _)| again.binary_search(at).is_err());
        let once: Vec<_> = once.map(|(_, grant)| grant).collect();
        Self::of(to, once.into_iter())
    }

    /// The places of the grants that come again later.
    fn again(&self) -> Vec<usize> {
        let id_at = |place: usize| (self.grants.get(place).map(|grant| (*grant).into().id), place);
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
}

/// Which grants have holders with the same half of a hash: from the first to the next.
pub(super) struct Chains {
    next: Vec<u32>,
    /// Whether one goes before it.
    follows: Vec<bool>,
    /// How many chains there are.
    pub(super) count: usize,
}

/// No place.
const NONE: u32 = u32::MAX;

impl Chains {
    /// What these words, which are in order, say.
    pub(super) fn of(words: &[u64]) -> Self {
        let mut this = Self { next: vec![NONE; words.len()], follows: vec![false; words.len()], count: words.len() };
        let neighbours = words.windows(2).filter_map(<[u64]>::first_chunk::<2>);
        for [one, other] in neighbours.filter(|[one, other]| upper(*one) == upper(*other)) {
            if let Some(next) = this.next.get_mut(place_of(*one)) {
                *next = value(*other);
            }
            if let Some(follows) = this.follows.get_mut(place_of(*other)) {
                *follows = true;
            }
            this.count -= 1;
        }
        this
    }

    /// The places of each chain.
    pub(super) fn all(&self) -> impl Iterator<Item = impl Iterator<Item = usize>> {
        let next = |at: &usize| self.next.get(*at).filter(|next| **next != NONE).map(|next| *next as usize);
        let firsts = self.follows.iter().enumerate().filter(|(_, follows)| !**follows);
        firsts.map(move |(at, _)| std::iter::successors(Some(at), next))
    }
}
