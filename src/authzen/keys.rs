//! The keys for issued ids and tokens.
//!
//! Ids are of [`Handles`]; denials are signed.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};

use serde_json::{Value, json};

use super::token::{Expected, Trust, Verdict};
use crate::error::Error;
use crate::handles::Handles;
use crate::model::{GrantId, Secret, Timestamp};
use crate::service::Engine;

/// The form of a denial's id. Another one has another number.
const FORM: u8 = 1;

pub(super) struct Keys {
    /// The keys that all users of the store share.
    pub(super) handles: Handles,
    signs: EcdsaKeyPair,
    kid: String,
    random: SystemRandom,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl Keys {
    /// Loads the keys that all users of this store share. They are made at the first call.
    pub(super) fn load(engine: &Engine) -> Result<Self, Error> {
        let internal = |what: &str| Error::Internal(format!("the keys of AuthZEN: {what}"));
        let random = SystemRandom::new();
        let fresh = Handles::fresh().ok_or_else(|| internal("the system gives no random numbers"))?;
        let handles = Handles::new(&engine.secret(Handles::SECRET, &fresh)?);
        let handles = handles.ok_or_else(|| internal("the kept one is no key"))?;
        let fresh = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            .map_err(|_| internal("the system gives no random numbers"))?;
        let kept = engine.secret("authzen_es256", &Secret::new(STANDARD.encode(fresh.as_ref())))?;
        let kept = STANDARD.decode(kept.expose()).map_err(|_| internal("the kept one is no key"))?;
        let signs = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &kept, &random)
            .map_err(|_| internal("the kept one is no key"))?;
        let public = digest::digest(&digest::SHA256, signs.public_key().as_ref());
        let kid = URL_SAFE_NO_PAD.encode(public.as_ref().get(..12).unwrap_or_default());
        Ok(Self { handles, signs, kid, random })
    }

    /// The public key, as a JSON Web Key Set.
    pub(super) fn jwks(&self) -> Value {
        // 4, then both coordinates.
        let public = self.signs.public_key().as_ref();
        let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(public.get(range).unwrap_or_default());
        let key = json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.kid,
            "x": part(1..33), "y": part(33..65),
        });
        json!({ "keys": [key] })
    }

    /// These claims, signed (JWS, ES256).
    pub(super) fn sign(&self, kind: &str, claims: &Value) -> Result<String, Error> {
        let header = json!({"alg": "ES256", "kid": self.kid, "typ": kind});
        let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", encoded(&header), encoded(claims));
        let signature = self.signs.sign(&self.random, text.as_bytes());
        let signature = signature.map_err(|_| Error::Internal("a denial could not be signed".to_owned()))?;
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref())))
    }

    /// Verifies a signed denial of this decision point.
    pub(super) fn open_binding(&self, token: &str, expected: &Expected<'_>, echo: Timestamp) -> Verdict {
        let kids = vec![self.kid.as_str()];
        match Trust::new(&self.jwks(), [(expected.audience, kids)]) {
            Ok(trust) => trust.binding(token, expected, Some(echo)),
            Err(_) => Verdict::Refused,
        }
    }

    /// Random bytes of this number, in base64url.
    pub(super) fn random_id(&self) -> Result<String, Error> {
        Ok(URL_SAFE_NO_PAD.encode(self.random()?))
    }

    fn random(&self) -> Result<[u8; 16], Error> {
        let mut bytes = [0; 16];
        let filled = self.random.fill(&mut bytes);
        filled.map_err(|_| Error::Internal("the system gives no random numbers".to_owned()))?;
        Ok(bytes)
    }

    /// The id of a denial: its deadline, and a MAC over what was denied (`about`).
    pub(super) fn evaluation_id(&self, until: Timestamp, about: &[&[u8]]) -> Result<String, Error> {
        let mut body = vec![FORM];
        body.extend(until.millis().to_be_bytes());
        body.extend(self.random()?);
        Ok(format!("ev1.{}", self.handles.sealed("evaluation", &body, about)))
    }

    /// Until when this denial may be answered, if it is one of this.
    pub(super) fn open_evaluation_id(&self, id: &str, about: &[&[u8]]) -> Option<Timestamp> {
        let body = self.handles.opened("evaluation", id.strip_prefix("ev1.")?, about)?;
        let (form, rest) = body.split_first()?;
        let (until, _) = rest.split_first_chunk::<8>()?;
        (*form == FORM).then_some(())?;
        Timestamp::from_millis(i64::from_be_bytes(*until)).ok()
    }

    /// The public id of a grant.
    pub(super) fn approval(&self, grant: GrantId) -> String {
        format!("apr_{}", self.handles.sealed("approval", &grant.as_u128().to_be_bytes(), &[]))
    }

    pub(super) fn open_approval(&self, id: &str) -> Option<GrantId> {
        let body = self.handles.opened("approval", id.strip_prefix("apr_")?, &[])?;
        Some(GrantId::from_u128(u128::from_be_bytes(body.try_into().ok()?)))
    }

    /// The token of a page of a search: where it continues, and the question and revision that it belongs to.
    pub(super) fn page(&self, offset: u64, about: &[&[u8]]) -> String {
        self.handles.sealed("page", &offset.to_be_bytes(), about)
    }

    pub(super) fn open_page(&self, token: &str, about: &[&[u8]]) -> Option<u64> {
        Some(u64::from_be_bytes(self.handles.opened("page", token, about)?.try_into().ok()?))
    }
}
