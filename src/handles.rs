//! Ids and texts with a MAC, which only users of the same store can have made.
//!
//! An id is a body and a MAC over it and over its purpose. Nothing is stored to recognize it, and every process that
//! shares the store makes and accepts the same ones.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::model::{RequestId, Secret};

/// How many bytes of a MAC an id carries.
const MAC: usize = 16;
/// How many characters of a sealed text hold all of its MAC.
const SEAL: usize = 22;

/// Makes and knows ids and texts.
pub(crate) struct Handles(hmac::Key);

impl std::fmt::Debug for Handles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handles")
    }
}

impl Handles {
    /// The name of the secret in the store.
    pub(crate) const SECRET: &'static str = "authzen_mac";

    /// A new secret; `None` when the system has no random numbers.
    pub(crate) fn fresh() -> Option<Secret> {
        let mut fresh = [0; 32];
        SystemRandom::new().fill(&mut fresh).ok()?;
        Some(Secret::new(STANDARD.encode(fresh)))
    }

    /// The handles of this secret; `None` when [`Handles::fresh`] did not make it.
    pub(crate) fn new(secret: &Secret) -> Option<Self> {
        let key = STANDARD.decode(secret.expose()).ok()?;
        Some(Self(hmac::Key::new(hmac::HMAC_SHA256, &key)))
    }

    fn mac(&self, purpose: &str, parts: &[&[u8]]) -> [u8; MAC] {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(purpose.as_bytes());
        for part in parts {
            // Each with its length, so that no two lists of parts are one text.
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let tag = context.sign();
        let mut mac = [0; MAC];
        mac.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
        mac
    }

    /// This body and its MAC, for this purpose and subject.
    pub(crate) fn sealed(&self, purpose: &str, body: &[u8], about: &[&[u8]]) -> String {
        let parts: Vec<&[u8]> = [body].into_iter().chain(about.iter().copied()).collect();
        let mac = self.mac(purpose, &parts);
        URL_SAFE_NO_PAD.encode([body, &mac].concat())
    }

    /// The body, if it was sealed for this.
    #[cfg(feature = "authzen")]
    pub(crate) fn opened(&self, purpose: &str, text: &str, about: &[&[u8]]) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (body, mac) = bytes.split_at_checked(bytes.len().checked_sub(MAC)?)?;
        let parts: Vec<&[u8]> = [body].into_iter().chain(about.iter().copied()).collect();
        let expected = self.mac(purpose, &parts);
        let differs = expected.iter().zip(mac).fold(0, |differs, (one, other)| differs | (one ^ other));
        (differs == 0).then(|| body.to_vec())
    }

    /// The handle of a request, for this caller alone.
    pub(crate) fn task(&self, request: RequestId, caller: &str) -> String {
        format!("arq_{}", self.sealed("task", &request.as_u128().to_be_bytes(), &[caller.as_bytes()]))
    }

    /// The request of a handle of this caller.
    #[cfg(feature = "authzen")]
    pub(crate) fn open_task(&self, handle: &str, caller: &str) -> Option<RequestId> {
        let body = self.opened("task", handle.strip_prefix("arq_")?, &[caller.as_bytes()])?;
        Some(RequestId::from_u128(u128::from_be_bytes(body.try_into().ok()?)))
    }

    /// The origin of a request, as a text that only this can have made.
    pub(crate) fn origin(&self, text: &str) -> String {
        let sealed = self.sealed("origin", text.as_bytes(), &[]);
        format!("{text} {}", sealed.get(sealed.len().saturating_sub(SEAL)..).unwrap_or_default())
    }

    /// The text before the seal, if the seal is right.
    pub(crate) fn open_origin<'a>(&self, origin: &'a str) -> Option<&'a str> {
        let (text, _) = origin.rsplit_once(' ')?;
        let expected = self.origin(text);
        let differs = expected.bytes().zip(origin.bytes()).fold(0, |differs, (one, other)| differs | (one ^ other));
        (differs == 0 && expected.len() == origin.len()).then_some(text)
    }
}
