//! `cargo xtask bench sync`: what a sync of ten thousand notes costs, and `cargo xtask bench limits`: what this machine
//! could do at best with the same bytes. The measuring itself is in tests/benches/sync and crates/store/benches; this
//! builds the programs, optimised.

use std::process::ExitCode;

use crate::command;
use crate::place::Place;
use crate::setup::{self, Purpose};

/// Builds what is measured, and runs the bench.
pub fn run(place: &Place) -> anyhow::Result<ExitCode> {
    setup::run(place, Purpose::Build)?;
    let programs = ["build", "--release", "--package", "holdfast-cli", "--package", "holdfast-server", "--bins"];
    command::succeed(command::cargo(place).args(programs))?;
    // It asks for the limits twice, in the middle of its own work: they are built before.
    command::succeed(command::cargo(place).args(["bench", "--no-run", "--package", "holdfast-store"]))?;
    // It takes the programs that lie beside it.
    command::succeed(command::cargo(place).args(["bench", "--package", "holdfast-tests", "--bench", "sync"]))?;
    Ok(ExitCode::SUCCESS)
}

/// The limits alone.
pub fn limits(place: &Place) -> anyhow::Result<ExitCode> {
    command::succeed(command::cargo(place).args(["bench", "--package", "holdfast-store", "--bench", "limits"]))?;
    Ok(ExitCode::SUCCESS)
}
