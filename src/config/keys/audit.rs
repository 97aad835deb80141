//! Keys of the record.

use super::Kind::Plain;
use super::{Table, key};

pub(super) const TABLES: &[Table] = &[(
    "audit",
    &[key(
        "enhanced_audit",
        Plain,
        "false",
        "Whether the record of a use contains the host's details of the call: address, session, program, id of the token, trace, digest of the arguments, and whether standing rights alone would have allowed it.",
    )],
)];
