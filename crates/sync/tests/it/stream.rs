//! The stream of pokes: when it is opened, and how it comes back.

use holdfast_sync::{MAX_DELAY_MS, Stream, StreamEffect, StreamEvent};

const ENDED: StreamEvent = StreamEvent::Ended { retry_after_ms: None };

fn opened(now_ms: u64) -> Stream {
    let mut stream = Stream::default();
    assert_eq!(stream.handle(StreamEvent::Wanted(true), now_ms, 0), StreamEffect::Open);
    assert_eq!(stream.handle(StreamEvent::Opened, now_ms, 0), StreamEffect::Wait);
    assert!(stream.is_open());
    stream
}

#[test]
fn it_is_open_while_it_is_wanted() {
    let mut stream = Stream::default();
    for event in [StreamEvent::Tick, StreamEvent::Hurry, StreamEvent::Wanted(false), StreamEvent::Opened, ENDED] {
        assert_eq!(stream.handle(event, 0, 0), StreamEffect::Wait, "{event:?}");
        assert!(!stream.is_open());
    }
    let mut stream = opened(0);
    for event in [StreamEvent::Tick, StreamEvent::Hurry, StreamEvent::Wanted(true), StreamEvent::Opened] {
        assert_eq!(stream.handle(event, 10, 0), StreamEffect::Wait, "{event:?}");
        assert!(stream.is_open());
    }
    assert_eq!(stream.handle(StreamEvent::Wanted(false), 20, 0), StreamEffect::Close);
    assert_eq!(stream.handle(ENDED, 20, 0), StreamEffect::Wait, "nobody waits for it any more");
    assert_eq!(stream.handle(StreamEvent::Wanted(true), 30, 0), StreamEffect::Open);
}

#[test]
fn it_comes_back_with_growing_waits_and_a_bound() {
    let mut stream = Stream::default();
    let mut now = 0;
    let mut longest = 0;
    stream.handle(StreamEvent::Wanted(true), now, 0);
    for n in 0..30_u64 {
        // A server that takes it and drops it at once is no better than one that does not.
        if n % 2 == 0 {
            stream.handle(StreamEvent::Opened, now, 0);
        }
        let StreamEffect::WaitUntil(at) = stream.handle(ENDED, now, u64::MAX - n) else { panic!() };
        assert!((1_000..=MAX_DELAY_MS).contains(&(at - now)));
        longest = longest.max(at - now);
        assert_eq!(stream.handle(StreamEvent::Tick, at - 1, 0), StreamEffect::WaitUntil(at));
        now = at;
        assert_eq!(stream.handle(StreamEvent::Tick, now, 0), StreamEffect::Open);
    }
    assert!(longest > MAX_DELAY_MS / 4, "{longest}");
    // One that held begins anew.
    stream.handle(StreamEvent::Opened, now, 0);
    let Some(later) = now.checked_add(60_000) else { panic!() };
    assert!(matches!(stream.handle(ENDED, later, u64::MAX), StreamEffect::WaitUntil(at) if at - later <= 2_000));
}

#[test]
fn a_network_hurries_it_once_a_second_and_the_server_s_wish_is_obeyed() {
    let mut stream = opened(0);
    stream.handle(ENDED, 10_000, u64::MAX);
    assert_eq!(stream.handle(StreamEvent::Hurry, 10_001, 0), StreamEffect::Open);
    stream.handle(ENDED, 10_002, u64::MAX);
    assert_eq!(stream.handle(StreamEvent::Hurry, 10_003, 0), StreamEffect::WaitUntil(11_001));
    assert_eq!(stream.handle(StreamEvent::Tick, 11_001, 0), StreamEffect::Open);
    stream.handle(StreamEvent::Ended { retry_after_ms: Some(600_000) }, 12_000, 0);
    assert_eq!(stream.handle(StreamEvent::Hurry, 20_000, 0), StreamEffect::WaitUntil(612_000));
    assert_eq!(stream.handle(StreamEvent::Tick, 612_000, 0), StreamEffect::Open);
}

#[test]
fn a_clock_that_is_set_back_delays_nothing() {
    let year = 365 * 24 * 3600 * 1000;
    let mut stream = opened(year);
    let StreamEffect::WaitUntil(at) = stream.handle(ENDED, year, 0) else { panic!() };
    assert_eq!(stream.handle(StreamEvent::Tick, 0, 0), StreamEffect::WaitUntil(at - year));
    assert_eq!(stream.handle(StreamEvent::Tick, at - year, 0), StreamEffect::Open);
}
