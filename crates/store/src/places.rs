//! `places`: of versions whose contents the server lost, what the log says instead; and versions that are stored as their
//! places alone.

use holdfast_domain::{RecordId, Revision, RevisionId};
use rusqlite::params;

use crate::revisions::STUB;
use crate::{Reader, Result, WriteTx, sql};

impl Reader<'_> {
    /// The canonical bytes of a version of which the log has the place, with nothing in it.
    pub fn place(&self, rid: RevisionId) -> Result<Option<Vec<u8>>> {
        self.row("SELECT revision FROM places WHERE rid = ?1 ORDER BY seq LIMIT 1", [rid.0], |r| r.get(0))
    }

    /// True where the log has this entry, as far as it was read.
    pub fn has_place(&self, entry: RevisionId) -> Result<bool> {
        self.exists("SELECT 1 FROM places WHERE entry = ?1", [entry.0])
    }

    /// The versions without content that the log does not have, nor their places: each record's together.
    pub fn stubs_nowhere(&self) -> Result<Vec<(RecordId, RevisionId)>> {
        self.rows(
            "SELECT record, rid FROM revisions WHERE encoding = 2 AND received_seq IS NULL
             AND rid NOT IN (SELECT rid FROM places) ORDER BY record, rowid",
            [],
            |r| Ok((RecordId(r.get(0)?), RevisionId(r.get(1)?))),
        )
    }
}

impl WriteTx<'_> {
    /// The log has the place of this version, in this entry.
    pub fn put_place(&self, entry: RevisionId, rid: RevisionId, seq: u64, revision: &[u8]) -> Result<()> {
        self.run(
            "INSERT INTO places (entry, rid, seq, revision) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            params![entry.0, rid.0, sql::int(seq), revision],
        )?;
        Ok(())
    }

    pub(crate) fn forget_places(&self) -> Result<()> {
        self.run("DELETE FROM places", [])?;
        Ok(())
    }

    /// Stores the place of a version without its content. False, and no change, where the version is here. Of `revision`
    /// the fields are not looked at. What builds on it has to be stored in the same transaction: nothing shows it.
    pub fn put_stub(&self, rid: RevisionId, revision: &Revision) -> Result<bool> {
        if self.has_revision(rid)? {
            return Ok(false);
        }
        self.run(
            "INSERT INTO revisions (rid, record, kind, parents, author, hlc_ms, hlc_ctr, origin, merge_algo,
                                    encoding, base, depth, data, received_seq, created_here)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, NULL, 0, NULL, NULL, 0)",
            params![
                rid.0,
                revision.record.0,
                sql::int(revision.fields.kind().number()),
                sql::concat_ids(revision.parents()),
                revision.author.0,
                sql::int(revision.hlc.ms),
                revision.hlc.counter,
                sql::int(revision.origin.number()),
                revision.merge_algo,
                STUB,
            ],
        )?;
        self.put_edges(rid, revision)?;
        self.update_heads(rid, revision)?;
        Ok(true)
    }
}
