//! Two computers and a server, from the first start to a decided conflict and a killed process.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use holdfast_tests::canary::{Canary, Scanner};
use holdfast_tests::programs::{Computer, Server, converge, run, text};

/// Of every place where a person can write.
const PLACES: [&str; 16] = [
    "title",
    "body",
    "tag",
    "notebook",
    "edited title",
    "edited body",
    "the other side's body",
    "imported body",
    "imported folder",
    "front matter",
    "attachment's content",
    "attachment's name",
    "query",
    "name of the computer",
    "text of a killed import",
    "renamed notebook",
];

pub fn canary(place: &str) -> Canary {
    assert!(PLACES.contains(&place), "{place} is not looked for");
    Canary::new(place)
}

/// What is written at a place.
pub fn written(place: &str) -> String {
    canary(place).text().to_owned()
}

/// A folder with a note that links a file; outside of everything that is scanned.
pub fn source() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join(written("imported folder"));
    fs::create_dir(&folder).unwrap();
    let name = format!("{}.bin", written("attachment's name"));
    let note = format!(
        "---\ntags: [one]\nnote: {}\n---\n# Imported\n\n{}\n\n[the file](<{name}>)\n",
        written("front matter"),
        written("imported body")
    );
    fs::write(folder.join("note.md"), note).unwrap();
    let content = [&[0, 1, 2, 250][..], written("attachment's content").repeat(200).as_bytes()].concat();
    fs::write(folder.join(name), content).unwrap();
    dir
}

/// An import of much text, killed when the database is being written. The write-ahead log stays.
fn kill_an_import(computer: &Computer) -> PathBuf {
    let source = tempfile::tempdir().unwrap();
    for n in 0..80 {
        let line = format!("{n} {}\n", written("text of a killed import"));
        fs::write(source.path().join(format!("{n}.md")), line.repeat(400)).unwrap();
    }
    let wal = computer.vault().join("vault.db-wal");
    let mut child = computer.command(["import", "--from", "markdown"]).arg(source.path()).spawn().unwrap();
    let started = Instant::now();
    while !fs::metadata(&wal).is_ok_and(|m| m.len() > 0) {
        assert!(child.try_wait().unwrap().is_none(), "the import ended before it could be killed");
        assert!(started.elapsed() < Duration::from_mins(1), "the import writes nothing");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    let done = child.wait_with_output().unwrap();
    assert_eq!(done.status.code(), None, "the import was killed");
    wal
}

#[test]
fn nothing_that_a_person_wrote_is_in_plain_sight() {
    let server = Server::start();
    let (mut a, mut b) = (Computer::new(), Computer::new());
    for computer in [&mut a, &mut b] {
        computer.passphrase = Canary::new("passphrase").text().into();
        computer.log = Some("debug");
    }
    let mut canaries: Vec<Canary> = PLACES.into_iter().map(Canary::new).collect();
    canaries.push(Canary::new("passphrase"));
    canaries.push(Canary::new("new passphrase"));

    let code = text(&a.ok(["init", "--device-name", &written("name of the computer")])["recovery_code"]);
    let words: Vec<&str> = code.split(' ').collect();
    canaries.push(Canary::of("recovery code", &words[..5].join(" ")));
    canaries.push(Canary::of("recovery code's end", &words[19..].join(" ")));
    let scanner = Scanner::new(&canaries);
    let roots = [a.root(), b.root(), server.root()].map(Path::to_owned);
    let everywhere: Vec<&Path> = roots.iter().map(PathBuf::as_path).collect();

    let (notebook, tag) = (written("notebook"), written("tag"));
    let words = ["note", "add", "--title", &written("title"), "--notebook", &notebook, "--tag", &tag];
    let body = |place: &str| format!("one\n\n{}\n\nthree\n", written(place));
    let id = text(&a.ok_with_input(words, body("body").as_bytes())["id"]);
    let source = source();
    let report = a.run(["import", "--from", "markdown", source.path().to_str().unwrap()]).ok();
    assert_eq!((&report["notes"], &report["attachments"]), (&1.into(), &1.into()), "{report}");
    for query in written("body").split(' ').chain(written("query").split(' ')) {
        a.ok(["search", query]);
    }
    a.create_account(&server.link);
    b.join(&server.link);
    assert_eq!(b.ok(["search", canary("body").word()]).as_array().unwrap().len(), 1, "the search works");
    assert_eq!(b.ok(["search", canary("imported body").word()]).as_array().unwrap().len(), 1);

    // Both write in the same place.
    a.ok(["note", "edit", &id, "--title", &written("edited title")]);
    a.ok_with_input(["note", "edit", &id, "--body-file", "-"], body("edited body").as_bytes());
    b.ok_with_input(["note", "edit", &id, "--body-file", "-"], body("the other side's body").as_bytes());
    b.ok(["notebook", "rename", &notebook, &written("renamed notebook")]);
    converge(&[&a, &b]);
    assert_eq!(a.ok(["review", "list"]).as_array().unwrap().len(), 1);
    scanner.assert_clean(&everywhere);
    a.ok(["review", "resolve", &id, "--take", "all"]);
    converge(&[&a, &b]);

    // As it lies there after a power cut.
    let wal = kill_an_import(&b);
    assert!(fs::metadata(&wal).unwrap().len() > 0);
    scanner.assert_clean(&everywhere);

    // What is given to others who look for a cause.
    let diagnosis = tempfile::tempdir().unwrap();
    a.ok(["activity", "--export", diagnosis.path().join("log.json").to_str().unwrap()]);
    assert!(fs::metadata(diagnosis.path().join("log.json")).unwrap().len() > 500);
    scanner.assert_clean(&[diagnosis.path()]);

    let export = tempfile::tempdir().unwrap();
    a.ok(["export", "--to", "markdown", export.path().join("out").to_str().unwrap()]);
    let mut unlock = a.command(["unlock", "--recovery"]);
    unlock.env("HOLDFAST_NEW_PASSPHRASE", Canary::new("new passphrase").text());
    let done = run(unlock, code.as_bytes());
    a.keep_log(&done.stderr);
    done.ok();
    a.passphrase = Canary::new("new passphrase").text().into();
    a.ok(["sync"]);
    // The other computer takes the new passphrase over with its sync.
    b.ok(["sync"]);
    b.passphrase = Canary::new("new passphrase").text().into();
    converge(&[&a, &b]);
    scanner.assert_clean(&everywhere);

    // The scan looked where it should: the same text is in the export, which is outside.
    let found = scanner.scan(&[export.path()]);
    for place in ["the other side's body", "imported body", "attachment's content", "attachment's name"] {
        assert!(found.iter().any(|f| f.canary == place), "the {place} is not in the export");
    }
}
