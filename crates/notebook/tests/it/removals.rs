//! A computer that was lost is removed: it gets nothing more, nothing is taken from it, and nobody else loses anything.

use std::sync::{Arc, Mutex};

use holdfast_crypto::{AccountKeys, CryptoError, KeyFile, SpaceKeys, open_revision};
use holdfast_domain::MAX_RECORD_BYTES;
use holdfast_notebook::sync::{Happened, SyncFlag, Syncer, WhySetAside, sign_in};
use holdfast_notebook::{NewNote, NotebookError, Vault};
use holdfast_protocol::{BatchManifest, LogEntry, ProtocolError};
use holdfast_sync::SyncState;
use holdfast_testkit::{Fault, Network, PASSPHRASE, TestDevice, World};

use crate::syncing::shown;

fn is_removed<T>(answer: &Result<T, NotebookError>) -> bool {
    matches!(answer, Err(NotebookError::Protocol(ProtocolError::DeviceRemoved)))
}

async fn remove(by: &TestDevice, who: &TestDevice) -> Result<(), NotebookError> {
    by.syncer().remove_device(who.id(), None).await
}

/// Two that remain, in step.
fn assert_in_step(one: &TestDevice, other: &TestDevice) {
    assert_eq!(shown(one), shown(other));
    for d in [one, other] {
        let status = d.syncer().status().unwrap();
        assert_eq!((status.state, status.waiting), (SyncState::UpToDate, 0), "{}", d.name);
    }
}

fn told(d: &TestDevice) -> Vec<String> {
    let lines = d.vault().activity(100).unwrap().into_iter().filter(|a| a.what == Happened::Removed);
    lines.map(|a| a.message).collect()
}

fn names(d: &TestDevice) -> Vec<String> {
    let mut names: Vec<_> = d.syncer().status().unwrap().devices.into_iter().map(|d| d.name).collect();
    names.sort();
    names
}

/// All entries of the log with their batches, as a device reads them that begins.
async fn whole_log(w: &World, name: &str) -> Vec<(LogEntry, BatchManifest)> {
    let read: Arc<Mutex<Vec<(LogEntry, BatchManifest)>>> = Arc::default();
    let into = read.clone();
    w.server.lies.about_pages(move |page| {
        for entry in &page.entries {
            let batch = page.manifests.iter().find(|m| holdfast_protocol::batch_hash(m) == entry.batch).unwrap();
            into.lock().unwrap().push((entry.clone(), batch.clone()));
        }
    });
    let fresh =
        TestDevice::join(name, &tempfile::tempdir_in(w.dir.path()).unwrap().keep(), &w.clock, &w.server).await.unwrap();
    read.lock().unwrap().clear();
    fresh.sync().await;
    w.server.lies.be_honest();
    let log = read.lock().unwrap().clone();
    assert_eq!(fresh.vault().set_aside().unwrap().len(), 0);
    log
}

#[tokio::test]
async fn a_removed_computer_is_told_and_keeps_what_it_has() {
    let mut w = World::of(3);
    let id = w["B"].add("Ours", "old\n");
    w.sync_all().await;
    w["B"].write(id, "what B wrote and never sent\n");
    let b = w["B"].id();
    remove(&w["A"], &w["B"]).await.unwrap();
    let new = w["A"].add("New", "after the removal\n");
    w["A"].sync().await;
    w["C"].sync().await;
    w["C"].write(new, "seen by C\n");
    w["C"].sync().await;
    w["A"].sync().await;
    assert_in_step(&w["A"], &w["C"]);
    assert_eq!(w["A"].body(new), "seen by C\n");
    for d in ["A", "C"] {
        assert_eq!(names(&w[d]), ["A", "C", "D"], "{d}");
    }
    assert_eq!(told(&w["A"]), ["“B” was removed from the account, here"]);
    assert_eq!(told(&w["C"]), ["“B” was removed from the account"]);

    for _ in 0..2 {
        assert!(is_removed(&w["B"].try_sync().await));
        let status = w["B"].syncer().status().unwrap();
        assert_eq!((status.state, status.waiting), (SyncState::NeedsSignIn, 1));
        assert!(is_removed::<()>(&Err(w["B"].vault().last_sync_problem().unwrap().unwrap())));
        assert!(w["B"].vault().note(new).is_err());
    }
    // A program that starts later says it too, and the passphrase, which is the right one, changes nothing.
    w["B"].close();
    w["B"].reopen();
    assert!(w["B"].syncer().problem().is_some());
    assert!(is_removed(&sign_in(w["B"].vault(), w["B"].connect(), PASSPHRASE).await));
    assert!(is_removed(&w["B"].try_sync().await));
    assert_eq!(w["B"].vault().sync_status().unwrap().state, SyncState::NeedsSignIn);
    assert_eq!((w["B"].id(), w["B"].body(id)), (b, "what B wrote and never sent\n".to_owned()));
    let out = w.dir.path().join("out");
    w["B"].vault().export_folder(&out).unwrap();
    assert_eq!(std::fs::read_dir(out).unwrap().count(), 1);

    // Done is done.
    let log = whole_log(&w, "Reader").await.len();
    remove(&w["A"], &w["B"]).await.unwrap();
    remove(&w["C"], &w["B"]).await.unwrap();
    assert_eq!(whole_log(&w, "Another").await.len(), log + 1, "the reader's own name");
    assert_eq!(told(&w["A"]).len(), 1);
    let nobody = w["A"].syncer().remove_device(holdfast_notebook::DeviceId([9; 16]), None).await;
    assert!(matches!(nobody, Err(NotebookError::NotFound { .. })));
    assert!(matches!(remove(&w["A"], &w["A"]).await, Err(NotebookError::Invalid(_))));
}

/// The sceptic's test: a batch is signed, stored and under way while the keys change. It arrives once, as it was signed,
/// and under the new key if it was not there before.
#[tokio::test]
async fn a_batch_in_flight_is_the_same_batch_under_the_new_key() {
    for fault in [None, Some(Fault::DropRequest), Some(Fault::DropAnswer)] {
        let w = World::of(3);
        w.sync_all().await;
        let ids = [w["C"].add("First", "of C\n"), w["C"].add("Second", "of C\n")];
        w["C"].write(ids[0], "of C, again\n");
        if let Some(fault) = fault {
            w["C"].net.fail(0, fault);
            assert!(w["C"].try_sync().await.is_err());
            remove(&w["A"], &w["B"]).await.unwrap();
        } else {
            // Between the signature and the request.
            let (syncer, b) = (w["A"].syncer().clone(), w["B"].id());
            w["C"].net.before("push", async move { syncer.remove_device(b, None).await.unwrap() });
        }
        // More, that was sealed before the new key was known here.
        let late = w["C"].add("Late", "of C\n");
        w["C"].net.take_requests();
        w["C"].sync().await;
        let pushes = w["C"].net.take_requests().into_iter().filter(|r| *r == "push").count();
        w["A"].sync().await;
        assert_in_step(&w["A"], &w["C"]);
        for id in [ids[0], ids[1], late] {
            assert_eq!(w["A"].body(id), w["C"].body(id));
        }
        assert_eq!(w["A"].vault().history(ids[0].into()).unwrap().len(), 2);

        let log = whole_log(&w, "Reader").await;
        let c = w["C"].id().0;
        let mut batches: Vec<_> = log.iter().filter(|(_, m)| m.device.0 == c).map(|(_, m)| (m.ctr, m.prev)).collect();
        batches.dedup();
        let counters: Vec<u64> = batches.iter().map(|(ctr, _)| *ctr).collect();
        assert!(counters.windows(2).all(|two| two[1] == two[0] + 1), "{counters:?}: each counter once");
        let epoch = |id: holdfast_domain::NoteId| {
            let versions = w["C"].vault().history(id.into()).unwrap();
            let entries = log.iter().filter(|(e, _)| versions.iter().any(|v| v.id.0 == e.entry.rid.0));
            let epochs: Vec<u32> = entries.map(|(e, _)| e.entry.key_epoch).collect();
            assert_eq!(epochs.len(), versions.len(), "each version once");
            epochs
        };
        // What the server had before the removal has its answer, and stays as it is.
        let had = u32::from(fault != Some(Fault::DropAnswer)) + 1;
        assert_eq!((epoch(ids[0]), epoch(ids[1]), epoch(late)), (vec![had; 2], vec![had], vec![2]), "{fault:?}");
        // One that was refused, or answered from memory; the same once more; and what there was.
        assert!(pushes <= 3, "{pushes}");
    }
}

#[tokio::test]
async fn a_lost_answer_leaves_no_half_removal() {
    for fault in [Fault::DropRequest, Fault::DropAnswer] {
        let mut w = World::of(3);
        w.sync_all().await;
        // The log, the keys, then the put.
        w["A"].net.fail(2, fault);
        let tried = remove(&w["A"], &w["B"]).await;
        assert!(matches!(tried, Err(NotebookError::Protocol(ProtocolError::Unreachable(_)))), "{tried:?}");
        w["A"].crash();
        w["A"].reopen();
        let id = w["A"].add("After", "of A\n");
        if fault == Fault::DropAnswer {
            // What was done is found out like what another computer did.
            w["A"].sync().await;
            assert_eq!(told(&w["A"]), ["“B” was removed from the account"]);
        }
        remove(&w["A"], &w["B"]).await.unwrap();
        w["A"].sync().await;
        w["C"].sync().await;
        assert_eq!(w["C"].body(id), "of A\n");
        assert!(is_removed(&w["B"].try_sync().await));
        // The removal is in the account once.
        assert_eq!(told(&w["C"]).len(), 1);
        w["A"].close();
        w["A"].reopen();
        w["A"].sync().await;
        assert_in_step(&w["A"], &w["C"]);
    }
}

#[tokio::test]
async fn what_it_sent_in_the_last_moment_counts() {
    let w = World::of(3);
    let id = w["A"].add("Shared", "old\n");
    w.sync_all().await;
    w["B"].write(id, "the last that B wrote\n");
    let b = w["B"].syncer().clone();
    w["A"].net.before("put_keys", async move {
        b.run_once().await.unwrap();
    });
    remove(&w["A"], &w["B"]).await.unwrap();
    assert_eq!(w["A"].body(id), "the last that B wrote\n");
    w["A"].sync().await;
    w["C"].sync().await;
    assert_in_step(&w["A"], &w["C"]);
    assert_eq!(w["C"].vault().set_aside().unwrap().len(), 0);
    assert!(is_removed(&w["B"].try_sync().await));
}

/// What a computer has when it is lost does not open what is sealed from then on, nor the account's keys.
#[tokio::test]
async fn the_removed_computers_keys_open_nothing_that_came_after() {
    let mut w = World::of(2);
    let before = w["A"].add("Before", "known to B\n");
    w.sync_all().await;
    w["B"].close();
    let lost = KeyFile::read(&w.path("B").join("vault.keys")).unwrap();
    let open = lost.open_with_passphrase(PASSPHRASE).unwrap();
    let old: &SpaceKeys = &open.account.spaces[&w["A"].vault().space().0];
    w["B"].reopen();

    w["A"].syncer().remove_device(w["B"].id(), Some("another passphrase")).await.unwrap();
    let after = w["A"].add("After", "a canary of 2026\n");
    w["A"].sync().await;
    w["A"].write(before, "changed after\n");
    w["A"].sync().await;

    let keys: Arc<Mutex<Vec<u8>>> = Arc::default();
    let into = keys.clone();
    w.server.lies.about_keys(move |bytes| {
        into.lock().unwrap().clone_from(&bytes);
        Ok(bytes)
    });
    let entries: Arc<Mutex<Vec<LogEntry>>> = Arc::default();
    let read = entries.clone();
    w.server.lies.about_pages(move |page| read.lock().unwrap().extend(page.entries.clone()));
    let (link, dir) = (w.server.link(), w.dir.path().join("C2"));
    let joined = holdfast_notebook::sync::join(
        &dir,
        w["A"].connect(),
        &link,
        holdfast_testkit::USER,
        "another passphrase",
        "C2",
        w.clock.env(),
    );
    let reads = Syncer::new(Arc::new(joined.await.unwrap()), w["A"].connect().clone()).unwrap();
    reads.run_once().await.unwrap();
    w["A"].sync().await;
    let account = AccountKeys::from_bytes(&keys.lock().unwrap()).unwrap();
    assert!(matches!(account.open_with_device(&open.device), Err(CryptoError::NotOpened)));
    assert!(matches!(account.open_with_passphrase(PASSPHRASE), Err(CryptoError::WrongPassphrase)));
    assert!(account.open_with_passphrase("another passphrase").is_ok());

    let space = w["A"].vault().space().0;
    let of = |id: holdfast_domain::NoteId| w["A"].vault().history(id.into()).unwrap();
    let mut sealed_after: Vec<_> = of(after).iter().map(|v| v.id.0).collect();
    sealed_after.extend(of(before).iter().filter(|v| !v.parents.is_empty()).map(|v| v.id.0));
    assert_eq!(sealed_after.len(), 2);
    let forced = SpaceKeys {
        id_keys: old.id_keys.clone(),
        epoch_keys: old.epoch_keys.values().map(|key| (2, key.clone())).collect(),
    };
    let mut seen = 0;
    for e in entries.lock().unwrap().iter().map(|logged| &logged.entry) {
        let opens =
            |keys: &SpaceKeys| open_revision(space, e.rid.0, e.key_epoch, keys, &e.body, MAX_RECORD_BYTES).is_ok();
        if sealed_after.contains(&e.rid.0) {
            assert!(e.key_epoch == 2 && !opens(old) && !opens(&forced));
            seen += 1;
        } else if e.key_epoch == 1 {
            assert!(opens(old), "the test can open what may be opened");
        }
    }
    assert!(seen >= 2);
}

#[tokio::test]
async fn who_joins_later_reads_both_epochs_and_the_code_opens_still() {
    let mut w = World::of(2);
    let old = w["A"].add("Old", "under the first key\n");
    w.sync_all().await;
    let code = w["A"].vault().unconfirmed_code().unwrap().unwrap().to_phrase();
    remove(&w["A"], &w["B"]).await.unwrap();
    let new = w["A"].add("New", "under the second key\n");
    w["A"].sync().await;
    let fresh = TestDevice::join("Fresh", &w.dir.path().join("fresh"), &w.clock, &w.server).await.unwrap();
    fresh.sync().await;
    assert_eq!(
        (fresh.body(old).as_str(), fresh.body(new).as_str()),
        ("under the first key\n", "under the second key\n")
    );
    fresh.write(old, "changed by the fresh one\n");
    fresh.sync().await;
    w["A"].sync().await;
    assert_in_step(&w["A"], &fresh);
    assert_eq!(names(&fresh), ["A", "C", "D", "Fresh"]);

    w["A"].close();
    let vault = Vault::open_with_code(&w.path("A"), &code, "set by the code", w.clock.env()).unwrap();
    assert_eq!(vault.note(new).unwrap().row.body, "under the second key\n");
    drop(vault);
    w["A"].reopen();
    w["A"].sync().await;
    fresh.sync().await;
    let changed = fresh.vault().change_passphrase(PASSPHRASE, "x");
    assert!(matches!(changed, Err(NotebookError::WrongPassphrase)), "the code's passphrase went everywhere");
    fresh.vault().change_passphrase("set by the code", PASSPHRASE).unwrap();
    fresh.sync().await;
    w["A"].sync().await;
    w["A"].vault().check_passphrase(PASSPHRASE).unwrap();
}

/// The server forgot the removal with everything since. The lost computer is back in for as long as nobody who knows
/// comes by; what it sends then is set aside, but for what somebody who did not know has built on.
#[tokio::test]
async fn a_restored_server_is_told_again_and_what_came_between_is_set_aside() {
    let mut w = World::of(3);
    let (ours, shared) = (w["A"].add("Ours", "old\n"), w["A"].add("Shared", "old\n"));
    w.sync_all().await;
    let backup = w.server.backup().await;
    remove(&w["A"], &w["B"]).await.unwrap();
    w["A"].write(ours, "after the removal\n");
    w["A"].sync().await;
    assert!(is_removed(&w["B"].try_sync().await));
    w.server.restore(&backup).await;

    // The thief has the passphrase too.
    sign_in(w["B"].vault(), w["B"].connect(), PASSPHRASE).await.unwrap();
    let alone = w["B"].add("Of the thief", "nobody built on it\n");
    w["B"].write(shared, "one\ntwo of the thief\n");
    w["B"].sync().await;
    // C knows nothing of a removal.
    w["C"].sync().await;
    w["C"].write(shared, "one, by C\ntwo of the thief\n");
    w["C"].sync().await;

    w["A"].sync().await;
    w["A"].sync().await;
    assert!(is_removed(&w["B"].try_sync().await), "it is removed again");
    assert!(is_removed(&sign_in(w["B"].vault(), w["B"].connect(), PASSPHRASE).await));
    assert_eq!(w["A"].body(shared), "one, by C\ntwo of the thief\n", "nothing of C's waits for ever");
    assert_eq!(w["A"].body(ours), "after the removal\n");
    assert!(w["A"].vault().note(alone).is_err(), "and nothing is taken over silently");
    let aside = w["A"].vault().set_aside().unwrap();
    assert_eq!(aside.into_iter().collect::<Vec<_>>(), [(WhySetAside::Removed, 1)]);

    w["C"].sync().await;
    w["C"].write(ours, "and C goes on\n");
    w["C"].sync().await;
    w["A"].sync().await;
    assert_eq!(w["A"].body(ours), "and C goes on\n");
    assert_eq!(names(&w["C"]), ["A", "C", "D"]);
    assert_eq!(w["A"].syncer().status().unwrap().state, SyncState::UpToDate);
}

/// The lost computer makes keys on the state that it knew, with a computer of its own in them. A server that hands them
/// out is not followed by anybody who knows of the removal.
#[tokio::test]
async fn keys_that_leave_the_removal_out_are_replaced() {
    let mut w = World::of(3);
    let id = w["A"].add("Ours", "old\n");
    w.sync_all().await;
    let backup = w.server.backup().await;
    remove(&w["A"], &w["B"]).await.unwrap();
    w["A"].sync().await;
    w["C"].sync().await;
    w.server.restore(&backup).await;
    let theirs = TestDevice::join("Theirs", &w.dir.path().join("theirs"), &w.clock, &w.server).await.unwrap();
    theirs.sync().await;
    w["C"].write(id, "after\n");
    w["C"].sync().await;
    w["A"].sync().await;
    assert_in_step(&w["A"], &w["C"]);
    assert_eq!(names(&w["A"]), ["A", "C", "D"]);
    let refused = theirs.try_sync().await;
    assert!(is_removed(&refused), "{refused:?}");
    assert!(theirs.body(id) == "old\n");
    assert!(is_removed(&w["B"].try_sync().await));

    // And an older state is put right, not taken over.
    let keys: Arc<Mutex<Option<Vec<u8>>>> = Arc::default();
    let first = keys.clone();
    w.server.lies.about_keys(move |bytes| Ok(first.lock().unwrap().get_or_insert(bytes).clone()));
    let d = TestDevice::join("E", &w.dir.path().join("e"), &w.clock, &w.server).await.unwrap();
    d.sync().await;
    w["A"].sync().await;
    w["A"].write(id, "still\n");
    let told = w["A"].try_sync().await;
    // It says that it has other keys than those that it shows: it is given nothing.
    assert!(matches!(told, Err(NotebookError::Protocol(ProtocolError::KeysChanged { .. }))), "{told:?}");
    w.server.lies.be_honest();
    w.sync_two().await;
    d.sync().await;
    assert_eq!((w["C"].body(id), d.body(id)), ("still\n".to_owned(), "still\n".to_owned()));
}

/// Two removals, on both sides of a server that was set back. Nobody can tell which of them a removed computer made, so
/// neither is followed by who knows the other, and that is said.
#[tokio::test]
async fn removals_that_know_nothing_of_each_other_stop_sync_with_words() {
    let mut w = World::of(4);
    w.sync_all().await;
    let backup = w.server.backup().await;
    remove(&w["A"], &w["B"]).await.unwrap();
    w.server.restore(&backup).await;
    remove(&w["C"], &w["D"]).await.unwrap();
    let id = w["A"].add("Kept", "by A\n");
    for _ in 0..2 {
        let said = w["A"].try_sync().await;
        assert!(matches!(&said, Err(NotebookError::HostileServer(what)) if what.contains("two ways")), "{said:?}");
    }
    assert_ne!(w["A"].syncer().status().unwrap().state, SyncState::UpToDate);
    assert_eq!(w["A"].body(id), "by A\n");
    w["C"].sync().await;
}

/// It told a restored server its counter, and its changes no more: nobody can ever read as far as that.
#[tokio::test]
async fn a_computer_whose_last_changes_a_server_lost_is_removed() {
    let mut w = World::of(3);
    w.sync_all().await;
    let backup = w.server.backup().await;
    w["B"].add("Of B", "confirmed, and lost\n");
    w["B"].sync().await;
    w.server.restore(&backup).await;
    w["B"].net.take_requests();
    w["B"].net.fail(3, Fault::DropRequest);
    assert!(w["B"].try_sync().await.is_err());
    assert_eq!(w["B"].net.take_requests()[..3], ["log", "get_keys", "heal"], "and then the lid was closed");
    remove(&w["A"], &w["B"]).await.unwrap();
    let id = w["A"].add("Of A", "goes on\n");
    w.sync_two().await;
    assert_in_step(&w["A"], &w["C"]);
    assert_eq!(w["C"].body(id), "goes on\n");
    assert!(is_removed(&w["B"].try_sync().await));
}

/// A batch is signed over ids, so it cannot be cut: sealed anew it has to be as small as it was.
#[tokio::test]
async fn a_batch_of_differences_is_sealed_anew_as_differences() {
    let w = World::of(3);
    // Hexadecimal: half of it is left when it is compressed.
    let part = |n: u32| holdfast_protocol::body_hash(&n.to_be_bytes()).to_string();
    let body = |last: u32| (0..3_000).map(part).chain([last.to_string()]).collect::<Vec<_>>().join("\n");
    let id = w["A"].add("Long", &body(0));
    w.sync_all().await;
    for n in 1..=80 {
        w["A"].write(id, &body(n));
    }
    w["A"].net.fail(0, Fault::DropRequest);
    assert!(w["A"].try_sync().await.is_err());
    w["A"].vault().set_sync_flag(SyncFlag::Deltas, false).unwrap();
    remove(&w["C"], &w["B"]).await.unwrap();
    w["A"].sync().await;
    w["C"].sync().await;
    assert_in_step(&w["A"], &w["C"]);
    assert_eq!(w["C"].body(id), body(80));
}

/// Its key comes later than what it seals, and nothing else comes then.
#[tokio::test]
async fn what_waits_for_a_key_is_taken_when_the_key_is_there() {
    let w = World::of(3);
    w.sync_all().await;
    remove(&w["A"], &w["C"]).await.unwrap();
    let id = w["A"].add("New", "under the second key\n");
    w["A"].sync().await;
    w.server.lies.about_pages(|page| page.keys = None);
    w["B"].sync().await;
    let aside = w["B"].vault().set_aside().unwrap();
    assert_eq!(aside.into_iter().collect::<Vec<_>>(), [(WhySetAside::MissingKey, 1)]);
    w.server.lies.be_honest();
    w["B"].sync().await;
    assert_eq!(w["B"].body(id), "under the second key\n");
    assert_in_step(&w["A"], &w["B"]);
}

/// Before each request of that network that would remove it, it sends one more.
fn sends_once_more(net: Network, thief: Arc<Syncer>) {
    net.clone().before("put_keys", async move {
        let new = NewNote { title: "Once more".into(), ..NewNote::default() };
        thief.vault().add_note(&new).unwrap();
        thief.run_once().await.unwrap();
        sends_once_more(net, thief);
    });
}

#[tokio::test]
async fn a_computer_that_sends_without_end_is_removed() {
    let w = World::of(3);
    w.sync_all().await;
    sends_once_more(w["A"].net.clone(), w["B"].syncer().clone());
    remove(&w["A"], &w["B"]).await.unwrap();
    assert!(is_removed(&w["B"].try_sync().await));
    w.sync_two().await;
    assert_in_step(&w["A"], &w["C"]);
    // All that was read before counts; the last one came too late.
    let aside = w["C"].vault().set_aside().unwrap();
    assert_eq!(aside.into_iter().collect::<Vec<_>>(), [(WhySetAside::Removed, 1)]);
    assert_eq!(w["A"].vault().sidebar_counts().unwrap().all, 4);
}

trait Two {
    fn path(&self, name: &str) -> std::path::PathBuf;
    async fn sync_two(&self);
}

impl Two for World {
    fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    /// A and C, twice.
    async fn sync_two(&self) {
        for name in ["A", "C", "A", "C"] {
            self[name].sync().await;
        }
    }
}
