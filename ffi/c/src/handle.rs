//! What crosses the border: pointers that C gave, and names that C gets.
//!
//! What the library owns never leaves it as an address. C gets names, each used once, and looks things up by them: a name
//! that is closed, freed, made up, or of another kind finds nothing, and nothing is read through it.
//!
//! What C owns is read and written here and nowhere else, through a [`FromC`] that exists only inside an export.

#![expect(unsafe_code, reason = "C's pointers are followed here")]

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::mem::{MaybeUninit, offset_of};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jit_access::model::Invalid;

use crate::types::{jit_context, jit_decision, jit_error_info, jit_open_options, jit_query, jit_str, jit_tick_info};

/// The longest text that is looked at: more is a length that nobody set.
const MAX_TEXT: usize = 16 << 20;
/// Far longer than any text that a question may hold; what is shorter is refused in the words that every language has.
const MAX_SHORT: usize = 128 << 10;
/// The largest struct that some later header may have.
const MAX_STRUCT: usize = 4_096;

/// A struct that its caller owns, and that begins with its size.
///
/// # Safety
/// It must be `repr(C)`, begin with its size as a `usize`, and be valid for every pattern of bits.
pub(crate) unsafe trait Prefixed: Copy {
    /// How large it was in earlier headers, each up to the end of the field that was then the last. Between two of them a
    /// field would be cut in the middle, and half a pointer is none.
    const EARLIER: &[usize];
}

// SAFETY: `repr(C)`, a `usize` first, then nothing but numbers, raw pointers and arrays of numbers.
unsafe impl Prefixed for jit_open_options {
    const EARLIER: &[usize] = &[];
}
// SAFETY: as above.
unsafe impl Prefixed for jit_query {
    const EARLIER: &[usize] = &[offset_of!(Self, context)];
}
// SAFETY: as above.
unsafe impl Prefixed for jit_context {
    const EARLIER: &[usize] = &[offset_of!(Self, call), offset_of!(Self, details)];
}
// SAFETY: as above.
unsafe impl Prefixed for jit_decision {
    const EARLIER: &[usize] = &[];
}
// SAFETY: as above.
unsafe impl Prefixed for jit_error_info {
    const EARLIER: &[usize] = &[];
}
// SAFETY: as above.
unsafe impl Prefixed for jit_tick_info {
    const EARLIER: &[usize] = &[];
}

/// The right to follow the pointers of one call.
///
/// INVARIANT: it exists only while an export runs, and is only given pointers that this export was given. Whoever calls an
/// export promises that each of them is null or points to what its type says, readable (for outputs writable) for the
/// length that comes with it, and that nobody else changes it during the call.
pub(crate) struct FromC {
    _private: (),
}

impl FromC {
    /// # Safety
    /// The caller is an export, and keeps to the invariant of the type.
    pub(crate) const unsafe fn new() -> Self {
        Self { _private: () }
    }

    /// The text, when there is one.
    pub(crate) fn text(&self, text: jit_str, field: &'static str) -> Result<Option<&str>, Invalid> {
        self.bounded(text, field, MAX_TEXT)
    }

    /// The text of a question, when there is one. What is longer than any name is refused before it is read.
    ///
    /// Nearly every name is short and ASCII; for those nothing is decided twice.
    #[inline(always)]
    pub(crate) fn short(&self, text: jit_str, field: &'static str) -> Result<Option<&str>, Invalid> {
        if text.data.is_null() && text.len == 0 {
            return Ok(None);
        }
        if !text.data.is_null() && text.len <= MAX_SHORT {
            // SAFETY: as in `bounded`.
            let bytes = unsafe { std::slice::from_raw_parts(text.data.cast::<u8>(), text.len) };
            if is_ascii(bytes) {
                // SAFETY: ASCII is UTF-8.
                return Ok(Some(unsafe { std::str::from_utf8_unchecked(bytes) }));
            }
        }
        self.bounded(text, field, MAX_SHORT)
    }

    #[inline(never)]
    fn bounded(&self, text: jit_str, field: &'static str, most: usize) -> Result<Option<&str>, Invalid> {
        if text.data.is_null() {
            return match text.len {
                0 => Ok(None),
                len => {
                    Err(Invalid::new(field, format!("is NULL with a length of {len}"), "a pointer to that many bytes"))
                }
            };
        }
        if text.len > most {
            let problem = format!("has a length of {}", text.len);
            return Err(Invalid::new(field, problem, format!("at most {most} bytes")));
        }
        // SAFETY: not null, the length is far below `isize::MAX`, and the bytes are readable and still for as long as
        // `self` is borrowed: the invariant of `FromC`.
        let bytes = unsafe { std::slice::from_raw_parts(text.data.cast::<u8>(), text.len) };
        std::str::from_utf8(bytes)
            .map(Some)
            .map_err(|error| Invalid::new(field, format!("is not UTF-8 from byte {} on", error.valid_up_to()), "UTF-8"))
    }

    /// A copy of the struct.
    pub(crate) fn read<T: Prefixed>(&self, at: *const T, field: &'static str) -> Result<T, Invalid> {
        let mut room = MaybeUninit::uninit();
        Ok(self.given(at, &mut room, field)?.value())
    }

    /// The struct where it is, or a copy of it in `room` when it is not of the size that we know.
    ///
    /// Whoever asks has just written it, field by field. Read field by field it is still on its way to the memory, where
    /// a copy would have to wait for it.
    #[inline]
    pub(crate) fn given<'c, T: Prefixed>(
        &'c self,
        at: *const T,
        room: &'c mut MaybeUninit<T>,
        field: &'static str,
    ) -> Result<Given<'c, T>, Invalid> {
        let size = self.size(at, field)?;
        let at = if size == size_of::<T>() { at } else { room.write(self.read_sized(at, size, field)?) };
        Ok(Given { at, call: PhantomData })
    }

    /// A copy of a struct of an earlier or a later header.
    #[inline(never)]
    fn read_sized<T: Prefixed>(&self, at: *const T, size: usize, field: &'static str) -> Result<T, Invalid> {
        let mut value = MaybeUninit::<T>::zeroed();
        // SAFETY: `size` bytes are readable at `at`: the invariant of `FromC`, the size being what the caller says it is.
        // No more are copied than `value` holds. The two cannot overlap, because `value` is ours.
        unsafe { ptr::copy_nonoverlapping(at.cast::<u8>(), value.as_mut_ptr().cast(), size.min(size_of::<T>())) };
        for offset in size_of::<T>()..size {
            // SAFETY: `offset` is below `size`, and so many bytes are readable.
            if unsafe { at.cast::<u8>().add(offset).read() } != 0 {
                return Err(Invalid::new(
                    field,
                    format!("has a size of {size} and uses fields that this library does not know"),
                    format!("zero in what follows the first {} bytes", size_of::<T>()),
                ));
            }
        }
        // SAFETY: every pattern of bits is a value of `T`, and what was not copied is zero.
        Ok(unsafe { value.assume_init() })
    }

    /// Where `count` structs begin that follow each other, all of the size that the first one says.
    fn items<T: Prefixed>(&self, at: *const T, count: usize, field: &'static str) -> Result<Vec<*const T>, Invalid> {
        if count == 0 {
            return Ok(Vec::new());
        }
        let size = self.size(at, field)?;
        if count > MAX_TEXT / size {
            return Err(Invalid::new(field, format!("are {count}"), format!("at most {} of them", MAX_TEXT / size)));
        }
        (0..count)
            .map(|index| {
                let item = at.cast::<u8>().wrapping_add(index * size).cast::<T>();
                match self.size(item, field)? {
                    this if this == size => Ok(item),
                    this => Err(Invalid::new(
                        field,
                        format!("have the sizes {size} and {this}"),
                        "one size for all of them",
                    )),
                }
            })
            .collect()
    }

    /// Copies of `count` structs that follow each other.
    pub(crate) fn read_many<T: Prefixed>(
        &self,
        at: *const T,
        count: usize,
        field: &'static str,
    ) -> Result<Vec<T>, Invalid> {
        self.items(at, count, field)?.into_iter().map(|item| self.read(item, field)).collect()
    }

    #[inline]
    fn size<T: Prefixed>(&self, at: *const T, field: &'static str) -> Result<usize, Invalid> {
        if at.is_null() {
            return Err(null(field));
        }
        // SAFETY: not null, and it points to a struct that begins with its size: the invariant of `FromC`, and `Prefixed`.
        let size = unsafe { at.cast::<usize>().read_unaligned() };
        let is_known = (size_of::<T>()..=MAX_STRUCT).contains(&size) || T::EARLIER.contains(&size);
        if is_known { Ok(size) } else { Err(missized(field, size, size_of::<T>())) }
    }

    /// A place for an answer.
    #[inline]
    pub(crate) fn out<T: Copy>(&self, at: *mut T, field: &'static str) -> Result<Out<'_, T>, Invalid> {
        let at = NonNull::new(at).ok_or_else(|| null(field))?;
        Ok(Out { at, call: PhantomData })
    }

    /// A place for an answer that begins with its size.
    #[inline]
    pub(crate) fn sized_out<T: Prefixed>(&self, at: *mut T, field: &'static str) -> Result<SizedOut<'_, T>, Invalid> {
        let size = self.size(at.cast_const(), field)?;
        let Out { at, call } = self.out(at, field)?;
        Ok(SizedOut { at, size, call })
    }

    /// Places for `count` answers that follow each other.
    pub(crate) fn sized_outs<T: Prefixed>(
        &self,
        at: *mut T,
        count: usize,
        field: &'static str,
    ) -> Result<Vec<SizedOut<'_, T>>, Invalid> {
        let items = self.items(at.cast_const(), count, field)?;
        items.into_iter().map(|item| self.sized_out(item.cast_mut(), field)).collect()
    }
}

#[cold]
fn null(field: &'static str) -> Invalid {
    Invalid::new(field, "is NULL", "a pointer")
}

#[cold]
fn missized(field: &'static str, size: usize, ours: usize) -> Invalid {
    Invalid::new(field, format!("has a size of {size}"), format!("sizeof, which is {ours}"))
}

/// Whether these bytes are ASCII, which nearly every name is: in two reads that may overlap, because names are too short for
/// the ways of the standard library to pay off.
#[inline]
fn is_ascii(bytes: &[u8]) -> bool {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    if let (Some(first), Some(last)) = (bytes.first_chunk::<16>(), bytes.last_chunk::<16>()) {
        let ends = u128::from_ne_bytes(*first) | u128::from_ne_bytes(*last);
        let high = u128::from(HIGH) << 64 | u128::from(HIGH);
        return ends & high == 0 && (bytes.len() <= 32 || bytes.is_ascii());
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        return (u64::from_ne_bytes(*first) | u64::from_ne_bytes(*last)) & HIGH == 0;
    }
    bytes.iter().fold(0, |seen, byte| seen | byte) < 0x80
}

/// A struct of the size that we know.
///
/// INVARIANT: `at` is readable for a `T` while the call runs: either C gave it and said that it is of this size, or it is
/// a copy of ours.
pub(crate) struct Given<'c, T> {
    at: *const T,
    call: PhantomData<&'c FromC>,
}

impl<T: Prefixed> Given<'_, T> {
    #[inline]
    pub(crate) fn value(&self) -> T {
        // SAFETY: the invariant. Every pattern of bits is a value of `T`.
        unsafe { self.at.read_unaligned() }
    }
}

/// A place that C gave for an answer. Nothing is written before the answer is there.
pub(crate) struct Out<'c, T> {
    at: NonNull<T>,
    call: PhantomData<&'c FromC>,
}

impl<T: Copy> Out<'_, T> {
    pub(crate) fn set(self, value: T) {
        // SAFETY: not null, and writable for a `T` while the call that gave it runs: the invariant of `FromC`.
        unsafe { self.at.write_unaligned(value) };
    }
}

/// The same for a struct that begins with its size.
pub(crate) struct SizedOut<'c, T> {
    at: NonNull<T>,
    size: usize,
    call: PhantomData<&'c FromC>,
}

impl<T: Prefixed> SizedOut<'_, T> {
    /// Writes as much of the value as the caller has room for, and leaves the size as it is. What the caller has beyond it
    /// becomes zero.
    #[inline]
    pub(crate) fn set(self, value: T) {
        if self.size != size_of::<T>() {
            return self.set_sized(value);
        }
        let first = size_of::<usize>();
        let (to, from) = (self.at.as_ptr().cast::<u8>(), (&raw const value).cast::<u8>());
        // SAFETY: so many bytes are writable at `to`: the invariant of `FromC`. A size begins every `Prefixed`. The two do
        // not overlap, because `value` is ours.
        unsafe { ptr::copy_nonoverlapping(from.add(first), to.add(first), size_of::<T>() - first) };
    }

    #[inline(never)]
    fn set_sized(self, value: T) {
        let (to, from) = (self.at.as_ptr().cast::<u8>(), (&raw const value).cast::<u8>());
        let first = size_of::<usize>();
        // SAFETY: `size` bytes are writable at `to`: the invariant of `FromC`. It is one that some header had, so that the
        // size itself lies inside; no more is read than `value` holds; the two do not overlap, because `value` is ours.
        unsafe {
            ptr::copy_nonoverlapping(from.add(first), to.add(first), self.size.min(size_of::<T>()) - first);
            if self.size > size_of::<T>() {
                ptr::write_bytes(to.add(size_of::<T>()), 0, self.size - size_of::<T>());
            }
        }
    }
}

/// Far from every address there is, so that a program that follows a name stops there and then; and no small number, which
/// the collector of some languages takes for a damaged pointer.
const FIRST_NAME: usize = if usize::BITS == 64 { 0x6a69_0000_0000_0000_u64 as usize } else { 0x1000 };

/// The number of the next name.
static NEXT: AtomicUsize = AtomicUsize::new(1);

/// What the names of engines end with, and no other name.
const ENGINE: usize = 8;

/// A name that was never given before, for anything.
fn new_name() -> usize {
    FIRST_NAME + (NEXT.fetch_add(1, Ordering::Relaxed) << 4)
}

/// The same for an engine.
pub(crate) fn new_engine_name() -> usize {
    new_name() | ENGINE
}

/// Whether this name was given to an engine, which may be closed by now.
pub(crate) fn was_engine(name: usize) -> bool {
    let number = name.wrapping_sub(FIRST_NAME) >> 4;
    name & 0xF == ENGINE && name > FIRST_NAME && number > 0 && number < NEXT.load(Ordering::Relaxed)
}

/// The name as C holds it.
pub(crate) const fn to_c<H>(name: usize) -> *mut H {
    ptr::without_provenance_mut(name)
}

/// The name that C gave.
pub(crate) fn from_c<H>(handle: *const H) -> usize {
    handle.addr()
}

/// What C holds names of.
pub(crate) struct Names<T> {
    held: Mutex<BTreeMap<usize, Arc<T>>>,
    kind: &'static str,
}

impl<T> Names<T> {
    pub(crate) const fn of(kind: &'static str) -> Self {
        Self { held: Mutex::new(BTreeMap::new()), kind }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, BTreeMap<usize, Arc<T>>> {
        // Nothing here panics half-way.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, thing: T) -> usize {
        let name = new_name();
        self.lock().insert(name, Arc::new(thing));
        name
    }

    pub(crate) fn get(&self, name: usize) -> Result<Arc<T>, Invalid> {
        self.lock().get(&name).cloned().ok_or_else(|| gone(self.kind, name))
    }

    /// Nothing for no name, as `free` does.
    pub(crate) fn remove(&self, name: usize) -> Result<(), Invalid> {
        if name == 0 {
            return Ok(());
        }
        let removed = self.lock().remove(&name);
        removed.map(drop).ok_or_else(|| gone(self.kind, name))
    }
}

/// That a name stands for nothing.
pub(crate) fn gone(kind: &'static str, name: usize) -> Invalid {
    if name == 0 {
        return Invalid::new(kind, "is NULL", "one that is open");
    }
    Invalid::new(kind, "is closed, or never was", "one that is open")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::jit_query;

    fn c() -> FromC {
        // SAFETY: the tests below give it pointers to their own variables.
        unsafe { FromC::new() }
    }

    fn query() -> jit_query {
        let none = jit_str::NONE;
        let size = size_of::<jit_query>();
        jit_query {
            size,
            mode: 0,
            principal_kind: 0,
            principal: none,
            action: none,
            resource: none,
            parent: none,
            context: ptr::null(),
        }
    }

    #[test]
    fn sizes_are_looked_at_before_anything_else_is() {
        for size in [0, 1, jit_query::EARLIER[0] - 1, size_of::<jit_query>() - 1, MAX_STRUCT + 1, usize::MAX] {
            let query = jit_query { size, ..query() };
            assert!(c().read(&raw const query, "query").is_err(), "{size}");
        }
        assert!(c().read(ptr::null::<jit_query>(), "query").is_err());
    }

    #[test]
    fn an_earlier_header_knows_less() {
        let context = ptr::without_provenance(16);
        let query = jit_query { size: jit_query::EARLIER[0], mode: 1, context, ..query() };
        let read = c().read(&raw const query, "query").unwrap();
        assert_eq!((read.mode, read.context), (1, ptr::null()));
        for size in jit_query::EARLIER[0] + 1..size_of::<jit_query>() {
            let query = jit_query { size, ..query };
            assert!(c().read(&raw const query, "query").is_err(), "{size} cuts a field");
        }
    }

    #[test]
    fn a_later_header_may_be_larger_while_it_asks_for_nothing_new() {
        #[repr(C)]
        struct Later {
            query: jit_query,
            more: [u8; 16],
        }
        let size = size_of::<Later>();
        let mut later = Later { query: jit_query { size, mode: 2, ..query() }, more: [0; 16] };
        assert_eq!(c().read((&raw const later).cast::<jit_query>(), "query").unwrap().mode, 2);
        later.more[15] = 1;
        assert!(c().read((&raw const later).cast::<jit_query>(), "query").is_err());
    }

    #[test]
    fn answers_stay_inside_what_their_caller_has() {
        #[repr(C)]
        struct Larger {
            tick: jit_tick_info,
            more: [u8; 8],
            fence: [u8; 8],
        }
        let mut larger = Larger { tick: jit_tick_info { size: 0, noted: 0, next_ms: 0 }, more: [7; 8], fence: [7; 8] };
        larger.tick.size = size_of::<jit_tick_info>() + 8;
        let at = (&raw mut larger).cast::<jit_tick_info>();
        let c = c();
        c.sized_out(at, "out").unwrap().set(jit_tick_info { size: 99, noted: 1, next_ms: 2 });
        assert_eq!((larger.tick.size, larger.tick.noted, larger.tick.next_ms), (size_of::<jit_tick_info>() + 8, 1, 2));
        assert_eq!((larger.more, larger.fence), ([0; 8], [7; 8]));
    }

    #[test]
    fn a_name_is_good_once_and_for_one_kind() {
        let (one, other) = (Names::of("one"), Names::of("other"));
        let name = one.add(7);
        assert!(other.get(name).is_err() && other.remove(name).is_err());
        assert_eq!(*one.get(name).unwrap(), 7);
        one.remove(name).unwrap();
        assert!(one.get(name).is_err() && one.remove(name).is_err());
        other.add(8);
        assert!(other.get(name).is_err() && one.remove(0).is_ok());
    }

    #[test]
    fn names_of_engines_are_known_once_they_were_given() {
        let engine = new_engine_name();
        assert!(was_engine(engine));
        let never_given =
            [0, 8, FIRST_NAME, FIRST_NAME | ENGINE, engine + (1 << 30), engine + 1, usize::MAX, new_name()];
        for name in never_given {
            assert!(!was_engine(name), "{name:#x}");
        }
    }

    #[test]
    fn a_byte_beyond_ascii_is_seen_wherever_it_stands() {
        let c = c();
        let of = |bytes: &[u8]| {
            let text = jit_str { data: bytes.as_ptr().cast(), len: bytes.len() };
            c.short(text, "text").map(|text| text.map(str::to_owned)).ok()
        };
        for len in 0..40 {
            let plain = vec![b'a'; len];
            assert!(is_ascii(&plain));
            assert_eq!(of(&plain), Some(str::from_utf8(&plain).ok().map(str::to_owned)));
            for at in 0..len {
                for byte in [0x7F, 0x80, 0xC3, 0xFF] {
                    let mut bytes = plain.clone();
                    bytes[at] = byte;
                    assert_eq!(is_ascii(&bytes), byte == 0x7F, "{byte:#x} at {at} of {len}");
                    assert_eq!(of(&bytes).is_some(), byte == 0x7F, "{byte:#x} at {at} of {len}");
                }
                let mut bytes = plain.clone();
                bytes.splice(at..=at, "é".bytes());
                assert_eq!(of(&bytes), Some(String::from_utf8(bytes).ok()));
            }
        }
    }

    #[test]
    fn texts_are_utf_8_and_not_longer_than_they_can_be() {
        let c = c();
        let of = |bytes: &[u8], len| c.text(jit_str { data: bytes.as_ptr().cast(), len }, "text").map(|_| ());
        assert!(of(b"abc", 3).is_ok() && of(b"a\0c", 3).is_ok() && of(b"", 0).is_ok());
        assert!(of(b"a\xffc", 3).is_err() && of(b"abc", MAX_TEXT + 1).is_err() && of(b"abc", usize::MAX).is_err());
        assert!(c.text(jit_str { data: ptr::null(), len: 1 }, "text").is_err());
        assert_eq!(c.text(jit_str::NONE, "text").unwrap(), None);
    }
}
