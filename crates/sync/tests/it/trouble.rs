//! Failures: how long it waits, what makes it try, and that it says when nothing moves.

use holdfast_sync::{
    Circuit, Effect, Engine, Event, Facts, Failure, MAX_RETRY_AFTER_MS, OPEN_AFTER, POLL_LIVE_MS, STUCK_AFTER_MS,
    SleepWatch, Step, StepReport, SyncState, state,
};

use crate::{CAUGHT_UP, MOVED, at, confirmed, facts};

fn waiting() -> Facts {
    Facts { outbox: 3, ..facts() }
}

/// Fails so many times in a row, each as soon as it tries. The time, and when it tries next.
fn failing(engine: &mut Engine, times: u32) -> (u64, u64) {
    let (mut now, mut next) = (0, 0);
    engine.handle(Event::SyncNow, &waiting(), now, 0);
    for n in 0..times {
        if n > 0 {
            now = next;
            assert!(matches!(engine.handle(Event::Tick, &waiting(), now, 0), Effect::Run(_)));
        }
        let effect = engine.handle(Event::StepFailed(Failure::Unreachable), &waiting(), now, u64::MAX / 3);
        let Effect::WaitUntil(at) = effect else { panic!("{effect:?}") };
        next = at;
    }
    (now, next)
}

#[test]
fn after_five_failures_the_circuit_opens_and_one_small_request_closes_it() {
    let mut engine = confirmed(0);
    failing(&mut engine, OPEN_AFTER - 1);
    assert_eq!(engine.circuit(), Circuit::Closed);
    let (now, next) = failing(&mut engine, OPEN_AFTER);
    assert_eq!(engine.circuit(), Circuit::Open);
    // Neither the window nor a change makes it try sooner.
    for event in [Event::Wake, Event::LocalChange, Event::Tick, Event::Poke(at(9))] {
        assert_eq!(engine.handle(event, &waiting(), now, 0), Effect::WaitUntil(next), "{event:?}");
    }
    // The probe is a read, although there are changes to send.
    assert_eq!(engine.handle(Event::Tick, &waiting(), next, 0), Effect::Run(Step::Pull));
    assert_eq!(engine.circuit(), Circuit::HalfOpen);
    // It failed: open again, one probe at a time.
    let Effect::WaitUntil(next) = engine.handle(Event::StepFailed(Failure::Unreachable), &waiting(), next, 7) else {
        panic!()
    };
    assert_eq!(engine.circuit(), Circuit::Open);
    assert_eq!(engine.handle(Event::Tick, &waiting(), next, 0), Effect::Run(Step::Pull));
    assert_eq!(engine.handle(CAUGHT_UP, &waiting(), next, 0), Effect::Run(Step::Push), "closed: now the work");
    assert_eq!(engine.circuit(), Circuit::Closed);
    assert!(matches!(engine.handle(MOVED, &facts(), next, 0), Effect::WaitUntil(_)));
    assert_eq!(state(&engine, &facts()), SyncState::UpToDate);
}

#[test]
fn a_person_and_a_network_get_one_probe_through_an_open_circuit() {
    for event in [Event::SyncNow, Event::NetworkUp, Event::Live(true)] {
        let mut engine = confirmed(0);
        let (now, _) = failing(&mut engine, OPEN_AFTER);
        assert_eq!(engine.handle(event, &waiting(), now + 1_000, 0), Effect::Run(Step::Pull), "{event:?}");
        engine.handle(Event::StepFailed(Failure::Unreachable), &waiting(), now + 1_000, 0);
        assert_eq!(engine.circuit(), Circuit::Open, "and it did not forget");
    }
}

#[test]
fn while_it_backs_off_the_window_tries_but_a_change_does_not() {
    let mut engine = confirmed(0);
    let (now, next) = failing(&mut engine, 2);
    assert_eq!(engine.handle(Event::LocalChange, &waiting(), now, 0), Effect::WaitUntil(next));
    assert_eq!(engine.handle(Event::Poke(at(9)), &waiting(), now, 0), Effect::WaitUntil(next));
    assert_eq!(engine.handle(Event::Wake, &waiting(), now, 0), Effect::Run(Step::Push));
}

#[test]
fn a_network_that_comes_while_a_try_still_hangs_gets_one_of_its_own() {
    for event in [Event::NetworkUp, Event::SyncNow] {
        let mut engine = confirmed(0);
        let (_, next) = failing(&mut engine, OPEN_AFTER - 1);
        assert!(matches!(engine.handle(Event::Tick, &waiting(), next, 0), Effect::Run(_)));
        assert_eq!(engine.handle(event, &waiting(), next + 30_000, 0), Effect::Wait, "{event:?}");
        let now = next + 60_000;
        let Effect::WaitUntil(at) = engine.handle(Event::StepFailed(Failure::Unreachable), &waiting(), now, u64::MAX)
        else {
            panic!("{event:?}")
        };
        assert!(at <= now + 2_000, "{event:?}: only after {} ms", at - now);
        // It does not make all that follow sooner.
        assert!(matches!(engine.handle(Event::Tick, &waiting(), at, 0), Effect::Run(_)));
        let Effect::WaitUntil(later) = engine.handle(Event::StepFailed(Failure::Unreachable), &waiting(), at, u64::MAX)
        else {
            panic!("{event:?}")
        };
        assert!(later > at + 2_000, "{event:?}");
    }
}

/// Where no stream says so, the answer is the first to tell that there is more.
#[test]
fn what_was_up_to_date_is_not_called_so_while_there_is_more() {
    let mut engine = confirmed(0);
    assert_eq!(state(&engine, &facts()), SyncState::UpToDate);
    assert_eq!(engine.handle(Event::SyncNow, &facts(), 9_000, 0), Effect::Run(Step::Pull));
    let more = Event::StepDone(StepReport { moved: true, ..StepReport::default() });
    assert_eq!(engine.handle(more, &facts(), 9_100, 0), Effect::Run(Step::Pull));
    assert_ne!(state(&engine, &facts()), SyncState::UpToDate);
    engine.handle(CAUGHT_UP, &facts(), 9_200, 0);
    assert_eq!(state(&engine, &facts()), SyncState::UpToDate);
}

#[test]
fn the_server_is_left_alone_for_as_long_as_it_asked() {
    let mut engine = confirmed(0);
    engine.handle(Event::Wake, &waiting(), 0, 0);
    let busy = Event::StepFailed(Failure::Busy { retry_after_ms: 90_000 });
    assert_eq!(engine.handle(busy, &waiting(), 0, 0), Effect::WaitUntil(90_000));
    for event in [Event::Wake, Event::NetworkUp, Event::LocalChange, Event::Poke(at(9)), Event::Live(true), Event::Tick]
    {
        assert_eq!(engine.handle(event, &waiting(), 89_999, 0), Effect::WaitUntil(90_000), "{event:?}");
    }
    assert_eq!(state(&engine, &waiting()), SyncState::Unreachable);
    assert_eq!(engine.next_try_ms(), Some(90_000));
    assert!(matches!(engine.handle(Event::Tick, &waiting(), 90_000, 0), Effect::Run(_)));
    // A person may ask, and a year is not obeyed.
    let year = Event::StepFailed(Failure::Busy { retry_after_ms: u64::MAX });
    assert_eq!(engine.handle(year, &waiting(), 90_000, 0), Effect::WaitUntil(90_000 + MAX_RETRY_AFTER_MS));
    assert!(matches!(engine.handle(Event::SyncNow, &waiting(), 90_001, 0), Effect::Run(_)));
}

#[test]
fn what_stops_it_waits_for_something_to_change() {
    let mut engine = confirmed(0);
    engine.handle(Event::Wake, &waiting(), 0, 0);
    assert_eq!(engine.handle(Event::StepFailed(Failure::Stop), &waiting(), 0, 0), Effect::Wait);
    for event in [Event::Tick, Event::LocalChange, Event::Poke(at(9)), Event::Live(false)] {
        assert_eq!(engine.handle(event, &waiting(), 1_000_000, 0), Effect::Wait, "{event:?}");
    }
    // Another network may have been in between (a wrong key), a person may have mended it.
    for event in [Event::NetworkUp, Event::SyncNow, Event::Wake, Event::SignedIn, Event::Pause(false)] {
        let mut stopped = engine;
        assert!(matches!(stopped.handle(event, &waiting(), 1_000_000, 0), Effect::Run(_)), "{event:?}");
    }
}

#[test]
fn a_network_that_flaps_asks_once_a_second() {
    let mut engine = confirmed(0);
    let (mut now, mut asked) = (10_000, 0);
    let mut due = u64::MAX;
    for _ in 0..1_000 {
        now += 10;
        let event = if now >= due { Event::Tick } else { Event::NetworkUp };
        match engine.handle(event, &facts(), now, 0) {
            Effect::Run(_) => {
                asked += 1;
                engine.handle(Event::StepFailed(Failure::Offline), &facts(), now, 0);
            }
            Effect::WaitUntil(at) => due = at,
            Effect::Wait => panic!(),
        }
    }
    assert!(asked <= 11, "{asked} in 10 s");
    assert!(asked >= 5, "{asked} in 10 s");
}

#[test]
fn a_new_session_begins_anew_whoever_brought_it() {
    let signed_out = Facts { signed_in: false, ..waiting() };
    for event in [Event::SignedIn, Event::LocalChange] {
        let mut engine = confirmed(0);
        engine.handle(Event::Wake, &waiting(), 0, 0);
        assert_eq!(engine.handle(Event::StepFailed(Failure::SignIn), &signed_out, 0, 0), Effect::Wait);
        assert_eq!(engine.handle(Event::LocalChange, &signed_out, 10, 0), Effect::Wait);
        assert_eq!(state(&engine, &signed_out), SyncState::NeedsSignIn);
        assert!(matches!(engine.handle(event, &waiting(), 20, 0), Effect::Run(_)), "{event:?}");
    }
}

#[test]
fn a_queue_that_does_not_move_is_said() {
    let mut engine = confirmed(0);
    engine.handle(Event::Wake, &waiting(), 0, 0);
    // The step never reports.
    assert_eq!(engine.handle(Event::Tick, &waiting(), STUCK_AFTER_MS - 1, 0), Effect::Wait);
    assert_eq!(engine.stuck_since(STUCK_AFTER_MS - 1), None);
    assert_eq!(engine.stuck_since(STUCK_AFTER_MS), Some(0));
    // It reports, but nothing has gone.
    let done = Event::StepDone(StepReport { caught_up: true, ..StepReport::default() });
    engine.handle(done, &waiting(), STUCK_AFTER_MS, 0);
    assert_eq!(engine.stuck_since(STUCK_AFTER_MS), Some(0));
    assert_eq!(state(&engine, &waiting()), SyncState::Waiting);
    // It does not give up meanwhile, and when something goes all is well.
    let Effect::WaitUntil(next) = engine.handle(Event::Tick, &waiting(), STUCK_AFTER_MS, 0) else { panic!() };
    assert!(matches!(engine.handle(Event::Tick, &waiting(), next, 0), Effect::Run(_)));
    engine.handle(MOVED, &Facts { outbox: 1, ..facts() }, next, 0);
    assert_eq!(engine.stuck_since(next), None);
}

#[test]
fn typing_that_cannot_be_committed_is_said_too() {
    let mut engine = confirmed(0);
    let typing = Facts { working: 1, ..facts() };
    engine.handle(Event::LocalChange, &typing, 1_000, 0);
    assert_eq!(engine.stuck_since(1_000 + STUCK_AFTER_MS), Some(1_000));
    // Somebody who types for hours commits now and then.
    let mut now = 1_000;
    let mut engine = confirmed(0);
    for _ in 0..60 {
        engine.handle(Event::LocalChange, &typing, now, 0);
        now += 60_000;
        engine.handle(Event::LocalChange, &Facts { outbox: 1, working: 1, ..facts() }, now, 0);
        engine.handle(Event::Tick, &typing, now + 100, 0);
        assert_eq!(engine.stuck_since(now), None);
    }
}

#[test]
fn an_explained_wait_is_not_called_stuck() {
    let mut engine = confirmed(0);
    let (now, _) = failing(&mut engine, 3);
    assert_eq!(engine.stuck_since(now + STUCK_AFTER_MS), None, "the failure is what is said");
    let mut engine = confirmed(0);
    engine.handle(Event::Pause(true), &waiting(), 0, 0);
    assert_eq!(engine.stuck_since(STUCK_AFTER_MS), None);
}

#[test]
fn a_clock_that_is_set_back_a_year_delays_nothing() {
    let year = 365 * 24 * 3600 * 1000;
    let mut engine = confirmed(year);
    assert_eq!(engine.handle(Event::Tick, &facts(), year + 5_000, 0), Effect::WaitUntil(year + 15_000));
    assert_eq!(engine.handle(Event::Tick, &facts(), 5_000, 0), Effect::WaitUntil(15_000), "the clock went back");
    assert!(matches!(engine.handle(Event::Tick, &facts(), 15_000, 0), Effect::Run(_)));
}

#[test]
fn a_live_stream_makes_polls_rare_and_its_end_makes_them_frequent() {
    let mut engine = confirmed(0);
    assert_eq!(engine.handle(Event::Live(true), &facts(), 0, 0), Effect::WaitUntil(POLL_LIVE_MS));
    assert!(engine.is_live());
    // What it confirmed may be out of date with the stream: it is asked soon, by each computer at a time of its own.
    let mut cut = engine;
    assert_eq!(cut.handle(Event::Live(false), &facts(), 1_000, 700), Effect::WaitUntil(1_700));
    assert!(!cut.is_live());
    // That the stream cannot be opened again is no news.
    assert_eq!(cut.handle(Event::Live(false), &facts(), 1_100, 0), Effect::WaitUntil(1_700));
    assert!(matches!(cut.handle(Event::Tick, &facts(), 1_700, 0), Effect::Run(Step::Pull)));
    cut.handle(Event::StepFailed(Failure::Unreachable), &facts(), 1_700, 0);
    assert_eq!(state(&cut, &facts()), SyncState::Unreachable);
    // Nobody told of a change: it is found all the same, long before the next poll.
    let mut engine = confirmed(0);
    engine.handle(Event::Live(true), &facts(), 0, 0);
    assert_eq!(engine.handle(Event::Tick, &waiting(), 10_000, 0), Effect::WaitUntil(15_000));
    assert!(matches!(engine.handle(Event::Tick, &waiting(), 15_000, 0), Effect::Run(Step::Push)));
}

#[test]
fn sleep_is_the_gap_between_two_clocks() {
    let mut watch = SleepWatch::default();
    assert!(!watch.has_slept(0, 1_000_000));
    assert!(!watch.has_slept(10_000, 1_010_000));
    assert!(!watch.has_slept(20_000, 1_034_000), "drift, or a small correction");
    assert!(watch.has_slept(30_000, 5_000_000));
    assert!(!watch.has_slept(40_000, 5_010_000));
    assert!(!watch.has_slept(50_000, 1_000), "a clock that is set back is not sleep");
    assert!(!watch.has_slept(60_000, 11_000));
}
