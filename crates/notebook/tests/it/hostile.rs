//! A server that lies is found out, nothing is lost, and when it is honest again the sync goes on.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use holdfast_notebook::NotebookError;
use holdfast_protocol::*;
use holdfast_sync::SyncState;
use holdfast_testkit::{Fault, Instead, Other, TestDevice, World};

use crate::syncing::assert_same;

async fn found_out(d: &TestDevice) {
    let said = d.try_sync().await;
    assert!(matches!(said, Err(NotebookError::HostileServer(_))), "{said:?}");
    assert_eq!(d.syncer().status().unwrap().state, SyncState::Unreachable);
}

#[tokio::test]
async fn lies_about_the_log_are_found_out() {
    let lies: [(&str, fn(&mut LogPage)); 6] = [
        ("altered body", |p| p.entries[0].entry.body[40] ^= 1),
        ("gap", |p| drop(p.entries.remove(0))),
        ("withheld", |p| p.entries.clear()),
        ("broken link", |p| p.head.link.0[0] ^= 1),
        ("another log", |p| p.log_epoch ^= 1),
        ("forged signature", |p| p.manifests[0].signature[5] ^= 1),
    ];
    for (name, lie) in lies {
        let w = World::of(2);
        w.sync_all().await;
        let id = w["A"].add("T", "one\n");
        w["A"].write(id, "two\n");
        w["A"].sync().await;
        let mine = w["B"].add("Mine", "of B\n");
        w.server.lies.about_pages(move |page| {
            if page.entries.len() > 1 {
                lie(page);
            }
        });
        found_out(&w["B"]).await;
        assert!(w["B"].vault().note(id).is_err(), "{name}: something was taken over");
        assert_eq!(w["B"].body(mine), "of B\n");
        w.server.lies.be_honest();
        w.sync_all().await;
        assert_same(&w);
        assert_eq!((w["B"].body(id).as_str(), w["A"].body(mine).as_str()), ("two\n", "of B\n"), "{name}");
    }
}

#[tokio::test]
async fn a_log_that_ends_before_what_was_read_is_found_out() {
    let w = World::of(2);
    w["A"].add("T", "one\n");
    w.sync_all().await;
    w.server.lies.about_pages(|page| page.head.seq -= 1);
    found_out(&w["B"]).await;
    w.server.lies.be_honest();
    w.sync_all().await;
    assert_same(&w);
}

#[tokio::test]
async fn wrong_confirmations_are_found_out_and_nothing_leaves_the_queue() {
    type Lie = fn(&mut Vec<Stored>, &mut LogHead);
    let lies: [(&str, Lie); 7] = [
        ("wrong duplicate", |s, _| s[0].duplicate = true),
        ("a duplicate of another change", |s, h| {
            (s[0].duplicate, s[0].seq) = (true, 1);
            h.seq -= 1;
        }),
        ("fewer", |s, _| s.clear()),
        ("another change", |s, _| s[0].rid.0[0] ^= 1),
        ("no place", |s, _| s[0].seq = 0),
        ("a place past the end", |s, h| s[0].seq = h.seq + 9),
        ("another link", |_, h| h.link.0[0] ^= 1),
    ];
    for (name, lie) in lies {
        let w = World::of(2);
        w.sync_all().await;
        let id = w["A"].add("T", "one\n");
        w.server.lies.about_push(move |mut outcome| {
            if let PushOutcome::Accepted { stored, head } = &mut outcome {
                lie(stored, head);
            }
            Ok(outcome)
        });
        let said = w["A"].try_sync().await;
        assert!(matches!(said, Err(NotebookError::HostileServer(_))), "{name}: {said:?}");
        assert_eq!(w["A"].vault().sync_status().unwrap().waiting, 1, "{name}");
        w.server.lies.be_honest();
        w.sync_all().await;
        assert_same(&w);
        assert_eq!(w["B"].body(id), "one\n", "{name}");
        assert_eq!(w["B"].vault().history(id.into()).unwrap().len(), 1);
    }
}

/// It takes nothing, and says that it has it already: at a place of the log that was not read yet.
struct HasItAlready {
    core: holdfast_server::Core,
    /// What is given back to it it takes.
    is_healed: bool,
}

impl HasItAlready {
    fn says(rids: impl Iterator<Item = Rid>, seen: Seen) -> PushOutcome {
        let Seen { log_epoch, seq, link, .. } = seen;
        let seq = seq + 1;
        let stored = rids.map(|rid| Stored { rid, seq, duplicate: true }).collect();
        PushOutcome::Accepted { stored, head: LogHead { log_epoch, seq, link } }
    }
}

#[async_trait]
impl Instead for HasItAlready {
    fn core(&self) -> &holdfast_server::Core {
        &self.core
    }
    async fn push(&self, _: &Token, request: PushRequest) -> Result<PushOutcome, ProtocolError> {
        Ok(Self::says(request.entries.iter().map(|entry| entry.rid), request.manifest.seen))
    }
    async fn heal(&self, token: &Token, request: HealRequest) -> Result<PushOutcome, ProtocolError> {
        match request.manifests.first() {
            Some(first) if !self.is_healed && request.lost.is_none() => {
                Ok(Self::says(request.entries.iter().map(|one| one.entry.rid), first.seen))
            }
            _ => self.core.heal(token, request).await,
        }
    }
}

/// Another copy of the disk may have sent it: the log tells, and no word of the server.
#[tokio::test]
async fn what_is_called_a_duplicate_leaves_the_queue_only_when_the_log_shows_it() {
    for is_healed in [false, true] {
        let w = World::of(2);
        w.sync_all().await;
        let id = w["A"].add("T", "one\n");
        let has_it = HasItAlready { core: w.server.core(), is_healed };
        w["A"].net.answer_instead(Some(Arc::new(Other(has_it))));
        for _ in 0..2 {
            let said = w["A"].try_sync().await;
            // It may have been set back after it said so: what is given back to it then its log shows.
            assert_eq!(said.is_ok(), is_healed, "{said:?}");
            assert!(is_healed || matches!(said, Err(NotebookError::HostileServer(_))), "{said:?}");
            assert_eq!(w["A"].vault().sync_status().unwrap().waiting, u32::from(!is_healed));
        }
        w["B"].sync().await;
        assert_eq!(w["B"].vault().note(id).is_ok(), is_healed);
        w["A"].net.answer_instead(None);
        w.sync_all().await;
        assert_same(&w);
        assert_eq!(w["B"].body(id), "one\n");
    }
}

/// The same while a restored server is given back what it lost: it neither gets a change out of the queue by a word, nor
/// keeps this device asking for ever.
#[tokio::test]
async fn what_a_restored_server_says_it_has_is_shown_by_its_log() {
    // It takes the change, and lies about where. In what was read its log is read anew, and shows it; behind its log nothing
    // ever shows.
    let places: [(bool, fn(&mut Stored, &mut LogHead)); 2] = [
        (true, |stored, _| stored.seq = 1),
        (false, |stored, head| {
            head.seq += 5;
            stored.seq = head.seq;
        }),
    ];
    for (is_shown, place) in places {
        let mut w = World::of(2);
        w.sync_all().await;
        let backup = w.server.backup().await;
        let id = w["A"].add("T", "one\n");
        w["A"].net.fail(0, Fault::DropAnswer);
        w["A"].try_sync().await.unwrap_err();
        w.server.restore(&backup).await;
        w.server.core().begin_new_epochs().unwrap();
        w.server.lies.about_push(move |mut outcome| {
            if let PushOutcome::Accepted { stored, head } = &mut outcome {
                for one in stored {
                    one.duplicate = true;
                    place(one, head);
                }
            }
            Ok(outcome)
        });
        if is_shown {
            w["A"].sync().await;
        } else {
            found_out(&w["A"]).await;
        }
        assert_eq!(w["A"].vault().sync_status().unwrap().waiting, u32::from(!is_shown));
        w.server.lies.be_honest();
        w["B"].sync().await;
        assert!(!is_shown || w["B"].body(id) == "one\n");
        w.sync_all().await;
        assert_same(&w);
        assert_eq!(w["B"].body(id), "one\n");
    }
}

#[tokio::test]
async fn refusals_keep_the_change_in_the_queue() {
    let refusals = [
        PushOutcome::Rejected { index: 0, reason: RejectReason::QuotaExceeded },
        PushOutcome::Forked { ctr: 9, batch: Hash([9; 32]) },
        PushOutcome::StaleEpoch { key_epoch: 9 },
    ];
    for refusal in refusals {
        let w = World::of(2);
        let id = w["A"].add("T", "one\n");
        let answer = refusal.clone();
        w.server.lies.about_push(move |_| Ok(answer.clone()));
        assert!(w["A"].try_sync().await.is_err(), "{refusal:?}");
        assert_eq!(w["A"].vault().sync_status().unwrap().waiting, 1);
        w.server.lies.be_honest();
        w.sync_all().await;
        assert_same(&w);
        assert_eq!(w["B"].body(id), "one\n");
    }
}

/// Shows a log of its own making: from where a device stands on, the entries of the real one in another order, with
/// links that fit.
struct Reordered {
    core: holdfast_server::Core,
    /// Where the device stood.
    from: OnceLock<usize>,
    /// For each place after that, which entry after that of the real log stands there.
    order: Vec<usize>,
    /// How much of it is shown.
    shown: AtomicUsize,
}

#[async_trait]
impl Instead for Reordered {
    fn core(&self) -> &holdfast_server::Core {
        &self.core
    }
    async fn push(&self, _: &Token, _: PushRequest) -> Result<PushOutcome, ProtocolError> {
        Err(ProtocolError::Server("not now".into()))
    }
    async fn log(&self, token: &Token, request: LogRequest) -> Result<LogAnswer, ProtocolError> {
        let from = *self.from.get_or_init(|| request.seq as usize);
        let whole = LogRequest { log_epoch: 0, seq: 0, link: Hash::ZERO, max_bytes: u32::MAX, ..request };
        let LogAnswer::Page(real) = self.core().log(token, whole).await? else { panic!("rebase") };
        let shown = from + self.shown.load(Ordering::SeqCst);
        let mut page = LogPage { entries: Vec::new(), ..real.clone() };
        let mut prev = Hash::ZERO;
        for at in (0..from).chain(self.order.iter().map(|n| from + n)).take(shown) {
            let mut logged = real.entries[at].clone();
            logged.seq = page.entries.len() as u64 + 1;
            let e = &logged.entry;
            let body = body_hash(&e.body);
            prev =
                link(request.space, real.log_epoch, logged.seq, prev, e.kind, e.rid, e.key_epoch, body, logged.batch);
            page.entries.push(logged);
        }
        page.head = LogHead { log_epoch: real.log_epoch, seq: shown as u64, link: prev };
        page.entries.drain(..request.seq as usize);
        page.manifests.retain(|m| page.entries.iter().any(|e| e.batch == batch_hash(m)));
        Ok(LogAnswer::Page(page))
    }
    async fn fetch(&self, _: &Token, _: FetchRequest) -> Result<Fetched, ProtocolError> {
        Ok(Fetched::default())
    }
    async fn heal(&self, _: &Token, _: HealRequest) -> Result<PushOutcome, ProtocolError> {
        Err(ProtocolError::Server("not now".into()))
    }
}

#[tokio::test]
async fn what_comes_before_its_parent_waits_for_it() {
    // Of a long text only the difference is sent: it cannot even be opened before what it builds on.
    let long: String = (0..500_u32).map(|n| format!("Line {n}: {:x}.\n", n.wrapping_mul(2_654_435_761))).collect();
    for before in ["", &long] {
        let w = World::of(2);
        w.sync_all().await;
        let id = w["A"].add("T", &format!("{before}one\n"));
        w["A"].write(id, &format!("{before}two\n"));
        w["A"].write(id, &format!("{before}three\n"));
        w["A"].sync().await;
        let (from, shown) = (OnceLock::new(), AtomicUsize::new(0));
        let server = Arc::new(Other(Reordered { core: w.server.core(), from, order: vec![2, 1, 0], shown }));
        let b = &w["B"];
        b.net.answer_instead(Some(server.clone()));
        for (shown, waiting) in [(1, 1), (2, 2), (3, 0)] {
            server.0.shown.store(shown, Ordering::SeqCst);
            b.sync().await;
            assert_eq!(b.vault().sync_status().unwrap().quarantined, waiting);
            assert_eq!(b.vault().note(id).is_ok(), waiting == 0);
        }
        assert_eq!((b.body(id), b.heads(id)), (format!("{before}three\n"), w["A"].heads(id)));
    }
}

/// It took what was sent, and says that it had it before.
struct CallsItKnown(holdfast_server::Core);

#[async_trait]
impl Instead for CallsItKnown {
    fn core(&self) -> &holdfast_server::Core {
        &self.0
    }
    async fn push(&self, token: &Token, request: PushRequest) -> Result<PushOutcome, ProtocolError> {
        let mut outcome = self.0.push(token, request).await?;
        if let PushOutcome::Accepted { stored, .. } = &mut outcome {
            for one in stored {
                (one.duplicate, one.seq) = (true, 1);
            }
        }
        Ok(outcome)
    }
}

#[tokio::test]
async fn a_log_that_grew_as_far_as_it_was_read_is_not_taken_for_the_one_that_was() {
    let mut w = World::of(2);
    let ids = [w["A"].add("Of A", "old, of A\n"), w["B"].add("Of B", "old, of B\n")];
    w.sync_all().await;
    w.sync_all().await;
    let backup = w.server.backup().await;
    w["A"].write(ids[0], "new, of A\n");
    w["A"].net.answer_instead(Some(Arc::new(Other(CallsItKnown(w.server.core())))));
    let said = w["A"].try_sync().await;
    assert!(matches!(said, Err(NotebookError::HostileServer(_))), "{said:?}");
    w["A"].net.answer_instead(None);
    w.server.restore(&backup).await;
    // As many as A has read of the log that is no more: what A sends next seems to follow.
    w["B"].write(ids[1], "new, of B\n");
    w["B"].sync().await;
    w["A"].sync().await;
    w.sync_all().await;
    assert_same(&w);
    let fresh = TestDevice::join("Fresh", w.dir.path(), &w.clock, &w.server).await.unwrap();
    fresh.sync().await;
    for (id, text) in ids.iter().zip(["new, of A\n", "new, of B\n"]) {
        assert_eq!((w["A"].body(*id).as_str(), fresh.body(*id).as_str()), (text, text));
        assert_eq!(fresh.vault().history((*id).into()).unwrap().len(), 2);
    }
}

/// What a server answers a question about its log, kept for later: then it is what it answered before it was set back.
struct AnsweredBefore {
    core: holdfast_server::Core,
    answer: Arc<Mutex<Option<LogAnswer>>>,
    keep: bool,
}

#[async_trait]
impl Instead for AnsweredBefore {
    fn core(&self) -> &holdfast_server::Core {
        &self.core
    }
    async fn log(&self, token: &Token, request: LogRequest) -> Result<LogAnswer, ProtocolError> {
        if !self.keep {
            let before = self.answer.lock().unwrap().take();
            return match before {
                Some(before) => Ok(before),
                None => self.core.log(token, request).await,
            };
        }
        // A page of all that there is but the last.
        for max_bytes in (0..100_000).rev().step_by(50) {
            let answer = self.core.log(token, LogRequest { max_bytes, ..request }).await?;
            let LogAnswer::Page(page) = &answer else { panic!("it is another log") };
            if page.entries.last().is_some_and(|last| last.seq < page.head.seq) {
                *self.answer.lock().unwrap() = Some(answer);
                break;
            }
        }
        Err(ProtocolError::Server("not now".into()))
    }
}

#[tokio::test]
async fn a_server_that_was_set_back_in_the_middle_of_a_sync_and_grew_as_far_is_not_called_a_liar() {
    let mut w = World::of(3);
    let ids = [w["A"].add("Of A", "old, of A\n"), w["B"].add("Of B", "old, of B\n"), w["C"].add("Of C", "old, of C\n")];
    for _ in 0..2 {
        w.sync_all().await;
    }
    let answer = Arc::<Mutex<Option<LogAnswer>>>::default();
    let instead = |w: &World, keep| {
        let core = w.server.core();
        w["A"].net.answer_instead(Some(Arc::new(Other(AnsweredBefore { core, answer: answer.clone(), keep }))));
    };
    w["B"].add("Between", "that A has not read\n");
    w["B"].sync().await;
    let backup = w.server.backup().await;
    // What it has of A is behind what A has read.
    w["A"].write(ids[0], "new, of A\n");
    instead(&w, true);
    assert!(w["A"].try_sync().await.is_err());
    assert_eq!(w["A"].vault().sync_status().unwrap().waiting, 0);
    // It has something else there then, and more.
    w.server.restore(&backup).await;
    for text in ["new, of B\n", "newer, of B\n", "newest, of B\n"] {
        w["B"].write(ids[1], text);
        w["B"].sync().await;
    }
    instead(&w, true);
    assert!(w["A"].try_sync().await.is_err());
    assert!(matches!(&*answer.lock().unwrap(), Some(LogAnswer::Page(_))));
    // And is set back again before it is asked whether what it said is the log, and is as long by then.
    w.server.restore(&backup).await;
    for text in ["new, of C\n", "newer, of C\n", "newest, of C\n", "newest of all, of C\n"] {
        w["C"].write(ids[2], text);
        w["C"].sync().await;
    }
    instead(&w, false);
    w["A"].sync().await;
    assert!(answer.lock().unwrap().is_none());
    w["A"].net.answer_instead(None);
    for _ in 0..2 {
        w.sync_all().await;
    }
    assert_same(&w);
    for (id, text) in ids.iter().zip(["new, of A\n", "newest, of B\n", "newest of all, of C\n"]) {
        assert_eq!(w["A"].body(*id), text);
    }
}
