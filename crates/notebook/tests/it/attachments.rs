//! Files of notes: attached, sent, fetched, the same content once.

use std::fs;
use std::path::PathBuf;

use holdfast_domain::NoteId;
use holdfast_notebook::{NotebookError, WhyNotHere};
use holdfast_testkit::{TestDevice, World};

use crate::syncing::assert_same;

fn file(w: &World, name: &str, bytes: &[u8]) -> PathBuf {
    let path = w.dir.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// Path and bytes of each file of a note.
fn files(d: &TestDevice, id: NoteId) -> Vec<(String, Vec<u8>)> {
    let all = d.vault().attachments(id).unwrap();
    all.into_iter().map(|a| (a.path, d.vault().attachment_bytes(a.id).unwrap())).collect()
}

#[tokio::test]
async fn files_of_both_arrive_at_both() {
    let w = World::of(2);
    let id = w["A"].add("T", "text\n");
    w.sync_all().await;
    let (big, small) = (vec![7; 300_000], b"small".to_vec());
    assert_eq!(w["A"].vault().attach_file(id, &file(&w, "photo.png", &big)).unwrap(), "photo.png");
    w["B"].vault().attach_file(id, &file(&w, "notes.txt", &small)).unwrap();
    let status = w["A"].vault().sync_status().unwrap();
    assert_eq!(status.waiting_attachments, 1);
    assert!(status.waiting_attachment_bytes > 0);
    w["A"].net.take_requests();
    w["A"].sync().await;
    let requests = w["A"].net.take_requests();
    assert_eq!(requests[..3], ["log", "put_blob", "push"], "the bytes before the note that names them");
    w.sync_all().await;
    assert_same(&w);
    for d in &w.devices {
        assert_eq!(files(d, id), [("notes.txt".into(), small.clone()), ("photo.png".into(), big.clone())]);
        assert_eq!(d.vault().sync_status().unwrap().waiting_attachments, 0);
    }
    assert_eq!(w["B"].vault().attachments(id).unwrap()[1].media_type, "image/png");
}

#[tokio::test]
async fn the_same_content_is_one_file_and_the_same_name_two() {
    let w = World::of(2);
    let (id, other) = (w["A"].add("T", ""), w["A"].add("U", ""));
    let vault = w["A"].vault();
    let attach = |note, name: &str, bytes: &[u8]| vault.attach_file(note, &file(&w, name, bytes)).unwrap();
    assert_eq!(attach(id, "a.txt", b"one"), "a.txt");
    assert_eq!(attach(id, "a.txt", b"one"), "a.txt");
    assert_eq!(attach(other, "b.txt", b"one"), "b.txt");
    assert_eq!(attach(id, "a.txt", b"two"), "a (2).txt");
    assert_eq!(vault.attachments(id).unwrap().len(), 2);
    assert_eq!(vault.attachments(id).unwrap()[1].id, vault.attachments(other).unwrap()[0].id);
    w["A"].net.take_requests();
    w.sync_all().await;
    let uploads = w["A"].net.take_requests().into_iter().filter(|r| *r == "put_blob").count();
    assert_eq!(uploads, 2);
    assert_eq!(files(&w["B"], other), [("b.txt".into(), b"one".to_vec())]);
}

#[tokio::test]
async fn the_same_file_attached_on_both_is_fetched_by_neither() {
    let mut w = World::of(2);
    let id = w["A"].add("T", "");
    w.sync_all().await;
    for d in &w.devices {
        d.vault().attach_file(id, &file(&w, "same.bin", b"the same bytes")).unwrap();
    }
    w.devices.iter().for_each(|d| drop(d.net.take_requests()));
    w.sync_all().await;
    assert_same(&w);
    assert!(w.devices.iter().all(|d| !d.net.take_requests().contains(&"get_blob")));
    let late = TestDevice::join("Late", w.dir.path(), &w.clock, &w.server).await.unwrap();
    w.devices.push(late);
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(files(&w["Late"], id)[0].1, b"the same bytes");
}

#[tokio::test]
async fn a_file_that_the_server_lost_does_not_keep_the_others_back() {
    let w = World::of(2);
    let id = w["A"].add("T", "");
    for n in 0..3 {
        w["A"].vault().attach_file(id, &file(&w, &format!("{n}.bin"), format!("file {n}").as_bytes())).unwrap();
        w.clock.advance(1_000);
    }
    w["A"].sync().await;
    let mut asked = 0;
    w.server.lies.about_blobs(move |blob| {
        asked += 1;
        if asked == 1 { Err(holdfast_protocol::ProtocolError::NotFound) } else { Ok(blob) }
    });
    w["B"].sync().await;
    let here: Vec<bool> = w["B"].vault().attachments(id).unwrap().iter().map(|a| a.here).collect();
    assert_eq!(here.iter().filter(|h| **h).count(), 2, "{here:?}");
    w.server.lies.be_honest();
    w["B"].sync().await;
    assert_eq!(files(&w["B"], id).len(), 3);
}

#[tokio::test]
async fn an_altered_file_is_found_out_and_fetched_when_it_is_right() {
    let w = World::of(2);
    let id = w["A"].add("T", "text\n");
    w["A"].vault().attach_file(id, &file(&w, "a.bin", b"contents")).unwrap();
    w["A"].sync().await;
    w.server.lies.about_blobs(|mut blob| {
        let last = blob.len() - 1;
        blob[last] ^= 1;
        Ok(blob)
    });
    let said = w["B"].try_sync().await;
    assert!(matches!(said, Err(NotebookError::HostileServer(_))), "{said:?}");
    assert_eq!(w["B"].body(id), "text\n");
    let missing = w["B"].vault().attachments(id).unwrap();
    assert!(!missing[0].here);
    let said = w["B"].vault().attachment_bytes(missing[0].id);
    assert!(matches!(said, Err(NotebookError::NotHere { why: WhyNotHere::NotFetched, .. })), "{said:?}");
    w.server.lies.be_honest();
    w["B"].sync().await;
    assert_eq!(files(&w["B"], id)[0].1, b"contents");
}

#[test]
fn a_folder_goes_in_and_comes_out_the_same() {
    let w = World::alone();
    let (from, to) = (w.dir.path().join("in"), w.dir.path().join("out"));
    fs::create_dir_all(from.join("Sub/files")).unwrap();
    let texts = [
        ("Top.md", "---\ntags: [a, b]\ndue: 2027-01-02\n---\n# Top\n\n![p](Sub/files/p.png)\n"),
        ("Sub/Below.md", "no newline at the end"),
    ];
    for (path, text) in texts {
        fs::write(from.join(path), text).unwrap();
    }
    fs::write(from.join("Sub/files/p.png"), [1, 2, 3]).unwrap();
    fs::write(from.join("Sub/bad.md"), [0xff, 0xfe, 0x00]).unwrap();
    let vault = w["A"].vault();
    let dry = vault.import_folder(&from, true).unwrap();
    assert_eq!(vault.notebook_tree().unwrap().len(), 0);
    let report = vault.import_folder(&from, false).unwrap();
    assert_eq!((report.notes, report.notebooks, report.tags, report.attachments), (2, 1, 2, 1));
    assert_eq!((dry.notes, dry.skipped.clone()), (report.notes, report.skipped.clone()));
    assert_eq!(report.skipped.len(), 1);
    let out = vault.export_folder(&to).unwrap();
    assert_eq!((out.notes, out.attachments, out.skipped.len()), (2, 1, 0));
    for (path, text) in texts {
        assert_eq!(fs::read_to_string(to.join(path)).unwrap(), text, "{path}");
    }
    assert_eq!(fs::read(to.join("Sub/files/p.png")).unwrap(), [1, 2, 3]);
    assert!(matches!(vault.export_folder(&to), Err(NotebookError::Invalid(_))), "not over what is there");
}
