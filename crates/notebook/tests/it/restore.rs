//! A server that was restored from a backup gets back what it lost, from whoever has it.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use holdfast_domain::NoteId;
use holdfast_notebook::NotebookError;
use holdfast_notebook::sync::Happened;
use holdfast_protocol::{
    Hash, HealRequest, LogAnswer, LogHead, LogRequest, Missing, MissingRequest, ProtocolError, PushOutcome,
    PushRequest, Restored, Stored, SyncProtocol as _, Token,
};
use holdfast_sync::SyncState;
use holdfast_testkit::{Backup, Fault, Instead, Other, PASSPHRASE, TestDevice, World};

use crate::syncing::assert_same;

/// What the activity log says of the restores that this device noticed, the newest first.
fn told(d: &TestDevice) -> Vec<String> {
    let lines = d.vault().activity(100).unwrap().into_iter().filter(|a| a.what == Happened::Healed);
    lines.map(|a| a.message).collect()
}

/// A note of each device, a backup, then a change of each device that the backup does not have.
async fn changed_since_backup(devices: usize) -> (World, Backup, Vec<NoteId>) {
    let mut w = World::of(devices);
    let ids: Vec<NoteId> =
        w.devices.iter().map(|d| d.add(&format!("Note of {}", d.name), &format!("old, of {}\n", d.name))).collect();
    w.sync_all().await;
    let backup = w.server.backup().await;
    for (d, id) in w.devices.iter().zip(&ids) {
        d.write(*id, &format!("new, of {}\n", d.name));
    }
    w.sync_all().await;
    (w, backup, ids)
}

fn assert_new(w: &World, ids: &[NoteId]) {
    assert_same(w);
    for (d, id) in w.devices.iter().zip(ids) {
        assert_eq!(w.devices[0].body(*id), format!("new, of {}\n", d.name));
        assert_eq!(w.devices[0].vault().history((*id).into()).unwrap().len(), 2);
    }
}

/// A device that knows nothing reads all from the server alone.
async fn assert_server_has_all(w: &World, ids: &[NoteId]) {
    let fresh = TestDevice::join("Fresh", w.dir.path(), &w.clock, &w.server).await.unwrap();
    fresh.sync().await;
    for id in ids {
        assert_eq!(fresh.body(*id), w.devices[0].body(*id));
        assert_eq!(
            fresh.vault().history((*id).into()).unwrap().len(),
            w.devices[0].vault().history((*id).into()).unwrap().len()
        );
    }
    assert_eq!(fresh.syncer().status().unwrap().quarantined, 0);
}

#[tokio::test]
async fn one_device_brings_back_what_all_had_written() {
    let (mut w, backup, ids) = changed_since_backup(3).await;
    w.server.restore(&backup).await;
    w["A"].sync().await;
    assert_eq!(told(&w["A"]), ["The server was restored from a backup; 3 changes were sent again"]);
    assert_server_has_all(&w, &ids).await;
    w.sync_all().await;
    assert_new(&w, &ids);
    assert_eq!(told(&w["B"]), ["The server was restored from a backup; nothing of this computer was lost"]);
    // All of it once: the next sync is the one request that it always is, and every device can write again.
    for d in &w.devices {
        d.net.take_requests();
        d.sync().await;
        assert_eq!(d.net.take_requests(), ["log"], "{}", d.name);
    }
    for (d, id) in w.devices.iter().zip(&ids) {
        d.write(*id, "newer\n");
    }
    w.sync_all().await;
    assert_same(&w);
    assert!(ids.iter().all(|id| w["B"].body(*id) == "newer\n"));
    assert_eq!(told(&w["A"]).len(), 1);
}

/// Each time the server has the same past again, while the devices have been in other histories since.
#[tokio::test]
async fn one_backup_put_back_again_and_again_is_healed_each_time() {
    let (mut w, backup, ids) = changed_since_backup(3).await;
    // Now each signs a position that the backup does not reach.
    for d in &w.devices {
        d.add(&format!("Second of {}", d.name), "after the others\n");
    }
    w.sync_all().await;
    for round in 1..=6 {
        w.server.restore(&backup).await;
        // Who comes first is another one each time.
        w.devices.rotate_left(1);
        let name = w.devices[0].name.clone();
        w[name.as_str()].add(&format!("Round {round}"), "of this round\n");
        w.sync_all().await;
        w.sync_all().await;
        assert_same(&w);
    }
    w.devices.sort_by(|a, b| a.name.cmp(&b.name));
    assert_new(&w, &ids);
    assert_eq!(w["C"].vault().sidebar_counts().unwrap().all, 3 + 3 + 6);
    assert_server_has_all(&w, &ids).await;
}

#[tokio::test]
async fn each_device_brings_what_only_it_has() {
    let mut w = World::of(3);
    let ids: Vec<NoteId> = ["A", "B", "C"].map(|n| w[n].add("T", "old\n")).to_vec();
    w.sync_all().await;
    let backup = w.server.backup().await;
    // Nobody reads what the others send before the backup is back.
    for (d, id) in w.devices.iter().zip(&ids) {
        d.write(*id, &format!("new, of {}\n", d.name));
        d.sync().await;
        w.server.restore(&backup).await;
    }
    w.sync_all().await;
    w.sync_all().await;
    assert_new(&w, &ids);
    assert_server_has_all(&w, &ids).await;
}

#[tokio::test]
async fn a_log_that_grew_another_way_since_is_healed_too() {
    let (mut w, backup, ids) = changed_since_backup(3).await;
    w.server.restore(&backup).await;
    // The fourth was away all the time: to it the server is as it left it, and it writes first.
    let fourth = TestDevice::join("Fourth", w.dir.path(), &w.clock, &w.server).await.unwrap();
    let other: Vec<NoteId> = (0..12).map(|n| fourth.add(&format!("Other {n}"), "of the fourth\n")).collect();
    fourth.sync().await;
    w.devices.push(fourth);
    w.sync_all().await;
    w.sync_all().await;
    assert_same(&w);
    for id in ids.iter().chain(&other) {
        assert_eq!(w["Fourth"].body(*id), w["A"].body(*id));
    }
    assert_eq!(w["Fourth"].body(ids[1]), "new, of B\n");
}

#[tokio::test]
async fn two_devices_heal_at_once() {
    for at in ["get_keys", "heal", "missing", "log"] {
        let (mut w, backup, ids) = changed_since_backup(2).await;
        w.server.restore(&backup).await;
        let b = w["B"].syncer().clone();
        // The first `log` notices; it is the second that reads.
        if at == "log" {
            w["A"].net.fail(2, Fault::DropAnswer);
            assert!(w["A"].try_sync().await.is_err());
        }
        w["A"].net.before(at, async move {
            b.run_once().await.unwrap();
        });
        w["A"].sync().await;
        w.sync_all().await;
        assert_new(&w, &ids);
        assert_server_has_all(&w, &ids).await;
    }
}

#[tokio::test]
async fn a_device_that_was_away_all_the_time_heals_later() {
    let (mut w, backup, ids) = changed_since_backup(3).await;
    let mine = w["C"].add("Only on C", "sent, and lost\n");
    w["C"].sync().await;
    w["C"].write(mine, "not sent\n");
    w["C"].net.turn_off();
    w.server.restore(&backup).await;
    for _ in 0..2 {
        w["A"].sync().await;
        w["B"].sync().await;
    }
    w["A"].write(ids[0], "newer\n");
    w["A"].sync().await;
    w["C"].net.turn_on();
    w.sync_all().await;
    assert_same(&w);
    assert_eq!((w["A"].body(mine).as_str(), w["C"].body(ids[0]).as_str()), ("not sent\n", "newer\n"));
    assert_eq!(w["B"].vault().history(mine.into()).unwrap().len(), 2);
}

#[tokio::test]
async fn a_batch_in_flight_is_sent_as_it_was_signed() {
    for (fault, read_by_other, other_first) in [
        (Fault::DropAnswer, true, true),
        (Fault::DropAnswer, true, false),
        (Fault::DropAnswer, false, false),
        (Fault::DropRequest, false, false),
        (Fault::DropRequest, false, true),
    ] {
        let (mut w, backup, ids) = changed_since_backup(2).await;
        let id = w["A"].add("T", "in flight\n");
        w["A"].net.fail(0, fault);
        assert!(w["A"].try_sync().await.is_err());
        w["A"].write(id, "in the queue\n");
        if read_by_other {
            w["B"].sync().await;
            assert_eq!(w["B"].body(id), "in flight\n");
        }
        w.server.restore(&backup).await;
        if other_first {
            w["B"].sync().await;
        }
        w.sync_all().await;
        assert_new(&w, &ids);
        let case = format!("{fault:?}, read {read_by_other}, other first {other_first}");
        assert_eq!(
            (w["B"].body(id).as_str(), w["A"].vault().history(id.into()).unwrap().len()),
            ("in the queue\n", 2),
            "{case}"
        );
        assert_server_has_all(&w, &ids).await;
    }
}

/// Wherever the line breaks while it is healed: nobody reads a change without what it builds on. Who heals may be removed
/// from the account in that moment, and nobody else has that.
#[tokio::test]
async fn a_batch_in_flight_goes_behind_what_it_builds_on() {
    for broken_after in 0..8 {
        let (mut w, backup, ids) = changed_since_backup(2).await;
        let id = w["A"].add("T", "one\n");
        w["A"].sync().await;
        w["A"].write(id, "two\n");
        w["A"].net.fail(0, Fault::DropRequest);
        assert!(w["A"].try_sync().await.is_err());
        w.server.restore(&backup).await;
        w["A"].net.fail(broken_after, Fault::DropRequest);
        drop(w["A"].try_sync().await);
        w["A"].net.heal();
        w["B"].sync().await;
        assert_eq!(w["B"].syncer().status().unwrap().quarantined, 0, "broken after {broken_after}");
        w.sync_all().await;
        assert_new(&w, &ids);
        assert_eq!(w["B"].body(id), "two\n", "broken after {broken_after}");
    }
}

#[tokio::test]
async fn what_was_confirmed_past_the_place_that_was_read_is_not_forgotten() {
    let mut w = World::of(2);
    w.sync_all().await;
    let backup = w.server.backup().await;
    w["B"].add("Of B", "b\n");
    w["B"].sync().await;
    // The push is confirmed behind B's, which A has not read, and then A ends.
    let id = w["A"].add("Of A", "a\n");
    w["A"].net.fail(1, Fault::DropRequest);
    assert!(w["A"].try_sync().await.is_err());
    assert_eq!(w["A"].vault().sync_status().unwrap().waiting, 0);
    w["A"].crash();
    w["A"].reopen();
    w.server.restore(&backup).await;
    w["A"].sync().await;
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(w["B"].body(id), "a\n");
}

/// The log has grown past that place since, another way, and is read in several pages: the head that the first of them
/// names says nothing about what lies between.
#[tokio::test]
async fn what_was_confirmed_is_looked_for_on_every_page() {
    for at_most in [1, 3] {
        let mut w = World::of(3);
        w.sync_all().await;
        let backup = w.server.backup().await;
        w["C"].add("Of C", "c\n");
        w["C"].sync().await;
        let ids: Vec<NoteId> = (0..at_most).map(|n| w["A"].add("Of A", &format!("a{n}\n"))).collect();
        w["A"].net.fail(1, Fault::DropRequest);
        assert!(w["A"].try_sync().await.is_err());
        assert_eq!(w["A"].vault().sync_status().unwrap().waiting, 0);
        w.server.restore(&backup).await;
        for n in 0..6 {
            w["B"].add(&format!("Since {n}"), "b\n");
        }
        w["B"].sync().await;
        // B has lost nothing, and notices nothing.
        w["B"].sync().await;
        w["A"].net.small_pages();
        w["A"].sync().await;
        assert_eq!(told(&w["A"]).len(), 1);
        w.sync_all().await;
        assert_same(&w);
        for (n, id) in ids.iter().enumerate() {
            assert_eq!(w["B"].body(*id), format!("a{n}\n"));
        }
    }
}

#[tokio::test]
async fn a_kill_anywhere_in_the_healing_loses_nothing() {
    let mut done = false;
    for after in 0.. {
        for fault in [Fault::DropRequest, Fault::DropAnswer] {
            let (mut w, backup, ids) = changed_since_backup(2).await;
            let file = w.dir.path().join("photo.png");
            fs::write(&file, vec![7; 100_000]).unwrap();
            w["B"].vault().attach_file(ids[1], &file).unwrap();
            w.sync_all().await;
            w.server.restore(&backup).await;
            w["A"].write(ids[0], "newest, of A\n");
            w["A"].net.fail(after, fault);
            let died = w["A"].try_sync().await;
            done = died.is_ok();
            w["A"].crash();
            w["A"].net.heal();
            w["A"].reopen();
            if died.is_err() {
                let status = w["A"].vault().sync_status().unwrap();
                assert_ne!(status.state, SyncState::UpToDate, "{after}, {fault:?}");
                assert!(status.waiting > 0 || after > 3);
            }
            w["A"].sync().await;
            w.sync_all().await;
            assert_same(&w);
            assert_eq!(
                (w["B"].body(ids[0]).as_str(), w["A"].body(ids[1]).contains("new, of B")),
                ("newest, of A\n", true)
            );
            for d in &w.devices {
                let all = d.vault().attachments(ids[1]).unwrap();
                assert_eq!(d.vault().attachment_bytes(all[0].id).unwrap(), vec![7; 100_000], "{}", d.name);
            }
        }
        if done {
            assert!(after > 5, "the healing took {after} requests only");
            return;
        }
    }
}

#[tokio::test]
async fn attachments_that_are_gone_are_sent_again() {
    let mut w = World::of(2);
    let id = w["A"].add("T", "text\n");
    w.sync_all().await;
    let backup = w.server.backup().await;
    let file = w.dir.path().join("photo.png");
    fs::write(&file, vec![7; 300_000]).unwrap();
    w["A"].vault().attach_file(id, &file).unwrap();
    w.sync_all().await;
    w.server.restore(&backup).await;
    // B, which only has it from the server, brings it back; A never comes again.
    w["B"].sync().await;
    let fresh = TestDevice::join("Fresh", w.dir.path(), &w.clock, &w.server).await.unwrap();
    fresh.sync().await;
    let all = fresh.vault().attachments(id).unwrap();
    assert_eq!(fresh.vault().attachment_bytes(all[0].id).unwrap(), vec![7; 300_000]);
}

/// A backup of the database may be newer than that of the files. Where the log has gone no further since, only the
/// account's keys tell that the server was set back.
#[tokio::test]
async fn a_file_that_went_is_sent_again_where_only_the_keys_are_older() {
    let mut w = World::of(3);
    let id = w["A"].add("T", "text\n");
    let file = w.dir.path().join("photo.png");
    fs::write(&file, vec![7; 300_000]).unwrap();
    w["A"].vault().attach_file(id, &file).unwrap();
    w.sync_all().await;
    w["A"].sync().await;
    let backup = w.server.backup().await;
    w["A"].syncer().remove_device(w["C"].id(), None).await.unwrap();
    w["A"].sync().await;
    w.server.restore(&backup).await;
    fs::remove_dir_all(w.server.data().join("blobs")).unwrap();
    w.clock.advance(1_000);
    w["A"].sync().await;
    w.clock.advance(1_000);
    w["A"].sync().await;
    let fresh = TestDevice::join("Fresh", w.dir.path(), &w.clock, &w.server).await.unwrap();
    fresh.sync().await;
    let all = fresh.vault().attachments(id).unwrap();
    assert_eq!(fresh.vault().attachment_bytes(all[0].id).unwrap(), vec![7; 300_000]);
}

#[tokio::test]
async fn a_server_that_is_told_of_the_restore_tells_everybody() {
    let (mut w, backup, ids) = changed_since_backup(2).await;
    w.server.restore(&backup).await;
    w.server.core().begin_new_epochs().unwrap();
    w.sync_all().await;
    assert_new(&w, &ids);
    // Also where nothing was lost.
    w.server.core().begin_new_epochs().unwrap();
    w.sync_all().await;
    assert_new(&w, &ids);
    assert_eq!(told(&w["A"])[0], "The server was restored from a backup; nothing of this computer was lost");
}

#[tokio::test]
async fn a_computer_that_joined_after_the_backup_is_a_member_again() {
    let mut w = World::of(2);
    w.sync_all().await;
    let backup = w.server.backup().await;
    let late = TestDevice::join("Late", w.dir.path(), &w.clock, &w.server).await.unwrap();
    let id = late.add("T", "of the late one\n");
    late.sync().await;
    w["A"].sync().await;
    w.server.restore(&backup).await;
    // Another one joins before anybody tells the server: the account's keys go two ways.
    let other = TestDevice::join("Other", w.dir.path(), &w.clock, &w.server).await.unwrap();
    other.sync().await;
    w["A"].sync().await;
    assert!(matches!(late.try_sync().await, Err(NotebookError::Protocol(ProtocolError::Unauthorized))));
    holdfast_notebook::sync::sign_in(late.vault(), late.connect(), PASSPHRASE).await.unwrap();
    w.devices.extend([late, other]);
    w["Late"].write(id, "goes on\n");
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(w["Other"].body(id), "goes on\n");
    assert_eq!(w["B"].syncer().status().unwrap().devices.len(), w["A"].syncer().status().unwrap().devices.len());
}

#[tokio::test]
async fn a_server_that_always_says_so_is_not_believed_for_ever() {
    let w = World::of(2);
    let head = LogHead { log_epoch: 1, seq: 0, link: Hash::ZERO };
    w.server.lies.about_log(move |_| Ok(LogAnswer::Rebase { head }));
    w["A"].net.take_requests();
    let said = w["A"].try_sync().await;
    assert!(matches!(said, Err(NotebookError::HostileServer(_))), "{said:?}");
    assert!(w["A"].net.take_requests().len() < 40);
    w.server.lies.be_honest();
    let id = w["A"].add("T", "one\n");
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(w["B"].body(id), "one\n");
}

/// Set back as soon as it has shown a page: it knows neither what stood there nor who joined in between.
struct SetBack {
    core: holdfast_server::Core,
    /// By so much its log has grown another way by then.
    grown: u64,
    /// The account's keys and the log's end, as they were at the first look.
    before: OnceLock<((Vec<u8>, u64), LogHead)>,
    looks: AtomicUsize,
}

#[async_trait]
impl Instead for SetBack {
    fn core(&self) -> &holdfast_server::Core {
        &self.core
    }
    async fn get_keys(&self, _: &Token) -> Result<(Vec<u8>, u64), ProtocolError> {
        Ok(self.before.get().unwrap().0.clone())
    }
    async fn log(&self, token: &Token, request: LogRequest) -> Result<LogAnswer, ProtocolError> {
        if self.looks.fetch_add(1, Ordering::SeqCst) > 1 {
            let head = self.before.get().unwrap().1;
            return Ok(LogAnswer::Rebase { head: LogHead { seq: head.seq + self.grown, ..head } });
        }
        let answer = self.core().log(token, request).await?;
        let LogAnswer::Page(page) = &answer else { panic!("rebase") };
        let keys = self.core().get_keys(token).await?;
        self.before.get_or_init(|| (keys, page.head));
        Ok(answer)
    }
    async fn heal(&self, _: &Token, _: HealRequest) -> Result<PushOutcome, ProtocolError> {
        Err(ProtocolError::Server("not now".into()))
    }
}

/// What it shows of a computer that it has forgotten since is no lie.
#[tokio::test]
async fn a_server_set_back_between_a_page_and_the_keys_is_healed_and_not_called_hostile() {
    for grown in [0, 100] {
        let mut w = World::of(2);
        w.sync_all().await;
        let (before, looks) = (OnceLock::new(), AtomicUsize::new(0));
        w["A"].net.answer_instead(Some(Arc::new(Other(SetBack { core: w.server.core(), grown, before, looks }))));
        w["A"].sync().await;
        let late = TestDevice::join("Late", w.dir.path(), &w.clock, &w.server).await.unwrap();
        let id = late.add("T", "of the late one\n");
        late.sync().await;
        let said = w["A"].try_sync().await;
        assert!(matches!(said, Err(NotebookError::Protocol(ProtocolError::Server(_)))), "{said:?}");
        w["A"].net.answer_instead(None);
        w.devices.push(late);
        w.sync_all().await;
        assert_same(&w);
        assert_eq!(w["A"].body(id), "of the late one\n");
    }
}

/// It is set back again and again to when it did not know who asks, each time after the account's keys were put.
struct Forgetful {
    core: holdfast_server::Core,
    /// So often.
    times: usize,
    asked: AtomicUsize,
}

impl Forgetful {
    fn forgets(&self) -> Result<(), ProtocolError> {
        let forgets = self.asked.fetch_add(1, Ordering::SeqCst) < self.times;
        if forgets { Err(ProtocolError::NotRegistered) } else { Ok(()) }
    }
}

#[async_trait]
impl Instead for Forgetful {
    fn core(&self) -> &holdfast_server::Core {
        &self.core
    }
    async fn push(&self, token: &Token, request: PushRequest) -> Result<PushOutcome, ProtocolError> {
        self.forgets()?;
        self.core().push(token, request).await
    }
    async fn heal(&self, token: &Token, request: HealRequest) -> Result<PushOutcome, ProtocolError> {
        self.forgets()?;
        self.core().heal(token, request).await
    }
}

/// Nobody has to do anything about it, and it is not asked for ever.
#[tokio::test]
async fn a_server_that_is_set_back_again_while_a_computer_is_made_known_to_it_is_told_again() {
    for heals in [false, true] {
        let (mut w, backup, ids) = changed_since_backup(2).await;
        if heals {
            w.server.restore(&backup).await;
        }
        w["A"].write(ids[0], "written later\n");
        let forgetful = |times| Arc::new(Other(Forgetful { core: w.server.core(), times, asked: AtomicUsize::new(0) }));
        w["A"].net.answer_instead(Some(forgetful(usize::MAX)));
        let said = w["A"].try_sync().await;
        assert!(matches!(said, Err(NotebookError::Protocol(ProtocolError::NotRegistered))), "{said:?}");
        assert!(w["A"].net.take_requests().len() < 30, "it asks for ever");
        w["A"].net.answer_instead(Some(forgetful(3)));
        w["A"].sync().await;
        w["A"].net.answer_instead(None);
        w.sync_all().await;
        assert_same(&w);
        assert_eq!(w["B"].body(ids[0]), "written later\n");
    }
}

/// It was set back, and says that it lost nothing; it takes what it is given, or says that it has that, too.
struct LostNothing {
    core: holdfast_server::Core,
    takes: bool,
}

#[async_trait]
impl Instead for LostNothing {
    fn core(&self) -> &holdfast_server::Core {
        &self.core
    }
    async fn missing(&self, _: &Token, _: MissingRequest) -> Result<Missing, ProtocolError> {
        Ok(Missing::default())
    }
    async fn heal(&self, token: &Token, mut request: HealRequest) -> Result<PushOutcome, ProtocolError> {
        let given = if self.takes { Vec::new() } else { std::mem::take(&mut request.entries) };
        let mut outcome = self.core.heal(token, request).await?;
        if let PushOutcome::Accepted { stored, head } = &mut outcome {
            let here = |one: &Restored| Stored { rid: one.entry.rid, seq: head.seq, duplicate: true };
            stored.extend(given.iter().map(here));
        }
        Ok(outcome)
    }
}

/// The log is read again from its beginning, in case that it was altered on the way, and not for ever.
#[tokio::test]
async fn what_a_server_says_that_it_has_and_never_shows_is_not_believed() {
    let (mut w, backup, ids) = changed_since_backup(2).await;
    w.server.restore(&backup).await;
    let says_so = LostNothing { core: w.server.core(), takes: false };
    w["A"].net.answer_instead(Some(Arc::new(Other(says_so))));
    for _ in 0..2 {
        w["A"].net.take_requests();
        let said = w["A"].try_sync().await;
        assert!(matches!(&said, Err(NotebookError::HostileServer(_))), "{said:?}");
        let asked = w["A"].net.take_requests();
        assert!(asked.iter().filter(|what| **what == "missing").count() > 1 && asked.len() < 60, "{asked:?}");
        assert!(w["A"].vault().sync_status().unwrap().waiting > 0, "what it does not show is not there");
    }
    w["A"].net.answer_instead(None);
    w.sync_all().await;
    assert_new(&w, &ids);
}

/// As it may where another member used the id of what it lost: it says that it has something under it.
#[tokio::test]
async fn what_a_server_says_that_it_has_and_never_shows_is_sent_all_the_same() {
    let (mut w, backup, ids) = changed_since_backup(2).await;
    w.server.restore(&backup).await;
    let takes = LostNothing { core: w.server.core(), takes: true };
    w["A"].net.answer_instead(Some(Arc::new(Other(takes))));
    w["A"].sync().await;
    assert_eq!(w["A"].vault().sync_status().unwrap().waiting, 0);
    w["A"].net.answer_instead(None);
    w["B"].sync().await;
    assert_new(&w, &ids);
    assert_server_has_all(&w, &ids).await;
}

/// It answered a push when it had those changes already, and was set back before anything else was asked.
struct HadThem {
    core: holdfast_server::Core,
    /// Where in its log it had the first.
    at: u64,
    asked: AtomicUsize,
}

#[async_trait]
impl Instead for HadThem {
    fn core(&self) -> &holdfast_server::Core {
        &self.core
    }
    async fn push(&self, token: &Token, request: PushRequest) -> Result<PushOutcome, ProtocolError> {
        if self.asked.fetch_add(1, Ordering::SeqCst) > 0 {
            return self.core().push(token, request).await;
        }
        let ids = request.manifest.rids.iter().zip(self.at..);
        let stored: Vec<_> = ids.map(|(rid, seq)| Stored { rid: *rid, seq, duplicate: true }).collect();
        let seen = request.manifest.seen;
        let seq = stored.last().map_or(0, |last| last.seq).max(seen.seq);
        let head = LogHead { log_epoch: seen.log_epoch, seq, link: Hash([7; 32]) };
        Ok(PushOutcome::Accepted { stored, head })
    }
}

#[tokio::test]
async fn a_server_set_back_between_its_answer_and_the_log_is_healed_and_not_called_hostile() {
    // Behind all that it has now; and within what was read of a log that it has no more.
    for (at, restores) in [(500, false), (1, true)] {
        let (mut w, backup, ids) = changed_since_backup(2).await;
        if restores {
            w.server.restore(&backup).await;
        }
        w["A"].write(ids[0], "written later\n");
        let had = HadThem { core: w.server.core(), at, asked: AtomicUsize::new(0) };
        w["A"].net.answer_instead(Some(Arc::new(Other(had))));
        w["A"].sync().await;
        w["A"].net.answer_instead(None);
        w.sync_all().await;
        assert_same(&w);
        assert_eq!(w["B"].body(ids[0]), "written later\n");
        assert_eq!(w["B"].body(ids[1]), "new, of B\n");
    }
}
