//! The metadata document: the addresses of the endpoints.

use serde_json::{Map, Value, json};

use super::point::DecisionPoint;
use super::reply::HttpResponse;
use crate::journal::digest;

const CAPABILITY: &str = "urn:openid:authzen:capability:access-request";

impl DecisionPoint {
    /// The metadata document, for `/.well-known/authzen-configuration`. Public.
    pub fn metadata(&self) -> HttpResponse {
        let settings = &self.settings;
        let mut document = Map::new();
        let mut say = |name: &str, value: Value| document.insert(name.to_owned(), value);
        say("policy_decision_point", settings.public_url().into());
        say("access_evaluation_endpoint", settings.at("evaluation").into());
        say("access_evaluations_endpoint", settings.at("evaluations").into());
        if settings.searches {
            for what in ["subject", "resource", "action"] {
                say(&format!("search_{what}_endpoint"), settings.at(&format!("search/{what}")).into());
            }
        }
        say("access_request_endpoint", settings.at("requests").into());
        say("jwks_uri", settings.at("jwks").into());
        say("capabilities", json!([CAPABILITY]));
        cached(Value::Object(document).to_string())
    }

    /// The public keys of signatures. Public.
    pub(super) fn jwks(&self) -> HttpResponse {
        cached(self.keys.jwks().to_string())
    }

    /// The JSON Schema of a submission. Public: it depends on the configuration alone.
    pub(super) fn schema(&self) -> HttpResponse {
        let rules = self.engine.rules();
        let mut required = Vec::new();
        if rules.require_justification {
            required.push("business_justification");
        }
        if rules.require_ticket_url {
            required.push("ticket_url");
        }
        let entity = json!({"type": "object", "required": ["type", "id"],
            "properties": {"type": {"type": "string"}, "id": {"type": "string"}, "properties": {"type": "object"}}});
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": self.settings.at("schemas/submission"),
            "type": "object",
            "required": if required.is_empty() {
                json!(["subject", "action", "resource", "denial"])
            } else {
                json!(["subject", "action", "resource", "denial", "context"])
            },
            "properties": {
                "subject": entity, "resource": entity,
                "action": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
                "context": {"type": "object", "required": required, "properties": {
                    "business_justification": {"type": "string", "minLength": 1, "maxLength": 2000,
                        "description": "Why. Those who decide read it."},
                    "ticket_url": {"type": "string", "format": "uri", "description": "The ticket of the work."},
                }},
                "requested_access": {"type": "object", "properties": {
                    "requested_until": {"type": "string", "format": "date-time",
                        "description": "Until when. Limits may make it less."},
                    "emergency": {"type": "boolean", "description":
                        "An emergency: taken without approval where the subject may, and asked for otherwise."},
                    "urn:jit-access:whole_role": {"type": "boolean",
                        "description": "The whole role of the offer, and not the action alone."},
                }},
                "denial": {"type": "object", "required": ["expires_at"]},
            },
        });
        cached(schema.to_string())
    }
}

fn cached(body: String) -> HttpResponse {
    let tag = format!("\"{}\"", digest(&body).get(..16).unwrap_or_default());
    HttpResponse::text(200, body).with("etag", tag).with("cache-control", "max-age=300")
}
