//! Files of several chunks: sent and fetched a chunk at a time, resumed, and left where they are until somebody wants them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use holdfast_domain::NoteId;
use holdfast_notebook::sync::FetchFiles;
use holdfast_notebook::{Attachment, AttachmentId, NewNote, NotebookError, WhyNotHere};
use holdfast_sync::SyncState;
use holdfast_testkit::{Fault, TestDevice, World};

use crate::syncing::assert_same;

const CHUNK: usize = 4 * 1024 * 1024;

/// Bytes of which no two chunks are the same.
fn noise(seed: u8, length: usize) -> Vec<u8> {
    let mut out = vec![seed; length];
    for (n, at) in (0..length).step_by(64 * 1024).enumerate() {
        out[at] = n as u8 ^ seed;
    }
    out
}

fn file(w: &World, name: &str, bytes: &[u8]) -> PathBuf {
    let path = w.dir.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

fn only(d: &TestDevice, note: NoteId) -> Attachment {
    let all = d.vault().attachments(note).unwrap();
    assert_eq!(all.len(), 1);
    all[0].clone()
}

fn bytes(d: &TestDevice, id: AttachmentId) -> Vec<u8> {
    d.vault().attachment_bytes(id).unwrap()
}

fn asked(d: &TestDevice, request: &str) -> usize {
    d.net.take_requests().iter().filter(|r| **r == request).count()
}

/// Two devices, a note of A with a file of so many bytes, and everything of it sent. B knows the note, and not the file.
async fn with_file(length: usize) -> (World, NoteId, AttachmentId, Vec<u8>) {
    let w = World::of(2);
    let (id, content) = (w["A"].add("T", "text\n"), noise(7, length));
    w["A"].vault().attach_file(id, &file(&w, "film.bin", &content)).unwrap();
    w.sync_all().await;
    let attachment = only(&w["A"], id).id;
    (w, id, attachment, content)
}

#[tokio::test]
async fn a_large_file_goes_by_chunks_and_comes_when_it_is_opened() {
    let w = World::of(2);
    let (id, content) = (w["A"].add("T", "text\n"), noise(1, 2 * CHUNK + 1_000));
    w["A"].vault().attach_file(id, &file(&w, "film.bin", &content)).unwrap();
    assert_eq!(bytes(&w["A"], only(&w["A"], id).id), content);
    let status = w["A"].vault().sync_status().unwrap();
    assert_eq!((status.waiting_attachments, status.sending.files, status.sending.done_bytes), (1, 1, 0));
    assert!(status.sending.total_bytes > content.len() as u64 && status.state == SyncState::Waiting);
    w["A"].net.take_requests();
    w["A"].sync().await;
    let requests = w["A"].net.take_requests();
    let order = ["push", "put_blob", "put_blob", "put_blob", "push"];
    assert_eq!(requests[..5], order, "the note, all of the file, and then what names it");

    w["B"].net.take_requests();
    w["B"].sync().await;
    assert_eq!(asked(&w["B"], "get_blob"), 0);
    let status = w["B"].syncer().status().unwrap();
    assert_eq!((status.state, status.receiving.files), (SyncState::UpToDate, 0), "it is not missed");
    assert_eq!((status.not_here.files, status.not_here.bytes), (1, content.len() as u64));
    let there = only(&w["B"], id);
    assert_eq!((there.here, there.here_bytes, there.wanted, there.size), (false, 0, false, content.len() as u64));

    w["B"].syncer().fetch_file(there.id).await.unwrap();
    assert_eq!(asked(&w["B"], "get_blob"), 3);
    assert_eq!(bytes(&w["B"], there.id), content);
    let there = only(&w["B"], id);
    assert_eq!((there.here, there.here_bytes, there.wanted), (true, content.len() as u64, false));
    assert_eq!(w["B"].syncer().status().unwrap().not_here.files, 0);
    w["B"].syncer().fetch_file(there.id).await.unwrap();
    w["B"].sync().await;
    assert_eq!(asked(&w["B"], "get_blob"), 0, "it is here");
    assert_same(&w);
}

/// The border: one chunk is as it always was, and comes by itself.
#[tokio::test]
async fn a_file_of_one_chunk_comes_by_itself() {
    for (length, comes) in [(0, true), (CHUNK, true), (CHUNK + 1, false)] {
        let (w, id, attachment, content) = with_file(length).await;
        assert_eq!(only(&w["B"], id).here, comes, "{length}");
        w["B"].syncer().fetch_file(attachment).await.unwrap();
        assert_eq!(bytes(&w["B"], attachment), content);
    }
}

#[tokio::test]
async fn a_computer_that_wants_all_files_gets_them() {
    let (w, id, attachment, content) = with_file(CHUNK + 5).await;
    assert_eq!(w["B"].vault().fetch_files().unwrap(), FetchFiles::WhenOpened);
    w["B"].vault().set_fetch_files(FetchFiles::Always).unwrap();
    let status = w["B"].vault().sync_status().unwrap();
    assert_eq!((status.receiving.files, status.receiving.total_bytes), (1, content.len() as u64));
    w["B"].sync().await;
    assert!(only(&w["B"], id).here);
    assert_eq!(bytes(&w["B"], attachment), content);
    w["B"].vault().set_fetch_files(FetchFiles::WhenOpened).unwrap();
    assert!(only(&w["B"], id).here, "what is here stays");
}

#[tokio::test]
async fn a_notebook_that_is_kept_offline_gets_its_files_and_those_below() {
    let w = World::of(2);
    let vault = w["A"].vault();
    let below = vault.ensure_notebook("Field/Pumps").unwrap();
    let above = vault.notebook_by_path("Field").unwrap();
    let add = |title: &str, notebook, seed| {
        let new = NewNote { title: title.into(), notebook, ..NewNote::default() };
        let id = vault.add_note(&new).unwrap();
        vault.attach_file(id, &file(&w, "film.bin", &noise(seed, CHUNK + 9))).unwrap();
        id
    };
    let (inside, outside) = (add("In", Some(below), 1), add("Out", None, 2));
    w.sync_all().await;
    w["B"].vault().set_kept_offline(above, true).unwrap();
    assert!(w["B"].vault().kept_offline().unwrap().contains(&above));
    w["B"].sync().await;
    assert_eq!((only(&w["B"], inside).here, only(&w["B"], outside).here), (true, false));
    assert!(w["A"].vault().kept_offline().unwrap().is_empty(), "it is a choice of B alone");
    w["B"].vault().set_kept_offline(above, false).unwrap();
    w["B"].sync().await;
    assert!(only(&w["B"], inside).here && w["B"].vault().kept_offline().unwrap().is_empty());
    let nowhere = w["B"].vault().set_kept_offline(holdfast_domain::NotebookId([9; 16]), true);
    assert!(matches!(nowhere, Err(NotebookError::NotFound { .. })));
}

/// Whichever request is lost, on the way there or back, and the computer killed after it: one chunk is sent again at
/// most, and none whose answer was lost.
#[tokio::test]
async fn a_kill_anywhere_in_the_sending_costs_one_chunk_at_most() {
    let mut done = false;
    for after in 0.. {
        for fault in [Fault::DropRequest, Fault::DropAnswer] {
            let mut w = World::of(2);
            let (id, content) = (w["A"].add("T", "text\n"), noise(3, CHUNK + 100_000));
            w["A"].vault().attach_file(id, &file(&w, "film.bin", &content)).unwrap();
            w["A"].net.take_requests();
            w["A"].net.fail(after, fault);
            let died = w["A"].try_sync().await;
            done = died.is_ok();
            w["A"].crash();
            w["A"].net.heal();
            w["A"].reopen();
            if died.is_err() {
                assert_ne!(w["A"].vault().sync_status().unwrap().state, SyncState::UpToDate, "{after} {fault:?}");
            }
            w["A"].sync().await;
            // A chunk whose request was lost is sent twice; one whose answer was lost is asked about.
            let again = usize::from(fault == Fault::DropRequest && (1..3).contains(&after));
            assert_eq!(asked(&w["A"], "put_blob"), 2 + again, "{after} {fault:?}");
            w["B"].sync().await;
            w["B"].syncer().fetch_file(only(&w["B"], id).id).await.unwrap();
            assert_eq!(bytes(&w["B"], only(&w["B"], id).id), content);
        }
        if done {
            assert!(after > 3);
            return;
        }
    }
}

#[tokio::test]
async fn what_names_a_file_goes_after_all_of_it() {
    let w = World::of(2);
    let id = w["A"].add("T", "text\n");
    w.sync_all().await;
    w["A"].vault().attach_file(id, &file(&w, "film.bin", &noise(4, 2 * CHUNK))).unwrap();
    w["A"].net.fail(2, Fault::DropRequest);
    w["A"].try_sync().await.unwrap_err();
    let status = w["A"].vault().sync_status().unwrap();
    assert!(status.sending.done_bytes > CHUNK as u64 && status.sending.done_bytes < status.sending.total_bytes);
    assert_eq!(status.waiting_attachment_bytes, status.sending.total_bytes - status.sending.done_bytes);
    w["B"].sync().await;
    assert!(w["B"].vault().attachments(id).unwrap().is_empty(), "nobody sees a link to half a file");
    w.sync_all().await;
    assert_eq!(w["B"].vault().attachments(id).unwrap().len(), 1);
}

/// Whatever is written while a large file is being sent is on the other computer before the file is; and what names the
/// file, or builds on that, is not there before all of it is.
#[tokio::test]
async fn texts_do_not_wait_for_a_file() {
    let w = World::of(2);
    let [film, early, late] = ["Film", "Early", "Late"].map(|title| w["A"].add(title, "one\n"));
    w.sync_all().await;
    w["A"].vault().attach_file(film, &file(&w, "film.bin", &noise(5, 40_000_000))).unwrap();
    w["A"].replace(film, "one", "with a film");
    // Behind the file in time, and not dependent on it.
    w["A"].replace(early, "one", "two");
    let (a, b) = (w["A"].syncer().clone(), w["B"].syncer().clone());
    let between = |net: holdfast_testkit::Network| async move {
        // The first chunk is on its way.
        let there = |id| b.vault().note(id).unwrap().row;
        b.run_once().await.unwrap();
        assert_eq!(there(early).body, "two\n");
        let heads = a.vault().note(late).unwrap().seen_heads;
        let patch = holdfast_notebook::NotePatch { body: Some("meanwhile\n".into()), ..Default::default() };
        a.vault().save_note(late, &heads, &patch).unwrap();
        a.vault().commit_note(late).unwrap();
        // And now the second.
        net.before("put_blob", async move {
            b.run_once().await.unwrap();
            assert_eq!(b.vault().note(late).unwrap().row.body, "meanwhile\n");
            let film = b.vault().note(film).unwrap().row;
            assert_eq!((film.body.as_str(), film.attachments.len()), ("one\n", 0));
            let status = a.status().unwrap();
            assert_eq!((status.state, status.waiting, status.sending.files), (SyncState::Syncing, 3, 1));
        });
    };
    w["A"].net.before("put_blob", between(w["A"].net.clone()));
    w["A"].net.take_requests();
    // Cut in the fourth chunk: nothing but the file and what names it is left.
    w["A"].net.fail(6, Fault::DropAnswer);
    w["A"].try_sync().await.unwrap_err();
    let order = ["push", "put_blob", "push", "put_blob", "put_blob", "put_blob"];
    assert_eq!(w["A"].net.take_requests()[..6], order);
    let status = w["A"].vault().sync_status().unwrap();
    assert_eq!((status.state, status.waiting, status.sending.files), (SyncState::Unreachable, 3, 1));
    w["B"].sync().await;
    assert_eq!(w["B"].body(film), "one\n");
    w.sync_all().await;
    assert_eq!((w["B"].body(film).as_str(), only(&w["B"], film).size), ("with a film\n", 40_000_000));
    assert_same(&w);
}

/// The other way: what others write comes in between the chunks of a file that is being fetched.
#[tokio::test]
async fn a_file_that_is_fetched_holds_back_no_text() {
    let (w, film, attachment, content) = with_file(3 * CHUNK).await;
    w["B"].vault().set_fetch_files(FetchFiles::Always).unwrap();
    let typed = w["B"].add("Typed", "one\n");
    w["B"].sync().await;
    assert_eq!(bytes(&w["B"], attachment), content);
    w["A"].vault().attach_file(film, &file(&w, "second.bin", &noise(8, 3 * CHUNK))).unwrap();
    w["A"].sync().await;
    let (a, b) = (w["A"].syncer().clone(), w["B"].syncer().clone());
    let other = w["A"].add("Other", "from A\n");
    w["B"].net.before("get_blob", {
        let (a, b, net) = (a.clone(), b.clone(), w["B"].net.clone());
        async move {
            a.run_once().await.unwrap();
            // As a person does who waits for it; and something of their own.
            let heads = b.vault().note(typed).unwrap().seen_heads;
            let patch = holdfast_notebook::NotePatch { body: Some("from B\n".into()), ..Default::default() };
            b.vault().save_note(typed, &heads, &patch).unwrap();
            b.sync_now().unwrap();
            net.before("get_blob", async move {
                assert_eq!(b.vault().note(other).unwrap().row.body, "from A\n");
                assert_eq!(b.status().unwrap().receiving.files, 1, "the file is not here yet");
            });
        }
    });
    let stop = tokio::sync::Notify::new();
    let watch = async {
        let mut changed = b.watch();
        while b.vault().note(other).is_err()
            || b.status().unwrap().receiving.files > 0
            || b.status().unwrap().state != SyncState::UpToDate
        {
            changed.changed().await.unwrap();
        }
        stop.notify_one();
    };
    w["B"].net.take_requests();
    let (ended, ()) = tokio::join!(b.run(&stop), watch);
    ended.unwrap();
    let requests = w["B"].net.take_requests();
    // However long each took: the log may be looked at once more.
    let mut between = requests.split(|r| *r == "get_blob").skip(1);
    let after_the_first = between.next().unwrap();
    assert!(after_the_first.contains(&"push") && after_the_first.contains(&"log"), "{requests:?}");
    assert_eq!(requests.iter().filter(|r| **r == "get_blob").count(), 3);
    w["A"].sync().await;
    assert_eq!(w["A"].body(typed), "from B\n");
}

#[tokio::test]
async fn a_file_that_was_opened_without_a_network_comes_with_the_next_sync() {
    let (mut w, id, attachment, content) = with_file(3 * CHUNK).await;
    w["B"].net.turn_off();
    let said = w["B"].syncer().fetch_file(attachment).await;
    assert!(
        matches!(&said, Err(NotebookError::NotHere { name, why: WhyNotHere::NoAnswer }) if name == "film.bin"),
        "{said:?}"
    );
    let there = only(&w["B"], id);
    assert_eq!((there.here, there.wanted), (false, true));
    w["B"].net.turn_on();
    w["B"].net.take_requests();
    // The connection ends in the middle, and the program is killed.
    w["B"].net.fail(2, Fault::DropAnswer);
    w["B"].try_sync().await.unwrap_err();
    let there = only(&w["B"], id);
    assert_eq!((there.here, there.wanted, there.here_bytes), (false, true, CHUNK as u64));
    w["B"].crash();
    w["B"].net.heal();
    w["B"].reopen();
    assert_eq!(w["B"].vault().sync_status().unwrap().receiving.done_bytes, CHUNK as u64);
    w["B"].sync().await;
    assert_eq!(asked(&w["B"], "get_blob"), 4, "three chunks, and the one whose answer was lost");
    assert_eq!(bytes(&w["B"], attachment), content);
}

/// As long as each try brings something, a person waits for the file and does not click again.
#[tokio::test]
async fn opening_goes_on_where_the_connection_broke() {
    let (w, _, attachment, content) = with_file(3 * CHUNK).await;
    for after in [1, 1] {
        w["B"].net.fail(after, Fault::DropAnswer);
    }
    w["B"].net.take_requests();
    w["B"].syncer().fetch_file(attachment).await.unwrap();
    assert_eq!((asked(&w["B"], "get_blob"), bytes(&w["B"], attachment)), (5, content));
    // One that brings nothing is told.
    let (w, _, attachment, _) = with_file(CHUNK + 1).await;
    w["B"].net.fail(0, Fault::DropRequest);
    let said = w["B"].syncer().fetch_file(attachment).await;
    assert!(matches!(said, Err(NotebookError::NotHere { why: WhyNotHere::NoAnswer, .. })), "{said:?}");
}

/// Every sealed chunk that the server keeps, by its length: the last one of a file is shorter.
fn on_server(data: &Path) -> Vec<PathBuf> {
    let shards = fs::read_dir(data.join("blobs")).unwrap();
    let files = shards.flat_map(|shard| fs::read_dir(shard.unwrap().path()).unwrap());
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort_by_key(|path| (std::cmp::Reverse(fs::metadata(path).unwrap().len()), path.clone()));
    files
}

#[tokio::test]
async fn chunks_that_the_server_swaps_are_found_out() {
    let (w, id, attachment, content) = with_file(2 * CHUNK + 7).await;
    let chunks: Vec<Vec<u8>> = on_server(w.server.data()).iter().map(|path| fs::read(path).unwrap()).collect();
    assert_eq!(chunks.len(), 3);
    let swapped: BTreeMap<_, _> =
        [(chunks[0].clone(), chunks[1].clone()), (chunks[1].clone(), chunks[0].clone())].into();
    w.server.lies.about_blobs(move |chunk| Ok(swapped.get(&chunk).cloned().unwrap_or(chunk)));
    let said = w["B"].syncer().fetch_file(attachment).await;
    assert!(matches!(said, Err(NotebookError::HostileServer(_))), "{said:?}");
    let said = w["B"].try_sync().await;
    assert!(matches!(said, Err(NotebookError::HostileServer(_))), "in a sync too: {said:?}");
    assert_eq!((only(&w["B"], id).here, only(&w["B"], id).here_bytes), (false, 0), "nothing of it was taken over");
    // The same one again and again, and one that is cut short.
    let one = chunks[0].clone();
    w.server.lies.about_blobs(move |_| Ok(one.clone()));
    assert!(matches!(w["B"].syncer().fetch_file(attachment).await, Err(NotebookError::HostileServer(_))));
    w.server.lies.about_blobs(|mut chunk| {
        chunk.pop();
        Ok(chunk)
    });
    assert!(matches!(w["B"].syncer().fetch_file(attachment).await, Err(NotebookError::HostileServer(_))));
    w.server.lies.be_honest();
    w["B"].sync().await;
    assert_eq!(bytes(&w["B"], attachment), content);
}

#[tokio::test]
async fn a_chunk_that_the_server_lost_is_sent_again_by_who_has_it() {
    let (w, id, attachment, content) = with_file(2 * CHUNK + 7).await;
    fs::remove_file(&on_server(w.server.data())[0]).unwrap();
    let said = w["B"].syncer().fetch_file(attachment).await;
    assert!(matches!(said, Err(NotebookError::NotHere { why: WhyNotHere::NotOnServer, .. })), "{said:?}");
    // B, which has a part at most, cannot help; it goes on all the same.
    w["B"].sync().await;
    assert!(!only(&w["B"], id).here);
    w.server.core().begin_new_epochs().unwrap();
    w["A"].net.take_requests();
    w.sync_all().await;
    assert_eq!(asked(&w["A"], "put_blob"), 1, "the one that was lost");
    w["B"].syncer().fetch_file(attachment).await.unwrap();
    assert_eq!(bytes(&w["B"], attachment), content);
    assert_same(&w);
}

/// A server that was restored to a time before the file: who has all of it sends all of it; who has a part, that part.
#[tokio::test]
async fn a_restored_server_gets_back_what_each_computer_has() {
    let mut w = World::of(3);
    let (id, content) = (w["A"].add("T", "text\n"), noise(9, 2 * CHUNK + 7));
    w.sync_all().await;
    let backup = w.server.backup().await;
    w["A"].vault().attach_file(id, &file(&w, "film.bin", &content)).unwrap();
    w.sync_all().await;
    let attachment = only(&w["A"], id).id;
    // B has fetched one chunk of it.
    w["B"].net.fail(1, Fault::DropRequest);
    w["B"].net.fail(0, Fault::DropRequest);
    w["B"].syncer().fetch_file(attachment).await.unwrap_err();
    assert_eq!(only(&w["B"], id).here_bytes, CHUNK as u64);
    w["B"].net.heal();
    w.server.restore(&backup).await;
    w["B"].net.take_requests();
    w["B"].sync().await;
    assert_eq!(asked(&w["B"], "put_blob"), 1);
    assert_eq!(w["B"].syncer().status().unwrap().state, SyncState::UpToDate);
    let said = w["C"].sync().await;
    assert_eq!(said.pushed, 0);
    assert!(matches!(
        w["C"].syncer().fetch_file(attachment).await,
        Err(NotebookError::NotHere { why: WhyNotHere::NotOnServer, .. })
    ));
    w["A"].net.take_requests();
    w["A"].sync().await;
    assert_eq!(asked(&w["A"], "put_blob"), 2, "and not what B has brought back");
    w.sync_all().await;
    assert_eq!(bytes(&w["C"], attachment), content, "it was asked for, and came with the sync");
    assert_same(&w);
}

/// A person attaches what the vault knows and does not have here: it is safe, also if the server never gives it.
#[tokio::test]
async fn what_is_attached_here_is_here() {
    let (w, id, _, content) = with_file(CHUNK + 3).await;
    let other = w["B"].add("U", "");
    w["B"].vault().attach_file(other, &file(&w, "mine.bin", &content)).unwrap();
    assert!(only(&w["B"], other).here);
    assert_eq!(bytes(&w["B"], only(&w["B"], other).id), content);
    assert!(only(&w["B"], id).here, "the same content");
    w.sync_all().await;
    w["A"].net.take_requests();
    assert!(only(&w["A"], other).here && asked(&w["A"], "get_blob") == 0);
    assert_same(&w);
}

#[tokio::test]
async fn an_export_brings_what_it_can_and_names_the_rest() {
    let (w, _, attachment, content) = with_file(CHUNK + 3).await;
    w["B"].net.turn_off();
    assert!(w["B"].syncer().fetch_all_files().await.unwrap().is_some());
    let out = w["B"].vault().export_folder(&w.dir.path().join("without")).unwrap();
    assert_eq!((out.attachments, out.skipped.len()), (0, 1));
    assert_eq!(out.skipped[0].path, "film.bin");
    assert!(out.skipped[0].reason.contains("not on this computer yet"), "{:?}", out.skipped);
    assert!(!w.dir.path().join("without/film.bin").exists());
    w["B"].net.turn_on();
    assert!(w["B"].syncer().fetch_all_files().await.unwrap().is_none());
    assert_eq!(bytes(&w["B"], attachment), content);
    let to = w.dir.path().join("with");
    let out = w["B"].vault().export_folder(&to).unwrap();
    assert_eq!((out.attachments, out.skipped.len()), (1, 0));
    assert_eq!(fs::read(to.join("film.bin")).unwrap(), content);
}

#[tokio::test]
async fn a_backup_says_what_it_does_not_hold() {
    let (w, _, attachment, content) = with_file(CHUNK + 3).await;
    let made = w["B"].vault().backup(holdfast_notebook::BackupReason::Asked).unwrap();
    let lacks = made.content.unwrap().files_not_here;
    assert_eq!((lacks.files, lacks.bytes), (1, content.len() as u64));
    let line = &w["B"].vault().activity(1).unwrap()[0];
    assert!(line.message.contains("without 1 file"), "{}", line.message);
    w["B"].syncer().fetch_file(attachment).await.unwrap();
    w.clock.advance(5_000);
    let made = w["B"].vault().backup(holdfast_notebook::BackupReason::Asked).unwrap();
    assert_eq!(made.content.unwrap().files_not_here.files, 0);
    assert!(made.bytes > content.len() as u64);
}

#[tokio::test]
async fn a_file_is_written_where_a_person_says_and_nothing_is_left_of_half_of_it() {
    let (w, _, attachment, content) = with_file(2 * CHUNK + 3).await;
    let target = file(&w, "copy.bin", b"there before");
    let said = w["B"].vault().save_attachment(attachment, &target);
    assert!(matches!(said, Err(NotebookError::NotHere { .. })), "{said:?}");
    assert_eq!(fs::read(&target).unwrap(), b"there before");
    w["A"].vault().save_attachment(attachment, &target).unwrap();
    assert_eq!(fs::read(&target).unwrap(), content);
}

/// Whoever has the file on a disk does not wait for the network to bring it.
#[tokio::test]
async fn a_file_that_is_attached_while_it_is_fetched_has_been_fetched() {
    let (w, id, attachment, content) = with_file(3 * CHUNK).await;
    let (vault, path) = (w["B"].vault().clone(), file(&w, "mine.bin", &content));
    let other = w["B"].add("U", "");
    w["B"].net.take_requests();
    w["B"].net.before("get_blob", async move {
        vault.attach_file(other, &path).unwrap();
    });
    w["B"].syncer().fetch_file(attachment).await.unwrap();
    assert_eq!(asked(&w["B"], "get_blob"), 1, "what came then is not needed");
    assert!(only(&w["B"], id).here && only(&w["B"], other).here);
    assert_eq!(bytes(&w["B"], attachment), content);
    w.sync_all().await;
    assert_same(&w);
}

/// The server's disk fails: the file is none that is there. The others come, and who has it sends it again.
#[tokio::test]
async fn a_file_that_the_servers_disk_damaged_keeps_nobody_waiting_and_is_brought_back() {
    let w = World::of(2);
    let (id, other) = (w["A"].add("T", "text\n"), w["A"].add("U", "text\n"));
    let (large, small) = (noise(3, 2_000_000), noise(4, 1_000_000));
    w["A"].vault().attach_file(id, &file(&w, "a.bin", &large)).unwrap();
    w.clock.advance(1);
    w["A"].vault().attach_file(other, &file(&w, "b.bin", &small)).unwrap();
    w["A"].sync().await;
    let path = &on_server(w.server.data())[0];
    let length = fs::metadata(path).unwrap().len() / 2;
    fs::File::options().write(true).open(path).unwrap().set_len(length).unwrap();
    w["B"].sync().await;
    assert!(!only(&w["B"], id).here);
    assert_eq!(bytes(&w["B"], only(&w["B"], other).id), small);
    w["A"].net.take_requests();
    w["A"].sync().await;
    assert_eq!(w["A"].net.take_requests(), ["log"], "nobody told");
    w.clock.advance(25 * 3_600_000);
    w["A"].sync().await;
    assert_eq!(w["A"].net.take_requests(), ["log", "missing", "put_blob"]);
    w["B"].sync().await;
    assert_eq!(bytes(&w["B"], only(&w["B"], id).id), large);
    assert_same(&w);
}

/// What only a lost server had is given once more by somebody who has the file: that is another sealing of it.
#[tokio::test]
async fn a_file_that_was_attached_once_more_comes_by_its_new_chunks() {
    for length in [2 * CHUNK + 7, 1_000] {
        let (mut w, id, attachment, content) = with_file(length).await;
        w["B"].close();
        for path in on_server(w.server.data()) {
            fs::remove_file(path).unwrap();
        }
        // A computer that never had it, and which was asked for it while there was none.
        let x = TestDevice::join("X", w.dir.path(), &w.clock, &w.server).await.unwrap();
        x.sync().await;
        let said = x.syncer().fetch_file(attachment).await;
        assert!(matches!(said, Err(NotebookError::NotHere { why: WhyNotHere::NotOnServer, .. })), "{said:?}");
        w.clock.advance(1_000);
        let y = TestDevice::join("Y", w.dir.path(), &w.clock, &w.server).await.unwrap();
        y.sync().await;
        let other = y.add("U", "");
        y.vault().attach_file(other, &file(&w, "mine.bin", &content)).unwrap();
        y.sync().await;
        x.sync().await;
        assert!(only(&x, id).here && only(&x, other).here, "{length}");
        assert_eq!(bytes(&x, attachment), content);
        // And where nobody had been asked before.
        let z = TestDevice::join("Z", w.dir.path(), &w.clock, &w.server).await.unwrap();
        z.sync().await;
        z.syncer().fetch_file(attachment).await.unwrap();
        assert_eq!(bytes(&z, attachment), content);
    }
}
