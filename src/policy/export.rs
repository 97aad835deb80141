//! All live grants as Cedar text: for people, auditors and other engines.

use std::collections::{BTreeMap, HashSet};
use std::str::FromStr;

use cedar_policy::{PolicyId, PolicySet};
use cedar_policy_formatter::{Config, policies_str_to_pretty};

use super::error::reason;
use super::{PolicyError, Schema, translate};
use crate::model::{Grant, GrantId, PermissionSet, PrincipalKind, ResourceKind, Revision, Timestamp};

/// All of `grants` that are live at `now`, as one Cedar policy set in text.
///
/// The same grants give the same bytes, in any order. The text is ASCII: every other character of an id is escaped, so
/// that it can neither reorder, hide nor imitate visible text. Each policy's `@id` is its grant.
///
/// Before this returns, the text was read back and compared with the policies, and each policy was validated against
/// `schema`. A grant with permissions or kinds that the schema does not declare is an error; see [`Schema::with`].
///
/// # Errors
/// When one of the live grants cannot be written, does not fit the schema, or is there twice.
pub fn export<'a>(
    grants: impl IntoIterator<Item = &'a Grant>,
    schema: &Schema,
    now: Timestamp,
    revision: Revision,
) -> Result<String, PolicyError> {
    let mut live: BTreeMap<GrantId, &Grant> = BTreeMap::new();
    for grant in grants.into_iter().filter(|grant| grant.status(now).is_live()) {
        if live.insert(grant.id, grant).is_some() {
            return Err(PolicyError::Duplicate { grant: grant.id });
        }
    }
    let mut text = format!("// Live grants at {now}, revision {revision}: {}.\n", live.len());
    let mut written = PolicySet::new();
    let mut fitting: HashSet<Shape<'_>> = HashSet::new();
    for grant in live.values() {
        let Some(policy) = translate(grant)? else { continue };
        if !fitting.contains(&Shape::of(grant)) {
            schema.check_policy(grant.id, &policy)?;
            fitting.insert(Shape::of(grant));
        }
        text.push('\n');
        text.push_str(&pretty(&policy.to_string())?);
        written.add(policy).map_err(|_| PolicyError::Duplicate { grant: grant.id })?;
    }
    if read_back(&text)? != written {
        return Err(PolicyError::Unwritable { reason: "the text reads back as other policies".to_owned() });
    }
    Ok(text)
}

/// Everything that strict validation examines: types and actions. Ids and times are data to it, so grants of one shape
/// are all valid or all invalid. Validating each shape once keeps an export of thousands of grants from taking minutes:
/// the validator visits every action for every kind of principal and resource.
#[derive(PartialEq, Eq, Hash)]
struct Shape<'a> {
    holder: PrincipalKind,
    permissions: &'a PermissionSet,
    kind: Option<ResourceKind>,
    things: Vec<ResourceKind>,
}

impl<'a> Shape<'a> {
    fn of(grant: &'a Grant) -> Self {
        let scope = &grant.scope;
        Self {
            holder: grant.holder.kind(),
            permissions: &grant.permissions,
            kind: scope.kind().copied(),
            things: scope.things().map(|thing| *thing.kind()).collect(),
        }
    }
}

/// The policy in Cedar's standard layout. The formatter verifies its own output.
fn pretty(policy: &str) -> Result<String, PolicyError> {
    policies_str_to_pretty(&ascii(policy), &Config { line_width: 100, indent_width: 2 })
        .map_err(|error| PolicyError::Unwritable { reason: error.to_string() })
}

/// Escapes everything outside ASCII as `\u{…}`. In a policy such characters occur only in string literals, where the
/// escape is the same character; Cedar has already escaped controls and quotes.
fn ascii(policy: &str) -> String {
    let mut text = String::with_capacity(policy.len());
    for c in policy.chars() {
        if c.is_ascii() {
            text.push(c);
        } else {
            text.extend(c.escape_unicode());
        }
    }
    text
}

/// The policies of a text that was written here, named by their `@id`. Only for our own text: Cedar's parser recurses
/// as deep as its input nests.
fn read_back(text: &str) -> Result<PolicySet, PolicyError> {
    let unwritable = |why: String| PolicyError::Unwritable { reason: why };
    let numbered = PolicySet::from_str(text).map_err(|error| unwritable(reason(&error)))?;
    let named = numbered.policies().map(|policy| match policy.annotation("id") {
        Some(id) => policy.new_id(PolicyId::new(id)),
        None => policy.clone(),
    });
    PolicySet::from_policies(named).map_err(|error| unwritable(reason(&error)))
}
