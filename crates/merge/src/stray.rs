//! Live notes under a trashed notebook: one device trashed the notebook, another put a note in it meanwhile. No two
//! versions of one record disagree, so the fold has nothing to ask; the records together do. A pure function over
//! the notebooks above a note, equal on every device and never written back.

use std::collections::BTreeSet;

use holdfast_domain::{NotebookId, Stamp, TrashState};

use crate::break_cycles;
use crate::review::{Ids, Place, PlaceKind, PlaceValue, Side};

/// A notebook on the way up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    pub id: NotebookId,
    pub parent: Option<NotebookId>,
    /// When the parent was chosen.
    pub stamp: Stamp,
    pub trashed: bool,
}

/// A note that is in, or below, a trashed notebook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// The nearest trashed notebook above it.
    pub trashed: NotebookId,
    /// The nearest live notebook, where it shows; `None`: in none.
    pub shown: Option<NotebookId>,
    /// The live notebook right below `trashed` that brings it there, and when that was put there. `None` where the
    /// note itself is in `trashed`.
    pub through: Option<(NotebookId, Stamp)>,
    /// Where live notebooks above it show, each below a trashed one: with the note moved to `shown`, these moves
    /// make it stay there.
    pub lifted: Vec<(NotebookId, Option<NotebookId>)>,
}

/// What is askew with a live note, by the notebooks above it: its own first, then upward until one has no parent or
/// comes again. `None` where no notebook above it is trashed.
pub fn stray(upward: &[Link]) -> Option<Stray> {
    let links: Vec<_> = upward.iter().map(|l| (l.id, l.parent, l.stamp)).collect();
    let at_root: BTreeSet<NotebookId> = break_cycles(&links).into_iter().collect();
    // The way up, as the tree shows it, ends at the loser of a cycle.
    let end = upward.iter().position(|l| at_root.contains(&l.id)).map_or(upward.len(), |n| n + 1);
    let upward = &upward[..end];
    let nearest_live = |from: usize| upward[from..].iter().find(|l| !l.trashed).map(|l| l.id);

    let at = upward.iter().position(|l| l.trashed)?;
    let lifted =
        upward.iter().zip(upward.iter().skip(1)).enumerate().filter(|(_, (l, above))| !l.trashed && above.trashed);
    Some(Stray {
        trashed: upward[at].id,
        shown: nearest_live(0),
        through: at.checked_sub(1).map(|below| (upward[below].id, upward[below].stamp)),
        lifted: lifted.map(|(n, (l, _))| (l.id, nearest_live(n + 1))).collect(),
    })
}

/// The question about such a note. `put`: when somebody put it (or the notebook that brings it) there; `trashed`:
/// when the notebook was trashed.
pub fn stray_place(stray: &Stray, put: Stamp, trashed: Stamp) -> Place {
    let base = PlaceValue::Notebook(Some(stray.trashed));
    let shown = PlaceValue::Notebook(stray.shown);
    let id = Ids::default().stray(&[base.clone(), shown.clone()]);
    let mut sides = vec![
        Side { value: shown, stamps: vec![put] },
        Side { value: PlaceValue::Trash(TrashState::Trashed), stamps: vec![trashed] },
    ];
    sides.sort_by_key(|s| std::cmp::Reverse(s.stamp()));
    Place { id, kind: PlaceKind::TrashedNotebook, base: vec![base], sides, suggested: None }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use holdfast_domain::{DeviceId, Hlc};

    use super::*;

    fn id(n: u8) -> NotebookId {
        NotebookId([n; 16])
    }

    fn at(ms: u64) -> Stamp {
        Stamp { hlc: Hlc { ms, counter: 0 }, device: DeviceId([1; 16]) }
    }

    /// A way up: ids, and whether each is trashed.
    fn way(up: &[(u8, bool)]) -> Vec<Link> {
        let parents = up.iter().skip(1).map(|(n, _)| Some(id(*n))).chain([None]);
        let links = up.iter().zip(parents);
        links
            .map(|((n, trashed), parent)| Link { id: id(*n), parent, stamp: at((*n).into()), trashed: *trashed })
            .collect()
    }

    #[test]
    fn nothing_trashed_above_is_nothing_to_ask() {
        assert_eq!(stray(&[]), None);
        assert_eq!(stray(&way(&[(1, false), (2, false)])), None);
    }

    #[test]
    fn a_note_in_a_trashed_notebook_shows_in_the_nearest_live_one() {
        let found = stray(&way(&[(1, true), (2, true), (3, false)])).unwrap();
        assert_eq!(found, Stray { trashed: id(1), shown: Some(id(3)), through: None, lifted: vec![] });
        let found = stray(&way(&[(1, true)])).unwrap();
        assert_eq!((found.trashed, found.shown), (id(1), None));
    }

    #[test]
    fn a_live_notebook_below_a_trashed_one_brings_its_notes_with_it() {
        let found = stray(&way(&[(1, false), (2, false), (3, true), (4, false), (5, true)])).unwrap();
        let lifted = vec![(id(2), Some(id(4))), (id(4), None)];
        assert_eq!(found, Stray { trashed: id(3), shown: Some(id(1)), through: Some((id(2), at(2))), lifted });
    }

    #[test]
    fn a_cycle_ends_at_its_newest_move() {
        // 1 in 2 in 3 in 1; the move of 2 is the newest, so 2 is at the root and 3 is not above 1.
        let cycle = |trashed: u8| {
            [(1, 2, 1), (2, 3, 9), (3, 1, 3)].map(|(n, parent, ms): (u8, u8, u64)| Link {
                id: id(n),
                parent: Some(id(parent)),
                stamp: at(ms),
                trashed: n == trashed,
            })
        };
        assert_eq!(stray(&cycle(3)), None);
        let found = stray(&cycle(2)).unwrap();
        assert_eq!((found.trashed, found.shown, found.lifted), (id(2), Some(id(1)), vec![(id(1), None)]));
    }

    #[test]
    fn the_place_names_both_and_is_another_where_the_note_shows_elsewhere() {
        let found = stray(&way(&[(1, true), (2, false)])).unwrap();
        let place = stray_place(&found, at(5), at(4));
        let values: Vec<_> = place.sides.iter().map(|s| (s.value.clone(), s.stamp())).collect();
        let (here, trash) = (PlaceValue::Notebook(Some(id(2))), PlaceValue::Trash(TrashState::Trashed));
        assert_eq!(values, [(here, at(5)), (trash, at(4))], "the newest first");
        assert_eq!(place.base, [PlaceValue::Notebook(Some(id(1)))]);
        assert_eq!(stray_place(&found, at(6), at(9)).id, place.id, "who and when do not name it");
        let moved = stray(&way(&[(1, true), (3, false)])).unwrap();
        assert_ne!(stray_place(&moved, at(5), at(4)).id, place.id);
    }
}
