//! Suggestions for misspelt names.

/// The probable correction, or all known names.
pub(super) fn meant<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let mut known: Vec<_> = known.into_iter().collect();
    known.sort_unstable();
    known.dedup();
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("`{near}`, perhaps"),
        None if known.is_empty() => "nothing: there is none".to_owned(),
        None => format!("one of {}", known.join(", ")),
    }
}

/// The known name that this one is probably a misspelling of.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = known.into_iter().map(|known| (strsim::damerau_levenshtein(name, known), known)).min();
    near.filter(|(distance, near)| (1..=near.len().min(name.len()).div_ceil(4)).contains(distance))
        .map(|(_, near)| near)
}
