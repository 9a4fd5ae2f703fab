//! The vault itself: passphrase, code, damage, a second program, a full disk, a newer version.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::PathBuf;

use holdfast_tests::permissions::allow;
use holdfast_tests::programs::{Computer, text};

use crate::noise;
use crate::table::{Kept, Table};

/// The files of a vault, to put them back.
struct Files(BTreeMap<PathBuf, Vec<u8>>);

impl Files {
    fn of(computer: &Computer) -> Self {
        let paths = fs::read_dir(computer.vault()).unwrap().map(|e| e.unwrap().path());
        Self(paths.map(|p| (p.clone(), fs::read(p).unwrap())).collect())
    }

    fn put_back(&self) {
        for (path, bytes) in &self.0 {
            fs::write(path, bytes).unwrap();
        }
    }

    fn named(&self, name: &str) -> (&PathBuf, &Vec<u8>) {
        self.0.iter().find(|(path, _)| path.ends_with(name)).unwrap()
    }
}

pub fn faults(table: &mut Table) {
    let mut desk = Computer::new();
    let code = text(&desk.ok(["init"])["recovery_code"]);
    desk.ok_with_input(["note", "add", "--title", "One", "--notebook", "A/B", "--tag", "x"], b"first");
    for n in 0..5 {
        desk.add(&format!("Note {n}"), &format!("body {n}\n").repeat(300));
    }
    let kept = Kept::of(&desk);

    table.section("The vault");
    let nowhere = Computer::new();
    table.fails("no vault", &nowhere, &["note", "list"]);
    table.fails("a vault is there already", &desk, &["init"]);
    passphrase(table, &mut desk, &code);
    kept.check(&desk);

    let lock = File::options().write(true).open(desk.vault().join("vault.lock")).unwrap();
    lock.lock().unwrap();
    table.fails("open elsewhere", &desk, &["note", "list"]);
    table.fails_with("open elsewhere, in a save", &desk, &["note", "add", "--title", "x"], &[], b"x");
    drop(lock);
    kept.check(&desk);

    desk.obey_permissions();
    allow(&desk.vault(), 0o000);
    table.fails("a vault that cannot be read", &desk, &["note", "list"]);
    allow(&desk.vault(), 0o700);
    kept.check(&desk);
    let taken = Computer::new();
    fs::write(taken.vault(), "a file of somebody's").unwrap();
    table.fails("a vault's folder is a file", &taken, &["note", "list"]);

    damage(table, &desk, &kept);
    full_disk(table, &desk, &kept);
}

fn passphrase(table: &mut Table, desk: &mut Computer, code: &str) {
    let right = std::mem::replace(&mut desk.passphrase, "something else".into());
    table.fails("wrong passphrase", desk, &["note", "list"]);
    table.fails_with("wrong passphrase, in a save", desk, &["note", "add", "--title", "x"], &[], b"x");
    let unlock = ["unlock", "--recovery"];
    let new = [("HOLDFAST_NEW_PASSPHRASE", "another one")];
    let other = text(&Computer::new().ok(["init"])["recovery_code"]);
    let mut words: Vec<&str> = code.split(' ').collect();
    table.fails_with("wrong code, of another vault", desk, &unlock, &new, other.as_bytes());
    table.fails_with("wrong code, cut short", desk, &unlock, &new, words[..23].join(" ").as_bytes());
    let third = std::mem::replace(&mut words[2], "holdfast");
    table.fails_with("wrong code, no such word", desk, &unlock, &new, words.join(" ").as_bytes());
    words[2] = if third == "zoo" { "abandon" } else { "zoo" };
    table.fails_with("wrong code, another word", desk, &unlock, &new, words.join(" ").as_bytes());
    table.fails_with(
        "a new passphrase that is empty",
        desk,
        &unlock,
        &[("HOLDFAST_NEW_PASSPHRASE", "")],
        code.as_bytes(),
    );
    desk.passphrase = right;
}

fn damage(table: &mut Table, desk: &Computer, kept: &Kept) {
    table.section("A damaged vault");
    let files = Files::of(desk);
    let list = ["note", "list"];
    let noise = noise(7, 64 * 1024).into_bytes();
    let (db, db_bytes) = files.named("vault.db");
    let half = db_bytes.len() / 2;
    let over = |from: usize, to: usize| {
        let mut bytes = db_bytes.clone();
        bytes.iter_mut().zip(noise.iter().cycle()).skip(from).take(to - from).for_each(|(b, n)| *b = *n);
        bytes
    };
    for (fault, bytes) in [
        ("database cut in the middle of a page", db_bytes[..half / 4096 * 4096 + 100].to_vec()),
        ("database cut after a page", db_bytes[..half / 4096 * 4096].to_vec()),
        ("database empty", Vec::new()),
        ("database begins with other bytes", over(0, 4096)),
        ("database continues with other bytes", over(4096, db_bytes.len())),
    ] {
        fs::write(db, bytes).unwrap();
        table.fails(fault, desk, &list);
        assert!(db.exists(), "what is damaged is left where it is");
        files.put_back();
        kept.check(desk);
        files.put_back();
    }
    fs::rename(db, desk.root().join("aside")).unwrap();
    table.fails("database gone", desk, &list);
    assert!(!db.exists(), "no empty one was made in its place");
    files.put_back();

    let (keys, keys_bytes) = files.named("vault.keys");
    let mut newer = keys_bytes.clone();
    // A list of four, a text of 19 bytes, and the version.
    assert_eq!((&newer[..2], newer[21]), (&[0x84, 0x73][..], 1));
    newer[21] = 2;
    let mut flipped = keys_bytes.clone();
    flipped[keys_bytes.len() / 2] ^= 1;
    for (fault, bytes) in [
        ("keys cut short", keys_bytes[..keys_bytes.len() / 2].to_vec()),
        ("keys empty", Vec::new()),
        ("keys are other bytes", noise[..500].to_vec()),
        ("one bit of the keys", flipped),
        ("a newer vault", newer),
    ] {
        fs::write(keys, &bytes).unwrap();
        table.fails(fault, desk, &list);
        table.fails_with(
            &format!("{fault}, with the code"),
            desk,
            &["unlock", "--recovery"],
            &[("HOLDFAST_NEW_PASSPHRASE", "another one")],
            "abandon ".repeat(23).as_bytes().iter().chain(b"art").copied().collect::<Vec<_>>().as_slice(),
        );
        assert_eq!(fs::read(keys).unwrap(), bytes, "what is damaged was overwritten");
        files.put_back();
        kept.check(desk);
        files.put_back();
    }
}

/// `max_page_count` stands in for the disk; `disk.rs` fills a real one where it may mount one.
fn full_disk(table: &mut Table, desk: &Computer, kept: &Kept) {
    table.section("A full disk");
    let full = [("HOLDFAST_TEST_MAX_PAGES", "1")];
    let large = noise(8, 320_000);
    table.fails_with("full disk, in a save", desk, &["note", "add", "--title", "Large"], &full, large.as_bytes());
    kept.check(desk);
    let id = text(&desk.notes()[0]["id"]);
    let edit = ["note", "edit", &id, "--body-file", "-"];
    table.fails_with("full disk, in an edit", desk, &edit, &full, large.as_bytes());
    kept.check(desk);
    let folder = tempfile::tempdir().unwrap();
    for n in 0..10 {
        fs::write(folder.path().join(format!("{n}.md")), &large).unwrap();
    }
    let import = ["import", "--from", "markdown", folder.path().to_str().unwrap()];
    table.fails_with("full disk, in an import", desk, &import, &full, b"");
    kept.check(desk);
    desk.add("Large", &large);
    assert_eq!(desk.ok(import)["notes"], 10, "there is room again");
}
