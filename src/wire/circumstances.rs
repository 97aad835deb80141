//! How it comes that a request or a grant is shown, and to whom.

/// How it comes that a request or a grant is shown.
#[derive(Debug, Clone, Default)]
pub struct Circumstances {
    /// Whether a request that waits, or the grant of one, already gave what was requested.
    pub already: bool,
    /// Whether nothing was made: so it would be.
    pub dry_run: bool,
    /// The commands that the caller could give about it now; `None` when nobody in particular looks at it.
    pub possible: Option<Vec<&'static str>>,
}

/// Takes away each link whose command the caller could not give.
pub(super) fn keep_possible<const N: usize>(possible: &[&str], links: [(&str, &mut Option<String>); N]) {
    for (command, link) in links {
        link.take_if(|_| !possible.contains(&command));
    }
}
