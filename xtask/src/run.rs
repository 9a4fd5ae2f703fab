//! `cargo xtask run`: the program, built as it is shipped (the interface inside), and started.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::bail;

use crate::command;
use crate::place::Place;
use crate::setup::{self, Purpose};

/// The window's package and program.
pub const DESKTOP: &str = "holdfast-desktop";

/// Puts ui/dist into the program; without it the program asks Vite's server for it.
pub const EMBEDDED: [&str; 2] = ["--features", "tauri/custom-protocol"];

/// Builds and starts the program; its exit code is ours.
pub fn run(place: &Place, args: &[OsString]) -> anyhow::Result<ExitCode> {
    if !has_screen() {
        // Said before minutes of building, not after.
        bail!(
            "There is no screen to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is set). \
             `cargo xtask test` needs none."
        );
    }
    setup::run(place, Purpose::Build)?;
    command::succeed(command::npm(place).args(["run", "--silent", "build"]))?;
    command::succeed(command::cargo(place).args(["build", "--package", DESKTOP]).args(EMBEDDED))?;
    let status = command::status(Command::new(place.debug_program(DESKTOP)).args(args))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// True where a window could open.
pub fn has_screen() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
