//! `cargo xtask sim`: the simulator of sync, built and run.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use crate::command;
use crate::place::Place;

/// The simulator's package and program.
pub const SIM: &str = "holdfast-sim";

/// Its own profile: as tests are built, with what it spends its time in made fast.
pub const PROFILE: [&str; 2] = ["--profile", "sim"];

/// What runs in every test, with all faults. All hold.
pub const IN_EVERY_TEST: [&str; 2] = ["--seeds", "0..300"];

/// A seed is replayed as it was: also those whose programs are left alone (one of eight), which run by their own time.
pub const TWICE: [&str; 3] = ["--seeds", "0..12", "--twice"];

/// SQLite without what it counts of its memory, which takes a lock that all worlds share at each piece of it, and without
/// the checks of how it is called, which are for those who call it from C.
pub const SQLITE: (&str, &str) = ("LIBSQLITE3_FLAGS", "-DSQLITE_DEFAULT_MEMSTATUS=0 -USQLITE_ENABLE_API_ARMOR");

/// Builds and starts it; its exit code is ours.
pub fn run(place: &Place, args: &[OsString]) -> anyhow::Result<ExitCode> {
    let mut build = command::cargo(place);
    build.args(["build", "--quiet", "--package", SIM]).args(PROFILE).env(SQLITE.0, SQLITE.1);
    command::succeed(&mut build)?;
    let program = place.target.join("sim").join(format!("{SIM}{}", std::env::consts::EXE_SUFFIX));
    let status = command::status(Command::new(program).args(args))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}
