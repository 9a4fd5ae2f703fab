//! A vault that was copied becomes a device of its own, and nothing is lost or doubled.

use std::collections::BTreeSet;

use holdfast_domain::NoteId;
use holdfast_notebook::Keychain as _;
use holdfast_notebook::sync::Happened;
use holdfast_sync::SyncState;
use holdfast_testkit::{Fault, TestDevice, World};

use crate::syncing::assert_same;

/// `A` and `B` in step with a note of each, and a copy of `A`.
async fn copied() -> (World, TestDevice, Vec<NoteId>) {
    let mut w = World::of(2);
    let ids = vec![w["A"].add("Of A", "old\n"), w["B"].add("Of B", "old\n")];
    w.sync_all().await;
    let copy = copy_of(&mut w);
    (w, copy, ids)
}

fn copy_of(w: &mut World) -> TestDevice {
    let (dir, at) = (w.dir.path().join("copy"), w.devices.iter().position(|d| d.name == "A").unwrap());
    let World { devices, server, .. } = w;
    devices[at].copy_to(&dir, server)
}

fn told(d: &TestDevice) -> Vec<String> {
    let lines = d.vault().activity(100).unwrap().into_iter().filter(|a| a.what == Happened::Copied);
    lines.map(|a| a.message).collect()
}

fn names(d: &TestDevice) -> BTreeSet<String> {
    // The world has two more, which nobody opens; and a request whose answer was lost has made a member that has no name.
    let all = d.syncer().status().unwrap().devices.into_iter().filter(|d| d.last_seen_ms > 0).map(|d| d.name);
    all.filter(|name| name != "C" && name != "D").collect()
}

/// The copy goes on as a device of the world.
fn with_copy(mut w: World, mut copy: TestDevice) -> World {
    copy.name = "Copy".into();
    w.devices.push(copy);
    w
}

#[tokio::test]
async fn two_copies_that_both_write_become_two_devices() {
    for copy_first in [false, true] {
        let (w, copy, ids) = copied().await;
        w["A"].write(ids[0], "of the one\n");
        let mine = w["A"].add("New", "on the one\n");
        copy.write(ids[1], "of the copy\n");
        let other = copy.add("New", "on the copy\n");
        copy.write(other, "on the copy, again\n");
        let old = copy.id();
        if copy_first {
            copy.sync().await;
        }
        w["A"].sync().await;
        let w = with_copy(w, copy);
        w.sync_all().await;
        assert_same(&w);
        for (id, body, versions) in [
            (ids[0], "of the one\n", 2),
            (ids[1], "of the copy\n", 2),
            (mine, "on the one\n", 1),
            (other, "on the copy, again\n", 2),
        ] {
            assert_eq!((w["B"].body(id).as_str(), w["B"].vault().history(id.into()).unwrap().len()), (body, versions));
        }
        let (changed, stayed) = if copy_first { ("A", "Copy") } else { ("Copy", "A") };
        assert_eq!(told(&w[changed]), ["This vault was copied from another computer; it is now “A (2)”"]);
        assert_eq!((w[stayed].id(), told(&w[stayed]).len()), (old, 0));
        assert_ne!(w[changed].id(), old);
        for d in &w.devices {
            assert_eq!(names(d), ["A", "A (2)", "B"].map(String::from).into());
        }
        // From here on they are two like any others.
        w["A"].write(ids[0], "A again\n");
        w["Copy"].write(ids[1], "Copy again\n");
        w.sync_all().await;
        assert_same(&w);
        assert_eq!((w["B"].body(ids[0]).as_str(), w["B"].body(ids[1]).as_str()), ("A again\n", "Copy again\n"));
        assert_eq!(told(&w[changed]).len(), 1);
    }
}

#[tokio::test]
async fn a_copy_that_only_reads_notices_too() {
    let (w, copy, ids) = copied().await;
    w["A"].write(ids[0], "of the one\n");
    w["A"].sync().await;
    copy.sync().await;
    assert_eq!(told(&copy).len(), 1);
    let w = with_copy(w, copy);
    w.sync_all().await;
    assert_same(&w);
}

#[tokio::test]
async fn what_waited_when_the_copy_was_made_is_there_once() {
    for in_flight in [None, Some(Fault::DropRequest), Some(Fault::DropAnswer)] {
        let mut w = World::of(2);
        w.sync_all().await;
        let id = w["A"].add("Waiting", "one\n");
        w["A"].write(id, "two\n");
        if let Some(fault) = in_flight {
            w["A"].net.fail(0, fault);
            assert!(w["A"].try_sync().await.is_err());
        }
        let copy = copy_of(&mut w);
        // Both build on what both have not sent.
        w["A"].write(id, "two\nof the one\n");
        copy.write(id, "of the copy\ntwo\n");
        let only = copy.add("Only on the copy", "text\n");
        w["A"].sync().await;
        let w = with_copy(w, copy);
        w.sync_all().await;
        assert_same(&w);
        assert_eq!(w["B"].body(id), "of the copy\ntwo\nof the one\n", "{in_flight:?}");
        assert_eq!(w["B"].vault().history(id.into()).unwrap().len(), 4, "{in_flight:?}");
        assert_eq!(w["B"].body(only), "text\n");
    }
}

#[tokio::test]
async fn a_copy_of_a_copy_and_a_restored_server() {
    let (mut w, mut copy, ids) = copied().await;
    let World { dir, server, .. } = &w;
    let mut second = copy.copy_to(&dir.path().join("second"), server);
    second.name = "Second".into();
    let backup = w.server.backup().await;
    w["A"].write(ids[0], "of the one\n");
    let (of_copy, of_second) = (copy.add("Copy", "of the copy\n"), second.add("Second", "of the second\n"));
    w["A"].sync().await;
    copy.sync().await;
    second.sync().await;
    let mut w = with_copy(w, copy);
    w.devices.push(second);
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(names(&w["B"]), ["A", "A (2)", "A (3)", "B"].map(String::from).into());
    // What the copies sent in the name of A comes back with the statements that let them.
    w.server.restore(&backup).await;
    w["B"].sync().await;
    let fresh = TestDevice::join("Fresh", w.dir.path(), &w.clock, &w.server).await.unwrap();
    fresh.sync().await;
    assert_eq!(fresh.syncer().status().unwrap().quarantined, 0);
    for (id, body) in [(ids[0], "of the one\n"), (of_copy, "of the copy\n"), (of_second, "of the second\n")] {
        assert_eq!(fresh.body(id), body);
    }
}

/// The server has the log as this device knows it, and not the device.
#[tokio::test]
async fn a_copy_that_a_restored_server_forgot_is_registered_again() {
    let (mut w, copy, ids) = copied().await;
    w["A"].write(ids[0], "of the one\n");
    w["A"].sync().await;
    let before = w.server.backup().await;
    copy.write(ids[1], "of the copy\n");
    // Registered as a device of its own, and nothing sent yet.
    let (mut registered, mut after) = (false, 0);
    loop {
        copy.net.fail(after, Fault::DropRequest);
        assert!(copy.try_sync().await.is_err(), "it sent something after {after} requests");
        copy.net.heal();
        let requests = copy.net.take_requests();
        if registered && requests.last() == Some(&"push") {
            break;
        }
        let now = !registered && requests.iter().rev().skip(1).any(|request| *request == "put_keys");
        registered |= now;
        after = if now { 0 } else { after + 1 };
    }
    w.server.restore(&before).await;
    copy.sync().await;
    let requests = copy.net.take_requests();
    assert!(requests.contains(&"put_keys") && !requests.contains(&"heal"), "{requests:?}");
    let w = with_copy(w, copy);
    w.sync_all().await;
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(w["B"].body(ids[1]), "of the copy\n");
    assert_eq!(names(&w["B"]), ["A", "A (2)", "B"].map(String::from).into());
}

/// What waits is the same on both, and so would the batch be, but that no two are alike.
#[tokio::test]
async fn two_copies_that_send_the_same_are_told_apart() {
    let mut w = World::of(2);
    let id = w["A"].add("Of A", "old\n");
    w.sync_all().await;
    w["A"].write(id, "written before the copy\n");
    w["A"].vault().commit_all().unwrap();
    let copy = copy_of(&mut w);
    w["A"].sync().await;
    copy.sync().await;
    let w = with_copy(w, copy);
    w.sync_all().await;
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(names(&w["B"]), ["A", "A (2)", "B"].map(String::from).into());
    assert_eq!(w["B"].vault().history(id.into()).unwrap().len(), 2, "it is there once");
}

#[tokio::test]
async fn what_was_being_typed_when_a_disk_was_copied_is_one_change_on_both() {
    let w = World::of(2);
    let (id, typed) = (w["A"].add("Of A", "old\n"), w["A"].add("Typed", "old\n"));
    w.sync_all().await;
    w["A"].type_body(typed, "typed before the copy\n");
    let copy = w["A"].copy_in_use(&w.dir.path().join("copy"), &w.server);
    w["A"].add("New", "on the one\n");
    w["A"].sync().await;
    copy.write(id, "of the copy\n");
    copy.sync().await;
    assert_eq!((told(&copy).len(), told(&w["A"]).len()), (1, 0));
    let w = with_copy(w, copy);
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(w["B"].vault().history(typed.into()).unwrap().len(), 2, "it is there once");
}

/// Text that does not compress: some of it fills a batch.
fn large(seed: u64) -> String {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'!' + (state >> 33) as u8 % 90)
    };
    (0..1_800_000).map(|n| if n % 80 == 79 { '\n' } else { next() }).collect()
}

/// The device that stays what it was sends what waited before the copy, and has not read yet that the other sent it, too.
#[tokio::test]
async fn what_another_copy_has_sent_meanwhile_is_no_lie() {
    let mut w = World::of(2);
    w.sync_all().await;
    let ids: Vec<NoteId> = (0..3).map(|n| w["A"].add(&format!("Large {n}"), &large(n))).collect();
    w["A"].vault().commit_all().unwrap();
    let copy = copy_of(&mut w);
    // Its first batch is taken, the rest is not.
    w["A"].net.take_requests();
    w["A"].net.fail(1, Fault::DropRequest);
    assert!(w["A"].try_sync().await.is_err());
    w["A"].net.heal();
    assert!((1..3).contains(&w["A"].vault().sync_status().unwrap().waiting), "it was one batch");
    copy.sync().await;
    assert_eq!(told(&copy).len(), 1);
    w["A"].sync().await;
    assert_eq!((w["A"].vault().sync_status().unwrap().waiting, told(&w["A"]).len()), (0, 0));
    let w = with_copy(w, copy);
    w.sync_all().await;
    assert_same(&w);
    for id in ids {
        assert_eq!(w["B"].vault().history(id.into()).unwrap().len(), 1, "it is there once");
    }
}

/// Only the copied device can have signed two batches of one number: readers take both.
#[tokio::test]
async fn two_batches_of_one_number_are_both_taken() {
    let (mut w, copy, ids) = copied().await;
    let backup = w.server.backup().await;
    w["A"].write(ids[0], "of the one\n");
    w["A"].sync().await;
    w["B"].sync().await;
    w.server.restore(&backup).await;
    let other = copy.add("New", "on the copy\n");
    copy.sync().await;
    w["B"].sync().await;
    let said = told(&w["B"]);
    assert_eq!(said, ["Two copies of the vault of “A” have sent changes; all of them are kept"]);
    let w = with_copy(w, copy);
    for _ in 0..3 {
        w.sync_all().await;
    }
    assert_same(&w);
    assert_eq!((w["B"].body(ids[0]).as_str(), w["B"].body(other).as_str()), ("of the one\n", "on the copy\n"));
}

#[tokio::test]
async fn a_vault_set_back_to_an_older_copy_goes_on_as_another_device() {
    let mut w = World::of(2);
    let id = w["A"].add("T", "one\n");
    w.sync_all().await;
    w["A"].close();
    let old = w.dir.path().join("old");
    w["A"].copy_files(&old);
    w["A"].reopen();
    w["A"].write(id, "two\n");
    w["A"].sync().await;
    w["A"].close();
    let dir = std::mem::replace(&mut w["A"].dir, old);
    w["A"].copy_files(&dir);
    w["A"].dir = dir;
    w["A"].reopen();
    let mine = w["A"].add("After", "text\n");
    w.sync_all().await;
    assert_same(&w);
    assert_eq!((w["A"].body(id).as_str(), w["B"].body(mine).as_str()), ("two\n", "text\n"));
    assert_eq!(told(&w["A"]), ["This vault was copied from another computer; it is now “A (2)”"]);
}

#[tokio::test]
async fn a_kill_anywhere_in_becoming_another_loses_nothing() {
    for after in 0.. {
        let mut done = true;
        for fault in [Fault::DropRequest, Fault::DropAnswer] {
            let (w, mut copy, ids) = copied().await;
            w["A"].write(ids[0], "of the one\n");
            w["A"].sync().await;
            copy.write(ids[1], "of the copy\n");
            copy.net.fail(after, fault);
            let died = copy.try_sync().await;
            done &= died.is_ok();
            copy.crash();
            copy.net.heal();
            copy.reopen();
            if died.is_err() {
                assert_ne!(copy.vault().sync_status().unwrap().state, SyncState::UpToDate);
            }
            let w = with_copy(w, copy);
            w.sync_all().await;
            assert_same(&w);
            assert_eq!((w["B"].body(ids[0]).as_str(), w["B"].body(ids[1]).as_str()), ("of the one\n", "of the copy\n"));
            assert_eq!(names(&w["B"]), ["A", "A (2)", "B"].map(String::from).into(), "{after}, {fault:?}");
        }
        if done {
            assert!(after > 3);
            return;
        }
    }
}

#[tokio::test]
async fn the_keychain_tells_a_copy_from_what_was_here() {
    let mut w = World::of(2);
    w.sync_all().await;
    let path = w["A"].dir.canonicalize().unwrap().display().to_string();
    // It remembers nothing: that says nothing, and from now on it does.
    assert!(!told_after_reopen(&mut w).await);
    assert!(w["A"].keychain.instance(&path).is_some());
    assert!(!told_after_reopen(&mut w).await);
    w["A"].keychain.set_instance(&path, &[9; 16]);
    assert!(told_after_reopen(&mut w).await);
    // Noticed once.
    assert!(told_after_reopen(&mut w).await);
    assert_eq!(told(&w["A"]).len(), 1);
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(names(&w["B"]), ["A", "A (2)", "B"].map(String::from).into());
}

async fn told_after_reopen(w: &mut World) -> bool {
    w["A"].close();
    w["A"].reopen();
    w["A"].sync().await;
    !told(&w["A"]).is_empty()
}
