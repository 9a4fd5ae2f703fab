//! From any sequence of events: one step at a time, never "up to date" while anything waits, never a stop for ever,
//! and everything arrives once the faults end.

use holdfast_sync::{
    Effect, Engine, Event, Facts, Failure, MAX_RETRY_AFTER_MS, POLL_LIVE_MS, Position, Step, StepReport, SyncState,
    state,
};
use proptest::prelude::*;

use crate::at;

#[derive(Clone, Debug)]
enum Act {
    Later(u64),
    ClockBack(u64),
    Type,
    Commit {
        tell: bool,
    },
    Attach,
    /// Another device pushes; whether a poke says so.
    Other {
        tell: bool,
    },
    FalsePoke(u64),
    Answer,
    AnswerWithoutMoving,
    Fail(Failure),
    Pause(bool),
    SignOut,
    SignIn,
    Wake,
    SyncNow,
    NetworkUp,
    Live(bool),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (1..2_000_u64).prop_map(Act::Later),
        2 => (1_000..1_000_000_u64).prop_map(Act::Later),
        1 => (1..40_000_000_000_u64).prop_map(Act::ClockBack),
        2 => Just(Act::Type),
        4 => any::<bool>().prop_map(|tell| Act::Commit { tell }),
        1 => Just(Act::Attach),
        3 => any::<bool>().prop_map(|tell| Act::Other { tell }),
        1 => (0..50_u64).prop_map(Act::FalsePoke),
        9 => Just(Act::Answer),
        1 => Just(Act::AnswerWithoutMoving),
        4 => failure().prop_map(Act::Fail),
        1 => any::<bool>().prop_map(Act::Pause),
        1 => Just(Act::SignOut),
        2 => Just(Act::SignIn),
        1 => Just(Act::Wake),
        1 => Just(Act::SyncNow),
        1 => Just(Act::NetworkUp),
        1 => any::<bool>().prop_map(Act::Live),
    ]
}

fn failure() -> impl Strategy<Value = Failure> {
    prop_oneof![
        Just(Failure::Offline),
        Just(Failure::Unreachable),
        (0..10_000_000_u64).prop_map(|retry_after_ms| Failure::Busy { retry_after_ms }),
        Just(Failure::SignIn),
        Just(Failure::Stop),
    ]
}

/// A device, a server, and what the engine asked for.
struct World {
    engine: Engine,
    facts: Facts,
    now_ms: u64,
    head: u64,
    running: Option<Step>,
    due: Option<u64>,
    jitter: u64,
    paused: bool,
    stopped: bool,
}

impl World {
    fn new() -> Self {
        Self {
            engine: Engine::default(),
            facts: Facts { has_server: true, signed_in: true, ..Facts::default() },
            now_ms: 50_000_000_000,
            head: 0,
            running: None,
            due: None,
            jitter: 1,
            paused: false,
            stopped: false,
        }
    }

    fn tell(&mut self, event: Event) {
        self.jitter = self.jitter.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let was_running = self.running.is_some();
        let answers = matches!(event, Event::StepDone(_) | Event::StepFailed(_));
        if answers {
            self.running = None;
        }
        let effect = self.engine.handle(event, &self.facts, self.now_ms, self.jitter);
        match effect {
            Effect::Run(step) => {
                assert!(!was_running || answers, "asks twice at once: {event:?}");
                self.running = Some(step);
            }
            Effect::WaitUntil(at) => {
                assert!(self.running.is_none());
                self.due = Some(at);
            }
            Effect::Wait => {}
        }
        self.check(event, effect);
    }

    fn check(&self, event: Event, effect: Effect) {
        assert_eq!(self.engine.is_running(), self.running.is_some(), "{event:?}");
        let f = &self.facts;
        let waits = f.waiting() > 0 || f.blobs_up > 0 || f.batch_pending;
        if waits {
            assert_ne!(state(&self.engine, f), SyncState::UpToDate, "{event:?} {f:?}");
        }
        if matches!(event, Event::StepDone(_)) && self.running == Some(Step::Pull) && f.read.seq < self.head {
            assert_ne!(state(&self.engine, f), SyncState::UpToDate, "{event:?}: there is more");
        }
        let may_rest = self.paused || self.stopped || !f.signed_in || self.running.is_some();
        if !may_rest {
            let Effect::WaitUntil(at) = effect else { panic!("stops for ever: {event:?} {:?} {f:?}", self.engine) };
            assert!(at <= self.now_ms + MAX_RETRY_AFTER_MS.max(POLL_LIVE_MS), "{event:?}: so late");
        }
    }

    fn answer(&mut self) {
        let Some(step) = self.running else { return };
        let mut report = StepReport { moved: true, ..StepReport::default() };
        match step {
            Step::Push => {
                let free = self.facts.free();
                assert!(free > 0, "a push of what goes behind a file");
                let alone = self.facts.read.seq == self.head;
                self.head += u64::from(free);
                (self.facts.outbox, self.facts.batch_pending) = (self.facts.held, false);
                if alone {
                    self.facts.read = at(self.head);
                }
                report.caught_up = alone;
            }
            Step::Pull => {
                report.moved = self.facts.read.seq < self.head;
                // A page at a time.
                let to = self.head.min(self.facts.read.seq + 3);
                self.facts.read = at(to);
                self.facts.log_known = true;
                report.caught_up = to == self.head;
            }
            Step::UploadBlob => {
                self.facts.blobs_up -= 1;
                if self.facts.blobs_up == 0 {
                    self.facts.held = 0;
                }
            }
            Step::FetchBlob => self.facts.blobs_down -= 1,
        }
        self.tell(Event::StepDone(report));
    }

    fn tick_if_due(&mut self) {
        if self.running.is_none() && self.due.is_some_and(|at| at <= self.now_ms) {
            self.tell(Event::Tick);
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Later(ms) => self.now_ms += ms,
            Act::ClockBack(ms) => {
                // The driver's timer runs on: it looks again when the time is up by its own count.
                self.now_ms -= ms.min(self.now_ms);
                self.tell(Event::Tick);
            }
            Act::Type => {
                self.facts.working += 1;
                self.tell(Event::LocalChange);
            }
            Act::Commit { tell } => {
                self.facts.working = self.facts.working.saturating_sub(1);
                self.facts.outbox += 1;
                if tell {
                    self.tell(Event::LocalChange);
                } else {
                    self.tell(Event::Tick);
                }
            }
            Act::Attach => {
                // Its record, and the note that links it.
                self.facts.blobs_up += 2;
                self.facts.outbox += 2;
                self.facts.held += 2;
                self.tell(Event::LocalChange);
            }
            Act::Other { tell } => {
                self.head += 1;
                if tell {
                    self.tell(Event::Poke(at(self.head)));
                }
            }
            Act::FalsePoke(more) => {
                self.tell(Event::Poke(Position { log_epoch: 1, seq: self.head + more, link: [0xee; 32] }));
            }
            Act::Answer => self.answer(),
            Act::AnswerWithoutMoving => {
                if self.running.is_some() {
                    self.tell(Event::StepDone(StepReport::default()));
                }
            }
            Act::Fail(failure) => {
                if self.running.is_some() {
                    self.stopped = !failure.passes();
                    if failure == Failure::SignIn {
                        self.facts.signed_in = false;
                    }
                    self.tell(Event::StepFailed(failure));
                }
            }
            Act::Pause(paused) => {
                self.paused = paused;
                self.stopped &= paused;
                self.tell(Event::Pause(paused));
            }
            Act::SignOut => {
                self.facts.signed_in = false;
                self.tell(Event::Tick);
            }
            Act::SignIn => {
                self.facts.signed_in = true;
                self.stopped = false;
                self.tell(Event::SignedIn);
            }
            Act::Wake | Act::SyncNow | Act::NetworkUp => {
                // Each of them tries again what had stopped.
                self.stopped = false;
                self.tell(match act {
                    Act::Wake => Event::Wake,
                    Act::SyncNow => Event::SyncNow,
                    _ => Event::NetworkUp,
                });
                // Or not: the server asked to wait, or nothing may be asked at all.
                self.stopped = self.engine.failure().is_some_and(|f| !f.passes()) && self.running.is_none();
            }
            Act::Live(live) => self.tell(Event::Live(live)),
        }
        if let (true, Some(_)) = (self.stopped, self.running) {
            self.stopped = false;
        }
        self.tick_if_due();
    }

    /// All is well again, and a person resumes: how many steps and how much time until it says so.
    fn settle(&mut self) -> (u32, u64) {
        self.act(Act::Pause(false));
        self.act(Act::SignIn);
        // What is typed is committed by its own timer.
        self.facts.outbox += std::mem::take(&mut self.facts.working);
        self.tell(Event::Tick);
        let (mut steps, began) = (0, self.now_ms);
        while steps < 1_000 {
            if self.running.is_some() {
                steps += 1;
                self.answer();
            } else if state(&self.engine, &self.facts) == SyncState::UpToDate && self.facts.read.seq == self.head {
                break;
            } else {
                self.now_ms = self.now_ms.max(self.due.unwrap());
                self.tell(Event::Tick);
            }
        }
        (steps, self.now_ms - began)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn it_never_stops_never_asks_twice_and_never_lies(acts in prop::collection::vec(act(), 1..120)) {
        let mut w = World::new();
        w.tell(Event::Wake);
        for act in acts {
            w.act(act);
        }
        let (backlog, chunks) = (w.head - w.facts.read.seq, w.facts.blobs_up);
        let (steps, took_ms) = w.settle();
        prop_assert_eq!(state(&w.engine, &w.facts), SyncState::UpToDate);
        prop_assert_eq!((w.facts.outbox, w.facts.read.seq), (0, w.head));
        prop_assert!(u64::from(steps) <= 12 + backlog + u64::from(chunks), "{} steps", steps);
        prop_assert!(took_ms <= POLL_LIVE_MS, "{} ms", took_ms);
    }
}
