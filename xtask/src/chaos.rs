//! `cargo xtask chaos`: the programs are built, and driven through bad luck. The driving is in tests/src/chaos.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use crate::command;
use crate::place::Place;

/// Builds the programs and what drives them; its exit code is ours.
pub fn run(place: &Place, args: &[OsString]) -> anyhow::Result<ExitCode> {
    // Debug builds: only they can be told that a disk is full where none can be mounted.
    let programs = ["build", "--quiet", "--package", "holdfast-cli", "--package", "holdfast-server", "--bins"];
    command::succeed(command::cargo(place).args(programs))?;
    command::succeed(command::cargo(place).args([
        "build",
        "--quiet",
        "--package",
        "holdfast-tests",
        "--example",
        "chaos",
    ]))?;
    // It takes the programs that lie above it.
    let program = place.target.join("debug/examples").join(format!("chaos{}", std::env::consts::EXE_SUFFIX));
    let status = command::status(Command::new(program).args(args))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}
