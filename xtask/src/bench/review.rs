//! `cargo xtask bench review`: how long the review dialog takes to open and to come to the next place, in the real
//! window, as it is shipped. The measuring itself is in tests/benches/review.rs; this builds and gives it a screen.

use std::process::ExitCode;

use crate::command;
use crate::place::Place;
use crate::run::{DESKTOP, EMBEDDED};
use crate::setup::{self, Purpose};
use crate::test::display::Display;

/// Builds what is measured, optimised, and runs the bench on a private screen.
pub fn run(place: &Place) -> anyhow::Result<ExitCode> {
    in_window(place, "review")
}

/// Builds the programs, optimised, and runs a bench of tests/benches with them on a private screen.
pub fn in_window(place: &Place, bench: &str) -> anyhow::Result<ExitCode> {
    setup::run(place, Purpose::Test)?;
    command::succeed(command::npm(place).args(["run", "--silent", "build"]))?;
    let programs = ["build", "--release", "--package", DESKTOP, "--package", "holdfast-cli"];
    let server = ["--package", "holdfast-server", "--bins"];
    command::succeed(command::cargo(place).args(programs).args(server).args(EMBEDDED))?;
    let display = Display::new(place)?;
    // What drives the window is not measured, so it need not be optimised.
    let bench = ["cargo", "bench", "--quiet", "--profile", "dev", "--package", "holdfast-tests", "--bench", bench];
    let mut bench = display.command(&bench);
    let programs = [("HOLDFAST_APP", DESKTOP), ("HOLDFAST_CLI", "holdfast"), ("HOLDFAST_SERVER", "holdfast-server")];
    for (name, program) in programs {
        bench.env(name, place.release_program(program));
    }
    command::succeed(bench.env("TZ", "UTC"))?;
    Ok(ExitCode::SUCCESS)
}
