//! How principals and roles are written in a notice: as everywhere outside, `agent:name` for an agent.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::model::{Invalid, Principal};

/// The principal that is written so.
pub(super) fn parse_principal(text: &str) -> Result<Principal, Invalid> {
    match text.strip_prefix("agent:") {
        Some(name) => Principal::agent(name),
        None => Principal::user(text),
    }
}

fn parsed<'de, D: Deserializer<'de>, T>(
    texts: D,
    parse: impl Fn(&str) -> Result<T, Invalid>,
) -> Result<Vec<T>, D::Error> {
    let texts = Vec::<String>::deserialize(texts)?;
    texts.iter().map(|text| parse(text).map_err(D::Error::custom)).collect()
}

/// One principal.
pub(super) mod principal {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::model::Principal;

    pub(crate) fn serialize<S: Serializer>(principal: &Principal, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(principal)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Principal, D::Error> {
        super::parse_principal(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Several principals.
pub(super) mod principals {
    use serde::{Deserializer, Serializer};

    use crate::model::Principal;

    pub(crate) fn serialize<S: Serializer>(all: &[Principal], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(all.iter().map(ToString::to_string))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Principal>, D::Error> {
        super::parsed(deserializer, super::parse_principal)
    }
}

/// Several roles.
pub(super) mod roles {
    use serde::{Deserializer, Serializer};

    use crate::model::RoleName;

    pub(crate) fn serialize<S: Serializer>(all: &[RoleName], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(all.iter().map(RoleName::as_str))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<RoleName>, D::Error> {
        super::parsed(deserializer, RoleName::new)
    }
}
