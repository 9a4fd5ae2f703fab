//! Making, opening, closing, and what a vault does when its files are not what they were.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use holdfast_notebook::{Env, NewNote, NoKeychain, NotePatch, NotebookError, Vault, vault_exists};
use holdfast_testkit::{MemoryKeychain, PASSPHRASE, World};

fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap())
        .map(|e| (e.file_name().to_string_lossy().into_owned(), fs::read(e.path()).unwrap()))
        .filter(|(name, _)| name != "vault.lock")
        .collect()
}

fn open(dir: &Path) -> Result<Vault, NotebookError> {
    Vault::open(dir, PASSPHRASE, Env::system())
}

#[test]
fn a_vault_is_made_closed_and_opened_with_its_notes() {
    let mut w = World::alone();
    let id = w["A"].add("Groceries", "- milk\n");
    let dir = w["A"].dir.clone();
    assert!(matches!(Vault::create(&dir, "x", "X", Env::system()), Err(NotebookError::OpenElsewhere(_))));
    w["A"].close();
    assert!(matches!(Vault::create(&dir, "x", "X", Env::system()), Err(NotebookError::VaultExists(_))));
    assert!(matches!(Vault::open(&dir, "wrong", Env::system()), Err(NotebookError::WrongPassphrase)));
    w["A"].reopen();
    assert_eq!(w["A"].body(id), "- milk\n");
    assert!(matches!(open(&dir), Err(NotebookError::OpenElsewhere(_))));
    w["A"].close();
}

#[test]
fn a_closed_vault_answers_that_it_is_closed() {
    let w = World::alone();
    let vault = w["A"].vault().clone();
    vault.close().unwrap();
    assert!(vault.add_note(&NewNote::default()).is_err());
    assert!(vault.tags().is_err());
}

#[test]
fn no_passphrase_and_no_vault_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(Vault::create(dir.path(), "", "X", Env::system()), Err(NotebookError::WeakPassphrase(_))));
    assert!(!vault_exists(dir.path()).unwrap());
    assert!(matches!(open(dir.path()), Err(NotebookError::NoVault(_))));
    assert!(matches!(open(&dir.path().join("nowhere")), Err(NotebookError::NoVault(_))));
    assert_eq!(files(dir.path()).len(), 0);
}

#[test]
fn the_code_opens_and_sets_a_passphrase_that_replaces_the_old_one() {
    let dir = tempfile::tempdir().unwrap();
    let created = Vault::create(dir.path(), PASSPHRASE, "A", Env::system()).unwrap();
    let id = created.vault.add_note(&NewNote { title: "T".into(), ..NewNote::default() }).unwrap();
    created.vault.close().unwrap();
    let code = created.recovery_code.to_phrase();
    drop(created.vault);

    let other = tempfile::tempdir().unwrap();
    let wrong = Vault::create(other.path(), PASSPHRASE, "B", Env::system()).unwrap().recovery_code;
    let by = |code: &str| Vault::open_with_code(dir.path(), code, "a new one", Env::system());
    assert!(matches!(by(&wrong.to_phrase()), Err(NotebookError::WrongCode(_))));
    assert!(matches!(by("twelve words that are none"), Err(NotebookError::WrongCode(_))));
    let refused = Vault::open_with_code(dir.path(), &code, "", Env::system());
    assert!(matches!(refused, Err(NotebookError::WeakPassphrase(_))));

    let vault = by(&code).unwrap();
    assert_eq!(vault.note(id).unwrap().row.title, "T");
    vault.close().unwrap();
    drop(vault);
    assert!(matches!(open(dir.path()), Err(NotebookError::WrongPassphrase)));
    let vault = Vault::open(dir.path(), "a new one", Env::system()).unwrap();
    assert_eq!(vault.note(id).unwrap().row.title, "T");
}

#[test]
fn the_code_is_shown_until_two_of_its_words_are_given() {
    let dir = tempfile::tempdir().unwrap();
    let created = Vault::create(dir.path(), PASSPHRASE, "A", Env::system()).unwrap();
    let vault = created.vault;
    let words = created.recovery_code.words();
    assert_eq!(vault.unconfirmed_code().unwrap().unwrap().words(), words);
    let word = |n: usize| (n, words[n].to_owned());
    assert!(!vault.confirm_code(&[word(3)]).unwrap(), "one word is not enough");
    assert!(!vault.confirm_code(&[word(3), (9, "wrong".into())]).unwrap());
    assert!(!vault.confirm_code(&[word(3), (24, words[9].into())]).unwrap());
    assert!(vault.unconfirmed_code().unwrap().is_some());
    assert!(vault.confirm_code(&[word(3), (9, format!(" {} ", words[9].to_uppercase()))]).unwrap());
    assert!(vault.unconfirmed_code().unwrap().is_none());
    vault.close().unwrap();
    drop(vault);
    assert!(open(dir.path()).unwrap().unconfirmed_code().unwrap().is_none());
}

#[test]
fn one_word_given_twice_confirms_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let created = Vault::create(dir.path(), PASSPHRASE, "A", Env::system()).unwrap();
    let word = (3, created.recovery_code.words()[3].to_owned());
    assert!(!created.vault.confirm_code(&[word.clone(), word]).unwrap());
}

/// Each way to spoil a file: it is said to be damaged, and stays as it is.
#[test]
fn damaged_files_are_said_to_be_and_stay_as_they_are() {
    let mut w = World::alone();
    w["A"].add("T", &"a line of text\n".repeat(2000));
    w["A"].close();
    let dir = w["A"].dir.clone();
    let whole = files(&dir);
    let spoil: [(&str, fn(&mut Vec<u8>)); 9] = [
        ("vault.db", |b| b.clear()),
        ("vault.db", |b| b.truncate(100)),
        ("vault.db", |b| b.truncate(4096 * 3 + 17)),
        ("vault.db", |b| b.truncate(4096 * 4)),
        ("vault.db", |b| b[..4096].fill(7)),
        ("vault.keys", |b| b.clear()),
        ("vault.keys", |b| b.truncate(40)),
        ("vault.keys", |b| b.truncate(b.len() - 1)),
        ("vault.keys", |b| b.fill(7)),
    ];
    for (n, (name, spoil)) in spoil.into_iter().enumerate() {
        let mut bytes = whole[name].clone();
        spoil(&mut bytes);
        fs::write(dir.join(name), &bytes).unwrap();
        let before = files(&dir);
        match open(&dir) {
            Err(NotebookError::Damaged(_)) => {}
            other => panic!("case {n}: {other:?}"),
        }
        let now = files(&dir);
        for (file, bytes) in &before {
            assert!(now[file] == *bytes, "case {n}: {file} was changed");
        }
        fs::write(dir.join(name), &whole[name]).unwrap();
    }
    open(&dir).unwrap();
}

#[test]
fn every_garbled_byte_of_the_keys_is_noticed() {
    let mut w = World::alone();
    w["A"].close();
    let path = w["A"].dir.join("vault.keys");
    let whole = fs::read(&path).unwrap();
    for at in (0..whole.len()).step_by(whole.len() / 6) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x20;
        fs::write(&path, &bytes).unwrap();
        match open(&w["A"].dir) {
            Err(NotebookError::Damaged(_) | NotebookError::WrongPassphrase | NotebookError::NewerVersion) => {}
            other => panic!("byte {at}: {other:?}"),
        }
    }
}

#[test]
fn a_missing_database_is_damage_and_not_made_anew() {
    let mut w = World::alone();
    w["A"].close();
    let db = w["A"].dir.join("vault.db");
    let bytes = fs::read(&db).unwrap();
    fs::remove_file(&db).unwrap();
    assert!(matches!(open(&w["A"].dir), Err(NotebookError::Damaged(_))));
    assert!(!db.exists());
    fs::write(&db, bytes).unwrap();
    open(&w["A"].dir).unwrap();
}

#[test]
fn what_a_killed_creation_left_is_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("vault.db"), b"half a database").unwrap();
    let vault = Vault::create(dir.path(), PASSPHRASE, "A", Env::system()).unwrap().vault;
    vault.close().unwrap();
    assert_eq!(fs::read(dir.path().join("vault.db.unfinished-1")).unwrap(), b"half a database");
}

#[test]
fn what_was_typed_before_a_crash_is_there_and_becomes_a_revision() {
    let mut w = World::alone();
    let id = w["A"].add("T", "one\n");
    let saved = w["A"].type_body(id, "one\ntwo\n");
    assert_eq!(w["A"].vault().history(id.into()).unwrap().len(), 1);
    w["A"].crash();
    w["A"].reopen();
    assert_eq!(w["A"].body(id), "one\ntwo\n");
    assert_eq!(w["A"].vault().history(id.into()).unwrap().len(), 2);
    // The buffer's name for the version stays true.
    assert_eq!(w["A"].heads(id), saved.seen_heads);
}

#[test]
fn a_clean_close_commits_what_was_typed() {
    let mut w = World::alone();
    let id = w["A"].add("T", "one\n");
    w["A"].type_body(id, "two\n");
    w["A"].close();
    w["A"].reopen();
    assert_eq!((w["A"].body(id).as_str(), w["A"].vault().history(id.into()).unwrap().len()), ("two\n", 2));
}

#[test]
fn the_keychain_opens_without_a_passphrase_until_it_no_longer_may() {
    let mut w = World::alone();
    let keychain = MemoryKeychain::default();
    let id = w["A"].add("T", "text");
    let dir = w["A"].dir.clone();
    let by = |keychain: &MemoryKeychain| Vault::open_with_keychain(&dir, keychain, Env::system());
    assert!(!w["A"].vault().uses_keychain());
    assert!(!w["A"].vault().use_keychain(&NoKeychain, true).unwrap());
    assert!(!w["A"].vault().uses_keychain());
    assert!(w["A"].vault().use_keychain(&keychain, true).unwrap());
    w["A"].close();
    assert!(by(&MemoryKeychain::default()).unwrap().is_none(), "another keychain");
    let vault = by(&keychain).unwrap().unwrap();
    assert!(vault.uses_keychain());
    assert_eq!(vault.note(id).unwrap().row.body, "text");
    vault.use_keychain(&keychain, false).unwrap();
    vault.close().unwrap();
    drop(vault);
    assert!(keychain.is_empty());
    assert!(by(&keychain).unwrap().is_none());
    open(&dir).unwrap();
}

#[test]
fn a_keychain_with_a_key_of_another_vault_is_no_damage() {
    let (mut w, keychain) = (World::alone(), MemoryKeychain::default());
    w["A"].vault().use_keychain(&keychain, true).unwrap();
    w["A"].close();
    let other = World::alone();
    other["A"].vault().use_keychain(&keychain, true).unwrap();
    // Ask for the passphrase.
    assert!(Vault::open_with_keychain(&w["A"].dir, &keychain, Env::system()).unwrap().is_none());
    open(&w["A"].dir).unwrap();
}

#[test]
fn a_clock_set_back_does_not_turn_history_around() {
    let w = World::alone();
    let id = w["A"].add("T", "one\n");
    w["A"].clock.set(1_000);
    w["A"].write(id, "two\n");
    w["A"].vault().commit_idle(5_000, 60_000).unwrap();
    let history = w["A"].vault().history(id.into()).unwrap();
    assert!(history[1].at_ms >= history[0].at_ms);
    assert_eq!(w["A"].body(id), "two\n");
}

#[test]
fn typing_becomes_a_revision_when_it_rests_or_goes_on_for_long() {
    let w = World::alone();
    let (a, vault) = (&w["A"], w["A"].vault());
    let id = a.add("T", "");
    let revisions = || vault.history(id.into()).unwrap().len();
    for n in 1..=13 {
        a.type_body(id, &"x".repeat(n));
        a.clock.advance(4_999);
        vault.commit_idle(5_000, 60_000).unwrap();
        assert_eq!(revisions(), if n < 13 { 1 } else { 2 }, "after {n} steps");
    }
    a.type_body(id, "rest");
    a.clock.advance(5_000);
    vault.commit_idle(5_000, 60_000).unwrap();
    assert_eq!(revisions(), 3);
    let before = a.note(id).row;
    vault.save_note(id, &a.heads(id), &NotePatch::default()).unwrap();
    assert_eq!(a.note(id).row, before, "nothing typed is nothing changed");
}
