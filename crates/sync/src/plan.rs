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
    /// Something in that batch goes behind a file that is not sent yet.
    pub batch_held: bool,
    /// Sealed revisions that the server has not acknowledged.
    pub outbox: u32,
    /// Those of them that go behind a file that is not sent yet.
    pub held: u32,
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

    /// How many sealed revisions go behind no file: they need not wait for one.
    pub fn free(&self) -> u32 {
        self.outbox.saturating_sub(self.held)
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
    /// Of what goes behind no file.
    Push,
    Pull,
    /// One chunk. Before the revisions that name the file, so that no reader sees a link to nothing.
    UploadBlob,
    /// One chunk.
    FetchBlob,
}

impl Step {
    /// Whether it moves a part of a file. A file takes its time, and texts do not wait for it.
    pub fn is_of_file(self) -> bool {
        matches!(self, Self::UploadBlob | Self::FetchBlob)
    }
}

/// The next step of the cycle; `None` when it is complete. Texts go both ways before files do: it is asked again after
/// each chunk.
pub fn plan(facts: &Facts, cycle: &Cycle) -> Option<Step> {
    if !facts.log_known || cycle.probe {
        return Some(Step::Pull);
    }
    let free = if facts.batch_pending { !facts.batch_held } else { facts.free() > 0 && !cycle.hold_push };
    if free {
        return Some(Step::Push);
    }
    if !cycle.caught_up {
        return Some(Step::Pull);
    }
    if facts.blobs_up > 0 {
        return Some(Step::UploadBlob);
    }
    if facts.blobs_down > cycle.blobs_down_skipped {
        return Some(Step::FetchBlob);
    }
    None
}
