//! What a run says, a line each, for `run.py` to make one table of: `row`, then what was measured, the value with its
//! unit, the bar, and whether it is met; `point` for the picture.

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
