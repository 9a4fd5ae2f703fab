//! Packs of history: made by a rule, compared by the others, read by who joins; and the server lets go of what they hold.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use holdfast_crypto::{KeyFile, PackContext, PackedRevision, SpaceKeys, open_pack, seal_pack};
use holdfast_domain::{NoteId, RevisionId};
use holdfast_notebook::NotesFilter;
use holdfast_notebook::sync::{Happened, SyncFlag};
use holdfast_protocol::*;
use holdfast_testkit::{Fault, Instead, Other, PASSPHRASE, TestDevice, TestRng, World};

use crate::syncing::{assert_same, shown};

const BLOCK: u64 = 16;

/// Each device writes something, and so signs how far it has read.
async fn all_sign(w: &World) {
    for device in &w.devices {
        device.add("Signed", &device.name);
        device.sync().await;
    }
    w.sync_all().await;
}

/// So many devices; the others of the account have not been heard of for long.
async fn active(devices: usize) -> World {
    let w = World::of(devices);
    w.clock.advance(200 * 24 * 3_600_000);
    all_sign(&w).await;
    w
}

/// Notes with versions enough for several packs, of several devices, and nothing packed yet.
async fn with_history(devices: usize) -> (World, Vec<NoteId>) {
    let w = active(devices).await;
    let ids: Vec<NoteId> = (0..4).map(|n| w["A"].add(&format!("Note {n}"), "first\n")).collect();
    w.sync_all().await;
    for round in 0..12 {
        for (n, id) in ids.iter().enumerate() {
            w.devices[(round + n) % devices].write(*id, &format!("first\nversion {round} of {n}\n"));
        }
        w.sync_all().await;
    }
    all_sign(&w).await;
    assert!(w.server.packs().is_empty());
    w.clock.pack_every(BLOCK);
    (w, ids)
}

/// The same with everything packed, as far as everybody has read it, and compared by everybody.
async fn packed(devices: usize) -> (World, Vec<NoteId>) {
    let (w, ids) = with_history(devices).await;
    for _ in 0..3 {
        all_sign(&w).await;
    }
    (w, ids)
}

/// Every version of every note. (Its id is the hash of all that it is.)
fn histories(device: &TestDevice) -> Vec<String> {
    let filter = NotesFilter { trash: holdfast_store::TrashFilter::Any, ..NotesFilter::default() };
    let mut out = Vec::new();
    for row in device.vault().list_notes(&filter).unwrap() {
        for mut version in device.vault().history(row.id.into()).unwrap() {
            // Where not all is read yet others are.
            version.is_head = false;
            out.push(format!("{:?} {version:?}", row.id));
        }
    }
    out.sort();
    out
}

fn assert_all_the_same(w: &World) {
    assert_same(w);
    let first = histories(&w.devices[0]);
    for device in &w.devices[1..] {
        assert_eq!(histories(device), first, "{}", device.name);
    }
}

/// How many entries came with and without their bodies, in all pages from now on.
fn count_pages(w: &World) -> Arc<[AtomicUsize; 2]> {
    let counts: Arc<[AtomicUsize; 2]> = Arc::default();
    let counted = counts.clone();
    w.server.lies.about_pages(move |page| {
        counted[0].fetch_add(page.entries.len(), Ordering::SeqCst);
        counted[1].fetch_add(page.covered.as_ref().map_or(0, Covered::entries), Ordering::SeqCst);
    });
    counts
}

fn warned(device: &TestDevice) -> usize {
    let lines = device.vault().activity(200).unwrap();
    lines.iter().filter(|line| line.what == Happened::SetAside && line.message.starts_with("A pack")).count()
}

async fn joined(w: &mut World, name: &str) {
    let device = TestDevice::join(name, w.dir.path(), &w.clock, &w.server).await.unwrap();
    device.sync().await;
    w.devices.push(device);
}

#[tokio::test]
async fn history_is_packed_compared_and_then_its_bodies_go() {
    let (mut w, _) = with_history(2).await;
    let (gone, bytes) = w.server.bodies();
    assert_eq!(gone, 0);
    // The first sync after everybody has signed makes the packs; the other device has not looked at them yet.
    let report = w["A"].sync().await;
    assert!(report.packed >= 2, "{report:?}");
    let packs = w.server.packs();
    assert_eq!(packs.len(), report.packed as usize);
    assert!(packs.iter().all(|pack| !pack.dropped && pack.to - pack.from <= BLOCK && pack.to < pack.seq));
    assert!(packs.windows(2).all(|two| two[0].to <= two[1].from));
    assert_eq!(w.server.bodies().0, 0, "nobody but who made them knows what is in them");
    // What made them says nothing of changes.
    assert_eq!((report.pushed, w["A"].vault().sync_status().unwrap().waiting), (0, 0));
    w["A"].sync().await;
    assert!(w.server.packs().iter().all(|pack| !pack.dropped), "its own word is not enough");
    // Reading them is one thing, and saying so another.
    w["B"].sync().await;
    assert!(w.server.packs().iter().all(|pack| !pack.dropped));
    w["B"].net.take_requests();
    for _ in 0..packs.len() {
        w["B"].sync().await;
        assert_eq!(w["B"].net.take_requests(), ["log"], "it is said along with what is asked anyway");
    }
    assert!(w.server.packs().iter().all(|pack| pack.dropped));
    let (gone, less) = w.server.bodies();
    assert!(gone >= 2 * BLOCK - 4 && less < bytes, "{gone} gone, {bytes} bytes before and {less} now");
    assert_all_the_same(&w);
    // Who joins has all of it, from the packs.
    let counts = count_pages(&w);
    joined(&mut w, "New").await;
    let [with, without] = [0, 1].map(|n| counts[n].load(Ordering::SeqCst));
    assert!(without as u64 >= gone, "{with} with, {without} without");
    w.server.lies.be_honest();
    w.sync_all().await;
    assert_all_the_same(&w);
    // Everything goes on.
    let id = w["New"].add("Of the new one", "text\n");
    w.sync_all().await;
    assert_all_the_same(&w);
    assert_eq!(w["A"].body(id), "text\n");
}

#[tokio::test]
async fn a_device_alone_packs_and_the_second_one_reads_packs_and_compares_them() {
    let mut w = World::alone();
    w["A"].create_account(&w.server).await.unwrap();
    w.clock.pack_every(BLOCK);
    let ids: Vec<NoteId> = (0..4).map(|n| w["A"].add(&format!("Note {n}"), "first\n")).collect();
    for round in 0..12 {
        for id in &ids {
            w["A"].write(*id, &format!("first\nversion {round}\n"));
        }
        w["A"].sync().await;
    }
    w["A"].sync().await;
    w["A"].sync().await;
    let packs = w.server.packs();
    assert!(packs.len() >= 2 && packs.iter().all(|pack| !pack.dropped), "{packs:?}");
    let counts = count_pages(&w);
    joined(&mut w, "B").await;
    assert!(counts[1].load(Ordering::SeqCst) >= 2 * BLOCK as usize, "bodies are there, and the packs are smaller");
    for _ in 0..packs.len() {
        w["B"].sync().await;
    }
    assert!(w.server.packs().iter().take(packs.len()).all(|pack| pack.dropped), "{:?}", w.server.packs());
    w.sync_all().await;
    assert_all_the_same(&w);
}

#[tokio::test]
async fn without_history_and_before_all_have_read_it_nothing_is_packed() {
    let w = active(3).await;
    w.clock.pack_every(BLOCK);
    for n in 0..60 {
        w["A"].add(&format!("Note {n}"), "text\n");
    }
    w.sync_all().await;
    for _ in 0..3 {
        all_sign(&w).await;
    }
    assert!(w.server.packs().is_empty(), "nothing is superseded");
    // History; and one device does not say that it has read it.
    let id = w["A"].add("Changes", "text\n");
    for n in 0..60 {
        w["A"].write(id, &format!("text {n}\n"));
    }
    for _ in 0..3 {
        for device in &w.devices[..2] {
            device.add("Signed", &device.name);
            device.sync().await;
        }
    }
    assert!(w.server.packs().is_empty());
    w["C"].add("Signed", "C\n");
    w["C"].sync().await;
    all_sign(&w).await;
    assert!(!w.server.packs().is_empty());
    assert_all_the_same(&w);
}

/// Every note in it is long and like no other.
async fn large() -> (World, usize) {
    let w = World::alone();
    w["A"].create_account(&w.server).await.unwrap();
    // More than one pack can hold: it is halved.
    w.clock.pack_every(512);
    let mut rng = TestRng::new(3);
    let mut text = || (0..1_000).map(|_| format!("{:x} ", rng.next_u64())).collect::<String>();
    let ids: Vec<NoteId> = (0..20).map(|n| w["A"].add(&format!("Note {n}"), "first\n")).collect();
    for _ in 0..40 {
        for id in &ids {
            w["A"].write(*id, &text());
        }
        w["A"].sync().await;
    }
    for _ in 0..3 {
        w["A"].sync().await;
    }
    (w, 20 * 41)
}

#[tokio::test]
async fn a_first_sync_by_packs_is_killed_in_the_middle_and_goes_on() {
    let (mut w, versions) = large().await;
    let packs = w.server.packs();
    assert_eq!(packs.iter().map(|pack| (pack.from, pack.to)).collect::<Vec<_>>(), [(0, 256), (256, 512)]);
    let mut b = TestDevice::join("B", w.dir.path(), &w.clock, &w.server).await.unwrap();
    let (waits, pages) = (Arc::new(tokio::sync::Notify::new()), Arc::new(AtomicUsize::new(0)));
    let (net, rings, counted) = (b.net.clone(), waits.clone(), pages.clone());
    let answers = AtomicUsize::new(0);
    w.server.lies.about_pages(move |page| {
        if answers.fetch_add(1, Ordering::SeqCst) == 0 {
            counted.fetch_add(page.covered.as_ref().map_or(0, Covered::entries), Ordering::SeqCst);
            return;
        }
        // That was the question about the end of the first page; the next asks for the second one.
        let rings = rings.clone();
        net.before("log", async move {
            rings.notify_one();
            std::future::pending::<()>().await;
        });
    });
    tokio::select! {
        done = b.try_sync() => panic!("it ended: {done:?}"),
        () = waits.notified() => {}
    }
    let first = pages.load(Ordering::SeqCst);
    assert!(first >= 128, "{first}");
    let said = b.syncer().catch_up().unwrap();
    assert!(said.first && said.done >= first as u64 && said.done < said.total, "{said:?}");
    let partly = histories(&b);
    assert!(partly.len() >= 100 && partly.len() < versions, "{}", partly.len());
    let all = histories(&w["A"]);
    assert!(partly.iter().all(|version| all.contains(version)), "what is there is right");
    b.crash();
    w.server.lies.be_honest();
    b.reopen();
    assert_eq!(histories(&b), partly);
    let report = b.sync().await;
    assert!(report.pulled as usize <= versions + 10 - partly.len(), "nothing comes twice: {report:?}");
    w.devices.push(b);
    w.sync_all().await;
    assert_all_the_same(&w);
    assert!(w.server.packs().iter().all(|pack| pack.dropped));
}

/// The keys of the account's space, as a member has them.
fn keys(device: &TestDevice) -> SpaceKeys {
    let open = KeyFile::read(&device.dir.join("vault.keys")).unwrap().open_with_passphrase(PASSPHRASE).unwrap();
    open.account.spaces.values().next().unwrap().clone()
}

type Meddle = Box<dyn Fn(&mut Entry) + Send + Sync>;

/// The real server, and a program that sends other packs than it made.
struct Meddler {
    core: holdfast_server::Core,
    meddle: Meddle,
}

#[async_trait]
impl Instead for Meddler {
    fn core(&self) -> &holdfast_server::Core {
        &self.core
    }
    async fn push(&self, token: &Token, mut request: PushRequest) -> Result<PushOutcome, ProtocolError> {
        for entry in request.entries.iter_mut().filter(|entry| entry.kind == EntryKind::Pack) {
            (self.meddle)(entry);
        }
        self.core().push(token, request).await
    }
}

/// A pack with other revisions in it, sealed as a member can.
fn repack(keys: &SpaceKeys, space: [u8; 16], entry: &mut Entry, change: impl Fn(&mut Vec<PackedRevision>)) {
    let (range, sealed) = PackRange::of_body(&entry.body).unwrap();
    let context = PackContext { space, range: range.to_bytes() };
    let id_key_no = keys.current_id_key().0;
    let opened = open_pack(&context, keys, sealed, 1 << 24).unwrap();
    let mut revisions = opened.into_iter().map(|(_, canonical)| PackedRevision { id_key_no, canonical }).collect();
    change(&mut revisions);
    let (key_epoch, key) = keys.current_epoch();
    let mut rng = holdfast_crypto::OsRng;
    entry.body = range.body(&seal_pack(&context, key, key_epoch, &revisions, &mut rng).unwrap());
}

#[tokio::test]
async fn a_pack_that_lacks_something_or_holds_something_else_is_shown_and_nothing_is_lost() {
    type Change = fn(&mut Vec<PackedRevision>);
    let changes: [(&str, Option<Change>); 5] = [
        ("lacks one", Some(|revisions| drop(revisions.remove(3)))),
        ("holds other bytes", Some(|revisions| *revisions[3].canonical.last_mut().unwrap() ^= 1)),
        ("holds one more", Some(|r| r.push(PackedRevision { id_key_no: 1, canonical: b"something else".to_vec() }))),
        ("is empty", Some(Vec::clear)),
        ("does not open", None),
    ];
    for (name, change) in changes {
        let (mut w, _) = with_history(3).await;
        let (keys, space) = (keys(&w["A"]), w["A"].vault().space().0);
        let meddle: Meddle = Box::new(move |entry| match change {
            Some(change) => repack(&keys, space, entry, change),
            None => *entry.body.last_mut().unwrap() ^= 1,
        });
        w["A"].net.answer_instead(Some(Arc::new(Other(Meddler { core: w.server.core(), meddle }))));
        // Its program knows what it made, and says that the server has something else.
        assert!(w["A"].try_sync().await.is_err() && w.server.packs().len() >= 2, "{name}");
        w.devices.remove(0);
        for _ in 0..4 {
            all_sign(&w).await;
        }
        let packs = w.server.packs();
        assert!(packs.len() >= 2 && packs[..2].iter().all(|pack| !pack.dropped), "{name}: {packs:?}");
        assert_eq!(warned(&w["B"]) > 0, change.is_some(), "{name}");
        assert_all_the_same(&w);
        // Who joins gets the changes themselves.
        joined(&mut w, "New").await;
        for _ in 0..4 {
            w.sync_all().await;
        }
        assert_all_the_same(&w);
        assert!(w.server.packs()[..2].iter().all(|pack| !pack.dropped), "{name}");
    }
}

#[tokio::test]
async fn a_pack_that_is_altered_on_the_way_is_asked_for_again_later() {
    let (mut w, _) = packed(2).await;
    let packs = w.server.packs();
    assert!(packs.len() >= 2 && packs.iter().take(2).all(|pack| pack.dropped), "{packs:?}");
    // The bodies are gone, and what the server shows in their place does not open.
    w.server.lies.about_pages(|page| {
        for pack in page.covered.iter_mut().flat_map(|covered| &mut covered.packs) {
            *pack.body.last_mut().unwrap() ^= 1;
        }
    });
    let b = TestDevice::join("New", w.dir.path(), &w.clock, &w.server).await.unwrap();
    b.sync().await;
    let status = b.syncer().status().unwrap();
    // What is in the packs comes by itself, or waits and is shown: it is never said to be there.
    if status.quarantined == 0 {
        assert_eq!(shown(&b), shown(&w["A"]));
    }
    w.server.lies.be_honest();
    w.clock.advance(3_600_000);
    b.sync().await;
    w.devices.push(b);
    w.sync_all().await;
    assert_all_the_same(&w);
}

#[tokio::test]
async fn bodies_and_packs_that_are_withheld_are_set_aside_and_come_later() {
    let (mut w, _) = packed(2).await;
    assert!(w.server.packs()[0].dropped);
    let b = TestDevice::join("New", w.dir.path(), &w.clock, &w.server).await.unwrap();
    // No pack at all, and none by itself either.
    w.server.lies.about_pages(|page| {
        if let Some(covered) = &mut page.covered {
            covered.packs.clear();
        }
    });
    b.net.fail(2, Fault::DropRequest);
    let _ = b.try_sync().await;
    b.net.heal();
    let aside = b.syncer().status().unwrap().quarantined;
    assert!(aside > 0, "it does not say that it lacks something");
    w.server.lies.be_honest();
    w.clock.advance(3_600_000);
    b.sync().await;
    w.devices.push(b);
    w.sync_all().await;
    assert_all_the_same(&w);
}

#[tokio::test]
async fn two_devices_that_pack_the_same_at_once_make_one() {
    let (w, _) = with_history(2).await;
    let other = w["B"].syncer().clone();
    let made = Arc::new(AtomicU64::new(0));
    let theirs = made.clone();
    w["A"].net.before("push", async move {
        let report = other.run_once().await.unwrap();
        theirs.store(u64::from(report.packed), Ordering::SeqCst);
    });
    let report = w["A"].sync().await;
    let theirs = made.load(Ordering::SeqCst);
    assert!(theirs >= 2 && u64::from(report.packed) == theirs, "{report:?}, {theirs}");
    let packs = w.server.packs();
    assert_eq!(packs.len() as u64, theirs, "{packs:?}");
    for _ in 0..4 {
        all_sign(&w).await;
    }
    assert!(w.server.packs()[..2].iter().all(|pack| pack.dropped));
    assert_eq!((warned(&w["A"]), warned(&w["B"])), (0, 0));
    assert_all_the_same(&w);
}

#[tokio::test]
async fn lost_answers_and_kills_while_packs_are_sent_do_no_harm() {
    for fault in [Fault::DropRequest, Fault::DropAnswer] {
        let (mut w, _) = with_history(2).await;
        // The log, and then the packs.
        w["A"].net.fail(1, fault);
        assert!(w["A"].try_sync().await.is_err());
        w["A"].net.heal();
        w["A"].crash();
        w["A"].reopen();
        let id = w["A"].add("In between", "text\n");
        for _ in 0..4 {
            all_sign(&w).await;
        }
        assert!(w.server.packs()[..2].iter().all(|pack| pack.dropped), "{fault:?}: {:?}", w.server.packs());
        assert_eq!(w["B"].body(id), "text\n");
        assert_all_the_same(&w);
    }
}

#[tokio::test]
async fn a_server_that_is_set_back_to_before_or_after_the_packs_gets_everything_back() {
    // Before them; with them and all bodies; with them alone.
    for when in 0..3 {
        let (mut w, ids) = with_history(3).await;
        if when == 1 {
            w["A"].sync().await;
            assert!(w.server.packs().len() >= 2);
        } else if when == 2 {
            for _ in 0..3 {
                all_sign(&w).await;
            }
            assert!(w.server.packs()[0].dropped);
        }
        let backup = w.server.backup().await;
        for id in &ids {
            w["B"].write(*id, "after the backup\n");
        }
        for _ in 0..4 {
            all_sign(&w).await;
        }
        w.server.restore(&backup).await;
        for _ in 0..2 {
            w.sync_all().await;
        }
        assert_all_the_same(&w);
        for _ in 0..4 {
            all_sign(&w).await;
        }
        let packs = w.server.packs();
        assert!(packs.len() >= 3, "{when}: it goes on: {packs:?}");
        assert!(packs.windows(2).all(|two| two[0].to <= two[1].from), "{packs:?}");
        joined(&mut w, "New").await;
        w.sync_all().await;
        assert_all_the_same(&w);
        assert_eq!(w["New"].body(ids[0]), "after the backup\n");
        // It does not pack for ever.
        for _ in 0..4 {
            w.sync_all().await;
        }
        for device in &w.devices {
            device.net.take_requests();
            let report = device.sync().await;
            assert_eq!((report.packed, device.net.take_requests()), (0, vec!["log"]), "{}", device.name);
        }
    }
}

#[tokio::test]
async fn packs_of_a_computer_that_was_removed_stay_good_and_a_new_key_seals_what_is_under_way() {
    let (mut w, _) = with_history(3).await;
    // B's packs do not get through; C has made none.
    w["B"].net.fail(1, Fault::DropRequest);
    assert!(w["B"].try_sync().await.is_err());
    w["B"].net.heal();
    let removed = w["C"].id();
    w["A"].syncer().remove_device(removed, None).await.unwrap();
    let report = w["B"].sync().await;
    assert!(report.packed >= 2, "{report:?}");
    let packs = w.server.packs();
    assert!(packs.len() >= 2);
    w.devices.pop();
    for _ in 0..4 {
        all_sign(&w).await;
    }
    assert!(w.server.packs()[..2].iter().all(|pack| pack.dropped), "{:?}", w.server.packs());
    // Now who made them is removed too.
    let removed = w["B"].id();
    w["A"].syncer().remove_device(removed, None).await.unwrap();
    w.devices.pop();
    joined(&mut w, "New").await;
    w.sync_all().await;
    assert_all_the_same(&w);
}

#[tokio::test]
async fn while_one_device_does_not_know_packs_none_are_made() {
    let (mut w, _) = with_history(2).await;
    w["B"].vault().set_sync_flag(SyncFlag::Packs, false).unwrap();
    w["B"].sync().await;
    for _ in 0..3 {
        all_sign(&w).await;
    }
    assert!(w.server.packs().is_empty());
    w["B"].vault().set_sync_flag(SyncFlag::Packs, true).unwrap();
    for _ in 0..4 {
        all_sign(&w).await;
    }
    assert!(w.server.packs()[0].dropped);
    // One that stops knowing them goes on with what is new; the rest it has.
    w["B"].vault().set_sync_flag(SyncFlag::Packs, false).unwrap();
    all_sign(&w).await;
    assert_all_the_same(&w);
    // Who joins and does not know them is told so, and takes nothing for all there is.
    let counts = Arc::new(Mutex::new(Vec::new()));
    let told = counts.clone();
    w.server.lies.about_log(move |answer| {
        told.lock().unwrap().push(matches!(answer, LogAnswer::Page(_)));
        Ok(answer)
    });
    let b = TestDevice::join("New", w.dir.path(), &w.clock, &w.server).await.unwrap();
    b.vault().set_sync_flag(SyncFlag::Packs, false).unwrap();
    let said = b.try_sync().await;
    assert!(said.is_err(), "{said:?}");
    b.vault().set_sync_flag(SyncFlag::Packs, true).unwrap();
    b.sync().await;
    w.devices.push(b);
    w.server.lies.be_honest();
    w.sync_all().await;
    assert_all_the_same(&w);
}

/// What is set aside because its parent is not here yet keeps the bytes that the pack had.
#[tokio::test]
async fn digests_of_all_devices_agree_over_packs() {
    let (mut w, _) = packed(3).await;
    joined(&mut w, "New").await;
    // A batch says what its device has at most once an hour.
    for _ in 0..2 {
        w.clock.advance(3_700_000);
        all_sign(&w).await;
    }
    for device in &w.devices {
        assert_eq!(device.vault().disagrees_with().unwrap(), None, "{}", device.name);
        assert!(device.vault().activity(200).unwrap().iter().all(|line| line.what != Happened::Compared));
    }
    let heads: Vec<Vec<RevisionId>> = w.devices.iter().map(|d| d.heads(d.add("x", ""))).collect();
    assert_eq!(heads.len(), 4);
}
