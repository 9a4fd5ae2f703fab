//! What versions make together, as it was folded lately. A pull folds the same heads for the tripwire, the view and the
//! receipt, and whoever shows the note folds them again.
//!
//! Versions never change, and their ids follow from what they hold, so a state that was folded once stays true. (What
//! depends on the tree of notebooks is done afterwards, each time.)

use std::sync::Arc;

use hashlink::LruCache;
use holdfast_domain::{Fields, RecordId, RevisionId, Segment};
use holdfast_merge::Folded;

/// So many are kept.
const MOST: usize = 128;
/// Larger texts are folded each time.
const LARGEST: usize = 64 * 1024;

pub(crate) struct Folds(LruCache<(RecordId, Vec<RevisionId>), Arc<Folded>>);

impl Default for Folds {
    fn default() -> Self {
        Self(LruCache::new(MOST))
    }
}

impl Folds {
    pub fn get(&mut self, record: RecordId, of: &[RevisionId]) -> Option<Arc<Folded>> {
        self.0.get(&(record, of.to_vec())).cloned()
    }

    pub fn put(&mut self, record: RecordId, of: &[RevisionId], folded: &Folded) {
        if size(&folded.fields) <= LARGEST {
            self.0.insert((record, of.to_vec()), Arc::new(folded.clone()));
        }
    }
}

/// About how many bytes of text there are.
fn size(fields: &Fields) -> usize {
    let Fields::Note(note) = fields else { return 0 };
    let segments = note.body.segments().iter().map(|segment| match segment {
        Segment::Clean(text) => text.len(),
        Segment::Place(place) => place.terms().iter().map(|term| term.value.len()).sum(),
    });
    segments.sum()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use holdfast_domain::{Body, NoteFields, Stamp};

    use super::*;

    fn note(text: &str) -> Folded {
        let mut fields = NoteFields::new(Stamp::ZERO, 0);
        fields.body = Body::text(text, Stamp::ZERO);
        Folded { fields: Fields::Note(fields), stamp: Stamp::ZERO }
    }

    #[test]
    fn what_is_asked_for_stays_and_what_is_kept_has_a_bound() {
        let (mut folds, record) = (Folds::default(), RecordId([1; 16]));
        let of = |n: u8| [RevisionId([n; 32]), RevisionId([255; 32])];
        for n in 0..=250 {
            folds.put(record, &of(n), &note(&n.to_string()));
            assert_eq!(*folds.get(record, &of(0)).unwrap(), note("0"));
            assert!(folds.0.len() <= MOST);
        }
        assert_eq!(*folds.get(record, &of(250)).unwrap(), note("250"));
        assert!(folds.get(record, &of(1)).is_none());
        assert!(folds.get(RecordId([2; 16]), &of(250)).is_none(), "of another record");
        assert!(folds.get(record, &of(250)[..1]).is_none(), "of other versions");
        folds.put(record, &of(251), &note(&"long ".repeat(LARGEST)));
        assert!(folds.get(record, &of(251)).is_none());
    }
}
