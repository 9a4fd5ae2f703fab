//! The terminal door from outside: the real `holdfast` and the real `holdfast-server`, as processes.
//!
//! `cargo xtask test` builds both before; by hand, `cargo build -p holdfast-cli -p holdfast-server`.
#![allow(clippy::unwrap_used)]

mod devices;
mod errors;
mod harness;
mod merge_file;
mod merging;
mod notes;
mod pairs;
mod pairs_of_three;
mod pairs_of_two;
mod protect;
mod removing;
mod reviewing;
mod shapes;
mod transfer;
mod trashing;
