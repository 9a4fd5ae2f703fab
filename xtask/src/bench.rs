//! `cargo xtask bench`: measurements that anyone can repeat. Each prints its figures and, since machines differ,
//! their ratio to something that it measured in the same run.

mod latency;
mod merge;
mod review;
mod shapes;
mod sync;

use std::process::ExitCode;

use clap::Subcommand;

use crate::place::Place;

/// What can be measured.
#[derive(Subcommand)]
pub enum Bench {
    /// From the outbox of one computer to the text in the window of another
    Latency,
    /// The merge of texts, beside `git merge-file` and `gix-merge`
    Merge,
    /// The review of a note of 1 MB with 200 places, in the real window
    Review,
    /// Requests, bytes and time of a sync of ten thousand notes
    Sync,
    /// What this machine could do at best with the bytes of a first sync
    Limits,
}

/// Measures, and prints.
pub fn run(place: &Place, bench: &Bench) -> anyhow::Result<ExitCode> {
    match bench {
        Bench::Latency => latency::run(place),
        Bench::Merge => merge::run(place),
        Bench::Review => review::run(place),
        Bench::Sync => sync::run(place),
        Bench::Limits => sync::limits(place),
    }
}
