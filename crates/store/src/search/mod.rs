//! Full-text search over `note_words` and `note_trigrams`.
//!
//! What a person types is never FTS5 syntax: each word becomes a quoted string. Notes that hold all words come
//! in this order: all words in the title; words (the last one may be a beginning); parts of words. Scripts that
//! do not put spaces between words, and signs such as emoji, are looked up as parts only.

mod fold;
mod index;
mod query;
mod snippet;

use holdfast_domain::NoteId;
use rusqlite::{ToSql, params};

use crate::{Reader, Result};
pub use fold::fold_text;
use query::Query;
use snippet::Highlighter;

/// A note that was found. Ranges are in bytes, on character boundaries, sorted, and do not overlap.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchHit {
    pub id: NoteId,
    pub title: String,
    pub title_matches: Vec<(usize, usize)>,
    /// A passage of the body in one line; its beginning where the match is elsewhere.
    pub snippet: String,
    pub snippet_matches: Vec<(usize, usize)>,
    pub trashed: bool,
    /// Milliseconds since 1970.
    pub updated_ms: u64,
    /// 0 is the best hit.
    pub rank: u32,
}

struct Text {
    id: NoteId,
    title: String,
    body: String,
    extra: String,
    trashed: bool,
    updated_ms: u64,
}

impl Reader<'_> {
    /// The notes that hold all words of `text`, best first, at most `limit`. An empty text finds nothing.
    pub fn search(&self, text: &str, limit: u32, include_trashed: bool) -> Result<Vec<SearchHit>> {
        let query = Query::parse(text);
        let limit = limit as usize;
        let mut found: Vec<i64> = Vec::new();
        if let Some(words) = query.match_words() {
            for expression in [format!("{{title}} : ({words})"), words] {
                self.add_word_hits(&expression, limit, include_trashed, &mut found)?;
            }
        }
        if found.len() < limit && query.can_match_parts() {
            self.add_part_hits(&query, limit, include_trashed, &mut found)?;
        }
        if found.len() < limit {
            self.add_unindexed_hits(&query, limit, include_trashed, &mut found)?;
        }
        let highlighter = Highlighter::new(&query);
        let mut hits = Vec::with_capacity(found.len());
        for (rank, n) in (0..).zip(found) {
            let text = self.text_of(n)?;
            let (snippet, snippet_matches) = highlighter.snippet(&text.body);
            hits.push(SearchHit {
                id: text.id,
                title_matches: highlighter.ranges(&text.title),
                title: text.title,
                snippet,
                snippet_matches,
                trashed: text.trashed,
                updated_ms: text.updated_ms,
                rank,
            });
        }
        Ok(hits)
    }

    fn add_word_hits(&self, expression: &str, limit: usize, trashed: bool, found: &mut Vec<i64>) -> Result<()> {
        // Ranked by number first: the texts are read only for those that are shown.
        let rows = self.rows(
            "SELECT n.n FROM note_words w CROSS JOIN notes n ON n.n = w.rowid
             WHERE w.note_words MATCH ?1 AND (?2 OR n.trashed = 0)
             ORDER BY w.rank, n.updated_ms DESC, n.id LIMIT ?3",
            params![expression, trashed, limit as i64],
            |r| r.get(0),
        )?;
        for n in rows {
            if found.len() < limit && !found.contains(&n) {
                found.push(n);
            }
        }
        Ok(())
    }

    /// Candidates by their trigrams, then looked at.
    fn add_part_hits(&self, query: &Query, limit: usize, trashed: bool, found: &mut Vec<i64>) -> Result<()> {
        let mut sql = String::from("SELECT n FROM notes WHERE (?1 OR trashed = 0)");
        let trigrams = query.match_trigrams();
        let short = query.short_parts();
        let mut values: Vec<&dyn ToSql> = vec![&trashed];
        if let Some(expression) = &trigrams {
            sql.push_str(" AND n IN (SELECT rowid FROM note_trigrams WHERE note_trigrams MATCH ?)");
            values.push(expression);
        }
        for part in &short {
            sql.push_str(" AND (");
            for (i, form) in part.iter().enumerate() {
                sql.push_str(if i == 0 { "" } else { " OR " });
                sql.push_str("instr(title, ?) OR instr(body, ?) OR instr(search_text, ?)");
                values.extend([form as &dyn ToSql; 3]);
            }
            sql.push(')');
        }
        sql.push_str(" ORDER BY ");
        for word in query.folded_words() {
            sql.push_str("instr(title_key, ?) > 0 AND ");
            values.push(word);
        }
        sql.push_str("1 DESC, updated_ms DESC, id");
        let mut statement = self.prepare(&sql)?;
        let mut rows = statement.query(values.as_slice())?;
        while let Some(row) = rows.next()? {
            if found.len() >= limit {
                break;
            }
            let n: i64 = row.get(0)?;
            if !found.contains(&n) {
                let text = self.text_of(n)?;
                if query.parts_are_in(&[&text.title, &text.body, &text.extra]) {
                    found.push(n);
                }
            }
        }
        Ok(())
    }

    fn text_of(&self, n: i64) -> Result<Text> {
        Ok(self
            .prepare("SELECT id, title, body, search_text, trashed, updated_ms FROM notes WHERE n = ?1")?
            .query_row([n], |r| {
                Ok(Text {
                    id: NoteId(r.get(0)?),
                    title: r.get(1)?,
                    body: r.get(2)?,
                    extra: r.get(3)?,
                    trashed: r.get(4)?,
                    updated_ms: crate::sql::uint(r, 5)?,
                })
            })?)
    }
}
