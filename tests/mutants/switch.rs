//! Which mutant is on. `MUTANT` is its number; without it no mutant is on. With `MUTANTS_REACHED`, the numbers of the
//! mutants that are reached are appended to this file, each with the name of the thread: tests run in threads of their
//! name.

use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

const UNREAD: usize = usize::MAX;
const REACHED: usize = usize::MAX - 1;
const NONE: usize = usize::MAX - 2;

static ACTIVE: AtomicUsize = AtomicUsize::new(UNREAD);
static FILE: OnceLock<Option<File>> = OnceLock::new();

/// Whether none of this number of mutants from `first` on is on.
#[inline]
pub(crate) fn off(first: usize, count: usize) -> bool {
    let active = ACTIVE.load(Ordering::Relaxed);
    if active >= REACHED {
        return slow(first, count);
    }
    active.wrapping_sub(first) >= count
}

/// Whether this mutant is on; after `off` only.
#[inline]
pub(crate) fn on(mutant: usize) -> bool {
    ACTIVE.load(Ordering::Relaxed) == mutant
}

#[cold]
fn slow(first: usize, count: usize) -> bool {
    if ACTIVE.load(Ordering::Relaxed) == UNREAD {
        let file = std::env::var_os("MUTANTS_REACHED");
        let file = file.map(|path| OpenOptions::new().create(true).append(true).open(path).unwrap());
        let number = std::env::var("MUTANT").ok().map(|number| number.parse().unwrap());
        let active = number.unwrap_or(if file.is_some() { REACHED } else { NONE });
        FILE.get_or_init(|| file);
        ACTIVE.store(active, Ordering::Relaxed);
        return off(first, count);
    }
    let _ = SEEN.try_with(|seen| {
        let Ok(mut seen) = seen.try_borrow_mut() else { return };
        if seen.len() <= first {
            seen.resize(first + 1, false);
        }
        if !std::mem::replace(&mut seen[first], true)
            && let Some(Some(file)) = FILE.get()
        {
            let mut file: &File = file;
            let line = format!("{first}\t{}\n", std::thread::current().name().unwrap_or("?"));
            file.write_all(line.as_bytes()).unwrap();
        }
    });
    true
}

thread_local! {
    static SEEN: RefCell<Vec<bool>> = const { RefCell::new(Vec::new()) };
}

/// An iterator, or the items that a mutant has in its place.
#[derive(Clone, Debug)]
pub(crate) enum Few<I: Iterator> {
    Original(I),
    Mutated(std::vec::IntoIter<I::Item>),
}

impl<I: Iterator> Few<I> {
    pub(crate) fn mutated(items: impl IntoIterator<Item = I::Item>) -> Self {
        Self::Mutated(items.into_iter().collect::<Vec<_>>().into_iter())
    }
}

impl<I: Iterator> Iterator for Few<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        match self {
            Self::Original(all) => all.next(),
            Self::Mutated(few) => few.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Self::Original(all) => all.size_hint(),
            Self::Mutated(few) => few.size_hint(),
        }
    }
}

impl<I: ExactSizeIterator> ExactSizeIterator for Few<I> {}

impl<I: DoubleEndedIterator> DoubleEndedIterator for Few<I> {
    fn next_back(&mut self) -> Option<I::Item> {
        match self {
            Self::Original(all) => all.next_back(),
            Self::Mutated(few) => few.next_back(),
        }
    }
}
