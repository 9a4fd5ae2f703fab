//! The tree of notebooks: pure functions over all of them, never written back.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_domain::{NotebookId, Stamp, fold_name};

/// Devices that moved notebooks into each other made a cycle. Returns each with its members: first the one whose
/// move is the newest, which therefore loses and is shown at the root, then upward from it. Sorted by the losers.
/// Each entry: a notebook, its parent, and the stamp of that value.
pub fn cycles(notebooks: &[(NotebookId, Option<NotebookId>, Stamp)]) -> Vec<Vec<NotebookId>> {
    let tree: BTreeMap<NotebookId, (Option<NotebookId>, Stamp)> =
        notebooks.iter().map(|(id, parent, stamp)| (*id, (*parent, *stamp))).collect();
    let mut seen: BTreeSet<NotebookId> = BTreeSet::new();
    let mut found = Vec::new();
    for start in tree.keys() {
        // A notebook has one parent, so a walk upward meets at most one cycle, and cycles do not touch.
        let mut path: Vec<NotebookId> = Vec::new();
        let mut at = Some(*start);
        while let Some(id) = at.filter(|id| tree.contains_key(id) && seen.insert(*id)) {
            path.push(id);
            at = tree[&id].0;
        }
        if let Some(entry) = at.and_then(|id| path.iter().position(|p| *p == id)) {
            let mut cycle = path.split_off(entry);
            let loser = (0..cycle.len()).max_by_key(|n| (tree[&cycle[*n]].1, cycle[*n]));
            cycle.rotate_left(loser.unwrap_or(0));
            found.push(cycle);
        }
    }
    found.sort_unstable();
    found
}

/// The notebooks that are shown at the root because each is the newest move of a cycle, sorted: see [`cycles`].
pub fn break_cycles(notebooks: &[(NotebookId, Option<NotebookId>, Stamp)]) -> Vec<NotebookId> {
    cycles(notebooks).into_iter().filter_map(|cycle| cycle.first().copied()).collect()
}

/// Siblings with the same folded name show as one, under the smaller id. Returns each hidden notebook with the
/// one that it shows as; children of both are siblings in turn. Each entry: a notebook, its parent as shown
/// (after [`break_cycles`]), its name. A parent that is not among them counts as the root.
pub fn same_as(notebooks: &[(NotebookId, Option<NotebookId>, &str)]) -> BTreeMap<NotebookId, NotebookId> {
    let known: BTreeSet<NotebookId> = notebooks.iter().map(|n| n.0).collect();
    let mut children: BTreeMap<Option<NotebookId>, Vec<(NotebookId, String)>> = BTreeMap::new();
    for (id, parent, name) in notebooks {
        let parent = parent.filter(|p| known.contains(p));
        children.entry(parent).or_default().push((*id, fold_name(name)));
    }
    let mut hidden = BTreeMap::new();
    // Each group: the notebooks that show as one, whose children are therefore siblings.
    let mut groups: Vec<Vec<Option<NotebookId>>> = vec![vec![None]];
    while let Some(group) = groups.pop() {
        let mut by_name: BTreeMap<String, BTreeSet<NotebookId>> = BTreeMap::new();
        for (id, name) in group.iter().filter_map(|parent| children.remove(parent)).flatten() {
            by_name.entry(name).or_default().insert(id);
        }
        for ids in by_name.into_values() {
            if let Some(first) = ids.first() {
                hidden.extend(ids.iter().skip(1).map(|id| (*id, *first)));
            }
            groups.push(ids.into_iter().map(Some).collect());
        }
    }
    hidden
}

#[cfg(test)]
mod tests {
    use holdfast_domain::{DeviceId, Hlc};

    use super::*;

    fn id(n: u8) -> NotebookId {
        NotebookId([n; 16])
    }

    fn at(ms: u64) -> Stamp {
        Stamp { hlc: Hlc { ms, counter: 0 }, device: DeviceId([1; 16]) }
    }

    #[test]
    fn the_newest_move_in_a_cycle_loses_whatever_the_order() {
        let mut tree = vec![
            (id(1), Some(id(2)), at(5)),
            (id(2), Some(id(3)), at(9)),
            (id(3), Some(id(1)), at(7)),
            (id(4), Some(id(1)), at(99)),
            (id(5), Some(id(5)), at(1)),
            (id(6), Some(id(77)), at(1)),
            (id(7), None, at(1)),
        ];
        for _ in 0..tree.len() {
            assert_eq!(cycles(&tree), [vec![id(2), id(3), id(1)], vec![id(5)]]);
            assert_eq!(break_cycles(&tree), [id(2), id(5)]);
            tree.rotate_left(1);
        }
    }

    #[test]
    fn siblings_of_one_name_show_as_one_and_so_do_their_children() {
        let tree = [
            (id(2), None, "Work"),
            (id(1), None, "work "),
            (id(3), Some(id(1)), "Trip"),
            (id(4), Some(id(2)), "TRIP"),
            (id(5), Some(id(9)), "Home"),
            (id(6), Some(id(5)), "work"),
        ];
        assert_eq!(same_as(&tree), BTreeMap::from([(id(2), id(1)), (id(4), id(3))]));
    }
}
