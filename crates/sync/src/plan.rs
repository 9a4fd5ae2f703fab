//! What to do next, as a pure function of what is.

/// A place in the server's log, as a poke names it and as this device has read it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    pub log_epoch: u64,
    pub seq: u64,
    pub link: [u8; 32],
}

impl Position {
    /// Whether a log that stands there holds something that a device which has read up to `read` does not have.
    /// A lower place of the same log is an old poke: it was overtaken by an answer.
    pub fn is_news_to(&self, read: &Self) -> bool {
        self.log_epoch != read.log_epoch
            || self.seq > read.seq
            || (self.seq == read.seq && self.seq > 0 && self.link != read.link)
    }
}

/// What the driver knows from the database. Read afresh before every decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub has_server: bool,
    /// A session token is there and was not refused.
    pub signed_in: bool,
    /// A batch was stored for sending and is not answered.
    pub batch_pending: bool,
    /// Sealed revisions that the server has not acknowledged.
    pub outbox: u32,
    /// Records with a working revision that is not committed.
    pub working: u32,
    pub blobs_up: u32,
    pub blobs_down: u32,
    /// This device has read at least the log's epoch.
    pub log_known: bool,
    /// How far it has read.
    pub read: Position,
}

impl Facts {
    /// What a person would call changes waiting.
    pub fn waiting(&self) -> u32 {
        self.outbox + self.working
    }

    /// Whether there is anything to send.
    pub fn to_send(&self) -> bool {
        self.batch_pending || self.outbox > 0 || self.blobs_up > 0
    }
}

/// How far one cycle has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cycle {
    /// The server said, in this cycle, that this device has all of the log.
    pub caught_up: bool,
    /// Blobs that could not be fetched in this cycle; they are tried again in the next.
    pub blobs_down_skipped: u32,
    /// Changes are coming one after another: what came since this cycle's push waits for the next cycle.
    pub hold_push: bool,
    /// The circuit is half open: the smallest request first.
    pub probe: bool,
}

/// One thing to do: a request and what it changes here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Before the revisions that name it, so that no reader sees a link to nothing.
    UploadBlob,
    Push,
    Pull,
    FetchBlob,
}

/// The next step of the cycle; `None` when it is complete.
pub fn plan(facts: &Facts, cycle: &Cycle) -> Option<Step> {
    if !facts.log_known || cycle.probe {
        return Some(Step::Pull);
    }
    if facts.blobs_up > 0 && !cycle.hold_push {
        return Some(Step::UploadBlob);
    }
    if facts.batch_pending || (facts.outbox > 0 && !cycle.hold_push) {
        return Some(Step::Push);
    }
    if !cycle.caught_up {
        return Some(Step::Pull);
    }
    if facts.blobs_down > cycle.blobs_down_skipped {
        return Some(Step::FetchBlob);
    }
    None
}
