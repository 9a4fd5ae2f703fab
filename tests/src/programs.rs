//! The real programs in folders of their own: computers with `holdfast`, and a `holdfast-server`.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::permissions::obeying;

/// Of every vault, where a test does not choose another.
pub const PASSPHRASE: &str = "correct horse battery";

/// The user of every account.
pub const USER: &str = "ann";

/// A program of this build, which `cargo xtask test` makes before.
pub fn program(name: &str) -> PathBuf {
    // This test is target/debug/deps/….
    let path = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join(name);
    assert!(path.exists(), "{} is not there: run `cargo build -p holdfast-cli -p holdfast-server`", path.display());
    path
}

/// A port that was free a moment ago, for a server that must come back on the same one.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A new folder that nobody takes away.
fn kept(within: &Path, name: &str) -> TempDir {
    tempfile::Builder::new().prefix(name).rand_bytes(0).disable_cleanup(true).tempdir_in(within).unwrap()
}

/// What a command did.
#[derive(Clone, Debug)]
pub struct Done {
    /// `None` where it was killed.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Done {
    pub fn new(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The one JSON value on standard output of a command that succeeded.
    pub fn ok(&self) -> Value {
        assert_eq!(self.code, Some(0), "{self:?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("not one JSON value ({e}): {self:?}"))
    }
}

/// One computer: its program, its home, and a vault. Nothing that it runs sees this machine's own folders.
pub struct Computer {
    scratch: TempDir,
    program: PathBuf,
    pub passphrase: String,
    /// `RUST_LOG` of what it runs; what is then printed on standard error is kept in `logs`.
    pub log: Option<&'static str>,
    obeys: bool,
}

impl Computer {
    /// Without a vault yet.
    pub fn new() -> Self {
        Self::with_program(program("holdfast"))
    }

    pub fn with_program(program: PathBuf) -> Self {
        Self::at(tempfile::tempdir().unwrap(), program)
    }

    /// In a folder of this name that stays when the test is over, for a look.
    pub fn kept(within: &Path, name: &str) -> Self {
        Self::at(kept(within, name), program("holdfast"))
    }

    fn at(scratch: TempDir, program: PathBuf) -> Self {
        for folder in ["home", "config", "data", "state", "cache", "run", "tmp", "logs"] {
            fs::create_dir(scratch.path().join(folder)).unwrap();
        }
        Self { scratch, program, passphrase: PASSPHRASE.into(), log: None, obeys: false }
    }

    /// Runs another copy of the program from now on.
    pub fn use_program(&mut self, program: PathBuf) {
        self.program = program;
    }

    /// Permissions hold for its programs from now on, whoever runs the test.
    pub fn obey_permissions(&mut self) {
        self.obeys = true;
    }

    /// With a vault of its own.
    pub fn with_vault() -> Self {
        let computer = Self::new();
        computer.ok(["init"]);
        computer
    }

    /// Everything that this computer's programs can write, without what a test gives them to read.
    pub fn root(&self) -> &Path {
        self.scratch.path()
    }

    /// Where its vault is, below [`Computer::root`].
    pub fn vault(&self) -> PathBuf {
        self.root().join("vault")
    }

    pub fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = if self.obeys { obeying(&self.program) } else { Command::new(&self.program) };
        let scratch = self.root();
        command
            .env_clear()
            .env("HOME", scratch.join("home"))
            .env("XDG_CONFIG_HOME", scratch.join("config"))
            .env("XDG_DATA_HOME", scratch.join("data"))
            .env("XDG_STATE_HOME", scratch.join("state"))
            .env("XDG_CACHE_HOME", scratch.join("cache"))
            .env("XDG_RUNTIME_DIR", scratch.join("run"))
            .env("TMPDIR", scratch.join("tmp"))
            .env("HOLDFAST_PASSPHRASE", &self.passphrase)
            .env("HOLDFAST_NO_KEYCHAIN", "1")
            .env("NO_COLOR", "1")
            .envs(self.log.map(|level| ("RUST_LOG", level)))
            .current_dir(scratch.join("home"))
            .arg("--vault")
            .arg(self.vault())
            .arg("--json")
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Done {
        self.run_with_input(args, b"")
    }

    pub fn run_with_input<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>, input: &[u8]) -> Done {
        let done = run(self.command(args), input);
        if self.log.is_some() {
            self.keep_log(&done.stderr);
        }
        done
    }

    /// Keeps what a program printed for people and for logs.
    pub fn keep_log(&self, text: &str) {
        let log = self.root().join("logs/stderr.log");
        fs::File::options().create(true).append(true).open(log).unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// The answer of a command that succeeds.
    pub fn ok<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Value {
        self.run(args).ok()
    }

    pub fn ok_with_input<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>, input: &[u8]) -> Value {
        self.run_with_input(args, input).ok()
    }

    /// Adds a note; answers with its id.
    pub fn add(&self, title: &str, body: &str) -> String {
        text(&self.ok_with_input(["note", "add", "--title", title], body.as_bytes())["id"])
    }

    /// All notes, by their ids.
    pub fn notes(&self) -> Vec<Value> {
        let mut notes = self.ok(["note", "list"]).as_array().unwrap().clone();
        notes.sort_by_key(|note| text(&note["id"]));
        notes
    }

    /// Makes the account, and sends everything.
    pub fn create_account(&self, link: &str) {
        self.ok(["account", "create", "--link", link, "--user", USER]);
        self.sync();
    }

    /// Joins the account, and fetches everything.
    pub fn join(&self, link: &str) {
        self.ok(["account", "join", "--link", link, "--user", USER]);
        self.sync();
    }

    /// A sync that must get through.
    pub fn sync(&self) -> Value {
        let answer = self.ok(["sync"]);
        assert_eq!((&answer["state"], &answer["waiting"]), (&"up_to_date".into(), &0.into()), "{answer}");
        answer
    }
}

impl Default for Computer {
    fn default() -> Self {
        Self::new()
    }
}

/// Runs a command to its end.
pub fn run(mut command: Command, input: &[u8]) -> Done {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    // One that reads nothing may have ended already.
    let _ = child.stdin.take().unwrap().write_all(input);
    Done::new(child.wait_with_output().unwrap())
}

/// Syncs each until all have everything, and checks that all show the same notes, which are the answer.
pub fn converge(computers: &[&Computer]) -> Vec<Value> {
    for computer in computers.iter().chain(computers) {
        computer.sync();
    }
    let notes = computers[0].notes();
    for computer in &computers[1..] {
        assert_eq!(computer.notes(), notes, "the computers show the same");
    }
    notes
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

/// A server of its own; it ends with the test, however that ends.
pub struct Server {
    scratch: TempDir,
    process: Option<Child>,
    /// As the program printed it.
    pub link: String,
    /// Beside `serve --data DIR --listen ADDR`.
    args: Vec<String>,
}

impl Server {
    pub fn start() -> Self {
        Self::start_with("127.0.0.1:0", &[])
    }

    /// With further arguments of `serve`.
    pub fn start_with(listen: &str, args: &[&str]) -> Self {
        let args = args.iter().map(ToString::to_string).collect();
        let mut server = Self { scratch: tempfile::tempdir().unwrap(), process: None, link: String::new(), args };
        server.serve(listen);
        server
    }

    /// In a folder of this name that stays when the test is over; it does not serve yet.
    pub fn kept(within: &Path, name: &str) -> Self {
        Self { scratch: kept(within, name), process: None, link: String::new(), args: Vec::new() }
    }

    /// Its data and what it printed.
    pub fn root(&self) -> &Path {
        self.scratch.path()
    }

    /// Its data.
    pub fn data(&self) -> PathBuf {
        self.root().join("data")
    }

    /// Serves on the data that is there; answers when the join link is printed.
    pub fn serve(&mut self, listen: &str) {
        assert!(self.try_serve(listen), "the server prints a join link");
    }

    /// As [`Server::serve`]; false where the program ended instead. Why is in `stderr.log`.
    pub fn try_serve(&mut self, listen: &str) -> bool {
        let root = self.root().to_owned();
        let log = |name: &str| fs::File::options().create(true).append(true).open(root.join(name)).unwrap();
        let mut child = Command::new(program("holdfast-server"))
            .env_clear()
            .env("RUST_LOG", "debug")
            .env("TMPDIR", self.root())
            .env("HOME", self.root())
            .args(["serve", "--listen", listen, "--data"])
            .arg(self.data())
            .args(&self.args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log("stderr.log"))
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let Some(link) = lines.next() else {
            child.wait().unwrap();
            return false;
        };
        self.process = Some(child);
        self.link = link.unwrap();
        writeln!(log("stdout.log"), "{}", self.link).unwrap();
        true
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.process.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
