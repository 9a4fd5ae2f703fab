//! Devices and a server, each of them a folder and the programs that run in it.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

pub const PASSPHRASE: &str = "correct horse battery";

/// A program beside this test's own, or where the environment says.
fn program(name: &str, variable: &str) -> PathBuf {
    let path = match std::env::var_os(variable) {
        Some(path) => PathBuf::from(path),
        // This test is target/debug/deps/cli-….
        None => std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join(name),
    };
    assert!(
        path.exists(),
        "{} is not there: run `cargo build -p holdfast-cli -p holdfast-server`, or set {variable}",
        path.display()
    );
    path
}

/// What a command did.
#[derive(Debug)]
pub struct Done {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Done {
    fn new(output: Output) -> Self {
        Self {
            code: output.status.code().expect("the program was killed"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The one JSON value on standard output.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("not one JSON value ({e}): {self:?}"))
    }

    /// Failed with this code, nothing on standard output, and a sentence that holds `says`.
    pub fn failed(&self, code: i32, says: &str) {
        assert_eq!(self.code, code, "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        assert!(self.stderr.contains(says), "{says:?} is not in {self:?}");
        // A derived Debug looks like none of our sentences.
        for sign in ["Some(", "Err(", "panicked", " { ", "NotebookError", "ProtocolError"] {
            assert!(!self.stderr.contains(sign), "{self:?}");
        }
    }
}

/// One computer with one vault.
pub struct Device {
    home: TempDir,
    pub passphrase: String,
}

impl Device {
    /// Without a vault yet.
    pub fn bare() -> Self {
        Self { home: tempfile::tempdir().unwrap(), passphrase: PASSPHRASE.into() }
    }

    /// With a vault of its own.
    pub fn new(name: &str) -> Self {
        let device = Self::bare();
        device.ok(["init", "--device-name", name]);
        device
    }

    pub fn vault(&self) -> PathBuf {
        self.home.path().join("vault")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// `holdfast` with nothing of this machine's in its environment.
    pub fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(program("holdfast", "HOLDFAST_BIN"));
        command
            .env_clear()
            .env("HOME", self.home.path())
            .env("HOLDFAST_PASSPHRASE", &self.passphrase)
            .env("HOLDFAST_NO_KEYCHAIN", "1")
            .arg("--vault")
            .arg(self.vault())
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Done {
        Done::new(self.command(args).output().unwrap())
    }

    pub fn run_with_input<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>, input: &[u8]) -> Done {
        run_with_input(self.command(args), input)
    }

    /// The JSON answer of a command that succeeds.
    pub fn ok<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Value {
        succeeded(&run_with_input(with_json(self.command(args)), b""))
    }

    pub fn ok_with_input<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>, input: &[u8]) -> Value {
        succeeded(&run_with_input(with_json(self.command(args)), input))
    }

    /// Adds a note and answers with its id.
    pub fn add(&self, title: &str, body: &str) -> String {
        let answer = self.ok_with_input(["note", "add", "--title", title], body.as_bytes());
        text(&answer["id"])
    }

    pub fn show(&self, id: &str) -> Value {
        self.ok(["note", "show", id])
    }

    pub fn body(&self, id: &str) -> String {
        text(&self.show(id)["body"])
    }

    pub fn set_body(&self, id: &str, body: &str) {
        self.ok_with_input(["note", "edit", id, "--body-file", "-", "--allow-empty"], body.as_bytes());
    }

    pub fn edit(&self, id: &str, change: &[&str]) {
        self.ok(["note", "edit", id].iter().chain(change));
    }

    pub fn sync(&self) -> Value {
        let answer = self.ok(["sync"]);
        assert_eq!((&answer["state"], &answer["waiting"]), (&"up_to_date".into(), &0.into()), "{answer}");
        answer
    }

    /// The places of a review.
    pub fn places(&self, id: &str) -> Vec<Value> {
        self.ok(["review", "show", id])["places"].as_array().unwrap().clone()
    }

    pub fn to_review(&self) -> Vec<String> {
        self.ok(["review", "list"]).as_array().unwrap().iter().map(|item| text(&item["id"])).collect()
    }
}

fn with_json(mut command: Command) -> Command {
    command.arg("--json");
    command
}

pub fn run_with_input(mut command: Command, input: &[u8]) -> Done {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    // A command that reads nothing may have ended already.
    let _ = child.stdin.take().unwrap().write_all(input);
    Done::new(child.wait_with_output().unwrap())
}

fn succeeded(done: &Done) -> Value {
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{done:?}");
    done.json()
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

/// A server of its own; it ends with the test, however that ends.
pub struct Server {
    data: TempDir,
    process: Option<Child>,
    pub link: String,
}

impl Server {
    pub fn start() -> Self {
        Self::start_at("127.0.0.1:0")
    }

    /// One with a key of its own, at an address.
    pub fn start_at(listen: &str) -> Self {
        let mut server = Self { data: tempfile::tempdir().unwrap(), process: None, link: String::new() };
        server.serve(listen);
        server
    }

    /// Serves, and answers with the join link.
    pub fn serve(&mut self, listen: &str) {
        let mut child = Command::new(program("holdfast-server", "HOLDFAST_SERVER_BIN"))
            .env_clear()
            .args(["serve", "--listen", listen, "--data"])
            .arg(self.data.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        self.process = Some(child);
        self.link = lines.next().expect("the server prints a join link").unwrap();
    }

    /// Comes back at the same address with the data that there were when it was copied.
    pub fn set_back(&mut self, listen: &str, copy: &std::collections::BTreeMap<String, Vec<u8>>) {
        self.stop();
        std::fs::remove_dir_all(self.data.path()).unwrap();
        for (path, bytes) in copy {
            let path = self.data.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        self.serve(listen);
    }

    /// A copy of its data, while it stands still.
    pub fn copy(&mut self, listen: &str) -> std::collections::BTreeMap<String, Vec<u8>> {
        self.stop();
        let copy = tree(self.data.path());
        self.serve(listen);
        copy
    }

    pub fn stop(&mut self) {
        if let Some(mut child) = self.process.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// A vault with an account here, synced.
    pub fn first(&self, name: &str) -> Device {
        let device = Device::new(name);
        device.ok(["account", "create", "--link", &self.link, "--user", "ann"]);
        device.sync();
        device
    }

    /// Another computer of the same account, synced.
    pub fn another(&self, name: &str) -> Device {
        let device = Device::bare();
        device.ok(["account", "join", "--link", &self.link, "--user", "ann", "--device-name", name]);
        device.sync();
        device
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Two computers of one account.
pub struct Pair {
    pub server: Server,
    pub desk: Device,
    pub laptop: Device,
}

impl Pair {
    pub fn new() -> Self {
        let server = Server::start();
        let desk = server.first("Desk");
        let laptop = server.another("Laptop");
        Self { server, desk, laptop }
    }

    /// With a note that both have.
    pub fn with_note(title: &str, body: &str) -> (Self, String) {
        let pair = Self::new();
        let id = pair.desk.add(title, body);
        pair.converge();
        (pair, id)
    }

    /// Exchanges everything, and checks that both show the same.
    pub fn converge(&self) {
        converge(&[&self.desk, &self.laptop]);
    }
}

pub fn converge(devices: &[&Device]) {
    // When the last one has synced, the server has everything and so has the last one.
    for device in devices.iter().chain(&devices[..devices.len() - 1]) {
        device.sync();
    }
    let picture = |device: &Device| (device.ok(["note", "list"]), device.ok(["review", "list"]));
    let first = picture(devices[0]);
    for device in &devices[1..] {
        assert_eq!(picture(device), first);
    }
    let marked = first.0.as_array().unwrap().iter().filter(|n| n["review"] == true).count();
    let listed = first.1.as_array().unwrap().iter().filter(|r| r["kind"] == "note").count();
    assert_eq!(marked, listed, "the mark in the list and the list to review are one");
}

/// All files below a folder, by their path from it.
pub fn tree(root: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut out = std::collections::BTreeMap::new();
    let mut todo = vec![root.to_owned()];
    while let Some(dir) = todo.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                todo.push(path);
            } else {
                out.insert(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    out
}

/// The folder of real samples, where this checkout has one beside it.
pub fn shared(name: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let path = std::env::var_os("HOLDFAST_SHARED").map_or_else(beside, PathBuf::from).join(name);
    if !path.is_dir() {
        eprintln!("SKIPPED: {} is not there; set HOLDFAST_SHARED", path.display());
        return None;
    }
    Some(path)
}
