//! `activity`: what happened, for the person to read; survives a restart.

use rusqlite::params;

use crate::{Reader, Result, WriteTx, sql};

/// Older lines than this many are dropped.
pub const ACTIVITY_KEPT: u32 = 5_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewActivity {
    /// Milliseconds since 1970.
    pub at_ms: u64,
    /// The caller's word for what happened.
    pub what: String,
    pub ok: bool,
    pub duration_ms: u64,
    pub bytes: u64,
    pub message: String,
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
            "SELECT id, at_ms, what, ok, duration_ms, bytes, message FROM activity
             WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
            params![before.unwrap_or(i64::MAX), limit],
            |r| {
                let activity = NewActivity {
                    at_ms: sql::uint(r, 1)?,
                    what: r.get(2)?,
                    ok: r.get(3)?,
                    duration_ms: sql::uint(r, 4)?,
                    bytes: sql::uint(r, 5)?,
                    message: r.get(6)?,
                };
                Ok(ActivityRow { id: r.get(0)?, activity })
            },
        )
    }
}

impl WriteTx<'_> {
    /// Appends a line and drops the oldest beyond [`ACTIVITY_KEPT`]. Gives its id.
    pub fn append_activity(&self, new: &NewActivity) -> Result<i64> {
        let id: i64 = self
            .prepare(
                "INSERT INTO activity (at_ms, what, ok, duration_ms, bytes, message)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id",
            )?
            .query_row(
                params![
                    sql::int(new.at_ms),
                    new.what,
                    new.ok,
                    sql::int(new.duration_ms),
                    sql::int(new.bytes),
                    new.message,
                ],
                |r| r.get(0),
            )?;
        self.run("DELETE FROM activity WHERE id <= ?1", [id - i64::from(ACTIVITY_KEPT)])?;
        Ok(id)
    }
}
