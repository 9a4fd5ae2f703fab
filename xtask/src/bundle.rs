//! `cargo xtask bundle`: the package that a person installs, with the window and the terminal program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::Context as _;

use crate::command;
use crate::place::Place;
use crate::setup::{self, Purpose};

/// The terminal program, and where the package puts it.
const TERMINAL: &str = "holdfast";
const INSTALLED_AS: &str = "/usr/bin/holdfast";

/// Builds the .deb and prints where it is.
pub fn run(place: &Place) -> anyhow::Result<()> {
    setup::run(place, Purpose::Build)?;
    command::succeed(command::cargo(place).args([
        "build",
        "--release",
        "--package",
        "holdfast-cli",
        "--bin",
        TERMINAL,
    ]))?;
    let started = SystemTime::now();
    let release = place.target.join("release");
    // Only here, so that `tauri build` alone does not want the terminal program.
    let files = serde_json::json!({ INSTALLED_AS: release.join(TERMINAL) });
    let extra = serde_json::json!({ "bundle": { "linux": { "deb": { "files": files } } } });
    // The Tauri CLI wants to run where tauri.conf.json is, and npm has put it into ui.
    let mut tauri = Command::new("node");
    tauri.current_dir(&place.root).arg(place.ui().join("node_modules/@tauri-apps/cli/tauri.js"));
    tauri.args(["build", "--bundles", "deb", "--config"]).arg(extra.to_string());
    command::succeed(&mut tauri)?;
    let folder = release.join("bundle/deb");
    let package =
        newest_package(&folder, started).with_context(|| format!("No package in {}.", place.shown(&folder)))?;
    println!("{}", place.shown(&package));
    Ok(())
}

fn newest_package(folder: &Path, since: SystemTime) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?.flatten();
    entries.map(|entry| entry.path()).find(|path| {
        let written = path.metadata().and_then(|data| data.modified());
        path.extension().is_some_and(|kind| kind == "deb") && written.is_ok_and(|written| written >= since)
    })
}
