//! Pokes: who listens for which space, and telling them when its log has grown.
//!
//! A listener is told of the newest place only, so one that reads slowly costs no memory and misses nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use holdfast_protocol::limits::{EVENTS_KEEP_ALIVE, PING_TIMEOUT};
use holdfast_protocol::{AccountId, EventStream, LogHead, ProtocolError, SpaceId, Token};
use tokio::sync::watch;

use crate::Core;

/// More devices than anybody has, less than would be a burden.
pub(crate) const MAX_STREAMS_PER_ACCOUNT: usize = 64;
/// A stream that closed without a word is noticed and gone by then.
const FULL_RETRY_S: u32 = (EVENTS_KEEP_ALIVE.as_secs() + PING_TIMEOUT.as_secs()) as u32;

#[derive(Default)]
struct Listening {
    spaces: HashMap<SpaceId, watch::Sender<LogHead>>,
    accounts: HashMap<AccountId, usize>,
}

/// All streams of one server.
#[derive(Clone, Default)]
pub(crate) struct Events(Arc<Mutex<Listening>>);

impl Events {
    fn listening(&self) -> MutexGuard<'_, Listening> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Streams that are open.
    pub(crate) fn open(&self) -> usize {
        self.listening().accounts.values().sum()
    }

    /// The space's log stands there now. To be called after the commit.
    pub(crate) fn tell(&self, space: SpaceId, head: LogHead) {
        if let Some(sender) = self.listening().spaces.get(&space) {
            sender.send_if_modified(|known| {
                let newer = is_newer(known, &head);
                if newer {
                    *known = head;
                }
                newer
            });
        }
    }

    /// Wakes all who listen, though nothing may be new: each stream looks whether its session is still one.
    pub(crate) fn look_again(&self, space: SpaceId, head: LogHead) {
        if let Some(sender) = self.listening().spaces.get(&space) {
            sender.send_modify(|known| {
                if is_newer(known, &head) {
                    *known = head;
                }
            });
        }
    }

    /// One more listener.
    pub(crate) fn listen(&self, account: AccountId, space: SpaceId) -> Result<Place, ProtocolError> {
        let mut listening = self.listening();
        let streams = listening.accounts.entry(account).or_default();
        if *streams >= MAX_STREAMS_PER_ACCOUNT {
            return Err(ProtocolError::Busy { retry_after_s: Some(FULL_RETRY_S) });
        }
        *streams += 1;
        let sender = listening.spaces.entry(space).or_insert_with(|| watch::channel(NOWHERE).0);
        let receiver = sender.subscribe();
        drop(listening);
        Ok(Place { events: self.clone(), account, space, receiver: Some(receiver) })
    }
}

/// Two pushes may commit in one order and tell in the other.
fn is_newer(known: &LogHead, head: &LogHead) -> bool {
    known.log_epoch != head.log_epoch || known.seq < head.seq
}

/// Before anything was told.
const NOWHERE: LogHead = LogHead { log_epoch: 0, seq: 0, link: holdfast_protocol::Hash::ZERO };

/// A place among the listeners of a space, given up on drop.
pub(crate) struct Place {
    events: Events,
    account: AccountId,
    space: SpaceId,
    /// `None` while it is dropped.
    receiver: Option<watch::Receiver<LogHead>>,
}

impl Place {
    async fn changed(&mut self) -> Option<LogHead> {
        let receiver = self.receiver.as_mut()?;
        receiver.changed().await.ok()?;
        Some(*receiver.borrow_and_update())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(self.receiver.take());
        let mut listening = self.events.listening();
        if let Some(streams) = listening.accounts.get_mut(&self.account) {
            *streams -= 1;
            if *streams == 0 {
                listening.accounts.remove(&self.account);
            }
        }
        if listening.spaces.get(&self.space).is_some_and(|sender| sender.receiver_count() == 0) {
            listening.spaces.remove(&self.space);
        }
    }
}

/// A stream of one session.
pub(crate) struct Listener {
    core: Core,
    token: Token,
    place: Place,
    /// Until it was told: whoever asks may let go while the session is looked at, and ask again.
    untold: Option<LogHead>,
}

impl Listener {
    /// `head` was read after the place was taken, so that no push falls between.
    pub(crate) fn begin(core: Core, token: Token, place: Place, head: LogHead) -> Self {
        Self { core, token, place, untold: Some(head) }
    }
}

#[async_trait]
impl EventStream for Listener {
    async fn next(&mut self) -> Result<LogHead, ProtocolError> {
        if self.untold.is_none() {
            self.untold = self.place.changed().await;
        }
        // Nothing is told to a session that has ended since.
        self.core.authorize(self.token.clone()).await?;
        self.untold.take().ok_or_else(|| ProtocolError::Unreachable("the stream of events ended".into()))
    }
}
