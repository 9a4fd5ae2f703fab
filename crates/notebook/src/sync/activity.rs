//! The log of what sync did. It survives restarts, holds no word of a note, and tells a failure as what happened:
//! sentences are made in one place, `holdfast-ipc`.

use holdfast_protocol::Traffic;
use holdfast_store::NewActivity;
use holdfast_sync::Step;

use super::problem;
use crate::txn::Txn;
use crate::{NotebookError, Result, Vault};

/// What a line is about: a closed list, whose words are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// A whole cycle in which something moved.
    Synced,
    Push,
    Pull,
    Upload,
    Fetch,
    /// The tripwire held a sync back.
    Held,
    Kept,
    Accepted,
    Backup,
    /// A server that was restored from a backup has again what it lost.
    Healed,
    /// Changes that do not open were set aside.
    SetAside,
    /// A person took over what a removed computer had sent late, or discarded it.
    TakenOver,
    Discarded,
    /// This vault was copied, and became a computer of its own.
    Copied,
    /// This computer got another name, because its own was taken.
    Named,
    /// Another computer came into the account.
    Joined,
    /// A computer was removed from the account.
    Removed,
    /// The account's passphrase or keys became others than they were here.
    Account,
    /// This computer and another disagreed about the notes, or agree again.
    Compared,
    /// Of another version, by its word.
    Other(String),
}

impl Happened {
    pub(super) fn of(step: Step) -> Self {
        match step {
            Step::Push => Self::Push,
            Step::Pull => Self::Pull,
            Step::UploadBlob => Self::Upload,
            Step::FetchBlob => Self::Fetch,
        }
    }

    pub fn word(&self) -> &str {
        match self {
            Self::Synced => "synced",
            Self::Push => "push",
            Self::Pull => "pull",
            Self::Upload => "upload",
            Self::Fetch => "fetch",
            Self::Held => "held",
            Self::Kept => "kept",
            Self::Accepted => "accepted",
            Self::Backup => "backup",
            Self::Healed => "healed",
            Self::SetAside => "set_aside",
            Self::TakenOver => "taken_over",
            Self::Discarded => "discarded",
            Self::Copied => "copied",
            Self::Compared => "compared",
            Self::Named => "named",
            Self::Joined => "joined",
            Self::Removed => "removed",
            Self::Account => "account",
            Self::Other(word) => word,
        }
    }

    fn from_word(word: String) -> Self {
        let known =
            [Self::Synced, Self::Push, Self::Pull, Self::Upload, Self::Fetch, Self::Held, Self::Kept, Self::Accepted];
        let later =
            [Self::Backup, Self::Healed, Self::SetAside, Self::Copied, Self::Compared, Self::Removed, Self::Named];
        let decided = [Self::TakenOver, Self::Discarded, Self::Account, Self::Joined];
        known.into_iter().chain(later).chain(decided).find(|h| h.word() == word).unwrap_or(Self::Other(word))
    }
}

/// A line of the log, as it is read.
#[derive(Debug)]
pub struct Activity {
    /// Milliseconds since 1970.
    pub at_ms: u64,
    pub what: Happened,
    pub ok: bool,
    pub duration_ms: u64,
    pub bytes_up: u64,
    pub bytes_down: u64,
    /// Numbers in a few words; empty where it failed.
    pub message: String,
    /// What failed.
    pub problem: Option<NotebookError>,
}

/// A line to write.
pub(crate) struct Line<'a> {
    pub what: Happened,
    pub duration_ms: u64,
    pub traffic: Traffic,
    pub message: String,
    pub problem: Option<&'a NotebookError>,
}

impl Line<'_> {
    pub fn new(what: Happened, message: impl Into<String>) -> Self {
        Self { what, duration_ms: 0, traffic: Traffic::default(), message: message.into(), problem: None }
    }

    pub fn held(notes: u64) -> Self {
        Self::new(Happened::Held, format!("{notes} notes would go; nothing was changed"))
    }

    pub fn kept(notes: u64) -> Self {
        Self::new(Happened::Kept, format!("{notes} notes kept"))
    }

    pub fn accepted(notes: u64) -> Self {
        Self::new(Happened::Accepted, format!("{notes} notes gone"))
    }
}

pub(crate) fn write(t: &mut Txn<'_>, line: &Line<'_>) -> Result<()> {
    if crate::planted("nothing-noted") {
        return Ok(());
    }
    t.tx.append_activity(&NewActivity {
        at_ms: t.now_ms,
        what: line.what.word().to_owned(),
        ok: line.problem.is_none(),
        duration_ms: line.duration_ms,
        bytes_up: line.traffic.bytes_up,
        bytes_down: line.traffic.bytes_down,
        message: line.message.clone(),
        problem: line.problem.map(problem::encode),
    })?;
    Ok(())
}

impl Vault {
    /// The newest first.
    pub fn activity(&self, limit: u32) -> Result<Vec<Activity>> {
        let rows = self.read(|r| Ok(r.list_activity(limit, None)?))?;
        let line = |a: NewActivity| Activity {
            at_ms: a.at_ms,
            what: Happened::from_word(a.what),
            ok: a.ok,
            duration_ms: a.duration_ms,
            bytes_up: a.bytes_up,
            bytes_down: a.bytes_down,
            message: a.message,
            // A line that a newer version wrote still says that something failed.
            problem: a.problem.and_then(|bytes| problem::decode(&bytes).ok()),
        };
        Ok(rows.into_iter().map(|row| line(row.activity)).collect())
    }
}
