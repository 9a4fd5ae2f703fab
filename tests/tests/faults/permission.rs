//! Folders and files that this user may not read: told by name, each, and nothing else is lost for them. A test that
//! runs as root becomes somebody else, whom the system does refuse.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};

use holdfast_tests::programs::{Computer, Done, program, run};

/// `nobody`, where there is one; a number that owns nothing is enough.
const STRANGER: u32 = 65534;

/// A computer whose programs run as somebody who is not root.
struct Person {
    computer: Computer,
    is_root: bool,
}

impl Person {
    fn new() -> Self {
        let mut computer = Computer::new();
        // Where this was built may be out of their reach.
        let copy = computer.root().join("holdfast");
        fs::copy(program("holdfast"), &copy).unwrap();
        computer.use_program(copy);
        let is_root = chown(computer.root(), Some(STRANGER), Some(STRANGER)).is_ok();
        let person = Self { computer, is_root };
        person.own_all();
        person
    }

    /// What the test made for them is theirs.
    fn own_all(&self) {
        let mut todo = vec![self.computer.root().to_owned()];
        while let Some(path) = todo.pop().filter(|_| self.is_root) {
            chown(&path, Some(STRANGER), Some(STRANGER)).unwrap();
            if path.is_dir() {
                todo.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            }
        }
    }

    fn run(&self, args: &[&str]) -> Done {
        self.run_with_input(args, b"")
    }

    fn run_with_input(&self, args: &[&str], input: &[u8]) -> Done {
        let mut command = self.computer.command(args);
        if self.is_root {
            command.uid(STRANGER).gid(STRANGER);
        }
        run(command, input)
    }

    /// Refuses with this sentence, the path in it from the computer's folder.
    fn refuses(&self, args: &[&str], sentence: &str) {
        let done = self.run_with_input(args, b"text");
        let said = done.stderr.trim().replace(self.computer.root().to_str().unwrap(), "~");
        assert_eq!((done.code, said.as_str(), done.stdout.as_str()), (Some(1), sentence, ""), "{args:?}");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.computer.root().join(name)
    }
}

fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_folder_that_cannot_be_read_is_named_and_the_rest_is_taken() {
    let person = Person::new();
    person.run(&["init"]).ok();
    let folder = person.path("notes");
    fs::create_dir_all(folder.join("closed/deep")).unwrap();
    for (name, text) in [("a.md", "![](p.png)\n"), ("p.png", "x"), ("b.md", "b\n"), ("closed/deep/c.md", "c\n")] {
        fs::write(folder.join(name), text).unwrap();
    }
    person.own_all();
    for closed in ["closed", "b.md", "p.png"] {
        allow(&folder.join(closed), 0o000);
    }
    let import = ["import", "--from", "markdown", folder.to_str().unwrap()];
    let answer = person.run(&import).ok();
    let why = "no permission to read it";
    let skipped = ["b.md", "closed", "p.png"].map(|path| serde_json::json!({ "path": path, "reason": why }));
    assert_eq!((&answer["notes"], &answer["skipped"]), (&1.into(), &skipped.into()));

    allow(&folder, 0o000);
    person.refuses(&import, "~/notes cannot be used: there is no permission for it.");
    allow(&folder, 0o755);
    let notes = person.run(&["note", "list"]).ok();
    assert_eq!((notes.as_array().unwrap().len(), &notes[0]["body"]), (1, &"![](p.png)\n".into()));
}

#[test]
fn files_of_a_vault_that_cannot_be_used_are_named_and_left_alone() {
    let person = Person::new();
    person.run(&["init"]).ok();
    person.run_with_input(&["note", "add", "--title", "Kept"], b"kept").ok();
    let (list, add) = (["note", "list"], ["note", "add", "--title", "x"]);
    for name in ["vault/vault.keys", "vault/vault.db", "vault/vault.lock"] {
        for mode in [0o000, 0o400] {
            // The lock is only written to.
            allow(&person.path(name), mode);
            let sentence = format!("~/{name} cannot be used: there is no permission for it.");
            person.refuses(&list, &sentence);
            person.refuses(&add, &sentence);
        }
        allow(&person.path(name), 0o600);
    }
    // One that cannot be looked into may well have a vault.
    let said = "~/vault cannot be used: there is no permission for it.";
    allow(&person.path("vault"), 0o000);
    for command in [&list[..], &add, &["init"], &["status"], &["unlock", "--recovery"]] {
        person.refuses(command, said);
    }
    person.refuses(&["account", "join", "--link", "x", "--user", "ann"], said);
    let mode = fs::metadata(person.path("vault")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0, "whoever closed it did so for a reason");
    allow(&person.path("vault"), 0o700);
    let closed = person.path("closed");
    fs::create_dir(&closed).unwrap();
    person.own_all();
    allow(&closed, 0o500);
    let out = closed.join("out");
    person.refuses(
        &["export", "--to", "markdown", out.to_str().unwrap()],
        "~/closed/out cannot be used: there is no permission for it.",
    );
    allow(&closed, 0o700);
    let notes = person.run(&list).ok();
    assert_eq!((notes.as_array().unwrap().len(), &notes[0]["body"]), (1, &"kept".into()));
}
