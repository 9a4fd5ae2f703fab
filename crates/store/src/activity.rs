//! `activity`: what happened, for the person to read; survives a restart, and is pruned by count and by age.

use rusqlite::params;

use crate::{Reader, Result, WriteTx, sql};

/// Older lines than this many are dropped.
pub const ACTIVITY_KEPT: u32 = 5_000;
/// And so are lines that are older than this when the next one is written,
pub const ACTIVITY_KEPT_MS: u64 = 90 * 24 * 3_600 * 1_000;
/// but for this many of the newest: a clock that once stood in another century empties no log.
pub const ACTIVITY_KEPT_ALWAYS: u32 = 500;

/// A line of the log. It names no note and holds nothing of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewActivity {
    /// Milliseconds since 1970.
    pub at_ms: u64,
    /// The caller's word for what happened.
    pub what: String,
    pub ok: bool,
    pub duration_ms: u64,
    /// Over the wire, as far as it was counted.
    pub bytes_up: u64,
    pub bytes_down: u64,
    pub message: String,
    /// What failed, in the caller's encoding.
    pub problem: Option<Vec<u8>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityRow {
    /// Grows with each line.
    pub id: i64,
    pub activity: NewActivity,
}

impl Reader<'_> {
    /// The newest first; `before` goes on from the id where the last list ended.
    pub fn list_activity(&self, limit: u32, before: Option<i64>) -> Result<Vec<ActivityRow>> {
        self.rows(
            "SELECT id, at_ms, what, ok, duration_ms, bytes_up, bytes_down, message, problem FROM activity
             WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
            params![before.unwrap_or(i64::MAX), limit],
            |r| {
                let activity = NewActivity {
                    at_ms: sql::uint(r, 1)?,
                    what: r.get(2)?,
                    ok: r.get(3)?,
                    duration_ms: sql::uint(r, 4)?,
                    bytes_up: sql::uint(r, 5)?,
                    bytes_down: sql::uint(r, 6)?,
                    message: r.get(7)?,
                    problem: r.get(8)?,
                };
                Ok(ActivityRow { id: r.get(0)?, activity })
            },
        )
    }
}

impl WriteTx<'_> {
    /// Appends a line and drops the oldest beyond [`ACTIVITY_KEPT`] and [`ACTIVITY_KEPT_MS`], never one of the newest
    /// [`ACTIVITY_KEPT_ALWAYS`]. Gives its id.
    pub fn append_activity(&self, new: &NewActivity) -> Result<i64> {
        let id: i64 = self
            .prepare(
                "INSERT INTO activity (at_ms, what, ok, duration_ms, bytes_up, bytes_down, message, problem)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) RETURNING id",
            )?
            .query_row(
                params![
                    sql::int(new.at_ms),
                    new.what,
                    new.ok,
                    sql::int(new.duration_ms),
                    sql::int(new.bytes_up),
                    sql::int(new.bytes_down),
                    new.message,
                    new.problem,
                ],
                |r| r.get(0),
            )?;
        self.run("DELETE FROM activity WHERE id <= ?1", [id - i64::from(ACTIVITY_KEPT)])?;
        self.run(
            "DELETE FROM activity WHERE at_ms < ?1 AND id <= ?2",
            [sql::int(new.at_ms.saturating_sub(ACTIVITY_KEPT_MS)), id - i64::from(ACTIVITY_KEPT_ALWAYS)],
        )?;
        Ok(id)
    }
}
