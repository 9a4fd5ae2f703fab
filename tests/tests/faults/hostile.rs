//! A server that lies, and the real program against it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use holdfast_protocol::{LogHead, LogPage, PushOutcome, body_hash, link};
use holdfast_tests::lies::{Lies, LyingServer};
use holdfast_tests::programs::{Computer, USER, converge};

use crate::table::{Kept, Table};

/// The server's answer to a reader, altered.
type AlteredPage = fn(&mut LogPage);
/// Its answer to a sender.
type AlteredPush = fn(&mut PushOutcome);

pub fn faults(table: &mut Table) {
    table.section("A server that lies");
    let data = tempfile::tempdir().unwrap();
    let server = LyingServer::start(data.path());
    let (lies, link) = (server.lies.clone(), server.link.clone());
    let desk = Computer::with_vault();
    for n in 0..4 {
        desk.add(&format!("Note {n}"), "text");
    }
    desk.create_account(&link);
    join(table, &lies, &link);

    // A computer that has nothing yet reads the log from its beginning.
    let laptop = Computer::new();
    laptop.ok(["account", "join", "--link", &link, "--user", USER]);
    let before = Kept::of(&laptop);
    let pages: [(&str, AlteredPage); 5] = [
        ("it alters a body", |p| p.entries[1].entry.body[40] ^= 1),
        ("it leaves a gap", |p| drop(p.entries.remove(1))),
        ("it breaks a link", |p| p.head.link.0[0] ^= 1),
        ("it withholds a batch's signature", |p| p.manifests.clear()),
        ("its log is another one", |p| p.head.log_epoch ^= 1),
    ];
    for (fault, lie) in pages {
        lies.about_pages(lie);
        let done = table.fails(fault, &laptop, &["sync"]);
        assert_eq!(done.code, Some(1));
        before.check(&laptop);
        lies.be_honest();
    }
    converge(&[&desk, &laptop]);
    one_that_does_not_open(&lies, &desk, &laptop);
    pushes(table, &lies, &desk, &laptop);
    attachment(table, &lies, &desk, &laptop);
    chunks(table, &lies, &desk, &laptop, data.path());
}

/// A body is altered, and all that the server can make anew fits: only the seal tells. The change is set aside, the
/// others arrive, and the true bytes are asked for by its id.
fn one_that_does_not_open(lies: &Lies, desk: &Computer, laptop: &Computer) {
    let head: Arc<Mutex<Option<LogHead>>> = Arc::default();
    let noted = head.clone();
    lies.about_pages(move |page| *noted.lock().unwrap() = Some(page.head));
    laptop.sync();
    lies.be_honest();
    for n in 0..3 {
        desk.add(&format!("In one batch {n}"), "text");
    }
    desk.sync();
    let from = head.lock().unwrap().unwrap();
    lies.about_pages(move |page| {
        if page.entries.first().is_none_or(|logged| logged.seq != from.seq + 1) {
            return;
        }
        page.entries[1].entry.body[40] ^= 1;
        let (space, mut at) = (page.manifests[0].space, from.link);
        for logged in &page.entries {
            let (e, epoch) = (&logged.entry, page.log_epoch);
            at = link(space, epoch, logged.seq, at, e.kind, e.rid, e.key_epoch, body_hash(&e.body), logged.batch);
        }
        page.head.link = at;
    });
    laptop.sync();
    assert_eq!(laptop.notes().len(), desk.notes().len(), "the others, and the one by its id");
    lies.be_honest();
    converge(&[desk, laptop]);
}

fn join(table: &mut Table, lies: &Lies, link: &str) {
    lies.about_keys(|keys| {
        let middle = keys.len() / 2;
        keys[middle] ^= 1;
    });
    let laptop = Computer::new();
    table.fails("it alters the account's keys", &laptop, &["account", "join", "--link", link, "--user", USER]);
    assert!(!laptop.vault().join("vault.keys").exists(), "half a vault was made");
    lies.be_honest();
}

fn pushes(table: &mut Table, lies: &Lies, desk: &Computer, laptop: &Computer) {
    let pushes: [(&str, AlteredPush); 3] = [
        ("it answers with a wrong duplicate", |outcome| {
            let PushOutcome::Accepted { stored, .. } = outcome else { return };
            stored[0].duplicate = true;
        }),
        ("it confirms something else", |outcome| {
            let PushOutcome::Accepted { stored, .. } = outcome else { return };
            stored[0].rid.0[0] ^= 1;
        }),
        ("it confirms less than was sent", |outcome| {
            let PushOutcome::Accepted { stored, .. } = outcome else { return };
            stored.pop();
        }),
    ];
    for (n, (fault, lie)) in pushes.into_iter().enumerate() {
        desk.add(&format!("Sent to a liar {n}"), "text");
        let kept = Kept::of(desk);
        lies.about_push(lie);
        table.fails(fault, desk, &["sync"]);
        assert!(desk.ok(["status"])["waiting"].as_u64().unwrap() > 0, "what was not confirmed waits");
        lies.be_honest();
        kept.check(desk);
        converge(&[desk, laptop]);
    }
}

fn attachment(table: &mut Table, lies: &Lies, desk: &Computer, laptop: &Computer) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("note.md"), "[file](file.bin)\n").unwrap();
    fs::write(folder.path().join("file.bin"), "content".repeat(100)).unwrap();
    desk.ok(["import", "--from", "markdown", folder.path().to_str().unwrap()]);
    desk.sync();
    lies.about_blobs(|sealed| sealed[100] ^= 1);
    table.fails("it alters an attachment", laptop, &["sync"]);
    lies.be_honest();
    converge(&[desk, laptop]);
    let out = folder.path().join("out");
    laptop.ok(["export", "--to", "markdown", out.to_str().unwrap()]);
    assert_eq!(fs::read_to_string(out.join("file.bin")).unwrap(), "content".repeat(100));
}

/// A file of several chunks, of which the server gives one in the place of another.
fn chunks(table: &mut Table, lies: &Lies, desk: &Computer, laptop: &Computer, data: &Path) {
    let note = desk.add("Film", "text");
    let film = desk.root().join("home/film.bin");
    let content: Vec<u8> = (0..9_000_000_u32).map(|n| (n / 1_000) as u8).collect();
    fs::write(&film, &content).unwrap();
    desk.ok(["attachment", "add", &note, film.to_str().unwrap()]);
    let before = blobs(data);
    converge(&[desk, laptop]);
    let sent: Vec<Vec<u8>> = blobs(data).difference(&before).map(|path| fs::read(path).unwrap()).collect();
    assert_eq!(sent.len(), 3);
    let to = laptop.root().join("home/copy.bin");
    let get = ["attachment", "get", &note, "film.bin", to.to_str().unwrap()];
    lies.about_blobs(move |sealed| {
        let at = sent.iter().position(|one| one == sealed).unwrap();
        sealed.clone_from(&sent[(at + 1) % sent.len()]);
    });
    table.fails("it swaps the chunks of an attachment", laptop, &get);
    assert!(!to.exists());
    lies.be_honest();
    laptop.ok(get);
    assert!(fs::read(&to).unwrap() == content);
}

fn blobs(data: &Path) -> BTreeSet<PathBuf> {
    let shards = fs::read_dir(data.join("blobs")).unwrap();
    shards.flat_map(|shard| fs::read_dir(shard.unwrap().path()).unwrap()).map(|file| file.unwrap().path()).collect()
}
