//! `cargo xtask demo`: a server and two windows, with a vault in which two notes wait for review.

mod vault;

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};

use anyhow::{Context as _, bail};

use crate::command;
use crate::place::Place;
use crate::run::{DESKTOP, EMBEDDED, has_screen};
use crate::setup::{self, Purpose};

/// What opens both vaults. A demo has no secrets.
pub const PASSPHRASE: &str = "holdfast demo";

/// A program that ends with the demo.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Builds everything, makes the vaults anew, and waits until both windows are closed.
pub fn run(place: &Place) -> anyhow::Result<ExitCode> {
    if !has_screen() {
        bail!("There is no screen to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is set).");
    }
    setup::run(place, Purpose::Build)?;
    command::succeed(command::npm(place).args(["run", "--silent", "build"]))?;
    let packages = ["build", "--package", "holdfast-cli", "--package", "holdfast-server", "--bins"];
    command::succeed(command::cargo(place).args(packages))?;
    command::succeed(command::cargo(place).args(["build", "--package", DESKTOP]).args(EMBEDDED))?;

    let dir = place.target.join("demo");
    if dir.exists() {
        fs::remove_dir_all(&dir).with_context(|| format!("{} could not be cleared.", place.shown(&dir)))?;
    }
    fs::create_dir_all(&dir).with_context(|| format!("{} could not be made.", place.shown(&dir)))?;
    let (server, link) = serve(place, &dir.join("server"))?;
    let (laptop, office) = vault::prepare(place, &dir, &link)?;
    println!("\nTwo computers of one person. The passphrase of both is: {PASSPHRASE}");
    println!("Two notes wait for review. The server's join link, for a third computer:\n{link}\n");
    let mut windows = Vec::new();
    for vault in [laptop, office] {
        let home = vault.join("home");
        fs::create_dir_all(&home).with_context(|| format!("{} could not be made.", place.shown(&home)))?;
        let mut window = Command::new(place.debug_program(DESKTOP));
        // Each with a home of its own: WebKit would share its folders between them.
        window.arg("--vault").arg(vault.join("vault")).env("XDG_DATA_HOME", home).env("HOLDFAST_NO_KEYCHAIN", "1");
        windows.push(Running(window.spawn().context("the window could not be started.")?));
    }
    for window in &mut windows {
        window.0.wait().context("a window was lost.")?;
    }
    drop(server);
    Ok(ExitCode::SUCCESS)
}

/// Starts the server and reads its join link.
fn serve(place: &Place, data: &std::path::Path) -> anyhow::Result<(Running, String)> {
    let mut server = Command::new(place.debug_program("holdfast-server"));
    server.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data).stdout(Stdio::piped());
    let mut server = Running(server.spawn().context("the server could not be started.")?);
    let stdout = server.0.stdout.take().context("the server has no output.")?;
    let mut link = String::new();
    BufReader::new(stdout).read_line(&mut link).context("the server printed no join link.")?;
    if link.trim().is_empty() {
        bail!("the server ended before it printed its join link.");
    }
    Ok((server, link.trim().to_owned()))
}
