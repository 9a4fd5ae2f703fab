//! The n-ary merge of one value: `x1 - b + x2 - b + x3`, over terms.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_domain::{Merge, Opaque, SetField, Stamp, Term, Trash, TrashState, UnknownFields};

/// A place holds at most this many sides of a text.
pub const MAX_SIDES: usize = 8;

fn values<T>(merge: &Merge<T>) -> impl Iterator<Item = &T> {
    merge.terms().iter().map(|t| &t.value)
}

/// Equal in every term, whenever it was written.
pub(crate) fn same_values<T: PartialEq>(a: &Merge<T>, b: &Merge<T>) -> bool {
    a.terms().len() == b.terms().len() && values(a).eq(values(b))
}

/// Equal in every term, and none was written again.
fn not_newer<T: PartialEq>(side: &Merge<T>, base: &Merge<T>) -> bool {
    same_values(side, base) && side.adds().zip(base.adds()).all(|(s, b)| s.stamp <= b.stamp)
}

/// Added and removed terms in the canonical order. There are at least as many removed as added, less one.
pub(crate) fn weave<T: Ord>(mut adds: Vec<Term<T>>, mut removes: Vec<T>) -> Vec<Term<T>> {
    adds.sort();
    removes.sort();
    let mut removes = removes.into_iter();
    let mut terms = Vec::with_capacity(2 * adds.len());
    for add in adds {
        if !terms.is_empty() {
            terms.extend(removes.next().map(|r| Term::new(r, Stamp::ZERO)));
        }
        terms.push(add);
    }
    terms
}

/// A merge of terms that are known to be odd in number.
pub(crate) fn from_woven<T>(terms: Vec<Term<T>>) -> Merge<T> {
    Merge::from_terms(terms).unwrap_or_else(|| unreachable!("one more term is added than removed"))
}

/// What makes an added term the same in a side and in the base: its value, and when it was written. A value that
/// was given up and written again is not what the base has. A decision writes nothing new: it takes a term.
fn identity<'a, T: Ord>(base: &'a Merge<T>, side: &Merge<T>, term: &'a Term<T>) -> (&'a T, Stamp) {
    let taken = base.adds().filter(|t| side.is_resolved() && !base.is_resolved() && t.value == term.value);
    (&term.value, taken.map(|t| t.stamp).max().unwrap_or(term.stamp))
}

/// `x1 - b + x2 - b + x3`. Terms of the sides cancel with terms of the base and with nothing else: a side that one
/// added and one removed, each on its own, are two things that happen to look alike. So what a side added stays.
fn flatten<T: Ord + Clone>(base: &Merge<T>, sides: &[&Merge<T>]) -> Vec<Term<T>> {
    let between = sides.len() as i64 - 1;
    let mut added: BTreeMap<(&T, Stamp), (i64, Stamp)> = BTreeMap::new();
    let mut removed: BTreeMap<&T, i64> = BTreeMap::new();
    for side in sides {
        for term in side.adds() {
            let entry = added.entry(identity(base, side, term)).or_insert((0, term.stamp));
            *entry = (entry.0 + 1, entry.1.max(term.stamp));
        }
        side.removes().for_each(|t| *removed.entry(&t.value).or_insert(0) += 1);
    }
    for term in base.adds() {
        added.entry((&term.value, term.stamp)).or_insert((0, term.stamp)).0 -= between;
    }
    base.removes().for_each(|t| *removed.entry(&t.value).or_insert(0) -= between);

    let (mut adds, mut removes) = (Vec::new(), Vec::new());
    for ((value, _), (n, stamp)) in added {
        (0..n).for_each(|_| adds.push(Term::new(value.clone(), stamp)));
        (n..0).for_each(|_| removes.push(value.clone()));
    }
    for (value, n) in removed {
        (0..n).for_each(|_| removes.push(value.clone()));
        (n..0).for_each(|_| adds.push(Term::new(value.clone(), Stamp::ZERO)));
    }
    weave(adds, removes)
}

/// One term, where all added terms are equal.
pub(crate) fn settle<T: Ord>(terms: Vec<Term<T>>) -> Merge<T> {
    let equal = terms.iter().step_by(2).all(|t| t.value == terms[0].value);
    if !equal {
        return from_woven(terms);
    }
    let stamp = terms.iter().step_by(2).map(|t| t.stamp).max().unwrap_or(Stamp::ZERO);
    match terms.into_iter().next() {
        Some(term) => Merge::resolved(term.value, stamp),
        None => unreachable!("a merge has a term"),
    }
}

/// Merges sides over a base. `cap` shortens a list of sides that grew too long.
pub(crate) fn merge_terms<T: Ord + Clone>(
    base: &Merge<T>,
    sides: &[&Merge<T>],
    cap: fn(Vec<Term<T>>) -> Vec<Term<T>>,
) -> Merge<T> {
    // Only one changed, or several in the same way: that, with its stamps and as it stands.
    let mut changed: Vec<&Merge<T>> = sides.iter().copied().filter(|s| *s != base).collect();
    changed.sort();
    changed.dedup();
    match changed.as_slice() {
        [] => return base.clone(),
        [only] => return (*only).clone(),
        _ => {}
    }
    // The same terms written at different times are one side: the newest.
    let mut distinct: Vec<&Merge<T>> = Vec::new();
    for side in changed.iter().rev() {
        if !not_newer(side, base) && !distinct.iter().any(|d| same_values(d, side)) {
            distinct.push(side);
        }
    }
    match distinct.as_slice() {
        [] => return changed.last().map_or_else(|| base.clone(), |m| (*m).clone()),
        [only] => return (*only).clone(),
        _ => {}
    }
    let merged = settle(flatten(base, &distinct));
    settle(cap(crossed(base, sides, &distinct, merged).into_terms()))
}

/// Two decisions about an open base can cross. One took X, one took Y: flattening then yields a side that nobody
/// holds. Or one took Y, one the original: flattening then yields the original alone, and nobody would learn that
/// Y was decided too. Or one took X, and who took something back asks anew, with X as what was there before: flattening
/// yields what they brought back. The place is open instead, with what those who decided hold.
fn crossed<T: Ord + Clone>(base: &Merge<T>, sides: &[&Merge<T>], changed: &[&Merge<T>], merged: Merge<T>) -> Merge<T> {
    let held: BTreeSet<&T> = sides.iter().flat_map(|s| s.adds()).map(|t| &t.value).collect();
    let decided: BTreeSet<&T> = changed.iter().filter_map(|s| s.as_resolved()).collect();
    let past: BTreeSet<&T> =
        changed.iter().filter(|s| !s.is_resolved()).flat_map(|s| s.removes()).map(|t| &t.value).collect();
    let known: BTreeSet<&T> = base.removes().map(|t| &t.value).collect();
    let asked_anew = |value: &T| past.contains(value) && !known.contains(value);
    let overruled = decided
        .iter()
        .any(|value| (decided.len() > 1 || asked_anew(value)) && merged.adds().all(|t| t.value != **value));
    if base.is_resolved() || (!overruled && merged.adds().all(|t| held.contains(&t.value))) {
        return originals(base, merged);
    }
    every_side(base, changed)
}

/// What was there before is shown as such, rather than a value that is a side now.
fn originals<T: Ord + Clone>(base: &Merge<T>, merged: Merge<T>) -> Merge<T> {
    let adds: BTreeSet<&T> = merged.adds().map(|t| &t.value).collect();
    let before = base.removes().chain(base.adds()).map(|t| &t.value);
    let before: Vec<&T> = before.filter(|value| !adds.contains(value)).collect();
    if merged.is_resolved() || before.is_empty() || merged.removes().all(|t| !adds.contains(&t.value)) {
        return merged;
    }
    let mut others = before.into_iter().cycle();
    let mut removes = Vec::new();
    for term in merged.removes() {
        let other = if adds.contains(&term.value) { others.next() } else { None };
        removes.push(other.unwrap_or(&term.value).clone());
    }
    from_woven(weave(merged.adds().cloned().collect(), removes))
}

/// An open place with every value that a side has, once. Nothing cancels.
pub(crate) fn every_side<T: Ord + Clone>(base: &Merge<T>, sides: &[&Merge<T>]) -> Merge<T> {
    let mut adds: BTreeMap<&T, Stamp> = BTreeMap::new();
    for term in sides.iter().flat_map(|s| s.adds()) {
        let stamp = adds.entry(&term.value).or_insert(term.stamp);
        *stamp = term.stamp.max(*stamp);
    }
    let was = base.removes().chain(base.adds()).map(|t| &t.value);
    let mut removes: Vec<&T> = was.filter(|v| !adds.contains_key(v)).collect();
    if removes.is_empty() {
        removes.extend(base.adds().map(|t| &t.value).min());
    }
    let removes: Vec<T> = removes.into_iter().cycle().take(adds.len() - 1).cloned().collect();
    from_woven(weave(adds.into_iter().map(|(v, s)| Term::new(v.clone(), s)).collect(), removes))
}

/// Each value once: who set the same said the same, however many they are and in whatever order they learn of each
/// other. None is dropped.
fn each_once<T: Ord + Clone>(terms: Vec<Term<T>>) -> Vec<Term<T>> {
    let mut adds: BTreeMap<T, Stamp> = BTreeMap::new();
    let mut removes = Vec::new();
    for (i, term) in terms.into_iter().enumerate() {
        if i % 2 == 0 {
            let stamp = adds.entry(term.value).or_insert(term.stamp);
            *stamp = term.stamp.max(*stamp);
        } else {
            removes.push(term.value);
        }
    }
    weave(adds.into_iter().map(|(v, s)| Term::new(v, s)).collect(), removes)
}

/// A value that asks where sides disagree.
pub fn merge_scalar<T: Ord + Clone>(base: &Merge<T>, sides: &[&Merge<T>]) -> Merge<T> {
    let sides = if crate::planted("third-side-dropped") { &sides[..sides.len().min(2)] } else { sides };
    merge_terms(base, sides, each_once)
}

/// A value for which the newest writing is taken and nobody asked.
pub fn merge_newest<T: Ord + Clone>(base: &Merge<T>, sides: &[&Merge<T>]) -> Merge<T> {
    let merged = merge_scalar(base, sides);
    let newest = merged.newest();
    Merge::resolved(newest.value.clone(), newest.stamp)
}

/// Elements count +1 in each side and -1 for each base between them; what is above zero stays. So an addition
/// stays, and a removal takes exactly the elements that its author had seen.
pub fn merge_set<T: Ord + Clone>(base: &SetField<T>, sides: &[&SetField<T>]) -> SetField<T> {
    if crate::planted("removals-forgotten") {
        return SetField(sides.iter().flat_map(|s| s.0.iter().cloned()).chain(base.0.iter().cloned()).collect());
    }
    let mut count = BTreeMap::new();
    for entry in sides.iter().flat_map(|s| &s.0) {
        *count.entry(entry).or_insert(0_i64) += 1;
    }
    for entry in &base.0 {
        let bases = if crate::planted("base-counts-once") { 1 } else { sides.len() as i64 - 1 };
        *count.entry(entry).or_insert(0) -= bases;
    }
    SetField(count.into_iter().filter(|(_, n)| *n > 0).map(|(entry, _)| entry.clone()).collect())
}

/// Decisions to trash or to keep. `edited[i]`: side `i` changed anything else.
pub fn merge_trash(base: Trash, sides: &[Trash], edited: &[bool]) -> Trash {
    if crate::planted("trash-forgotten") {
        return base;
    }
    let changed: BTreeSet<Trash> = sides.iter().copied().filter(|t| *t != base).collect();
    let states: BTreeSet<TrashState> = changed.iter().map(|t| t.state).collect();
    let stamp = changed.iter().map(|t| t.stamp).max().unwrap_or(base.stamp);
    let state = match states.len() {
        0 => base.state,
        1 => changed.first().map_or(base.state, |t| t.state),
        _ if crate::planted("trash-not-asked") => TrashState::Live,
        _ => TrashState::Open,
    };
    let kept = sides.iter().zip(edited).any(|(t, edited)| !t.is_trashed() && *edited);
    let kept = kept && !crate::planted("trash-wins");
    let state = if state == TrashState::Trashed && kept { TrashState::Open } else { state };
    Trash { state, stamp }
}

/// Fields that this version cannot read: a disagreement is kept as one, and only a newer version can decide it.
pub fn merge_unknown(base: &UnknownFields, sides: &[&UnknownFields]) -> UnknownFields {
    if crate::planted("unknown-fields-dropped") {
        return base.clone();
    }
    let numbers: BTreeSet<u64> = sides.iter().flat_map(|s| s.keys()).chain(base.keys()).copied().collect();
    let mut merged = UnknownFields::new();
    for n in numbers {
        let was = base.get(&n);
        let mut changed: Vec<Option<&Opaque>> = Vec::new();
        for side in sides {
            let is = side.get(&n);
            if is != was && !changed.contains(&is) {
                changed.push(is);
            }
        }
        let value = match changed.as_slice() {
            [] => was.cloned(),
            [only] => only.cloned(),
            several => {
                let mut all = BTreeSet::new();
                for value in several.iter().flatten() {
                    match value {
                        Opaque::One(bytes) => drop(all.insert(bytes.clone())),
                        Opaque::Conflict(set) => all.extend(set.iter().cloned()),
                    }
                }
                Some(Opaque::Conflict(all))
            }
        };
        if let Some(value) = value {
            merged.insert(n, value);
        }
    }
    merged
}
