//! What a run says, a line each, for `run.py` to make one table of: `row`, then what was measured, the value with its
//! unit, the bar, and whether it is met; `point` for the picture.

use std::time::Duration;

/// What a value has to be.
#[derive(Debug, Clone, Copy)]
pub enum Bar {
    /// At most this.
    Most(f64),
    /// At least this.
    Least(f64),
    /// Whatever it is.
    None,
}

/// A measured value and its bar.
pub fn row(what: &str, value: f64, unit: &str, bar: Bar, detail: &str) {
    let (sign, limit) = match bar {
        Bar::Most(limit) => ("<=", limit.to_string()),
        Bar::Least(limit) => (">=", limit.to_string()),
        Bar::None => ("", String::new()),
    };
    println!("row\t{what}\t{value}\t{unit}\t{sign}\t{limit}\t{detail}");
}

/// A point of the picture: the time of one check.
pub fn point(name: &str, grants: usize, nanos: f64) {
    println!("point\t{name}\t{grants}\t{nanos}");
}

/// Something for whoever watches.
pub fn say(text: &str) {
    eprintln!("{text}");
}

/// How long this thread has run, and how long it could have run while the processors ran something else; nothing where the
/// system does not say. On a machine that does other things too, the first says more than a clock.
#[must_use]
pub fn times() -> [Duration; 2] {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let mut times = text.split_whitespace().map(|time| Duration::from_nanos(time.parse().unwrap_or(0)));
    std::array::from_fn(|_| times.next().unwrap_or_default())
}
