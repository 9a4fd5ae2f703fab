//! What comes from outside while the window is open: the server's stream of pokes, this computer's network, and the
//! end of its sleep. All of it becomes events of the engine, which decides what to make of them.

use std::convert::Infallible;
use std::future::pending;
use std::time::{Duration, Instant};

use holdfast_protocol::{EventStream, LogHead, ProtocolError, SpaceId};
use holdfast_sync::{Event, MAX_RETRY_AFTER_MS, Position, SleepWatch, Stream, StreamEffect, StreamEvent};
use if_watch::IfEvent;
use if_watch::tokio::IfWatcher;

use super::driver::{Syncer, held};
use super::failures::is_silence;
use crate::Result;

/// How often the clocks are compared. Also the longest that a change which nobody told of stays unseen.
pub(super) const LOOK: Duration = Duration::from_secs(5);
/// The addresses that were there all along are told too when watching begins.
const SETTLE: Duration = Duration::from_secs(3);
/// One that comes and goes is looked at so often at most.
const NETWORK_GAP: Duration = Duration::from_secs(1);
/// A server that refused the stream for a reason of the session: the engine finds out what it is.
const REFUSED_MS: u64 = 60_000;

impl Syncer {
    /// Keeps the stream of pokes open while it is wanted.
    pub(super) async fn listen(&self) -> Result<Infallible> {
        let mut wanted = self.stream_wanted.subscribe();
        let mut machine = Stream::default();
        let mut stream: Option<Box<dyn EventStream>> = None;
        let mut event = StreamEvent::Wanted(*wanted.borrow_and_update());
        loop {
            let jitter = u64::from_be_bytes(self.vault().env().random()?);
            let effect = machine.handle(event, self.now_ms(), jitter);
            if effect == StreamEffect::Close && stream.take().is_some() {
                self.send(Event::Live(false));
            }
            let until = match effect {
                StreamEffect::WaitUntil(at) => Some(Duration::from_millis(at.saturating_sub(self.now_ms()))),
                _ => None,
            };
            event = tokio::select! {
                biased;
                changed = wanted.changed() => match changed {
                    Ok(()) if !*wanted.borrow_and_update() => StreamEvent::Wanted(false),
                    // Off and on again meanwhile: it begins anew.
                    Ok(()) => {
                        machine = Stream::default();
                        if stream.take().is_some() {
                            self.send(Event::Live(false));
                        }
                        StreamEvent::Wanted(true)
                    }
                    // The sender is this object's own.
                    Err(_) => return pending().await,
                },
                opened = self.open_stream(), if effect == StreamEffect::Open => match opened {
                    Ok(opened) => {
                        stream = Some(opened);
                        self.send(Event::Live(true));
                        StreamEvent::Opened
                    }
                    Err(error) => self.stream_ended(&error),
                },
                heard = next(&mut stream), if stream.is_some() => match heard {
                    Ok(head) => {
                        self.poked(head)?;
                        StreamEvent::Tick
                    }
                    Err(error) => {
                        stream = None;
                        held(&self.metrics).streams_broken += 1;
                        self.send(Event::Live(false));
                        self.stream_ended(&error)
                    }
                },
                () = self.hurry.notified(), if effect != StreamEffect::Open => StreamEvent::Hurry,
                () = tokio::time::sleep(until.unwrap_or_default()), if until.is_some() => StreamEvent::Tick,
            };
        }
    }

    async fn open_stream(&self) -> Result<Box<dyn EventStream>> {
        let (server, token) = self.session()?;
        Ok(server.events(&token, SpaceId(self.vault().space().0)).await?)
    }

    fn poked(&self, head: LogHead) -> Result<()> {
        let position = Position { log_epoch: head.log_epoch, seq: head.seq, link: head.link.0 };
        if !position.is_news_to(&self.vault().sync_facts()?.read) {
            held(&self.metrics).pokes_known += 1;
        }
        self.send(Event::Poke(position));
        Ok(())
    }

    /// When to try again. What a person has to hear is found by the engine, which asks the server once.
    fn stream_ended(&self, error: &crate::NotebookError) -> StreamEvent {
        tracing::info!(%error, "no stream of events");
        if is_silence(error) {
            self.connect_anew();
        }
        let retry_after_ms = match error {
            crate::NotebookError::Protocol(error) => match error {
                ProtocolError::Unauthorized | ProtocolError::DeviceRemoved | ProtocolError::PinMismatch => {
                    self.send(Event::Wake);
                    Some(REFUSED_MS)
                }
                ProtocolError::Busy { retry_after_s } => {
                    Some(retry_after_s.map_or(REFUSED_MS, |s| u64::from(s) * 1000))
                }
                ProtocolError::Unreachable(_)
                | ProtocolError::NoNetwork
                | ProtocolError::Server(_)
                | ProtocolError::Malformed(_) => None,
                // A server without events, or something else at its address: polls do.
                _ => Some(MAX_RETRY_AFTER_MS),
            },
            _ => None,
        };
        StreamEvent::Ended { retry_after_ms }
    }

    /// Tells of networks that come, and of sleep that ended.
    pub(super) async fn watch_computer(&self) {
        if !self.flags.wake {
            return pending().await;
        }
        let mut watcher = IfWatcher::new().inspect_err(|error| tracing::info!(%error, "networks are not watched")).ok();
        let (began, mut sleep) = (Instant::now(), SleepWatch::default());
        let mut went: Option<Instant> = None;
        loop {
            tokio::select! {
                biased;
                event = next_interface(&mut watcher), if watcher.is_some() => match event {
                    Ok(IfEvent::Up(net)) => {
                        if began.elapsed() > SETTLE && !net.addr().is_loopback() {
                            tracing::info!("a network came");
                            self.network_up();
                        }
                    }
                    // Its addresses go one after another.
                    Ok(IfEvent::Down(net)) => {
                        if !net.addr().is_loopback() && went.is_none_or(|at| at.elapsed() > NETWORK_GAP) {
                            tracing::info!("a network went");
                            went = Some(Instant::now());
                            self.network_went();
                        }
                    }
                    Err(error) => {
                        tracing::info!(%error, "networks are no longer watched");
                        watcher = None;
                    }
                },
                () = tokio::time::sleep(LOOK) => {
                    let steady_ms = began.elapsed().as_millis() as u64;
                    if sleep.has_slept(steady_ms, self.vault().env().now_ms()) {
                        tracing::info!("the computer slept");
                        // Whoever was on the way has forgotten the connection, and nobody here was told.
                        self.connect_anew();
                        self.network_up();
                    }
                }
            }
        }
    }

    /// A network came, or the computer woke.
    pub fn network_up(&self) {
        if crate::planted("network-unheard") {
            return;
        }
        self.send(Event::NetworkUp);
        self.hurry.notify_one();
    }

    /// A network went: what was up to date is not known to be any more. A request on a connection that went with it would
    /// wait for its time to be up.
    pub fn network_went(&self) {
        self.connect_anew();
        self.send(Event::Wake);
    }
}

async fn next(stream: &mut Option<Box<dyn EventStream>>) -> Result<LogHead> {
    match stream {
        Some(stream) => Ok(stream.next().await?),
        None => pending().await,
    }
}

async fn next_interface(watcher: &mut Option<IfWatcher>) -> std::io::Result<IfEvent> {
    match watcher {
        Some(watcher) => std::future::poll_fn(|context| watcher.poll_if_event(context)).await,
        None => pending().await,
    }
}
