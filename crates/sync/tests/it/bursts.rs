//! No storm: many causes, few requests; and nothing is asked that is known already.

use holdfast_sync::{
    Effect, Engine, Event, FIRST_QUIET_MS, Facts, Position, QUIET_MS, Step, StepReport, SyncState, state,
};

use crate::{CAUGHT_UP, MOVED, at, confirmed, facts};

/// The server and the database as far as the engine sees them; time goes on by itself.
struct World {
    engine: Engine,
    facts: Facts,
    now_ms: u64,
    effect: Effect,
    head: u64,
    pushes: u32,
    pulls: u32,
}

impl World {
    fn new() -> Self {
        let engine = confirmed(0);
        Self { engine, facts: facts(), now_ms: 0, effect: Effect::WaitUntil(15_000), head: 5, pushes: 0, pulls: 0 }
    }

    fn tell(&mut self, event: Event) {
        let effect = self.engine.handle(event, &self.facts, self.now_ms, 0);
        if !self.engine.is_running() || matches!(effect, Effect::Run(_)) {
            self.effect = effect;
        }
    }

    /// Until that time, with answers that take `answer_ms`.
    fn until(&mut self, end_ms: u64, answer_ms: u64) {
        loop {
            match self.effect {
                Effect::Run(step) => {
                    self.now_ms += answer_ms;
                    let moved = match step {
                        Step::Push => {
                            self.pushes += 1;
                            self.head += u64::from(self.facts.outbox);
                            self.facts.outbox = 0;
                            true
                        }
                        _ => {
                            self.pulls += 1;
                            self.head > self.facts.read.seq
                        }
                    };
                    self.facts.read = at(self.head);
                    self.tell(Event::StepDone(StepReport { caught_up: true, moved, blob_skipped: false }));
                }
                Effect::WaitUntil(due) if due <= end_ms => {
                    self.now_ms = self.now_ms.max(due);
                    self.tell(Event::Tick);
                }
                _ => break,
            }
        }
        self.now_ms = self.now_ms.max(end_ms);
    }
}

#[test]
fn notes_committed_together_are_one_push() {
    let mut w = World::new();
    for _ in 0..20 {
        w.facts.outbox += 1;
        w.tell(Event::LocalChange);
        w.until(w.now_ms + 5, 3);
    }
    w.until(w.now_ms + 1_000, 3);
    assert_eq!((w.pushes, w.pulls, w.facts.outbox), (1, 0, 0));
}

#[test]
fn one_change_goes_out_after_a_moment() {
    let mut engine = confirmed(0);
    let waiting = Facts { outbox: 1, ..facts() };
    assert_eq!(engine.handle(Event::LocalChange, &waiting, 100, 0), Effect::WaitUntil(100 + FIRST_QUIET_MS));
    let due = 100 + FIRST_QUIET_MS;
    assert_eq!(engine.handle(Event::Tick, &waiting, due, 0), Effect::Run(Step::Push));
    engine.handle(MOVED, &facts(), due, 0);
    // The next of a row waits a little longer for others.
    assert_eq!(engine.handle(Event::LocalChange, &waiting, due, 0), Effect::WaitUntil(due + QUIET_MS));
}

#[test]
fn typing_that_is_not_committed_asks_nothing() {
    let mut engine = confirmed(0);
    let typing = Facts { working: 1, ..facts() };
    assert_eq!(engine.handle(Event::LocalChange, &typing, 100, 0), Effect::WaitUntil(15_000), "the poll, as before");
    assert_eq!(state(&engine, &typing), SyncState::Waiting);
}

#[test]
fn an_import_of_a_thousand_notes_is_a_handful_of_pushes() {
    for every_ms in [1, 5, 10, 39, 45, 100, 150] {
        let mut w = World::new();
        for _ in 0..1_000 {
            w.facts.outbox += 1;
            w.tell(Event::LocalChange);
            w.until(w.now_ms + every_ms, 2);
        }
        w.until(w.now_ms + 31_000, 2);
        assert_eq!(w.facts.outbox, 0);
        // One in four seconds, and some at the beginning.
        let some = 12 + every_ms / 4;
        assert!(u64::from(w.pushes) <= some, "{} pushes, one change each {every_ms} ms", w.pushes);
        assert!(u64::from(w.pulls) <= some, "{} pulls", w.pulls);
    }
}

#[test]
fn a_backlog_is_sent_in_one_go() {
    let mut engine = confirmed(0);
    let mut backlog = Facts { outbox: 9_000, ..facts() };
    assert_eq!(engine.handle(Event::Wake, &backlog, 0, 0), Effect::Run(Step::Push));
    while backlog.outbox > 0 {
        // Somebody types meanwhile.
        assert_eq!(engine.handle(Event::LocalChange, &backlog, 10, 0), Effect::Wait);
        backlog.outbox -= 3_000;
        let next = engine.handle(Event::StepDone(StepReport { moved: true, ..StepReport::default() }), &backlog, 10, 0);
        let step = if backlog.outbox > 0 { Step::Push } else { Step::Pull };
        assert_eq!(next, Effect::Run(step));
    }
}

#[test]
fn a_poke_for_what_is_here_asks_nothing() {
    let mut engine = confirmed(0);
    for known in [at(5), at(3), Position { log_epoch: 1, ..Position::default() }] {
        assert_eq!(engine.handle(Event::Poke(known), &facts(), 1_000, 0), Effect::WaitUntil(15_000), "{known:?}");
        assert_eq!(state(&engine, &facts()), SyncState::UpToDate);
    }
    // Its own push, whose poke comes before the answer.
    let mut waiting = Facts { outbox: 2, ..facts() };
    assert_eq!(engine.handle(Event::Wake, &waiting, 2_000, 0), Effect::Run(Step::Push));
    assert_eq!(engine.handle(Event::Poke(at(7)), &waiting, 2_001, 0), Effect::Wait);
    (waiting.outbox, waiting.read) = (0, at(7));
    assert!(matches!(engine.handle(MOVED, &waiting, 2_002, 0), Effect::WaitUntil(at) if at > 10_000));
    assert_eq!(state(&engine, &waiting), SyncState::UpToDate);
}

#[test]
fn a_poke_for_something_new_asks_at_once() {
    let other_link = Position { link: [9; 32], ..at(5) };
    let other_log = Position { log_epoch: 2, ..at(1) };
    for news in [at(6), other_link, other_log] {
        let mut engine = confirmed(0);
        assert_eq!(engine.handle(Event::Poke(news), &facts(), 1_000, 0), Effect::Run(Step::Pull), "{news:?}");
    }
}

#[test]
fn what_comes_during_a_cycle_is_fetched_after_it() {
    let mut engine = confirmed(0);
    let mut facts = facts();
    assert_eq!(engine.handle(Event::Poke(at(6)), &facts, 1_000, 0), Effect::Run(Step::Pull));
    assert_eq!(engine.handle(Event::Poke(at(8)), &facts, 1_001, 0), Effect::Wait);
    facts.read = at(6);
    let Effect::WaitUntil(due) = engine.handle(MOVED, &facts, 1_002, 0) else { panic!() };
    assert!(due < 1_500, "{due}");
    assert_eq!(state(&engine, &facts), SyncState::Syncing, "something is to come");
    assert_eq!(engine.handle(Event::Tick, &facts, due, 0), Effect::Run(Step::Pull));
    facts.read = at(8);
    assert!(matches!(engine.handle(MOVED, &facts, due, 0), Effect::WaitUntil(at) if at > 10_000));
    assert_eq!(state(&engine, &facts), SyncState::UpToDate);
}

#[test]
fn a_server_that_cries_wolf_is_asked_ever_more_rarely() {
    let mut w = World::new();
    for n in 0..60_000 {
        // Ten pokes a second for things that do not come.
        w.tell(Event::Poke(Position { log_epoch: 1, seq: 1_000 + n, link: [0; 32] }));
        w.until(w.now_ms + 100, 1);
    }
    // In 100 minutes.
    assert!(w.pulls <= 6_000 / 15 + 10, "{}", w.pulls);
}

#[test]
fn a_step_that_changes_nothing_is_not_repeated_at_once() {
    let done = Event::StepDone(StepReport::default());
    for stuck in [Facts { outbox: 1, ..facts() }, Facts { blobs_up: 1, ..facts() }] {
        let mut engine = confirmed(0);
        let mut did = engine.handle(Event::Wake, &stuck, 0, 0);
        if stuck.blobs_up > 0 {
            assert_eq!(did, Effect::Run(Step::Pull));
            did = engine.handle(CAUGHT_UP, &stuck, 0, 0);
        }
        assert!(matches!(did, Effect::Run(Step::Push | Step::UploadBlob)));
        assert_eq!(engine.handle(done, &stuck, 0, 0), Effect::WaitUntil(15_000));
        assert_eq!(state(&engine, &stuck), SyncState::Waiting);
    }
    // A log that is longer than what it gives.
    let mut engine = confirmed(0);
    engine.handle(Event::Wake, &facts(), 0, 0);
    assert_eq!(engine.handle(done, &facts(), 0, 0), Effect::WaitUntil(15_000));
    assert_ne!(state(&engine, &facts()), SyncState::UpToDate);
    // An attachment that is neither here nor missing.
    let wanted = Facts { blobs_down: 1, ..facts() };
    let mut engine = confirmed(0);
    engine.handle(Event::Wake, &wanted, 0, 0);
    assert_eq!(engine.handle(CAUGHT_UP, &wanted, 0, 0), Effect::Run(Step::FetchBlob));
    assert!(matches!(engine.handle(done, &wanted, 0, 0), Effect::WaitUntil(_)));
}

#[test]
fn what_others_pushed_beside_this_device_s_own_is_still_pulled() {
    // The log was read to its end; then, in the same cycle, a push goes in behind something of another device.
    let mut engine = confirmed(0);
    assert_eq!(engine.handle(Event::Wake, &facts(), 0, 0), Effect::Run(Step::Pull));
    let waiting = Facts { outbox: 1, ..facts() };
    assert_eq!(engine.handle(CAUGHT_UP, &waiting, 0, 0), Effect::Run(Step::Push));
    let behind = Event::StepDone(StepReport { moved: true, ..StepReport::default() });
    assert_eq!(engine.handle(behind, &facts(), 0, 0), Effect::Run(Step::Pull));
}
