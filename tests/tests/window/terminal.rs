//! Another computer of the same person, on which they work in a terminal.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::computer::{PASSPHRASE, USER};
use crate::driver;
use crate::server::Server;

/// A vault that no window has open.
pub struct Terminal {
    vault: PathBuf,
    home: tempfile::TempDir,
}

impl Terminal {
    /// Joins the account.
    pub fn join(server: &Server, name: &str) -> anyhow::Result<Self> {
        let home = crate::window::scratch_home()?;
        let terminal = Self { vault: home.path().join("vault"), home };
        terminal.run(&["account", "join", "--link", &server.link, "--user", USER, "--device-name", name], "")?;
        terminal.sync()?;
        Ok(terminal)
    }

    /// The vault of a window that is closed.
    pub fn of(vault: &Path) -> anyhow::Result<Self> {
        Ok(Self { vault: vault.to_path_buf(), home: crate::window::scratch_home()? })
    }

    /// A computer without a vault.
    pub fn own() -> anyhow::Result<Self> {
        let home = crate::window::scratch_home()?;
        Ok(Self { vault: home.path().join("vault"), home })
    }

    pub fn sync(&self) -> anyhow::Result<()> {
        self.run(&["sync"], "").map(drop)
    }

    /// Every note, the trashed ones too.
    pub fn notes(&self) -> anyhow::Result<Vec<Value>> {
        let notes = self.run(&["note", "list"], "")?;
        Ok(notes.as_array().context("`note list` answers with no list.")?.clone())
    }

    /// The id of the note with this title.
    pub fn id(&self, title: &str) -> anyhow::Result<String> {
        let notes = self.notes()?;
        let note = notes.iter().find(|note| note["title"] == title);
        let id =
            note.and_then(|note| note["id"].as_str()).with_context(|| format!("No note is called \"{title}\"."))?;
        Ok(id.to_owned())
    }

    /// Puts `text` in the place of `old` in the body of a note.
    pub fn replace(&self, title: &str, old: &str, text: &str) -> anyhow::Result<()> {
        let id = self.id(title)?;
        let note = self.run(&["note", "show", &id], "")?;
        let body = note["body"].as_str().unwrap_or_default();
        ensure!(body.contains(old), "\"{old}\" is not in {body:?}.");
        self.run(&["note", "edit", &id, "--body-file", "-"], &body.replacen(old, text, 1)).map(drop)
    }

    /// Runs one command with `input`, and reads its answer.
    pub fn run(&self, words: &[&str], input: &str) -> anyhow::Result<Value> {
        let program = driver::program("HOLDFAST_CLI", "debug/holdfast")?;
        let mut child = Command::new(program)
            .arg("--json")
            .arg("--vault")
            .arg(&self.vault)
            .args(words)
            .env("HOME", self.home.path())
            .env("HOLDFAST_PASSPHRASE", PASSPHRASE)
            .env("HOLDFAST_NO_KEYCHAIN", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("The terminal program could not be started.")?;
        child.stdin.take().context("No input.")?.write_all(input.as_bytes())?;
        let done = child.wait_with_output()?;
        let errors = String::from_utf8_lossy(&done.stderr);
        ensure!(done.status.success(), "`holdfast {}` ended with {}: {errors}", words.join(" "), done.status);
        serde_json::from_slice(&done.stdout).with_context(|| format!("`holdfast {}` answers no JSON.", words.join(" ")))
    }
}
