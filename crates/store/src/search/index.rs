//! The index, and how far it has come. Where very many notes come at once, they can be read first and are indexed after
//! that, in the order of their numbers; until then a search looks at their texts.

use rusqlite::params;

use super::{Query, fold_text};
use crate::{Reader, Result, WriteTx};

/// The meta row with the number of the first note that is not indexed; none where all are. What is above it is not
/// indexed either.
const BEHIND: &str = "index_behind";

impl Reader<'_> {
    fn behind(&self) -> Result<Option<i64>> {
        Ok(self.get_u64(BEHIND)?.map(|n| n as i64))
    }

    /// How many notes the index does not hold yet. A search finds them all the same, more slowly.
    pub fn index_behind(&self) -> Result<u64> {
        match self.behind()? {
            Some(from) => self.number("SELECT count(*) FROM notes WHERE n >= ?1", [from]),
            None => Ok(0),
        }
    }

    /// Notes that the index does not hold, the newest first.
    pub(super) fn add_unindexed_hits(
        &self,
        query: &Query,
        limit: usize,
        trashed: bool,
        found: &mut Vec<i64>,
    ) -> Result<()> {
        let Some(from) = self.behind()? else { return Ok(()) };
        if query.is_empty() {
            return Ok(());
        }
        let numbers: Vec<i64> = self.rows(
            "SELECT n FROM notes WHERE n >= ?1 AND (?2 OR trashed = 0) ORDER BY updated_ms DESC, id",
            params![from, trashed],
            |r| r.get(0),
        )?;
        for n in numbers {
            if found.len() >= limit {
                break;
            }
            let text = self.text_of(n)?;
            if !found.contains(&n) && query.is_in(&[&text.title, &text.body, &text.extra]) {
                found.push(n);
            }
        }
        Ok(())
    }
}

impl WriteTx<'_> {
    /// Notes that are new from now on are indexed by [`WriteTx::index_more`], until it has caught up.
    pub fn defer_index(&self) -> Result<()> {
        if self.behind()?.is_none() {
            let next = self.number("SELECT ifnull(max(n), 0) + 1 FROM notes", [])?;
            self.put_u64(BEHIND, next)?;
        }
        Ok(())
    }

    /// Indexes notes that are not, with about so many bytes of text, and at least one. True while there are more.
    ///
    /// Nothing else is written in between: FTS5 writes its part of the index out at many an ordinary statement.
    pub fn index_more(&self, max_bytes: usize) -> Result<bool> {
        let Some(from) = self.behind()? else { return Ok(false) };
        let mut statement = self.prepare("SELECT n, title, body, search_text FROM notes WHERE n >= ?1 ORDER BY n")?;
        let mut rows = statement.query([from])?;
        let mut bytes = 0;
        while let Some(row) = rows.next()? {
            let n: i64 = row.get(0)?;
            if bytes >= max_bytes {
                self.put_u64(BEHIND, n as u64)?;
                return Ok(true);
            }
            let text = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_str()?);
            let (title, body, extra) = (text(1)?, text(2)?, text(3)?);
            bytes += title.len() + body.len() + extra.len();
            self.index_note(n, title, body, extra)?;
        }
        self.remove_meta(BEHIND)?;
        Ok(false)
    }

    /// False for a note that [`WriteTx::index_more`] comes to.
    pub(crate) fn is_indexed(&self, n: i64) -> Result<bool> {
        Ok(self.behind()?.is_none_or(|from| n < from))
    }

    pub(crate) fn index_note(&self, n: i64, title: &str, body: &str, extra: &str) -> Result<()> {
        let title = if crate::planted("titles-not-found") { "" } else { title };
        let [title, body, extra] = [title, body, extra].map(fold_text);
        self.run(
            "INSERT INTO note_words (rowid, title, body, extra) VALUES (?1, ?2, ?3, ?4)",
            params![n, title, body, extra],
        )?;
        let text = [title, body, extra].join("\n");
        self.run("INSERT INTO note_trigrams (rowid, text) VALUES (?1, ?2)", params![n, text])?;
        Ok(())
    }

    pub(crate) fn unindex_note(&self, n: i64) -> Result<()> {
        self.run("DELETE FROM note_words WHERE rowid = ?1", [n])?;
        self.run("DELETE FROM note_trigrams WHERE rowid = ?1", [n])?;
        Ok(())
    }
}
