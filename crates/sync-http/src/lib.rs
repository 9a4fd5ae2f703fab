//! `SyncProtocol` over HTTPS with a pinned certificate.
//!
//! **Invariant:** trust is the pin alone: no certificate authority, no redirect and no proxy is followed.
//! **Invariant:** no token, body or address with secrets reaches an error or a log.

mod client;
mod counters;
mod events;
mod failure;
mod pin;

pub use client::HttpClient;
pub use counters::Counters;
