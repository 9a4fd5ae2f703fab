//! Every state, every event: what it does and what it then says.

use std::fmt::Write as _;

use holdfast_sync::{Effect, Engine, Event, Facts, Failure, SyncState, state};

use crate::{MOVED, at, confirmed, facts};

/// The time of every event here; what led to a state was at 0.
const NOW_MS: u64 = 500;

/// The engine in each of its states, with the facts that belong to it. Three changes wait wherever something may.
fn states() -> Vec<(&'static str, Engine, Facts)> {
    let waiting = Facts { outbox: 3, ..facts() };
    let signed_out = Facts { signed_in: false, ..waiting };
    let failed = |failure, times| {
        let mut engine = confirmed(0);
        for _ in 0..times {
            engine.handle(Event::SyncNow, &waiting, 0, 0);
            // The longest jitter.
            engine.handle(Event::StepFailed(failure), &waiting, 0, 999_999);
        }
        engine
    };
    let after = |events: &[Event], facts: &Facts| {
        let mut engine = confirmed(0);
        for event in events {
            engine.handle(*event, facts, 0, 0);
        }
        engine
    };
    vec![
        ("local only", Engine::default(), Facts::default()),
        ("just started", Engine::default(), waiting),
        ("up to date", confirmed(0), facts()),
        ("live", after(&[Event::Live(true)], &facts()), facts()),
        ("untold change", confirmed(0), waiting),
        (
            "gathering",
            {
                let mut e = confirmed(0);
                e.handle(Event::LocalChange, &waiting, NOW_MS - 1, 0);
                e
            },
            waiting,
        ),
        ("pushing", after(&[Event::Wake], &waiting), waiting),
        ("pulling", after(&[Event::Wake], &facts()), facts()),
        ("pulling, woken", after(&[Event::Wake, Event::Wake], &facts()), facts()),
        ("offline", failed(Failure::Offline, 1), waiting),
        ("unreachable", failed(Failure::Unreachable, 2), waiting),
        ("circuit open", failed(Failure::Unreachable, 5), waiting),
        ("busy", failed(Failure::Busy { retry_after_ms: 90_000 }, 1), waiting),
        ("stopped", failed(Failure::Stop, 1), waiting),
        ("signed out", failed(Failure::SignIn, 1), signed_out),
        ("paused", after(&[Event::Pause(true)], &waiting), waiting),
        ("paused in a step", after(&[Event::Wake, Event::Pause(true)], &waiting), waiting),
    ]
}

fn events() -> Vec<(&'static str, Event)> {
    vec![
        ("wake", Event::Wake),
        ("now", Event::SyncNow),
        ("network", Event::NetworkUp),
        ("change", Event::LocalChange),
        ("news", Event::Poke(at(6))),
        ("old", Event::Poke(at(5))),
        ("live", Event::Live(true)),
        ("cut", Event::Live(false)),
        ("tick", Event::Tick),
        ("done", MOVED),
        ("fails", Event::StepFailed(Failure::Stop)),
        ("pause", Event::Pause(true)),
        ("resume", Event::Pause(false)),
        ("signed in", Event::SignedIn),
    ]
}

fn effect(effect: Effect) -> String {
    match effect {
        Effect::Run(step) => format!("{step:?}"),
        Effect::WaitUntil(at) => format!("+{}", at - NOW_MS),
        Effect::Wait => "-".into(),
    }
}

/// What it does: the step, `+` the milliseconds it waits, or `-` for nothing until another event. Then what it says.
const TABLE: &str = include_str!("table.txt");

#[test]
fn every_state_and_every_event() {
    let mut table = String::new();
    for (name, engine, facts) in states() {
        writeln!(table, "{name}: {:?}", state(&engine, &facts)).unwrap();
        for (event_name, event) in events() {
            let mut engine = engine;
            let did = effect(engine.handle(event, &facts, NOW_MS, 0));
            let says = state(&engine, &facts);
            assert!(says != SyncState::UpToDate || facts.outbox == 0, "{name}, {event_name}");
            writeln!(table, "  {event_name:10} {did:10} {says:?}").unwrap();
        }
    }
    assert!(table == TABLE, "the table is now:\n\n{table}");
}
