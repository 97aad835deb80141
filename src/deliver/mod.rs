//! How a notice reaches people: by e-mail, to Slack, to webhooks (features `smtp` and `webhooks`).
//!
//! A channel is a port of `notify`; the shipped ones are here, with the texts that they send. What people and agents wrote is
//! text in every message: it breaks no header, no HTML, no mark-up of Slack, no address and no line of a log.
//!
//! | file | question |
//! |---|---|
//! | `open` | how settings become channels |
//! | `templates` | the texts of messages, and checking an operator's own |
//! | `words` | the values for a template |
//! | `example` | example notices for checking a template |
//! | `links` | the link of a message |
//! | `signature` | signing and verifying links |
//! | `email` | how mail is made and sent |
//! | `slack` | messages in Slack |
//! | `webhook` | how a webhook is called and signed |
//! | `callback` | callbacks to the program that made a request by AuthZEN |
//! | `json` | what the channels over HTTP have in common |
//! | `http` | one POST, and the meaning of its response |
//! | `guard` | which addresses may be connected to |
//! | `retry` | retries, rate limits and outages of a channel |
//! | `worker` | the delivery work |

#[cfg(feature = "webhooks")]
mod callback;
#[cfg(feature = "smtp")]
mod email;
mod example;
#[cfg(feature = "webhooks")]
mod guard;
#[cfg(feature = "webhooks")]
mod http;
#[cfg(feature = "webhooks")]
mod json;
mod links;
mod open;
mod retry;
mod signature;
#[cfg(feature = "webhooks")]
mod slack;
mod templates;
#[cfg(feature = "webhooks")]
mod webhook;
mod words;
mod worker;

#[cfg(feature = "smtp")]
pub use email::Email;
pub use links::Links;
pub use open::{host_channel, open_channels};
pub use retry::{RetryPolicy, retry_after};
pub use signature::{LinkKeys, SignedLink};
#[cfg(feature = "webhooks")]
pub use slack::Slack;
pub use templates::Templates;
#[cfg(feature = "webhooks")]
pub use webhook::Webhook;
pub use worker::{Deliverer, DeliveryChannel, Outbox};
