//! Which versions of a record may lose their content, and which must have it.
//!
//! A **waist** is a version that every other version of its record is an ancestor or a descendant of. What versions make
//! together that build on a waist follows from it and from what came after it: the fold looks at nothing behind it, nor
//! does anything that was merged or decided since. So only what is strictly behind a waist may go, and when a version
//! arrives that does not build on the last one, what is not strictly behind another is needed again.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use holdfast_domain::{DeviceId, Hlc, RevisionId};

const DAY_MS: u64 = 24 * 3_600_000;

/// One version of a record, as far as it matters here.
#[derive(Clone, Debug)]
pub struct Version {
    pub id: RevisionId,
    pub parents: Vec<RevisionId>,
    pub hlc: Hlc,
    pub author: DeviceId,
    /// Its content is here.
    pub whole: bool,
    /// The log holds it, at a place that every active device has read.
    pub settled: bool,
    /// For how many days it is here at least, and was written.
    pub age_days: u64,
}

/// How much stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// So many days everything.
    pub days: u64,
    /// After those so many days the last version of each day; then the last of each month.
    pub daily: u64,
}

/// The versions with parents before children, and which of them are waists.
struct Line {
    /// By their number among the versions.
    order: Vec<usize>,
    /// Places in the order, rising.
    waists: Vec<usize>,
}

impl Line {
    /// `None` where a parent is not among the versions.
    fn new(versions: &[Version]) -> Option<Self> {
        let index: HashMap<RevisionId, usize> = versions.iter().enumerate().map(|(n, v)| (v.id, n)).collect();
        let mut parents = Vec::with_capacity(versions.len());
        let mut children = vec![Vec::new(); versions.len()];
        for (n, version) in versions.iter().enumerate() {
            let of: Option<BTreeSet<usize>> = version.parents.iter().map(|p| index.get(p).copied()).collect();
            let of = of?;
            for parent in &of {
                children[*parent].push(n);
            }
            parents.push(of);
        }
        let mut waits: Vec<usize> = parents.iter().map(BTreeSet::len).collect();
        let mut ready: Vec<usize> = (0..versions.len()).filter(|n| waits[*n] == 0).collect();
        let (mut order, mut place) = (Vec::with_capacity(versions.len()), vec![0; versions.len()]);
        while let Some(n) = ready.pop() {
            place[n] = order.len();
            order.push(n);
            for child in &children[n] {
                waits[*child] -= 1;
                if waits[*child] == 0 {
                    ready.push(*child);
                }
            }
        }
        if order.len() < versions.len() {
            return None;
        }
        // All before it are its ancestors where nothing else was newest then; all after it are its descendants where each
        // of them was written on it or on something after it.
        let (mut alone, mut heads) = (Vec::with_capacity(order.len()), BTreeSet::new());
        for n in &order {
            for parent in &parents[*n] {
                heads.remove(parent);
            }
            heads.insert(*n);
            alone.push(heads.len() == 1);
        }
        let (mut waists, mut lowest) = (Vec::new(), Some(usize::MAX));
        for (at, n) in order.iter().enumerate().rev() {
            if alone[at] && lowest.is_some_and(|lowest| lowest >= at) {
                waists.push(at);
            }
            let last = parents[*n].iter().map(|p| place[*p]).max();
            lowest = last.and_then(|last| lowest.map(|lowest| lowest.min(last)));
        }
        waists.reverse();
        Some(Self { order, waists })
    }
}

/// The versions whose content the record cannot do without: those that are not strictly behind its last waist. `versions`
/// are all of them, also what is being typed, and what is about to be taken in.
pub fn needed(versions: &[Version]) -> BTreeSet<RevisionId> {
    let Some(line) = Line::new(versions) else { return versions.iter().map(|version| version.id).collect() };
    let from = line.waists.last().copied().unwrap_or(0);
    line.order[from..].iter().map(|n| versions[*n].id).collect()
}

/// The [`needed`] versions that are without content, sorted.
pub fn lacking(versions: &[Version]) -> Vec<RevisionId> {
    let stubs: BTreeSet<RevisionId> = versions.iter().filter(|version| !version.whole).map(|v| v.id).collect();
    needed(versions).intersection(&stubs).copied().collect()
}

/// The versions whose content may go, and one that all of them are behind.
pub fn thinned(versions: &[Version], kept: Kept) -> Option<(RevisionId, BTreeSet<RevisionId>)> {
    let line = Line::new(versions)?;
    let old = |version: &Version| version.whole && version.settled && version.age_days >= kept.days;
    let waist = line.waists.iter().rev().copied().find(|at| old(&versions[line.order[*at]]))?;
    // Of each day, or month, the last that is here.
    let mut last = BTreeMap::new();
    for version in versions.iter().filter(|version| version.whole) {
        let newest = last.entry(bucket(version, kept)).or_insert(version);
        if (version.hlc, version.author, version.id) > (newest.hlc, newest.author, newest.id) {
            *newest = version;
        }
    }
    let stays: BTreeSet<RevisionId> = last.into_values().map(|version| version.id).collect();
    let behind = waist + usize::from(crate::planted("thin-takes-the-base"));
    let goes = line.order[..behind].iter().map(|n| &versions[*n]).filter(|version| old(version));
    let goes: BTreeSet<RevisionId> = goes.map(|version| version.id).filter(|id| !stays.contains(id)).collect();
    Some((versions[line.order[waist]].id, goes)).filter(|(_, goes)| !goes.is_empty())
}

/// The versions that are strictly behind this one.
pub fn behind(versions: &[Version], id: RevisionId) -> BTreeSet<RevisionId> {
    let parents: HashMap<RevisionId, &[RevisionId]> = versions.iter().map(|v| (v.id, v.parents.as_slice())).collect();
    let (mut out, mut todo) = (BTreeSet::new(), vec![id]);
    while let Some(id) = todo.pop() {
        let of = parents.get(&id).copied().unwrap_or_default();
        todo.extend(of.iter().copied().filter(|parent| out.insert(*parent)));
    }
    out
}

/// What a version shares with those of which one stays: its day, or its month.
fn bucket(version: &Version, kept: Kept) -> (bool, u64) {
    let day = version.hlc.ms / DAY_MS;
    if version.age_days < kept.days.saturating_add(kept.daily) { (true, day) } else { (false, month(day)) }
}

/// The months since year 0 of the day that is so many days after the first of January 1970, in UTC.
const fn month(day: u64) -> u64 {
    // Days since the first of March of year 0, in eras of 400 years.
    let days = day + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    (era * 400 + year) * 12 + month + 2
}

#[cfg(test)]
mod tests {
    use super::month;

    #[test]
    fn a_month_is_a_calendar_month() {
        let is = |day: u64, year: u64, of_year: u64| assert_eq!(month(day), year * 12 + of_year - 1, "day {day}");
        is(0, 1970, 1);
        is(30, 1970, 1);
        is(31, 1970, 2);
        is(58, 1970, 2);
        is(59, 1970, 3);
        // 2000-02-29, 2000-03-01, 2026-11-29, 2100-02-28 and the day after.
        is(11_016, 2000, 2);
        is(11_017, 2000, 3);
        is(20_786, 2026, 11);
        is(47_540, 2100, 2);
        is(47_541, 2100, 3);
    }
}
