//! A file takes its time, and nothing that does not depend on it waits: neither way.

use holdfast_sync::{Effect, Engine, Event, Facts, POLL_ACTIVE_MS, Step, StepReport, SyncState, state};

use crate::{CAUGHT_UP, MOVED, at, confirmed, facts};

const CHUNK_DONE: Event = Event::StepDone(StepReport { caught_up: false, moved: true, blob_skipped: false });

/// Ten chunks to send, the record of their file and the note that links it.
const SENDING: Facts = Facts {
    has_server: true,
    signed_in: true,
    batch_pending: false,
    batch_held: false,
    outbox: 2,
    held: 2,
    working: 0,
    blobs_up: 10,
    blobs_down: 0,
    log_known: true,
    read: holdfast_sync::Position { log_epoch: 1, seq: 5, link: [5; 32] },
};

/// An engine that is sending the first chunk, and one that is fetching it, at 0.
fn under_way() -> [(Engine, Facts, Step); 2] {
    let fetching = Facts { blobs_down: 10, ..facts() };
    [(SENDING, Step::UploadBlob), (fetching, Step::FetchBlob)].map(|(facts, step)| {
        let mut engine = confirmed(0);
        assert_eq!(engine.handle(Event::SyncNow, &facts, 0, 0), Effect::Run(Step::Pull));
        assert_eq!(engine.handle(CAUGHT_UP, &facts, 0, 0), Effect::Run(step));
        (engine, facts, step)
    })
}

#[test]
fn an_edit_goes_out_after_the_chunk_under_way() {
    for (mut engine, facts, step) in under_way() {
        let edited = Facts { outbox: facts.outbox + 1, ..facts };
        assert_eq!(engine.handle(Event::LocalChange, &edited, 100, 0), Effect::Wait);
        assert_eq!(state(&engine, &edited), SyncState::Syncing);
        assert_eq!(engine.handle(CHUNK_DONE, &edited, 1_000, 0), Effect::Run(Step::Push));
        assert_ne!(state(&engine, &edited), SyncState::UpToDate);
        // Then the file goes on, without another look at a log that the push has shown to its end.
        assert_eq!(engine.handle(MOVED, &facts, 1_100, 0), Effect::Run(step));
    }
}

#[test]
fn many_edits_are_held_back_for_each_other_and_the_file_goes_on_meanwhile() {
    let (mut engine, facts, _) = under_way()[0];
    let edited = Facts { outbox: facts.outbox + 1, ..facts };
    engine.handle(Event::LocalChange, &edited, 100, 0);
    assert_eq!(engine.handle(CHUNK_DONE, &edited, 105, 0), Effect::Run(Step::UploadBlob), "there may be more");
    assert_eq!(engine.handle(CHUNK_DONE, &edited, 200, 0), Effect::Run(Step::Push));
}

#[test]
fn what_others_write_comes_after_the_chunk_under_way() {
    for (mut engine, facts, step) in under_way() {
        assert_eq!(engine.handle(Event::Poke(at(6)), &facts, 100, 0), Effect::Wait);
        assert_eq!(engine.handle(CHUNK_DONE, &facts, 1_000, 0), Effect::Run(Step::Pull));
        let read = Facts { read: at(6), ..facts };
        assert_eq!(engine.handle(MOVED, &read, 1_010, 0), Effect::Run(step));
        // Told once, asked once.
        assert_eq!(engine.handle(CHUNK_DONE, &read, 2_000, 0), Effect::Run(step));
    }
}

#[test]
fn without_the_servers_word_the_log_is_looked_at_as_often_as_at_rest() {
    for (mut engine, facts, step) in under_way() {
        assert_eq!(engine.handle(CHUNK_DONE, &facts, POLL_ACTIVE_MS - 1, 0), Effect::Run(step));
        assert_eq!(engine.handle(CHUNK_DONE, &facts, POLL_ACTIVE_MS, 0), Effect::Run(Step::Pull));
        assert_eq!(engine.handle(CAUGHT_UP, &facts, POLL_ACTIVE_MS + 10, 0), Effect::Run(step));
        assert_eq!(engine.handle(CHUNK_DONE, &facts, POLL_ACTIVE_MS + 20, 0), Effect::Run(step));
        // With it, hardly ever.
        engine.handle(Event::Live(true), &facts, POLL_ACTIVE_MS + 30, 0);
        assert_eq!(engine.handle(CHUNK_DONE, &facts, 4 * POLL_ACTIVE_MS, 0), Effect::Run(step));
    }
}

#[test]
fn a_person_who_asks_does_not_wait_for_the_file() {
    for (mut engine, facts, step) in under_way() {
        assert_eq!(engine.handle(Event::SyncNow, &facts, 100, 0), Effect::Wait);
        assert_eq!(engine.handle(CHUNK_DONE, &facts, 1_000, 0), Effect::Run(Step::Pull));
        assert_eq!(engine.handle(CAUGHT_UP, &facts, 1_010, 0), Effect::Run(step));
    }
}

#[test]
fn a_server_that_cries_wolf_slows_a_file_down_ever_less() {
    let (mut engine, facts, _) = under_way()[0];
    let (mut pulls, mut now_ms) = (0, 0);
    for n in 0..2_000 {
        engine.handle(Event::Live(true), &facts, now_ms, 0);
        let false_news = holdfast_sync::Position { log_epoch: 1, seq: 1_000 + n, link: [0; 32] };
        engine.handle(Event::Poke(false_news), &facts, now_ms, 0);
        now_ms += 100;
        if engine.handle(CHUNK_DONE, &facts, now_ms, 0) == Effect::Run(Step::Pull) {
            pulls += 1;
            engine.handle(CAUGHT_UP, &facts, now_ms, 0);
        }
    }
    // In 200 seconds.
    assert!((10..=25).contains(&pulls), "{pulls}");
}

#[test]
fn with_the_last_chunk_what_names_the_file_goes() {
    let (mut engine, _, _) = under_way()[0];
    let sent = Facts { blobs_up: 0, held: 0, ..SENDING };
    assert_eq!(engine.handle(CHUNK_DONE, &sent, 1_000, 0), Effect::Run(Step::Push));
    assert_ne!(state(&engine, &sent), SyncState::UpToDate);
    let Effect::WaitUntil(_) = engine.handle(MOVED, &facts(), 1_010, 0) else { panic!("more to do?") };
    assert_eq!(state(&engine, &facts()), SyncState::UpToDate);
}
