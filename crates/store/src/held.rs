//! `arrivals` and `losses`: what a pull takes away from what is shown, and what of it is held back until a person
//! decides. Held revisions are stored like others; only what is shown is made without them.

use holdfast_domain::{DeviceId, RecordId, RevisionId};
use rusqlite::params;

use crate::{Reader, Result, WriteTx, sql};

/// How a record loses. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LossKind {
    /// A note goes to the trash.
    Trashed,
    /// Most of a note's text goes.
    Emptied,
    /// A notebook goes to the trash.
    Notebook,
}

impl LossKind {
    fn number(self) -> i64 {
        match self {
            Self::Trashed => 0,
            Self::Emptied => 1,
            Self::Notebook => 2,
        }
    }

    /// An unknown kind is told as the worst.
    fn from_number(n: i64) -> Self {
        match n {
            1 => Self::Emptied,
            2 => Self::Notebook,
            _ => Self::Trashed,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LossRow {
    pub record: RecordId,
    pub kind: LossKind,
}

impl Reader<'_> {
    /// True where a version of the record is held back.
    pub fn is_held(&self, record: RecordId) -> Result<bool> {
        self.exists("SELECT 1 FROM arrivals WHERE record = ?1 AND held = 1", [record.0])
    }

    /// True where anything is held back.
    pub fn anything_held(&self) -> Result<bool> {
        self.exists("SELECT 1 FROM arrivals WHERE held = 1", [])
    }

    /// The heads of the record without what is held back, sorted.
    pub fn heads_not_held(&self, record: RecordId) -> Result<Vec<RevisionId>> {
        self.heads_without(record, "SELECT rid FROM arrivals WHERE record = ?1 AND held = 1")
    }

    /// The heads of the record as they were before the pull under way, or before the one that waits, sorted.
    pub fn heads_before_arrivals(&self, record: RecordId) -> Result<Vec<RevisionId>> {
        self.heads_without(record, "SELECT rid FROM arrivals WHERE record = ?1")
    }

    fn heads_without(&self, record: RecordId, without: &str) -> Result<Vec<RevisionId>> {
        self.rows(
            &format!(
                "SELECT rid FROM revisions WHERE record = ?1 AND rid NOT IN ({without})
                   AND NOT EXISTS (SELECT 1 FROM edges WHERE parent = revisions.rid AND edges.record = ?1
                                   AND child NOT IN ({without}))
                 ORDER BY rid"
            ),
            [record.0],
            |r| Ok(RevisionId(r.get(0)?)),
        )
    }

    /// Whether anything is noted of a pull that goes on.
    pub fn any_arrivals(&self) -> Result<bool> {
        self.exists("SELECT 1 FROM arrivals WHERE held = 0", [])
    }

    /// True where a version of the record is among the arrivals.
    pub fn has_arrivals(&self, record: RecordId) -> Result<bool> {
        self.exists("SELECT 1 FROM arrivals WHERE record = ?1", [record.0])
    }

    /// Who wrote what is held back.
    pub fn held_authors(&self) -> Result<Vec<DeviceId>> {
        self.rows(
            "SELECT DISTINCT author FROM revisions WHERE rid IN (SELECT rid FROM arrivals WHERE held = 1) ORDER BY author",
            [],
            |r| Ok(DeviceId(r.get(0)?)),
        )
    }

    pub fn held_rids(&self) -> Result<Vec<RevisionId>> {
        self.rows("SELECT rid FROM arrivals WHERE held = 1 ORDER BY rid", [], |r| Ok(RevisionId(r.get(0)?)))
    }

    pub fn loss(&self, record: RecordId) -> Result<Option<LossKind>> {
        self.row("SELECT kind FROM losses WHERE record = ?1", [record.0], |r| Ok(LossKind::from_number(r.get(0)?)))
    }

    /// By the ids of the records.
    pub fn losses(&self) -> Result<Vec<LossRow>> {
        self.rows("SELECT record, kind FROM losses ORDER BY record", [], |r| {
            Ok(LossRow { record: RecordId(r.get(0)?), kind: LossKind::from_number(r.get(1)?) })
        })
    }
}

impl WriteTx<'_> {
    pub fn put_arrival(&self, rid: RevisionId, record: RecordId) -> Result<()> {
        self.run(
            "INSERT INTO arrivals (rid, record, held) VALUES (?1, ?2, 0) ON CONFLICT (rid) DO NOTHING",
            params![rid.0, record.0],
        )?;
        Ok(())
    }

    pub fn put_loss(&self, record: RecordId, kind: LossKind) -> Result<()> {
        self.run(
            "INSERT INTO losses (record, kind) VALUES (?1, ?2) ON CONFLICT (record) DO UPDATE SET kind = excluded.kind",
            params![record.0, kind.number()],
        )?;
        Ok(())
    }

    /// What arrived of it is still noted.
    pub fn remove_loss(&self, record: RecordId) -> Result<()> {
        self.run("DELETE FROM losses WHERE record = ?1", [record.0])?;
        Ok(())
    }

    /// Holds back what arrived of the records that lose, but for what somebody wrote on here since then: they have seen
    /// it. Gives the records of which something is newly held.
    pub fn hold_losses(&self) -> Result<Vec<RecordId>> {
        for loss in self.losses()? {
            self.forget_written_on(loss.record)?;
        }
        let changed: Vec<[u8; 16]> = self.rows(
            "SELECT DISTINCT record FROM arrivals WHERE held = 0 AND record IN (SELECT record FROM losses)",
            [],
            |r| r.get(0),
        )?;
        if crate::planted("held-is-shown") {
            return Ok(Vec::new());
        }
        self.run("UPDATE arrivals SET held = 1 WHERE record IN (SELECT record FROM losses)", [])?;
        Ok(changed.into_iter().map(RecordId).collect())
    }

    fn forget_written_on(&self, record: RecordId) -> Result<()> {
        let sql = "SELECT rid FROM arrivals WHERE record = ?1 AND held = 0";
        let arrived: Vec<RevisionId> = self.rows(sql, [record.0], |r| Ok(RevisionId(r.get(0)?)))?;
        let typed_on = self.working(record)?.map(|working| working.parents).unwrap_or_default();
        let mut written_on: Vec<RevisionId> = Vec::new();
        for rid in &arrived {
            let others = "SELECT 1 FROM edges WHERE parent = ?1 AND record = ?2
                          AND child NOT IN (SELECT rid FROM arrivals WHERE record = ?2)";
            if typed_on.contains(rid) || self.exists(others, params![rid.0, record.0])? {
                written_on.push(*rid);
            }
        }
        while let Some(rid) = written_on.pop() {
            if self.run("DELETE FROM arrivals WHERE rid = ?1 AND held = 0", [rid.0])? > 0 {
                let parents =
                    self.row("SELECT parents FROM revisions WHERE rid = ?1", [rid.0], |r| sql::revision_ids(r, 0))?;
                written_on.extend(parents.unwrap_or_default());
            }
        }
        Ok(())
    }

    /// The record is shown with all its versions again. False if nothing of it was noted down.
    pub fn release(&self, record: RecordId) -> Result<bool> {
        let arrivals = self.run("DELETE FROM arrivals WHERE record = ?1", [record.0])?;
        let losses = self.run("DELETE FROM losses WHERE record = ?1", [record.0])?;
        Ok(arrivals + losses > 0)
    }

    /// A pull is over: what it brought and does not wait for a person is no longer of interest.
    pub fn forget_arrivals(&self) -> Result<()> {
        self.run("DELETE FROM arrivals WHERE held = 0", [])?;
        self.run("DELETE FROM losses WHERE record NOT IN (SELECT record FROM arrivals)", [])?;
        Ok(())
    }
}
