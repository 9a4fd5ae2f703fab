//! Full-text search as you type.

use std::collections::BTreeSet;

use holdfast_domain::{NoteId, NotebookId};
use holdfast_store::{NoteQuery, NotebookFilter, Reader, TrashFilter, fold_text};

use crate::notebooks::Tree;
use crate::{Result, Vault};

pub use holdfast_store::SearchHit;

/// From so many characters on, a word is also found inside the words of a notebook's name.
const PART_CHARS: usize = 3;

/// Text that is indexed in one transaction: nothing else is saved for so long.
const INDEX_BYTES: usize = 1024 * 1024;

/// So many notes at once are readable before they are indexed.
pub(crate) const MANY: usize = 500;

impl Vault {
    /// How many notes the index does not hold yet, after a first sync or an import. They are found all the same.
    pub fn index_behind(&self) -> Result<u64> {
        self.read(|r| Ok(r.index_behind()?))
    }

    /// Indexes some of them. True while there are more.
    pub(crate) fn index_some(&self) -> Result<bool> {
        self.transact(|t| Ok(t.tx.index_more(INDEX_BYTES)?))
    }

    /// Indexes all of them. Where that fails they are found without an index, and the sync tries again.
    pub(crate) fn index_all(&self) {
        loop {
            match self.index_some() {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => return tracing::warn!(%error, "notes could not be indexed"),
            }
        }
    }

    /// Notes that hold every word of the query, the best first; then those whose notebook's path holds them; then,
    /// in the same order, those in the trash.
    pub fn search(&self, query: &str, limit: u32) -> Result<Vec<SearchHit>> {
        self.read(|r| {
            let notebooks = notebooks_named(r, query)?;
            let mut hits = r.search(query, limit, false)?;
            add_notes_in(r, &notebooks, TrashFilter::Live, limit, &mut hits)?;
            if hits.len() < limit as usize {
                // Those that are not in the trash are among them again.
                let all = r.search(query, limit.saturating_add(hits.len() as u32), true)?;
                hits.extend(all.into_iter().filter(|hit| hit.trashed));
                hits.truncate(limit as usize);
                add_notes_in(r, &notebooks, TrashFilter::Trashed, limit, &mut hits)?;
            }
            for (rank, hit) in (0..).zip(&mut hits) {
                hit.rank = rank;
            }
            Ok(hits)
        })
    }
}

/// The notebooks whose path has all words of the query.
fn notebooks_named(reader: &Reader<'_>, query: &str) -> Result<Vec<NotebookId>> {
    let words: Vec<String> = query.split_whitespace().map(fold_text).filter(|w| !w.is_empty()).collect();
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let tree = Tree::load(reader)?;
    let named = tree.nodes.iter().filter(|node| {
        let path = fold_text(&node.path.join("/"));
        words.iter().all(|word| is_in(word, &path))
    });
    let found: BTreeSet<NotebookId> = named.flat_map(|node| tree.with_descendants(node.id)).collect();
    Ok(found.into_iter().collect())
}

/// A short word would be in almost every name: it has to begin one. Scripts without spaces have short words.
fn is_in(word: &str, path: &str) -> bool {
    path.match_indices(word).any(|(at, _)| {
        let begins = !path[..at].chars().next_back().is_some_and(char::is_alphanumeric);
        begins || !word.is_ascii() || word.chars().count() >= PART_CHARS
    })
}

fn add_notes_in(
    reader: &Reader<'_>,
    notebooks: &[NotebookId],
    trash: TrashFilter,
    limit: u32,
    hits: &mut Vec<SearchHit>,
) -> Result<()> {
    if notebooks.is_empty() || hits.len() >= limit as usize {
        return Ok(());
    }
    let known: BTreeSet<NoteId> = hits.iter().map(|hit| hit.id).collect();
    let query = NoteQuery {
        notebook: NotebookFilter::In(notebooks.to_vec()),
        trash,
        // As many again as are there already cover those that were found by their text.
        limit: limit.saturating_add(known.len() as u32),
        ..NoteQuery::default()
    };
    let notes = reader.list_notes(&query)?.into_iter().filter(|note| !known.contains(&note.id));
    for note in notes.take(limit as usize - hits.len()) {
        hits.push(SearchHit {
            id: note.id,
            title: note.title,
            title_matches: Vec::new(),
            snippet: note.preview,
            snippet_matches: Vec::new(),
            trashed: note.trashed,
            updated_ms: note.updated_ms,
            rank: 0,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::is_in;

    #[test]
    fn a_word_is_in_a_path_where_it_begins_a_name_or_is_long() {
        for (word, path, expected) in [
            ("pu", "field work/pumps", true),
            ("um", "field work/pumps", false),
            ("ump", "field work/pumps", true),
            ("w", "field work", true),
            ("京", "東京", true),
            ("x", "field", false),
        ] {
            assert_eq!(is_in(word, path), expected, "{word}");
        }
    }
}
