//! `packs`: which parts of the log are in packs, and whether those hold what is here.

use holdfast_domain::{RecordId, RevisionId};
use rusqlite::{Row, params};

use crate::{Reader, Result, WriteTx, sql};

/// What this device makes of a pack. The numbers are for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PackState {
    /// It was not compared with what is here, or could not be.
    NotCompared = 0,
    /// It holds what is here, and the server is to hear so.
    ToTell = 1,
    /// It holds what is here.
    Fits = 2,
    /// It does not.
    DoesNotFit = 3,
}

impl PackState {
    fn from_number(number: i64) -> Self {
        match number {
            1 => Self::ToTell,
            2 => Self::Fits,
            3 => Self::DoesNotFit,
            _ => Self::NotCompared,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackRow {
    /// Of the pack's entry in the log.
    pub rid: [u8; 32],
    /// Where it stands in the log; 0 where it waits here to be sent.
    pub seq: u64,
    /// What it covers: behind `from`, up to `to`; both 0 where that is not known.
    pub from: u64,
    pub to: u64,
    pub state: PackState,
}

const COLUMNS: &str = "rid, seq, from_seq, to_seq, state";

fn pack_row(r: &Row<'_>) -> rusqlite::Result<PackRow> {
    Ok(PackRow {
        rid: sql::array(r, 0)?,
        seq: sql::uint(r, 1)?,
        from: sql::uint(r, 2)?,
        to: sql::uint(r, 3)?,
        state: PackState::from_number(r.get(4)?),
    })
}

/// A part of the log of equal length as the others: how much of it is history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// The first is 0.
    pub number: u64,
    /// Revisions whose first place is there.
    pub revisions: u64,
    /// Those of them that are no heads any more.
    pub superseded: u64,
}

impl Reader<'_> {
    pub fn pack(&self, rid: &[u8; 32]) -> Result<Option<PackRow>> {
        self.row(&format!("SELECT {COLUMNS} FROM packs WHERE rid = ?1"), [rid], pack_row)
    }

    /// The pack over a place of the log that does not fail to fit.
    pub fn pack_over(&self, seq: u64) -> Result<Option<PackRow>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM packs WHERE to_seq >= ?1 AND from_seq < ?1 AND state <> ?2 ORDER BY to_seq LIMIT 1"
        );
        self.row(&sql, params![sql::int(seq), PackState::DoesNotFit as u8], pack_row)
    }

    /// One that fits, of which the server is to hear so.
    pub fn pack_to_tell(&self) -> Result<Option<PackRow>> {
        let sql = format!("SELECT {COLUMNS} FROM packs WHERE state = ?1 AND seq > 0 ORDER BY seq LIMIT 1");
        self.row(&sql, [PackState::ToTell as u8], pack_row)
    }

    /// All of them, by what they cover.
    pub fn list_packs(&self) -> Result<Vec<PackRow>> {
        self.rows(&format!("SELECT {COLUMNS} FROM packs ORDER BY to_seq, rid"), [], pack_row)
    }

    /// The revisions whose first place in the log is behind `from`, up to `to`: each record's together, in the order in
    /// which the log has them. Those too of which only the place is here: packs are compared by ids.
    pub fn received_between(&self, from: u64, to: u64) -> Result<Vec<(RecordId, RevisionId)>> {
        self.rows(
            "SELECT record, rid FROM revisions WHERE received_seq > ?1 AND received_seq <= ?2
             ORDER BY record, received_seq, rid",
            params![sql::int(from), sql::int(if crate::planted("pack-without-its-last") { to - 1 } else { to })],
            |r| Ok((RecordId(r.get(0)?), RevisionId(r.get(1)?))),
        )
    }

    /// The places behind `from`, up to `to`, at which the log is known to hold a revision of this store.
    pub fn places_between(&self, from: u64, to: u64) -> Result<Vec<(u64, RevisionId)>> {
        self.rows(
            "SELECT received_seq, rid FROM revisions WHERE received_seq > ?1 AND received_seq <= ?2 ORDER BY received_seq",
            params![sql::int(from), sql::int(to)],
            |r| Ok((r.get::<_, i64>(0)? as u64, RevisionId(r.get(1)?))),
        )
    }

    /// Whether something is set aside whose place in the log is behind `from`, up to `to`.
    pub fn is_set_aside_between(&self, from: u64, to: u64) -> Result<bool> {
        let sql = "SELECT 1 FROM quarantine WHERE seq > ?1 AND seq <= ?2";
        self.exists(sql, params![sql::int(from), sql::int(to)])
    }

    /// The whole blocks of `length` places up to `to` that hold any revision, in order.
    pub fn blocks(&self, length: u64, to: u64) -> Result<Vec<Block>> {
        let length = length.max(1);
        self.rows(
            "SELECT (received_seq - 1) / ?1, count(*),
                    sum(NOT EXISTS (SELECT 1 FROM heads h WHERE h.record = r.record AND h.rid = r.rid))
             FROM revisions r WHERE received_seq > 0 AND received_seq <= ?2 GROUP BY 1 ORDER BY 1",
            params![sql::int(length), sql::int(to / length * length)],
            |r| Ok(Block { number: sql::uint(r, 0)?, revisions: sql::uint(r, 1)?, superseded: sql::uint(r, 2)? }),
        )
    }
}

impl WriteTx<'_> {
    /// What is known of a pack that is there already stays where this says less.
    pub fn put_pack(&self, row: &PackRow) -> Result<()> {
        self.run(
            "INSERT INTO packs (rid, seq, from_seq, to_seq, state) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (rid) DO UPDATE SET
                 seq = CASE WHEN excluded.seq > 0 THEN excluded.seq ELSE seq END,
                 from_seq = CASE WHEN excluded.to_seq > 0 THEN excluded.from_seq ELSE from_seq END,
                 to_seq = CASE WHEN excluded.to_seq > 0 THEN excluded.to_seq ELSE to_seq END,
                 state = max(state, excluded.state)",
            params![row.rid, sql::int(row.seq), sql::int(row.from), sql::int(row.to), row.state as u8],
        )?;
        Ok(())
    }

    /// The server has heard that the pack at this place fits.
    pub fn pack_told(&self, seq: u64) -> Result<()> {
        let sql = "UPDATE packs SET state = ?2 WHERE seq = ?1 AND state = ?3";
        self.run(sql, params![sql::int(seq), PackState::Fits as u8, PackState::ToTell as u8])?;
        Ok(())
    }

    /// The log is another one: what is known of its packs is not true any more, and what waits to be sent and was not
    /// tried yet is of no use.
    pub(crate) fn forget_packs(&self) -> Result<()> {
        self.run("DELETE FROM packs", [])?;
        self.run("DELETE FROM outbox WHERE kind = ?1 AND batch_ctr IS NULL", [crate::outbox::PACK])?;
        Ok(())
    }
}
