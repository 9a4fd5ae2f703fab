//! The table: what was run, and what was said.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use holdfast_tests::programs::{Computer, Done, run};
use serde_json::Value;

/// The committed table.
fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/table.txt")
}

#[derive(Default)]
pub struct Table {
    text: String,
}

/// What a computer has: nothing of it may go.
#[derive(PartialEq)]
pub struct Kept {
    notes: Vec<Value>,
    notebooks: Value,
}

impl Kept {
    pub fn of(computer: &Computer) -> Self {
        let mut notes = computer.notes();
        // Each check changes a note and changes it back.
        for note in &mut notes {
            note["updated"] = Value::Null;
        }
        Self { notes, notebooks: computer.ok(["notebook", "list"]) }
    }

    /// The fault is gone: everything is there as it was, and a save works.
    pub fn check(&self, computer: &Computer) {
        assert!(&Self::of(computer) == self, "something was lost");
        if let Some(note) = self.notes.first() {
            let id = note["id"].as_str().unwrap();
            computer.ok(["note", "edit", id, "--add-tag", "after"]);
            computer.ok(["note", "edit", id, "--remove-tag", "after"]);
        }
    }
}

impl Table {
    /// The faults that follow are of one kind.
    pub fn section(&mut self, title: &str) {
        writeln!(self.text, "\n== {title} ==").unwrap();
    }

    /// Runs a command into a fault that fails it.
    pub fn fails<S: AsRef<OsStr>>(&mut self, fault: &str, computer: &Computer, args: &[S]) -> Done {
        self.fails_with(fault, computer, args, &[], b"")
    }

    /// As [`Table::fails`], with more in the environment, and on standard input.
    pub fn fails_with<S: AsRef<OsStr>>(
        &mut self,
        fault: &str,
        computer: &Computer,
        args: &[S],
        environment: &[(&str, &str)],
        input: &[u8],
    ) -> Done {
        let done = self.line(fault, computer, args, environment, input);
        assert_ne!(done.code, Some(0), "{fault}: {done:?}");
        assert!(!done.stderr.trim().is_empty(), "{fault}: no sentence");
        done
    }

    /// Runs a command that does what it can in spite of the fault, and says in `field` what it could not.
    pub fn tells<S: AsRef<OsStr>>(&mut self, fault: &str, computer: &Computer, args: &[S], field: &str) -> Value {
        let done = self.line(fault, computer, args, &[], b"");
        let answer = done.ok();
        let told = answer[field].as_array().map_or_else(|| vec![answer[field].clone()], Clone::clone);
        for item in told {
            writeln!(self.text, "{field}: {}", neutral(&item.to_string(), computer)).unwrap();
        }
        answer
    }

    fn line<S: AsRef<OsStr>>(
        &mut self,
        fault: &str,
        computer: &Computer,
        args: &[S],
        environment: &[(&str, &str)],
        input: &[u8],
    ) -> Done {
        let mut command = computer.command(args);
        command.env("RUST_LOG", "holdfast_cli=info").envs(environment.iter().copied());
        let mut done = run(command, input);
        let (log, said): (Vec<&str>, Vec<&str>) = done.stderr.lines().partition(|l| l.contains(" INFO holdfast_cli: "));
        let code = log.iter().find_map(|l| l.split("code=Some(").nth(1)).and_then(|l| l.split(')').next());
        let code = code.map_or_else(|| "no code".to_owned(), snake);
        let exit = done.code.map_or_else(|| "killed".to_owned(), |code| code.to_string());
        let words: Vec<String> = args.iter().map(|a| shown(&a.as_ref().to_string_lossy())).collect();
        let said = said.join("\n");
        write!(
            self.text,
            "\n{fault}\n$ holdfast {}\nexit {exit}, {code}\n{}",
            neutral(&words.join(" "), computer),
            neutral(&said, computer)
        )
        .unwrap();
        if !said.is_empty() {
            self.text.push('\n');
        }
        for sign in ["Some(", "Err(", "panicked", " { ", "NotebookError", "ProtocolError", "os error"] {
            assert!(!said.contains(sign), "{fault}: {said}");
        }
        done.stderr = said;
        done
    }

    /// Panics with the difference where the table is not the committed one.
    pub fn compare(&self) {
        let made = format!("Faults, exit codes, error codes and sentences: see main.rs.\n{}", self.text);
        if std::env::var_os("HOLDFAST_BLESS").is_some() {
            fs::write(path(), &made).unwrap();
            println!("written: {}", path().display());
            return;
        }
        let committed = fs::read_to_string(path()).unwrap();
        for (number, (made, committed)) in made.lines().zip(committed.lines()).enumerate() {
            assert_eq!(made, committed, "line {} of table.txt (HOLDFAST_BLESS=1 writes it anew)", number + 1);
        }
        assert_eq!(made.lines().count(), committed.lines().count(), "table.txt has other lines");
    }
}

/// `WrongCode` as the window names it.
fn snake(code: &str) -> String {
    let mut out = String::new();
    for (n, letter) in code.chars().enumerate() {
        if letter.is_uppercase() && n > 0 {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

/// A word as it is typed; long links are cut.
fn shown(word: &str) -> String {
    match word.strip_prefix("holdfast://join/") {
        Some(rest) if rest.len() > 40 => "LINK".to_owned(),
        _ if word.is_empty() || word.contains(' ') => format!("'{word}'"),
        _ => word.to_owned(),
    }
}

/// Without what differs from run to run: folders, ids, ports, times.
fn neutral(text: &str, computer: &Computer) -> String {
    let temporary = std::env::temp_dir();
    let text = text.replace(computer.root().to_str().unwrap(), "~");
    let mut out = String::new();
    for (n, part) in text.split(temporary.to_str().unwrap()).enumerate() {
        match part.strip_prefix("/.tmp").filter(|_| n > 0) {
            // A scratch folder of the test: its own name is random, what follows is not.
            Some(rest) => {
                out.push_str("TMP");
                out.push_str(rest.trim_start_matches(|c: char| c.is_alphanumeric()));
            }
            None => out.push_str(part),
        }
    }
    let mut words: Vec<String> = Vec::new();
    for word in out.split(' ') {
        let hex = word.len() == 32 && word.bytes().all(|b| b.is_ascii_hexdigit());
        words.push(if hex { "ID".into() } else { port(word) });
    }
    words.join(" ")
}

/// `127.0.0.1:43211` has a port of the moment.
fn port(word: &str) -> String {
    let Some((before, after)) = word.split_once("127.0.0.1:") else { return word.to_owned() };
    format!("{before}127.0.0.1:PORT{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
}
