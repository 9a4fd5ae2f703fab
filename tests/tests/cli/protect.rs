//! What protects a person: the question before many notes go, the log, the doctor, the backups.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::harness::{Device, Server, converge, text};

/// A folder of so many notes.
fn import(device: &Device, notes: usize) {
    let folder = device.path("notes").join("Pumps");
    fs::create_dir_all(&folder).unwrap();
    for n in 0..notes {
        fs::write(folder.join(format!("Pump {n}.md")), format!("The secret word of pump {n} is heliotrope.\n"))
            .unwrap();
    }
    let from = device.path("notes");
    device.ok(["import", "--from", "markdown", from.to_str().unwrap()]);
}

fn live(device: &Device) -> usize {
    device.ok(["note", "list"]).as_array().unwrap().iter().filter(|n| n["trashed"] == json!(false)).count()
}

#[test]
fn many_notes_do_not_go_without_a_question() {
    let server = Server::start();
    let a = server.first("Office");
    let b = server.another("Laptop");
    import(&a, 24);
    converge(&[&a, &b]);
    assert_eq!(b.ok(["tripwire", "show"])["pending"], json!(false));
    b.run(["tripwire", "keep"]).failed(1, "No sync waits for a decision; nothing was changed.");

    a.ok(["notebook", "trash", "Pumps"]);
    a.sync();
    let said = b.ok(["sync"]);
    assert_eq!(
        (&said["state"], &said["tripwire"]["trashed"], &said["tripwire"]["of"]),
        (&json!("paused"), &json!(24), &json!(24))
    );
    assert_eq!(
        (said["tripwire"]["notebooks"].clone(), said["tripwire"]["devices"].clone()),
        (json!(1), json!(["Office"]))
    );
    assert_eq!(live(&b), 24);
    // It is said again, and shown with titles, for as long as nobody decides.
    let sentence = b.run(["status"]).stdout;
    assert!(
        sentence
            .contains("a sync from Office would take 24 notes to the trash and 1 notebook to the trash, of 24 notes"),
        "{sentence}"
    );
    let shown = b.ok(["tripwire", "show"]);
    assert_eq!((&shown["pending"], shown["notes"].as_array().unwrap().len()), (&json!(true), 24));
    assert!(b.run(["tripwire", "show"]).stdout.contains("Pump 7  (to the trash)"));
    assert_eq!(b.run(["doctor"]).code, 1);

    assert_eq!(b.ok(["tripwire", "keep"])["notes"], json!(24));
    converge(&[&a, &b]);
    assert_eq!((live(&a), live(&b)), (24, 24));
    assert_eq!(b.ok(["status"])["tripwire"], json!(null));

    // And once more, accepted: the backup has them.
    a.ok(["notebook", "trash", "Pumps"]);
    a.sync();
    b.ok(["sync"]);
    let backup = text(&b.ok(["tripwire", "show"])["backup"]).clone();
    b.ok(["tripwire", "accept"]);
    assert_eq!(live(&b), 0);
    assert_eq!(b.ok(["backup", "test", &backup])["notes"], json!(24));
    let kinds: Vec<_> = b.ok(["activity", "--search", "held back"]).as_array().unwrap().clone();
    assert_eq!(kinds.len(), 2, "{kinds:?}");
}

#[test]
fn the_log_says_what_happened_and_leaves_without_content() {
    let mut server = Server::start();
    let a = server.first("Office");
    let id = a.add("Heliotrope", "the secret word\n");
    a.edit(&id, &["--notebook", "Zinnia", "--add-tag", "marigold"]);
    a.sync();
    let url = text(&a.ok(["status"])["server"]).clone();
    server.stop();
    a.add("Larkspur", "more\n");
    assert_eq!(a.run(["sync"]).code, 75);
    server.serve(url.strip_prefix("https://").unwrap());
    a.sync();

    let all = a.ok(["activity"]);
    let all = all.as_array().unwrap();
    assert_eq!((&all[0]["what"], &all[0]["ok"]), (&json!("Synced"), &json!(true)));
    assert!(all[0]["bytes_up"].as_u64() > Some(100) && all[0]["bytes_down"].as_u64() > Some(50), "{}", all[0]);
    let failed = a.ok(["activity", "--failed"]);
    let failed = failed.as_array().unwrap();
    assert_eq!((failed.len(), &failed[0]["code"]), (1, &json!("server_unreachable")));
    assert!(text(&failed[0]["message"]).starts_with("Can't reach the server. Your changes are safe"), "{failed:?}");
    assert_eq!(a.ok(["activity", "--search", "CAN'T reach"]).as_array().unwrap().len(), 1);
    assert_eq!(a.ok(["activity", "--search", "reach zebra"]), json!([]));
    assert_eq!(a.ok(["activity", "--limit", "1"]).as_array().unwrap().len(), 1);

    let file = a.path("log.json");
    assert_eq!(a.ok(["activity", "--export", file.to_str().unwrap()])["lines"], json!(all.len()));
    let whole = fs::read_to_string(&file).unwrap();
    for content in
        ["Heliotrope", "secret", "larkspur", "zinnia", "marigold", "Office", "ann", "127.0.0.1", "localhost", "vault"]
    {
        assert!(!whole.to_lowercase().contains(&content.to_lowercase()), "{content} is in {whole}");
    }
    let whole: serde_json::Value = serde_json::from_str(&whole).unwrap();
    assert!(whole["lines"].as_array().unwrap().iter().any(|l| l["error"] == json!("server_unreachable")));
    // With figures: what waits, how long cycles took, what failed how often.
    let (now, log) = (&whole["metrics"]["now"], &whole["metrics"]["log"]);
    assert_eq!(
        (&now["queue"], &now["state"], &now["queue_oldest_ms"]),
        (&json!(0), &json!("up_to_date"), &json!(null))
    );
    assert_eq!(log["errors"], json!({ "server_unreachable": 1 }), "{log}");
    assert_eq!(log["failed"].as_object().unwrap().values().filter_map(|n| n.as_u64()).sum::<u64>(), 1, "{log}");
    assert!(log["cycles"].as_u64() >= Some(2) && log["cycle_ms"]["p95"].is_u64() && log["bytes_up"].is_u64(), "{log}");
    // Nothing is overwritten.
    a.run(["activity", "--export", file.to_str().unwrap()]).failed(1, "a file is there already");
}

#[test]
fn the_doctor_looks_and_backups_open() {
    let mut server = Server::start();
    let a = server.first("Office");
    a.add("One", "text\n");
    a.sync();
    let check = |id: &str| {
        let said = a.run(["--json", "doctor"]);
        let lines = said.json()["checks"].clone();
        let line = lines.as_array().unwrap().iter().find(|l| l["id"] == json!(id)).unwrap().clone();
        (said.code, said.json()["ok"].clone(), line["ok"].clone(), text(&line["sentence"]).clone())
    };
    // There is no backup yet: that is one thing to look at, and the only one.
    assert_eq!(
        check("backup"),
        (1, json!(false), json!(false), "There is no backup of this vault on this computer.".into())
    );
    assert!(a.run(["doctor"]).stdout.contains("look at this  Backup"));
    assert_eq!(a.ok(["backup", "list"]), json!([]));
    a.run(["backup", "test"]).failed(1, "There is no backup yet.");
    let made = a.ok(["backup", "now"]);
    assert_eq!(check("backup").1, json!(true));
    let figures = check("sync").3;
    assert!(figures.starts_with("In the last 7 days changes were sent or received "), "{figures}");
    assert!(figures.ends_with(" at most. Nothing failed."), "{figures}");
    assert_eq!(check("clock").3, "This computer and the server have the same time.");
    assert_eq!((a.run(["doctor"]).code, check("database").2), (0, json!(true)));
    assert_eq!(a.ok(["backup", "list"]), json!([made]));
    assert_eq!(a.ok(["backup", "test"])["notes"], json!(1));

    // A backup is a vault.
    let dir = text(&made["dir"]).clone();
    let other = Device::bare();
    fs::create_dir(other.vault()).unwrap();
    for file in ["vault.db", "vault.keys"] {
        fs::copy(Path::new(&dir).join(file), other.vault().join(file)).unwrap();
    }
    assert_eq!(other.ok(["note", "list"])[0]["title"], json!("One"));
    // A damaged one is told from a whole one.
    let db = Path::new(&dir).join("vault.db");
    let mut bytes = fs::read(&db).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&db, bytes).unwrap();
    a.run(["backup", "test", &dir]).failed(1, "damaged");

    server.stop();
    let (code, _, ok, sentence) = check("clock");
    assert_eq!((code, ok), (1, json!(false)));
    assert!(sentence.contains("Can't reach the server"), "{sentence}");
}

/// A vault whose database is damaged goes back to its newest backup; one that is in order does not.
#[test]
fn a_damaged_vault_goes_back_to_its_backup() {
    let a = Device::new("A");
    let id = a.add("Kept", "one\n");
    a.run(["backup", "restore"]).failed(1, "There is no backup yet.");
    let made = text(&a.ok(["backup", "now"])["dir"]);
    a.run(["backup", "restore"]).failed(1, "nothing was restored");
    let db = a.vault().join("vault.db");
    let bytes = std::fs::read(&db).unwrap();
    std::fs::write(&db, &bytes[..bytes.len() / 2 / 4096 * 4096 + 100]).unwrap();
    a.run(["note", "list"]).failed(1, "damaged");
    assert_eq!(a.ok(["backup", "list"])[0]["dir"], json!(made), "also of a vault that does not open");
    a.run(["backup", "restore", "/nowhere"]).failed(1, "is no backup of this vault");
    let restored = a.ok(["backup", "restore", &made]);
    assert_eq!((&restored["notes"], &restored["dir"]), (&json!(1), &json!(made)));
    assert_eq!(a.body(&id), "one\n");
    assert!(a.vault().join("vault.db.damaged-1").exists());
    // Without its key file it is no less a vault: nobody is to make a new one over what is left.
    std::fs::remove_file(a.vault().join("vault.keys")).unwrap();
    a.run(["note", "list"]).failed(1, "vault.keys is missing");
    a.run(["init"]).failed(1, "There is already a vault");
    a.ok(["backup", "restore"]);
    assert_eq!(a.body(&id), "one\n");
}
