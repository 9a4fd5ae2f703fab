//! What goes wrong.

use std::str::FromStr;

/// A kind of fault. Each seed has some of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A request is lost on its way.
    DropRequest,
    /// The server has done it, and the answer is lost.
    DropAnswer,
    /// The server gets a request twice.
    Duplicate,
    /// A request arrives when its sender has long given up, after others.
    Late,
    /// For a while requests arrive and no answer does, or the other way round.
    Partition,
    /// A body ends in the middle.
    Truncate,
    /// The program is killed while a request is under way, before the server has done it or after.
    CrashInRequest,
    /// The program is killed at rest, with what was typed.
    Crash,
    /// The computer stops in the middle of a write: the write-ahead log ends, or is wrong, at some byte of it.
    TornWrite,
    DiskFull,
    /// A clock is set a year forward or back.
    ClockJump,
    /// A device is off for 200 days.
    LongAway,
    /// A disk is copied, and both run.
    Clone,
    /// The server's data is put back to what it was.
    Restore,
    /// The server shows different devices different logs.
    Fork,
    /// The server keeps the end of the log from a device.
    Withhold,
    /// The server answers with what it answered before.
    Replay,
    /// The server changes the order of the log, leaves one out, or gives one the body of another.
    Swap,
    /// The server changes a sealed body.
    Alter,
    /// A device is removed, or the passphrase is changed, while others push, pull and heal.
    Revoke,
    /// A device has an earlier version of the program.
    Older,
    /// A device has a later version of the program, and writes what this one does not know.
    Newer,
    /// A member's program is broken, and sends junk under the id of what another is about to send.
    Squat,
}

impl Fault {
    pub const ALL: [Self; 23] = [
        Self::DropRequest,
        Self::DropAnswer,
        Self::Duplicate,
        Self::Late,
        Self::Partition,
        Self::Truncate,
        Self::CrashInRequest,
        Self::Crash,
        Self::TornWrite,
        Self::DiskFull,
        Self::ClockJump,
        Self::LongAway,
        Self::Clone,
        Self::Restore,
        Self::Fork,
        Self::Withhold,
        Self::Replay,
        Self::Swap,
        Self::Alter,
        Self::Revoke,
        Self::Older,
        Self::Newer,
        Self::Squat,
    ];
    /// How many of them came first: a seed that has none of those that came later is as it was before.
    pub const FIRST: usize = 19;

    pub fn name(self) -> &'static str {
        match self {
            Self::DropRequest => "drop-request",
            Self::DropAnswer => "drop-answer",
            Self::Duplicate => "duplicate",
            Self::Late => "late",
            Self::Partition => "partition",
            Self::Truncate => "truncate",
            Self::CrashInRequest => "crash-in-request",
            Self::Crash => "crash",
            Self::TornWrite => "torn-write",
            Self::DiskFull => "disk-full",
            Self::ClockJump => "clock-jump",
            Self::LongAway => "long-away",
            Self::Clone => "clone",
            Self::Restore => "restore",
            Self::Fork => "fork",
            Self::Withhold => "withhold",
            Self::Replay => "replay",
            Self::Swap => "swap",
            Self::Alter => "alter",
            Self::Revoke => "revoke",
            Self::Older => "older",
            Self::Newer => "newer",
            Self::Squat => "squat",
        }
    }

    /// Of one request, on its way.
    pub fn is_of_request(self) -> bool {
        matches!(
            self,
            Self::DropRequest
                | Self::DropAnswer
                | Self::Duplicate
                | Self::Late
                | Self::Truncate
                | Self::CrashInRequest
                | Self::Squat
        )
    }

    /// The server says what is not so.
    pub fn is_lie(self) -> bool {
        matches!(self, Self::Withhold | Self::Replay | Self::Swap | Self::Alter)
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = || Self::ALL.map(Self::name).join(", ");
        Self::ALL.into_iter().find(|f| f.name() == text).ok_or_else(|| format!("no such fault; there are: {}", known()))
    }
}

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub invariant: Invariant,
    pub what: String,
}

/// What must hold. docs/testing-sync.md says which fault suspends which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    Convergence,
    LostEdit,
    Resurrection,
    Idempotence,
    Causality,
    ReadYourWrites,
    Storm,
    Outbox,
    CursorAndRows,
    Liveness,
    Plaintext,
    Tampering,
    NonceOnce,
    Decision,
    /// Nothing panics, and nothing fails that should not.
    Works,
}

impl Invariant {
    pub const ALL: [Self; 15] = [
        Self::Convergence,
        Self::LostEdit,
        Self::Resurrection,
        Self::Idempotence,
        Self::Causality,
        Self::ReadYourWrites,
        Self::Storm,
        Self::Outbox,
        Self::CursorAndRows,
        Self::Liveness,
        Self::Plaintext,
        Self::Tampering,
        Self::NonceOnce,
        Self::Decision,
        Self::Works,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Convergence => "convergence",
            Self::LostEdit => "lost-edit",
            Self::Resurrection => "resurrection",
            Self::Idempotence => "idempotence",
            Self::Causality => "causality",
            Self::ReadYourWrites => "read-your-writes",
            Self::Storm => "storm",
            Self::Outbox => "outbox",
            Self::CursorAndRows => "cursor-and-rows",
            Self::Liveness => "liveness",
            Self::Plaintext => "plaintext",
            Self::Tampering => "tampering",
            Self::NonceOnce => "nonce-once",
            Self::Decision => "decision",
            Self::Works => "works",
        }
    }

    /// The answer where it does not hold.
    pub fn broken<T>(self, what: impl Into<String>) -> Result<T, Violation> {
        Err(Violation { invariant: self, what: what.into() })
    }
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.invariant.name(), self.what)
    }
}

pub type Checked<T = ()> = Result<T, Violation>;

/// An error where there should be none.
pub trait OrBroken<T> {
    fn or_broken(self, invariant: Invariant, doing: &str) -> Checked<T>;
    fn works(self, doing: &str) -> Checked<T>
    where
        Self: Sized,
    {
        self.or_broken(Invariant::Works, doing)
    }
}

impl<T, E: std::fmt::Debug> OrBroken<T> for Result<T, E> {
    fn or_broken(self, invariant: Invariant, doing: &str) -> Checked<T> {
        self.or_else(|e| invariant.broken(format!("{doing}: {e:?}")))
    }
}
