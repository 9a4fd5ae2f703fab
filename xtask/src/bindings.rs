//! `cargo xtask bindings`: the TypeScript of every command, type and event, generated from Rust.

use std::fs;
use std::process::{ExitCode, Stdio};

use anyhow::{Context as _, bail};

use crate::command;
use crate::place::Place;
use crate::run::{DESKTOP, EMBEDDED};

/// Writes the file, or with `check` fails where it is not what Rust says.
pub fn run(place: &Place, check: bool) -> anyhow::Result<ExitCode> {
    let file = place.ui().join("src/ipc/bindings.ts");
    let mut generator = command::cargo(place);
    generator.args(["run", "--quiet", "--package", DESKTOP, "--example", "bindings"]).args(EMBEDDED);
    let output = generator.stderr(Stdio::inherit()).output().context("cargo could not be started.")?;
    if !output.status.success() {
        bail!("the bindings could not be generated ({}).", output.status);
    }
    let current = fs::read(&file).unwrap_or_default();
    if current == output.stdout {
        println!("{} is current.", place.shown(&file));
        return Ok(ExitCode::SUCCESS);
    }
    if check {
        bail!("{} is not what Rust says; run `cargo xtask bindings` and commit it.", place.shown(&file));
    }
    fs::write(&file, output.stdout).with_context(|| format!("{} could not be written.", file.display()))?;
    println!("{} was written.", place.shown(&file));
    Ok(ExitCode::SUCCESS)
}
