//! The Merkle tree over all records (RFC 6962), by which a checkpoint covers every record before it.
//!
//! A leaf is the text of a record. Only the roots of the complete parts of a tree are kept, so it grows in constant
//! memory. Proofs are made from stored hashes, and checked against a root that another party kept.

use sha2::{Digest, Sha256};

use super::Hash;

/// How many levels of the tree are below the hashes that a store keeps: one hash covers 256 records.
pub const TILE_LEVEL: u32 = 8;
/// How many records one stored hash covers.
pub const TILE: u64 = 1 << TILE_LEVEL;

/// The hash of a record's text, as a leaf of the tree: SHA-256 of a zero byte and the text.
#[must_use]
pub fn leaf(body: &str) -> Hash {
    hash(0, &[body.as_bytes()])
}

/// The hash of two parts of the tree, side by side: SHA-256 of a byte of one and both hashes.
#[must_use]
pub fn node(left: &Hash, right: &Hash) -> Hash {
    hash(1, &[left.bytes(), right.bytes()])
}

fn hash(kind: u8, parts: &[&[u8]]) -> Hash {
    let mut sha = Sha256::new_with_prefix([kind]);
    parts.iter().for_each(|part| sha.update(part));
    Hash::from_bytes(sha.finalize().into())
}

/// A tree that grows.
///
/// ```
/// use jit_access::internal::journal::Tree;
///
/// let mut tree = Tree::default();
/// tree.push("a record");
/// tree.push("another one");
/// assert_eq!((tree.size(), tree.root().to_string().len()), (2, 64));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    /// The roots of its complete parts, the largest first: one for each bit of the size.
    parts: Vec<Hash>,
}

impl Tree {
    /// The tree over complete parts of [`TILE`] records each, with these roots.
    #[must_use]
    pub fn of_tiles(tiles: impl IntoIterator<Item = Hash>) -> Self {
        let mut tree = Self::default();
        for tile in tiles {
            tree.add(tile, TILE);
        }
        tree
    }

    /// Adds the text of one more record. Returns the root of the last [`TILE`] records when this one completes them.
    pub fn push(&mut self, body: &str) -> Option<Hash> {
        self.add(leaf(body), 1)
    }

    fn add(&mut self, part: Hash, records: u64) -> Option<Hash> {
        let mut tile = None;
        let (mut part, mut covers) = (part, records);
        while self.size & covers != 0
            && let Some(left) = self.parts.pop()
        {
            part = node(&left, &part);
            covers <<= 1;
            if covers == TILE {
                tile = Some(part);
            }
        }
        self.parts.push(part);
        self.size += records;
        tile
    }

    /// The number of its records.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The roots of its complete parts, the largest first: one for each bit of its size. It grows from these alone.
    #[must_use]
    pub fn parts(&self) -> &[Hash] {
        &self.parts
    }

    /// Its root: the hash that covers all of its records.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut parts = self.parts.iter().rev();
        let last = parts.next().copied().unwrap_or_else(|| Hash::of(""));
        parts.fold(last, |right, left| node(left, &right))
    }
}

/// Returns a hash of a complete part of a tree: the part of `2^level` records with this index.
pub type Part<'a, E> = dyn FnMut(u32, u64) -> Result<Hash, E> + 'a;

/// The hashes that lead from the record with this index, counted from zero, to the root of the tree over `size` records.
///
/// # Errors
/// Those of `part`.
///
/// ```
/// use jit_access::internal::journal::{Hash, Tree, inclusion, is_included, leaf};
///
/// let mut tree = Tree::default();
/// tree.push("one");
/// tree.push("two");
/// let proof = inclusion(1, 2, &mut |_, index| Ok::<Hash, std::fmt::Error>(leaf(["one", "two"][index as usize])))?;
/// assert!(is_included(&leaf("two"), 1, 2, &proof, &tree.root()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn inclusion<E>(index: u64, size: u64, part: &mut Part<'_, E>) -> Result<Vec<Hash>, E> {
    let (mut low, mut high) = (0, size);
    let mut proof = Vec::new();
    while high - low > 1 {
        let middle = low + split(high - low);
        if index < middle {
            proof.push(range(middle, high, part)?);
            high = middle;
        } else {
            proof.push(range(low, middle, part)?);
            low = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The hashes that prove that the tree over `old` records is a prefix of the tree over `new` records.
///
/// # Errors
/// Those of `part`.
///
/// ```
/// use jit_access::internal::journal::{Hash, Tree, consistency, is_consistent, leaf};
///
/// let mut tree = Tree::default();
/// tree.push("one");
/// let old = tree.root();
/// tree.push("two");
/// let proof = consistency(1, 2, &mut |_, index| Ok::<Hash, std::fmt::Error>(leaf(["one", "two"][index as usize])))?;
/// assert!(is_consistent((1, &old), (2, &tree.root()), &proof));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn consistency<E>(old: u64, new: u64, part: &mut Part<'_, E>) -> Result<Vec<Hash>, E> {
    if old == 0 || old >= new {
        return Ok(Vec::new());
    }
    let (mut low, mut high) = (0, new);
    let mut proof = Vec::new();
    while high > old {
        let middle = low + split(high - low);
        if old <= middle {
            proof.push(range(middle, high, part)?);
            high = middle;
        } else {
            proof.push(range(low, middle, part)?);
            low = middle;
        }
    }
    if low > 0 {
        proof.push(range(low, old, part)?);
    }
    proof.reverse();
    Ok(proof)
}

/// The hash of the part of the tree over the records from `low` to before `high`.
fn range<E>(low: u64, high: u64, part: &mut Part<'_, E>) -> Result<Hash, E> {
    let size = high - low;
    if size.is_power_of_two() {
        let level = size.trailing_zeros();
        return part(level, low >> level);
    }
    let middle = low + split(size);
    let left = range(low, middle, part)?;
    Ok(node(&left, &range(middle, high, part)?))
}

/// The largest power of two below `size`, which is at least two.
const fn split(size: u64) -> u64 {
    1 << (u64::BITS - 1 - (size - 1).leading_zeros())
}

/// Whether the proof leads from this leaf at this index, counted from zero, to the root of the tree over `size` records.
#[must_use]
pub fn is_included(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut found) = (index, size - 1, *leaf);
    for beside in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            found = node(beside, &found);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            found = node(&found, beside);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && found == *root
}

/// Whether the proof shows that the tree of this size and root is the beginning of the other one.
#[must_use]
pub fn is_consistent((old, old_root): (u64, &Hash), (new, new_root): (u64, &Hash), proof: &[Hash]) -> bool {
    if old == new {
        return proof.is_empty() && old_root == new_root;
    }
    if old == 0 {
        return proof.is_empty();
    }
    if old > new {
        return false;
    }
    let (mut at, mut last) = (old - 1, new - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let mut proof = proof.iter();
    let Some(first) = (if at == 0 { Some(old_root) } else { proof.next() }) else { return false };
    let (mut old_found, mut new_found) = (*first, *first);
    for beside in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            old_found = node(beside, &old_found);
            new_found = node(beside, &new_found);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            new_found = node(&new_found, beside);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && old_found == *old_root && new_found == *new_root
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    fn bodies(size: u64) -> Vec<String> {
        (0..size).map(|n| format!("record {n}")).collect()
    }

    fn tree(bodies: &[String]) -> Tree {
        let mut tree = Tree::default();
        for body in bodies {
            tree.push(body);
        }
        tree
    }

    /// RFC 6962, section 2.1, literally.
    fn root_by_the_book(bodies: &[String]) -> Hash {
        match bodies {
            [] => Hash::of(""),
            [one] => leaf(one),
            more => {
                let mut k = 1;
                while k * 2 < more.len() {
                    k *= 2;
                }
                node(&root_by_the_book(&more[..k]), &root_by_the_book(&more[k..]))
            }
        }
    }

    fn part(bodies: &[String]) -> impl FnMut(u32, u64) -> Result<Hash, Infallible> {
        move |level, index| {
            let (from, size) = ((index << level) as usize, 1 << level);
            Ok(root_by_the_book(&bodies[from..from + size]))
        }
    }

    #[test]
    fn roots_are_those_that_other_logs_have() {
        // The leaves and roots of the test vectors of Certificate Transparency logs.
        let hex = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut tree = Tree::default();
        assert_eq!(tree.root().to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        for (hex, root) in hex.iter().zip(roots) {
            let bytes: Vec<u8> =
                (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect();
            tree.push(std::str::from_utf8(&bytes).unwrap());
            assert_eq!(tree.root().to_string(), root);
        }
    }

    #[test]
    fn whole_tiles_are_told_and_make_the_same_tree() {
        let bodies = bodies(3 * TILE + 7);
        let mut tree = Tree::default();
        let mut tiles: Vec<Hash> = bodies.iter().filter_map(|body| tree.push(body)).collect();
        assert_eq!(tiles.len(), 3);
        assert_eq!(tiles[1], root_by_the_book(&bodies[256..512]));
        let mut again = Tree::of_tiles(tiles.drain(..));
        for body in &bodies[3 * 256..] {
            again.push(body);
        }
        assert_eq!((&again, again.root()), (&tree, root_by_the_book(&bodies)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_record_is_proven_and_no_other(size in 1_u64..300, index in 0_u64..300, flip in 0_usize..64) {
            let (bodies, index) = (bodies(size), index % size);
            let root = tree(&bodies).root();
            prop_assert_eq!(root, root_by_the_book(&bodies));
            let Ok(mut proof) = inclusion(index, size, &mut part(&bodies));
            let this = leaf(&bodies[index as usize]);
            prop_assert!(is_included(&this, index, size, &proof, &root));
            prop_assert!(!is_included(&leaf("another"), index, size, &proof, &root));
            prop_assert!(!is_included(&this, index + 1, size, &proof, &root) || size == 1);
            prop_assert!(!is_included(&this, index, size, &[&proof[..], &[root]].concat(), &root));
            if !proof.is_empty() {
                let at = flip % proof.len();
                proof[at] = leaf("forged");
                prop_assert!(!is_included(&this, index, size, &proof, &root));
                proof.pop();
                prop_assert!(!is_included(&this, index, size, &proof, &root));
            }
        }

        #[test]
        fn every_beginning_is_proven_and_no_other_history(old in 0_u64..300, more in 0_u64..300) {
            let bodies = bodies(old + more);
            let (before, after) = (tree(&bodies[..old as usize]).root(), tree(&bodies).root());
            let Ok(proof) = consistency(old, old + more, &mut part(&bodies));
            prop_assert!(is_consistent((old, &before), (old + more, &after), &proof));
            if old > 0 {
                let forged = leaf("forged");
                prop_assert!(!is_consistent((old, &forged), (old + more, &after), &proof));
                prop_assert!(!is_consistent((old, &before), (old + more, &forged), &proof));
                prop_assert!(!is_consistent((old, &before), (old + more, &after), &[&proof[..], &[forged]].concat()));
            }
        }
    }
}
