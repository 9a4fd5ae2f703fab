//! What may be thinned: by the graph, by age, and so that what is shown stays what it was.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use holdfast_domain::{DeviceId, Hlc, Revision, RevisionId};
use holdfast_merge::thin::{Kept, Version, behind, lacking, thinned};
use holdfast_merge::{Graph, fold, summarize};
use proptest::prelude::*;

use crate::world::World;

const DAY_MS: u64 = 24 * 3_600_000;

fn id(n: usize) -> RevisionId {
    RevisionId([n as u8 + 1; 32])
}

fn ids(of: impl IntoIterator<Item = usize>) -> BTreeSet<RevisionId> {
    of.into_iter().map(id).collect()
}

/// Each an hour after the one before, and old enough for everything.
fn version(n: usize, parents: &[usize]) -> Version {
    Version {
        id: id(n),
        parents: parents.iter().map(|p| id(*p)).collect(),
        hlc: Hlc { ms: n as u64 * 3_600_000, counter: 0 },
        author: DeviceId([1; 16]),
        whole: true,
        settled: true,
        age_days: 1000,
    }
}

const ALL: Kept = Kept { days: 0, daily: 10_000 };

/// One day each, so that only the graph decides: what would go if no day kept its last.
fn goes(versions: &[Version]) -> Option<(RevisionId, BTreeSet<RevisionId>)> {
    let mut doubled = versions.to_vec();
    // A newest version that takes the place of every other on its day.
    for version in &mut doubled {
        version.hlc = Hlc { ms: 1, counter: version.id.0[0].into() };
    }
    thinned(&doubled, ALL)
}

#[test]
fn what_is_behind_a_waist_goes_and_nothing_beside_it() {
    //  0 - 1 - 2 ----- 5 - 6 - 7
    //       \ 3 - 4 - /      \ 8
    let all = [
        version(0, &[]),
        version(1, &[0]),
        version(2, &[1]),
        version(3, &[1]),
        version(4, &[3]),
        version(5, &[2, 4]),
        version(6, &[5]),
        version(7, &[6]),
        version(8, &[6]),
    ];
    // 8 is the newest, and the last of its day.
    assert_eq!(goes(&all), Some((id(6), ids(0..6))));
    assert_eq!(goes(&all[..8]), Some((id(7), ids(0..7))));
    // Two heads over 1.
    assert_eq!(goes(&all[..5]), Some((id(1), ids([0]))));
    assert_eq!(behind(&all, id(5)), ids(0..5));
    // One that not everybody has read, or that is not here, is not one to stop at; nor does it go.
    let mut some = all.clone();
    some[6].settled = false;
    assert_eq!(goes(&some), Some((id(5), ids(0..5))));
    some[6].settled = true;
    some[6].age_days = 0;
    let young = |some: &[Version]| thinned(some, Kept { days: 1, daily: 0 }).map(|(waist, _)| waist);
    assert_eq!(young(&some), Some(id(5)));
    some[5].whole = false;
    assert_eq!(young(&some), Some(id(1)));
    // Two beginnings have nothing in common; one whose parent is not here is anywhere.
    assert_eq!(goes(&[version(0, &[]), version(1, &[]), version(2, &[1])]), None);
    assert_eq!(goes(&[version(0, &[]), version(1, &[0]), version(2, &[9])]), None);
}

#[test]
fn a_version_that_builds_on_what_is_behind_needs_it_again() {
    let mut all: Vec<Version> = (0..6).map(|n| version(n, &n.checked_sub(1).map_or(vec![], |p| vec![p]))).collect();
    for version in all.iter_mut().take(4) {
        version.whole = false;
    }
    assert_eq!(lacking(&all), []);
    // On the newest; on the last that is whole; on one that is not.
    let with = |parents: &[usize]| lacking(&[all.clone(), vec![version(6, parents)]].concat());
    assert_eq!((with(&[5]), with(&[4])), (vec![], vec![]));
    assert_eq!(with(&[2]), [id(2), id(3)]);
    assert_eq!(with(&[0]), [id(0), id(1), id(2), id(3)]);
    assert_eq!(with(&[]), [id(0), id(1), id(2), id(3)]);
    assert_eq!(with(&[1, 5]), [], "it has seen what came after");
}

#[test]
fn the_last_of_each_day_stays_and_later_the_last_of_each_month() {
    // Four a day for a hundred days, up to today.
    let days = 100;
    let now_ms = (20_000 + days) * DAY_MS;
    let all: Vec<Version> = (0..days as usize * 4)
        .map(|n| {
            let ms = 20_000 * DAY_MS + n as u64 * DAY_MS / 4;
            let mut one = version(0, &[]);
            one.id = RevisionId([[n as u8, (n >> 8) as u8].repeat(16).try_into().unwrap()][0]);
            one.hlc.ms = ms;
            one.age_days = (now_ms - ms) / DAY_MS;
            one
        })
        .collect();
    let all: Vec<Version> = all
        .iter()
        .enumerate()
        .map(|(n, v)| Version { parents: n.checked_sub(1).map_or(vec![], |p| vec![all[p].id]), ..v.clone() })
        .collect();
    let (_, gone) = thinned(&all, Kept { days: 10, daily: 30 }).unwrap();
    let mut by_age = BTreeMap::<u64, Vec<u64>>::new();
    for version in all.iter().filter(|version| !gone.contains(&version.id)) {
        by_age.entry(version.hlc.ms / DAY_MS).or_default().push(version.hlc.ms % DAY_MS / (DAY_MS / 4));
    }
    let day = |before: u64| by_age.get(&(20_000 + days - before)).cloned().unwrap_or_default();
    assert_eq!((day(1), day(9)), (vec![0, 1, 2, 3], vec![0, 1, 2, 3]));
    assert!((12..=39).all(|before| day(before) == [3]), "{by_age:?}");
    let old: Vec<u64> = (42..=100).filter(|before| !day(*before).is_empty()).collect();
    assert!((1..=3).contains(&old.len()), "{old:?}");
    assert_eq!(thinned(&all, Kept { days: 101, daily: 0 }), None);
}

/// Versions with up to three parents among those before.
fn histories() -> impl Strategy<Value = Vec<Vec<usize>>> {
    prop::collection::vec(prop::collection::vec(0..3_usize, 0..3), 1..14).prop_map(|picks| {
        let before = |n: usize, back: &usize| n.checked_sub(1 + back);
        picks.iter().enumerate().map(|(n, back)| back.iter().filter_map(|b| before(n, b)).collect()).collect()
    })
}

proptest! {
    #![proptest_config(crate::props::config())]

    /// The line of waists is found as by asking of each version whether all others are before or after it.
    #[test]
    fn a_waist_is_what_all_are_before_or_after(history in histories()) {
        let versions: Vec<Version> = history.iter().enumerate().map(|(n, p)| version(n, p)).collect();
        let mut graph = Graph::new();
        for v in &versions {
            graph.insert(v.id, v.parents.clone(), None);
        }
        let related = |a, b| graph.is_ancestor(a, b) || graph.is_ancestor(b, a);
        let waist = versions.iter().rev().find(|v| versions.iter().all(|other| related(v.id, other.id)));
        match (goes(&versions), waist) {
            (Some((found, goes)), Some(waist)) => {
                prop_assert_eq!(found, waist.id);
                let newest = versions.last().unwrap().id;
                let all = behind(&versions, found);
                prop_assert_eq!(&all, &versions.iter().map(|v| v.id).filter(|v| *v != found && graph.is_ancestor(*v, found)).collect());
                prop_assert_eq!(goes, all.into_iter().filter(|id| *id != newest).collect());
            }
            (None, Some(waist)) => prop_assert!(behind(&versions, waist.id).len() <= 1),
            (found, None) => prop_assert_eq!(found, None),
        }
    }

    /// Nothing that can be shown changes by thinning, whoever writes on what afterwards: of what is lacking then all is
    /// asked for.
    #[test]
    fn what_is_shown_does_not_need_what_is_thinned(history in histories(), later in histories(), words in "[a-e]( [a-e]){20,40}") {
        let mut world = World::default();
        let mut words = words.split(' ').map(str::to_string).collect::<Vec<_>>();
        let mut written: Vec<RevisionId> = Vec::new();
        let mut write = |world: &mut World, written: &mut Vec<RevisionId>, parents: &[usize]| {
            let parents: Vec<RevisionId> = parents.iter().map(|p| written[*p]).collect();
            let at = words.len() * written.len() % 7;
            words[at] += "x";
            let id = world.write_text(&parents, &words.join(" "));
            written.push(id);
        };
        for parents in &history {
            write(&mut world, &mut written, parents);
        }
        let versions = |world: &World, written: &[RevisionId], gone: &BTreeSet<RevisionId>| -> Vec<Version> {
            let one = |id: &RevisionId| {
                let revision: &Arc<Revision> = world.graph.revision(*id).unwrap();
                let (parents, hlc) = (revision.parents().to_vec(), Hlc { ms: revision.hlc.ms, counter: 0 });
                Version { id: *id, parents, hlc, author: DeviceId([0; 16]), whole: !gone.contains(id), settled: true, age_days: 9 }
            };
            written.iter().map(one).collect()
        };
        let mut gone = thinned(&versions(&world, &written, &BTreeSet::new()), Kept { days: 0, daily: 0 })
            .map_or_else(BTreeSet::new, |(_, gone)| gone);
        for step in 0..=later.len() {
            // Whatever is a newest version; and what was merged since the last waist.
            let mut graph = Graph::new();
            for version in versions(&world, &written, &gone) {
                let revision = world.graph.revision(version.id).filter(|_| version.whole).cloned();
                graph.insert(version.id, version.parents, revision);
            }
            let heads: Vec<RevisionId> = graph.maximal(written.iter().copied()).into_iter().collect();
            prop_assert_eq!(fold(&graph, &heads).unwrap(), fold(&world.graph, &heads).unwrap());
            prop_assert_eq!(summarize(&graph, &heads).unwrap(), summarize(&world.graph, &heads).unwrap());
            let Some(parents) = later.get(step) else { break };
            // On anything that was written, the older the likelier.
            let parents: Vec<usize> = parents.iter().map(|p| p % written.len()).collect();
            write(&mut world, &mut written, &parents);
            for id in lacking(&versions(&world, &written, &gone)) {
                gone.remove(&id);
            }
        }
    }
}
