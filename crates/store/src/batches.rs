//! The batch that is under way, the last one that was accepted, and the place in the log.

use crate::{Reader, Result, StoreError, WriteTx, sql};
use rusqlite::params;

/// A batch as it was stored before it was first sent, so that a retry is the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    pub ctr: u64,
    pub manifest: Vec<u8>,
}

/// The last batch that the server accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchAccepted {
    pub ctr: u64,
    pub hash: [u8; 32],
}

/// The place in the space's log up to which this device has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub log_epoch: u64,
    pub seq: u64,
    pub link: [u8; 32],
}

const ACCEPTED: &str = "batch_accepted";
const CURSOR: &str = "cursor";

fn number(bytes: &[u8]) -> Result<(u64, &[u8])> {
    let (n, rest) = bytes.split_first_chunk().ok_or_else(|| StoreError::damaged("a value in meta is too short"))?;
    Ok((u64::from_be_bytes(*n), rest))
}

impl Reader<'_> {
    /// The batch under way.
    pub fn batch(&self) -> Result<Option<Batch>> {
        self.row("SELECT ctr, manifest FROM batch ORDER BY ctr LIMIT 1", [], |r| {
            Ok(Batch { ctr: sql::uint(r, 0)?, manifest: r.get(1)? })
        })
    }

    pub fn batch_accepted(&self) -> Result<Option<BatchAccepted>> {
        let Some(bytes) = self.get_meta(ACCEPTED)? else { return Ok(None) };
        let (ctr, hash) = number(&bytes)?;
        Ok(Some(BatchAccepted { ctr, hash: sql::fixed(hash, ACCEPTED)? }))
    }

    /// `None` before anything was read.
    pub fn cursor(&self) -> Result<Option<Cursor>> {
        self.position(CURSOR)
    }

    pub(crate) fn position(&self, key: &'static str) -> Result<Option<Cursor>> {
        let Some(bytes) = self.get_meta(key)? else { return Ok(None) };
        let (log_epoch, rest) = number(&bytes)?;
        let (seq, link) = number(rest)?;
        Ok(Some(Cursor { log_epoch, seq, link: sql::fixed(link, key)? }))
    }
}

impl WriteTx<'_> {
    /// Stores the batch under way. There is one at a time: another one takes its place.
    pub fn put_batch(&self, batch: &Batch) -> Result<()> {
        self.clear_batch()?;
        self.run("INSERT INTO batch (ctr, manifest) VALUES (?1, ?2)", params![sql::int(batch.ctr), batch.manifest])?;
        Ok(())
    }

    pub fn clear_batch(&self) -> Result<()> {
        self.run("DELETE FROM batch", [])?;
        Ok(())
    }

    pub fn set_batch_accepted(&self, accepted: BatchAccepted) -> Result<()> {
        self.put_meta(ACCEPTED, &[accepted.ctr.to_be_bytes().as_slice(), &accepted.hash].concat())
    }

    /// No batch was accepted of the device that this is from now on.
    pub fn clear_batch_accepted(&self) -> Result<()> {
        self.remove_meta(ACCEPTED)
    }

    pub fn set_cursor(&self, cursor: Cursor) -> Result<()> {
        self.put_position(CURSOR, cursor)
    }

    pub(crate) fn remove_cursor(&self) -> Result<()> {
        self.remove_meta(CURSOR)
    }

    pub(crate) fn put_position(&self, key: &'static str, at: Cursor) -> Result<()> {
        let (epoch, seq) = (at.log_epoch.to_be_bytes(), at.seq.to_be_bytes());
        self.put_meta(key, &[epoch.as_slice(), &seq, &at.link].concat())
    }
}
