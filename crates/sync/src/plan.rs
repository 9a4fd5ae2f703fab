//! What to do next, as a pure function of what is.

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
}

impl Facts {
    /// What a person would call changes waiting.
    pub fn waiting(&self) -> u32 {
        self.outbox + self.working
    }
}

/// How far one cycle has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cycle {
    /// The server said, in this cycle, that this device has all of the log.
    pub caught_up: bool,
    /// Blobs that could not be fetched in this cycle; they are tried again in the next.
    pub blobs_down_skipped: u32,
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
    if !facts.log_known {
        return Some(Step::Pull);
    }
    if facts.blobs_up > 0 {
        return Some(Step::UploadBlob);
    }
    if facts.batch_pending || facts.outbox > 0 {
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
