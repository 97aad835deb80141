//! Messages through real channels to real receivers, each a process of its own.
//!
//! | file | question |
//! |---|---|
//! | `receiver` | how a receiver is started, and what it received |
//! | `notices` | a notice that has everything |
//! | `callbacks` | what a program hears of the tasks that it asked for |
//! | `channels` | what arrives by mail, in Slack and at a webhook |
//! | `trouble` | what becomes of a message when its receiver is in trouble |
//! | `plan` | to whom a notice goes by which channel, and when |
//! | `product` | whether a command waits for a dead channel |
//! | `work` | what the work of delivery does with channels that fail, hang or come back, and with kills |
//! | `shown` | whether the manual shows what arrives |
//! | `hostile` | whether what others wrote stays text in every channel |

#![expect(clippy::disallowed_methods, reason = "other processes are waited for, and timed")]

mod callbacks;
mod channels;
mod hostile;
mod notices;
mod plan;
mod product;
mod receiver;
mod shown;
mod trouble;
mod work;
