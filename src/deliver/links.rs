//! Where the one link of a message leads.

use super::signature::{CHANNEL, LinkKeys, SignedLink};
use crate::model::{GrantId, Recipient, RequestId, Timestamp};
use crate::notify::{Link, Notice};

/// What links are made of.
///
/// ```
/// use jit_access::internal::deliver::Links;
/// use jit_access::model::Recipient;
/// use jit_access::notify::{Link, Notice, NoticeKind};
///
/// let links = Links { base_url: Some("https://gateway.example.com/jit/".into()), keys: None };
/// let at = "2026-12-01T09:00:00Z".parse()?;
/// let notice = Notice { link: Some(Link::Grants), ..Notice::new(NoticeKind::RedButton, at) };
/// let address = links.address(&notice, &Recipient::default(), "ops");
/// assert_eq!(address.as_deref(), Some("https://gateway.example.com/jit/grants"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Links {
    /// The prefix of every link; without it there are none.
    pub base_url: Option<String>,
    /// The keys that sign links to requests that can be approved.
    pub keys: Option<LinkKeys>,
}

impl Links {
    /// The address that this notice leads this recipient of this channel to.
    #[must_use]
    pub fn address(&self, notice: &Notice, recipient: &Recipient, channel: &str) -> Option<String> {
        let base = self.base_url.as_deref()?.trim_end_matches('/');
        Some(match notice.link.as_ref()? {
            Link::Approve { request_id, version } => {
                let request: RequestId = request_id.parse().ok()?;
                let token = self.token(request, *version, notice, recipient, channel);
                match token {
                    Some(token) => format!("{base}/requests/{request}?link={token}"),
                    None => format!("{base}/requests/{request}"),
                }
            }
            Link::Request { request_id } => format!("{base}/requests/{}", request_id.parse::<RequestId>().ok()?),
            Link::Grant { grant_id } => format!("{base}/grants/{}", grant_id.parse::<GrantId>().ok()?),
            Link::Extend { grant_id } => format!("{base}/grants/{}?do=extend", grant_id.parse::<GrantId>().ok()?),
            Link::Review { grant_id } => format!("{base}/grants/{}?do=review", grant_id.parse::<GrantId>().ok()?),
            Link::Delegations => format!("{base}/delegations"),
            Link::Grants => format!("{base}/grants"),
        })
    }

    fn token(
        &self,
        request: RequestId,
        version: u32,
        notice: &Notice,
        recipient: &Recipient,
        channel: &str,
    ) -> Option<String> {
        let until: Timestamp = notice.deadline.as_deref()?.parse().ok()?;
        let reader = match &recipient.person {
            Some(person) => person.to_string(),
            None => format!("{CHANNEL}{channel}"),
        };
        Some(self.keys.as_ref()?.sign(&SignedLink { request, version, reader, until }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::example;
    use crate::model::{Principal, Secret};

    #[test]
    fn a_link_to_approve_is_for_its_reader_until_the_request_times_out() {
        let keys = LinkKeys::new(&[Secret::new("x".repeat(32))]).unwrap();
        let links = Links { base_url: Some("https://jit.example.com".to_owned()), keys: Some(keys.clone()) };
        let notice = example::full();
        let ann = Principal::user("ann@example.com").unwrap();
        let address = links.address(&notice, &Recipient::person(ann.clone()), "mail").unwrap();
        let (page, token) = address.split_once("?link=").unwrap();
        assert_eq!(page, format!("https://jit.example.com/requests/{}", notice.request_id.as_deref().unwrap()));
        let link = keys.verify(token, notice.at.parse().unwrap()).unwrap();
        assert!(link.is_for(&ann) && !link.is_for(&Principal::user("bob@example.com").unwrap()));
        assert_eq!((link.version, link.until.to_string()), (2, notice.deadline.clone().unwrap()));
        let shared = links.address(&notice, &Recipient::default(), "ops").unwrap();
        let token = shared.split_once("?link=").unwrap().1;
        assert_eq!(keys.verify(token, Timestamp::EPOCH).unwrap().reader, "channel:ops");
    }

    #[test]
    fn an_id_that_is_none_makes_no_link() {
        let links = Links { base_url: Some("https://jit.example.com".to_owned()), keys: None };
        let notice = Notice { link: Some(Link::Grant { grant_id: "../../evil".to_owned() }), ..example::full() };
        assert_eq!(links.address(&notice, &Recipient::default(), "mail"), None);
        assert_eq!(Links::default().address(&example::full(), &Recipient::default(), "mail"), None);
    }
}
