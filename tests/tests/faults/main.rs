//! What goes wrong, as a person in a terminal reads it: one table of faults, exit codes, error codes and sentences,
//! compared with `table.txt`. After each fault everything is still there, and once it is gone the vault works again.
//!
//! `HOLDFAST_BLESS=1` writes the table anew; then read the difference.
#![allow(clippy::unwrap_used)]

mod disk;
mod files;
mod hostile;
mod network;
mod permission;
mod server;
mod table;
mod vault;

use std::fmt::Write as _;

use holdfast_testkit::TestRng;
use table::Table;

/// Text that does not compress to nothing.
fn noise(seed: u64, bytes: usize) -> String {
    let mut rng = TestRng::new(seed);
    let mut text = String::with_capacity(bytes);
    while text.len() < bytes {
        write!(text, "{:016x}", rng.next_u64()).unwrap();
    }
    text
}

#[test]
fn every_fault_has_its_sentence() {
    let mut table = Table::default();
    vault::faults(&mut table);
    files::faults(&mut table);
    server::faults(&mut table);
    hostile::faults(&mut table);
    table.compare();
}
