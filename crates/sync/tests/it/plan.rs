//! The engine as a table: given what is, what it does next.

use holdfast_sync::{
    Cycle, Effect, Engine, Event, Facts, Failure, MAX_DELAY_MS, Step, StepReport, SyncState, plan, state,
};

use crate::facts;

#[test]
fn the_plan_moves_texts_both_ways_before_files() {
    let fresh = Cycle::default();
    let caught_up = Cycle { caught_up: true, ..fresh };
    let table = [
        (Facts { log_known: false, outbox: 3, ..facts() }, fresh, Some(Step::Pull)),
        (Facts { outbox: 3, blobs_up: 1, ..facts() }, fresh, Some(Step::Push)),
        (Facts { outbox: 3, held: 2, blobs_up: 1, ..facts() }, fresh, Some(Step::Push)),
        (Facts { outbox: 3, held: 3, blobs_up: 1, ..facts() }, fresh, Some(Step::Pull)),
        (Facts { outbox: 3, held: 3, blobs_up: 1, ..facts() }, caught_up, Some(Step::UploadBlob)),
        (Facts { outbox: 3, held: 2, blobs_up: 1, ..facts() }, caught_up, Some(Step::Push)),
        // A batch that was signed goes as it is: all of it, or nothing before its file.
        (Facts { batch_pending: true, outbox: 3, held: 3, blobs_up: 1, ..facts() }, caught_up, Some(Step::Push)),
        (
            Facts { batch_pending: true, batch_held: true, outbox: 3, held: 1, blobs_up: 1, ..facts() },
            caught_up,
            Some(Step::UploadBlob),
        ),
        (Facts { outbox: 3, ..facts() }, fresh, Some(Step::Push)),
        (Facts { batch_pending: true, ..facts() }, caught_up, Some(Step::Push)),
        (Facts { outbox: 3, blobs_up: 1, ..facts() }, Cycle { probe: true, ..fresh }, Some(Step::Pull)),
        (Facts { outbox: 3, blobs_up: 1, ..facts() }, Cycle { hold_push: true, ..fresh }, Some(Step::Pull)),
        (Facts { outbox: 3, ..facts() }, Cycle { hold_push: true, ..caught_up }, None),
        (Facts { batch_pending: true, ..facts() }, Cycle { hold_push: true, ..caught_up }, Some(Step::Push)),
        (Facts { outbox: 3, blobs_up: 1, ..facts() }, Cycle { hold_push: true, ..caught_up }, Some(Step::UploadBlob)),
        (Facts { blobs_up: 1, blobs_down: 1, ..facts() }, caught_up, Some(Step::UploadBlob)),
        (facts(), fresh, Some(Step::Pull)),
        (Facts { blobs_down: 1, ..facts() }, fresh, Some(Step::Pull)),
        (Facts { blobs_down: 1, ..facts() }, caught_up, Some(Step::FetchBlob)),
        (Facts { blobs_down: 1, ..facts() }, Cycle { blobs_down_skipped: 1, ..caught_up }, None),
        (facts(), caught_up, None),
    ];
    for (facts, cycle, step) in table {
        assert_eq!(plan(&facts, &cycle), step, "{facts:?} {cycle:?}");
    }
}

#[test]
fn a_cycle_without_changes_is_one_request() {
    let mut engine = Engine::default();
    assert_eq!(engine.handle(Event::Wake, &facts(), 0, 0), Effect::Run(Step::Pull));
    let done = Event::StepDone(StepReport { caught_up: true, ..StepReport::default() });
    assert!(matches!(engine.handle(done, &facts(), 10, 0), Effect::WaitUntil(at) if at > 10));
    assert_eq!(state(&engine, &facts()), SyncState::UpToDate);
}

#[test]
fn never_up_to_date_while_anything_waits() {
    let mut engine = Engine::default();
    engine.handle(Event::Wake, &facts(), 0, 0);
    engine.handle(Event::StepDone(StepReport { caught_up: true, ..StepReport::default() }), &facts(), 0, 0);
    for waiting in [
        Facts { outbox: 1, ..facts() },
        Facts { working: 1, ..facts() },
        Facts { batch_pending: true, ..facts() },
        Facts { blobs_up: 1, ..facts() },
    ] {
        assert_eq!(state(&engine, &waiting), SyncState::Waiting, "{waiting:?}");
    }
    assert_eq!(state(&Engine::default(), &facts()), SyncState::Syncing, "not yet confirmed");
    assert_eq!(state(&engine, &Facts::default()), SyncState::LocalOnly);
    assert_eq!(state(&engine, &Facts { signed_in: false, ..facts() }), SyncState::NeedsSignIn);
}

#[test]
fn a_change_during_a_step_is_not_forgotten() {
    let mut engine = Engine::default();
    engine.handle(Event::Wake, &facts(), 0, 0);
    assert_eq!(engine.handle(Event::Wake, &facts(), 1, 0), Effect::Wait);
    let done = Event::StepDone(StepReport { caught_up: true, ..StepReport::default() });
    assert_eq!(engine.handle(done, &Facts { outbox: 1, ..facts() }, 2, 0), Effect::Run(Step::Push));
    assert_eq!(engine.handle(done, &facts(), 3, 0), Effect::Run(Step::Pull), "the cycle runs once more");
}

#[test]
fn failures_back_off_with_a_bound_and_a_network_ends_it() {
    let mut engine = Engine::default();
    let mut now = 0;
    for n in 0..20_u64 {
        engine.handle(Event::Wake, &facts(), now, 0);
        match engine.handle(
            Event::StepFailed(Failure::Unreachable),
            &facts(),
            now,
            n.wrapping_mul(0x9E37_79B9_7F4A_7C15),
        ) {
            Effect::WaitUntil(at) => {
                assert!((1_000..=MAX_DELAY_MS).contains(&(at - now)), "{}", at - now);
                assert_eq!(state(&engine, &facts()), SyncState::Unreachable);
                assert_eq!(engine.handle(Event::Tick, &facts(), now, 0), Effect::WaitUntil(at), "not before its time");
                now = at;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(engine.handle(Event::NetworkUp, &facts(), now, 0), Effect::Run(_)));
}

#[test]
fn what_the_server_asks_is_obeyed_and_a_wrong_key_is_not_retried() {
    let mut engine = Engine::default();
    engine.handle(Event::Wake, &facts(), 0, 0);
    assert_eq!(
        engine.handle(Event::StepFailed(Failure::Busy { retry_after_ms: 90_000 }), &facts(), 0, 0),
        Effect::WaitUntil(90_000)
    );
    engine.handle(Event::Wake, &facts(), 0, 0);
    assert_eq!(engine.handle(Event::StepFailed(Failure::Stop), &facts(), 0, 0), Effect::Wait);
}

#[test]
fn paused_does_nothing_until_resumed() {
    let mut engine = Engine::default();
    assert_eq!(engine.handle(Event::Pause(true), &facts(), 0, 0), Effect::Wait);
    assert_eq!(engine.handle(Event::Wake, &facts(), 0, 0), Effect::Wait);
    assert_eq!(state(&engine, &facts()), SyncState::Paused);
    assert!(matches!(engine.handle(Event::Pause(false), &facts(), 0, 0), Effect::Run(_)));
}
