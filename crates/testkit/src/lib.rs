//! Devices, servers, networks, clocks and seeded randomness for tests: real SQLCipher files, the real server, and
//! faults on demand. Development only: it panics where a program would answer with an error.

#![allow(clippy::unwrap_used)]

mod clock;
mod device;
mod instead;
mod keychain;
mod network;
pub mod old_schema;
mod rng;
mod server;
mod world;

pub use clock::{START_MS, TestClock};
pub use device::{PASSPHRASE, TestDevice, USER};
pub use instead::{Instead, Other};
pub use keychain::MemoryKeychain;
pub use network::{Fault, Network};
pub use rng::TestRng;
pub use server::{Backup, Lies, TestServer};
pub use world::World;
