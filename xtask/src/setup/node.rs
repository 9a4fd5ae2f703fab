//! Node, and the packages the user interface is built from.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};

use crate::command;
use crate::place::Place;

/// What Vite 8 asks for.
const OLDEST: (u32, u32) = (20, 19);

/// Checks Node's version, and installs the packages if package.json, its lock or Node changed.
pub fn ensure(place: &Place) -> anyhow::Result<()> {
    let version = version()?;
    let ui = place.ui();
    let wanted = state(&ui, &version)?;
    let stamp = ui.join("node_modules/.holdfast-installed");
    if fs::read(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    command::succeed(command::npm(place).args(["ci", "--no-audit", "--no-fund"]))?;
    fs::write(&stamp, wanted).with_context(|| format!("{} could not be written.", place.shown(&stamp)))
}

fn version() -> anyhow::Result<String> {
    let (major, minor) = OLDEST;
    let hint = format!("Holdfast's window is built with Node {major}.{minor} or newer: https://nodejs.org");
    let Some(version) = command::printed("node", &["--version"]) else {
        bail!("Node is not installed. {hint}");
    };
    if !new_enough(&version) {
        bail!("Node {version} is too old. {hint}");
    }
    Ok(version)
}

fn new_enough(version: &str) -> bool {
    let mut numbers = version.trim_start_matches('v').split('.').map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= OLDEST,
        _ => false,
    }
}

/// What an installation depends on.
fn state(ui: &Path, version: &str) -> anyhow::Result<Vec<u8>> {
    let mut state = format!("{version}\n").into_bytes();
    for name in ["package.json", "package-lock.json"] {
        let path = ui.join(name);
        state.extend(fs::read(&path).with_context(|| format!("{} cannot be read.", path.display()))?);
    }
    Ok(state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        assert!(new_enough("v20.19.0"));
        assert!(new_enough("v22.2.1"));
        assert!(!new_enough("v20.9.0"));
        assert!(!new_enough("v18.20.4"));
        assert!(!new_enough("nonsense"));
    }
}
