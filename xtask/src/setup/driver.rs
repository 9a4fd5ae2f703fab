//! tauri-driver, which lets the tests click in the real window.

use std::fs;

use crate::command;
use crate::place::Place;

const VERSION: &str = "2.1.0";

/// Builds tauri-driver into target/tools, once.
pub fn ensure(place: &Place) -> anyhow::Result<()> {
    let tools = place.tools();
    // Cargo's own list of what it installed there.
    let list = fs::read_to_string(tools.join(".crates.toml")).unwrap_or_default();
    if list.contains(&format!("\"tauri-driver {VERSION} ")) {
        return Ok(());
    }
    let mut install = command::cargo(place);
    install.args(["install", "--quiet", "--locked", "--version", VERSION, "--root"]).arg(&tools).arg("tauri-driver");
    eprintln!("Building tauri-driver {VERSION}, once");
    command::succeed(&mut install)
}
