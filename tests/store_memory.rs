//! The memory store keeps the promises of a store.

use std::sync::Arc;

use jit_access::store::conformance::{Category, Fixture, Place, stories};
use jit_access::store::{MemoryStore, Store};
use jit_access::store_conformance;
use proptest::prelude::*;

struct Memory;

struct Kept(Arc<MemoryStore>);

impl Fixture for Memory {
    fn fresh(&self) -> Box<dyn Place> {
        Box::new(Kept(Arc::new(MemoryStore::new())))
    }

    fn leaves_out(&self) -> &[(Category, &'static str)] {
        &[(Category::Lasting, "a memory store forgets everything when it is dropped")]
    }
}

impl Place for Kept {
    fn open(&self) -> Arc<dyn Store> {
        Arc::clone(&self.0) as Arc<dyn Store>
    }
}

store_conformance!(Memory);

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn every_story_is_told_back(steps in proptest::collection::vec(any::<u64>(), 0..60)) {
        stories::tell(&Memory, &steps);
    }
}
