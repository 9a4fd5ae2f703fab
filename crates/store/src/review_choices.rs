//! `review_choices`: what a person has chosen in a review that is not finished.

use holdfast_domain::RecordId;
use rusqlite::params;

use crate::{Reader, Result, WriteTx};

/// A choice for one place. What the bytes mean is the caller's business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewChoice {
    pub place: Vec<u8>,
    pub choice: Vec<u8>,
}

impl Reader<'_> {
    /// By place.
    pub fn review_choices(&self, record: RecordId) -> Result<Vec<ReviewChoice>> {
        self.rows("SELECT place, choice FROM review_choices WHERE record = ?1 ORDER BY place", [record.0], |r| {
            Ok(ReviewChoice { place: r.get(0)?, choice: r.get(1)? })
        })
    }
}

impl WriteTx<'_> {
    /// Replaces the choice for the place.
    pub fn put_review_choice(&self, record: RecordId, place: &[u8], choice: &[u8]) -> Result<()> {
        self.run("INSERT OR REPLACE INTO review_choices VALUES (?1, ?2, ?3)", params![record.0, place, choice])?;
        Ok(())
    }

    pub fn remove_review_choice(&self, record: RecordId, place: &[u8]) -> Result<bool> {
        Ok(self.run("DELETE FROM review_choices WHERE record = ?1 AND place = ?2", params![record.0, place])? > 0)
    }

    /// Removes all choices for a record; gives how many there were.
    pub fn clear_review_choices(&self, record: RecordId) -> Result<usize> {
        self.run("DELETE FROM review_choices WHERE record = ?1", [record.0])
    }
}
