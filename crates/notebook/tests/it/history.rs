//! Every version of a note: read, and gone back to.

use holdfast_domain::{Origin, RevisionId};
use holdfast_notebook::{ChangedField, NotePatch, NotebookError, RevisionInfo};
use holdfast_testkit::{TestDevice, World};

use crate::syncing::assert_same;

fn versions(d: &TestDevice, id: holdfast_domain::NoteId) -> Vec<RevisionInfo> {
    d.vault().history(id.into()).unwrap()
}

#[tokio::test]
async fn every_version_can_be_read_and_gone_back_to() {
    let w = World::of(2);
    let id = w["A"].add("Shift", "pump 1\n");
    w.sync_all().await;
    w["A"].clock.advance(60_000);
    w["B"].write(id, "pump 1\npump 2\n");
    w["B"].vault().commit_note(id).unwrap();
    w.sync_all().await;
    w["A"].clock.advance(60_000);
    // A whole text is replaced by mistake.
    let slip =
        NotePatch { title: Some("x".into()), body: Some("oops\n".into()), due: Some(None), ..NotePatch::default() };
    w["A"].vault().edit_note(id, &slip).unwrap();
    w["A"].vault().edit_note(id, &NotePatch { done: Some(true), ..NotePatch::default() }).unwrap();

    let all = versions(&w["A"], id);
    let told: Vec<_> = all.iter().map(|v| (v.device, v.origin, v.is_head)).collect();
    let (a, b) = (w["A"].id(), w["B"].id());
    let edit = Origin::Edit;
    assert_eq!(told, [(a, edit, false), (b, edit, false), (a, edit, false), (a, edit, true)]);
    let good = w["A"].vault().note_version(id, all[1].id).unwrap();
    assert_eq!((good.row.title.as_str(), good.row.body.as_str()), ("Shift", "pump 1\npump 2\n"));
    assert_eq!((good.change.body[0].removed.as_str(), good.change.body[0].added.as_str()), ("", "pump 2\n"));
    let first = w["A"].vault().note_version(id, all[0].id).unwrap();
    assert_eq!(first.change.body[0].added, "pump 1\n", "the first one wrote all of it");
    let bad = w["A"].vault().note_version(id, all[2].id).unwrap();
    assert!(
        matches!(&bad.change.fields[..], [ChangedField::Title { old, new }] if (old.as_str(), new.as_str()) == ("Shift", "x"))
    );

    w["A"].vault().restore_version(id, all[1].id).unwrap();
    let row = w["A"].note(id).row;
    assert_eq!((row.title.as_str(), row.body.as_str(), row.done), ("Shift", "pump 1\npump 2\n", true));
    let now = versions(&w["A"], id);
    assert_eq!((now.len(), now[4].origin, now[4].is_head), (5, Origin::Restore, true));
    // Once more changes nothing, and writes nothing.
    w["A"].vault().restore_version(id, all[1].id).unwrap();
    assert_eq!(versions(&w["A"], id).len(), 5);
    // And from the mistake back again.
    w["A"].vault().restore_version(id, all[2].id).unwrap();
    assert_eq!(w["A"].body(id), "oops\n");
    w["A"].vault().restore_version(id, now[4].id).unwrap();
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(w["B"].body(id), "pump 1\npump 2\n");
}

/// What is typed and what others wrote meanwhile stays: the one as a version, the other as a version beside.
#[tokio::test]
async fn going_back_loses_neither_what_is_typed_nor_what_others_wrote() {
    let w = World::of(2);
    let id = w["A"].add("Shift", "one\n");
    w["A"].write(id, "one\ntwo\n");
    w["A"].vault().commit_note(id).unwrap();
    w.sync_all().await;
    w["B"].replace(id, "two", "two of B");
    let first = versions(&w["A"], id)[0].id;
    w["A"].type_body(id, "one\ntwo\ntyped\n");
    w["A"].vault().restore_version(id, first).unwrap();
    assert_eq!(w["A"].body(id), "one\n");
    let typed = versions(&w["A"], id)[2].id;
    assert_eq!(w["A"].vault().note_version(id, typed).unwrap().row.body, "one\ntwo\ntyped\n");
    w.sync_all().await;
    assert_same(&w);
    // B changed the line that A went back behind: that is asked, with B's words in it.
    assert!(w["A"].note(id).to_review > 0);
    let theirs = versions(&w["A"], id).into_iter().find(|v| v.device == w["B"].id()).unwrap();
    assert!(theirs.is_head);
    assert_eq!(w["A"].vault().note_version(id, theirs.id).unwrap().row.body, "one\ntwo of B\n");
}

#[test]
fn a_version_that_is_not_there_is_named() {
    let w = World::alone();
    let (one, two) = (w["A"].add("One", "1\n"), w["A"].add("Two", "2\n"));
    let of_two = versions(&w["A"], two)[0].id;
    for version in [of_two, RevisionId([7; 32])] {
        for said in [w["A"].vault().note_version(one, version).map(drop), w["A"].vault().restore_version(one, version)]
        {
            let Err(NotebookError::NotFound { what: "version", id }) = said else { panic!("{said:?}") };
            assert_eq!(id, version.to_string());
        }
    }
    w["A"].vault().trash_note(one).unwrap();
    let first = versions(&w["A"], one)[0].id;
    assert!(w["A"].vault().note_version(one, first).is_ok(), "read in the trash, too");
    assert!(w["A"].vault().restore_version(one, first).is_err());
    assert_eq!(w["A"].body(one), "1\n");
}

/// Title and text are the same; what is gone back to is the file.
#[tokio::test]
async fn a_version_with_a_file_that_was_taken_out_can_be_gone_back_to() {
    let w = World::of(2);
    let id = w["A"].add("Shift", "pump 1\n");
    let path = w.dir.path().join("log.bin");
    std::fs::write(&path, "pressure").unwrap();
    w["A"].vault().attach_file(id, &path).unwrap();
    let with = versions(&w["A"], id).last().unwrap().id;
    let is_shown = || w["A"].vault().note_version(id, with).unwrap().is_shown;
    assert!(is_shown());
    let file = w["A"].vault().attachments(id).unwrap()[0].id;
    w["A"].vault().detach_file(id, file).unwrap();
    assert!(!is_shown() && w["A"].vault().attachments(id).unwrap().is_empty());
    w["A"].vault().restore_version(id, with).unwrap();
    assert!(is_shown());
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(w["B"].vault().attachment_bytes(file).unwrap(), b"pressure");
}
