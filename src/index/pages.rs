//! Words in separately mapped pages, huge ones if the system has them.
//!
//! A check reads memory at unpredictable addresses. In pages of four kilobytes each such read also costs a walk through
//! the page tables, which are not in the cache either; in pages of two megabytes it rarely does. The system may ignore
//! the hint; then nothing else changes.

pub(super) use self::mapped::Pages;

#[cfg(all(any(unix, windows), not(loom)))]
mod mapped {
    use memmap2::MmapMut;
    use self_cell::{MutBorrow, self_cell};
    use zerocopy::FromBytes;

    use super::super::atomic::AtomicU64;

    type Words<'a> = &'a [AtomicU64];

    self_cell! {
        /// Words that begin at a page.
        pub(in super::super) struct Pages {
            owner: MutBorrow<MmapMut>,
            #[covariant]
            dependent: Words,
        }
    }

    /// Words change one at a time, whatever cell they are in.
    impl std::panic::RefUnwindSafe for Pages {}

    impl Pages {
        /// This number of words, all zero.
        #[expect(clippy::expect_used, reason = "what any allocation does when there is no memory")]
        pub(in super::super) fn zeroed(count: usize) -> Self {
            let pages = MmapMut::map_anon(count * size_of::<AtomicU64>()).expect("memory for the index");
            hint(&pages);
            // INVARIANT: a page is aligned for words, and this number of words fills it.
            Self::new(MutBorrow::new(pages), |pages| {
                <[AtomicU64]>::mut_from_bytes(pages.borrow_mut()).expect("whole words that begin at a page")
            })
        }

        #[inline]
        pub(in super::super) fn words(&self) -> &[AtomicU64] {
            self.borrow_dependent()
        }
    }

    /// Asks for huge pages. The error of a system without them is ignored.
    #[cfg(target_os = "linux")]
    fn hint(pages: &MmapMut) {
        _ = pages.advise(memmap2::Advice::HugePage);
    }

    #[cfg(not(target_os = "linux"))]
    fn hint(_: &MmapMut) {}
}

/// Without such pages, and under the model checker, whose atomics are not plain words.
#[cfg(not(all(any(unix, windows), not(loom))))]
mod mapped {
    use super::super::atomic::AtomicU64;

    pub(in super::super) struct Pages(Box<[AtomicU64]>);

    impl Pages {
        /// This number of words, all zero.
        pub(in super::super) fn zeroed(count: usize) -> Self {
            Self((0..count).map(|_| AtomicU64::new(0)).collect())
        }

        #[inline]
        pub(in super::super) fn words(&self) -> &[AtomicU64] {
            &self.0
        }
    }
}
