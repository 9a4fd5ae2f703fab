//! The blind sync server. Cannot read notes, by link graph.
//!
//! [`Core`] is the server without a network: the protocol over storage. [`Server`] puts HTTPS in front of it.
//!
//! **Invariant:** nothing here opens a seal, and no body, token or user name is logged.
//! **Invariant:** SQL lives in `storage` only.

/// Whether a deliberate bug shows here, for the simulator to find. Never in a program.
#[cfg(feature = "simulation")]
use holdfast_mutants::planted;
#[cfg(not(feature = "simulation"))]
const fn planted(_: &str) -> bool {
    false
}

mod accounts;
mod config;
mod core;
mod error;
mod events;
mod files;
mod heal;
mod http;
mod login_limit;
mod packs;
mod push;
mod releases;
mod run;
mod secrets;
mod storage;
mod tls;

pub use config::{Clock, CoreOptions, Randomness, ReleaseTimes, ServerConfig, Tamper, Work, system_clock};
pub use core::Core;
pub use error::ServerError;
pub use packs::{LogFigures, PackFigures};
pub use run::{RunningServer, Server};
