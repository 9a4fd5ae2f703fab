//! Running other programs, and saying in a sentence what went wrong.

use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context as _, bail};

use crate::place::Place;

/// Cargo, the same one that runs us, in the root.
pub fn cargo(place: &Place) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(&place.root);
    command
}

/// npm, in the user interface's folder.
pub fn npm(place: &Place) -> Command {
    let mut command = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    command.current_dir(place.ui());
    command
}

/// Runs a program that shares our terminal.
pub fn status(command: &mut Command) -> anyhow::Result<ExitStatus> {
    let name = shown(command);
    command.status().with_context(|| format!("`{name}` could not be started."))
}

/// Runs a program that shares our terminal, and fails if it does.
pub fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let status = status(command)?;
    if !status.success() {
        bail!("`{}` failed ({status}).", shown(command));
    }
    Ok(())
}

/// What a program prints; `None` if it is missing or fails.
pub fn printed(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A command as one would type it.
pub fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy().into_owned()).collect();
    words.join(" ")
}
