//! Where the key that signs checkpoints of the journal comes from.

use super::Secret;

/// Where the key that signs checkpoints of the journal comes from.
///
/// ```
/// use jit_access::model::KeySource;
///
/// assert!(matches!(KeySource::default(), KeySource::BesideStore));
/// ```
#[derive(Debug, Clone, Default)]
pub enum KeySource {
    /// A file beside the store, made at the first start and readable by its owner only.
    #[default]
    BesideStore,
    /// The key itself: from a file or a variable of the operator.
    Given(Secret),
}
