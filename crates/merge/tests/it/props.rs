//! Properties of the merge of texts and fields, on any text.

use std::collections::BTreeSet;

use holdfast_domain::{Body, Fields, Merge, Segment, Stamp, Term, Trash, TrashState};
use holdfast_merge::{SpanKind, diff_lines, diff_words, merge_body, merge_fields};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::text_props::{LONG, cases};
use crate::world::{note, stamp};

/// 2,000 cases, unless `PROPTEST_CASES` says otherwise.
pub fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(2_000);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Few different lines, so that they repeat and move; or any characters.
pub fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::collection::vec("[a-e]\n", 0..8).prop_map(|l| l.concat()),
        2 => "[a-c\n\r\u{0}é日👩]{0,12}",
        1 => any::<String>(),
    ]
}

fn any_stamp() -> impl Strategy<Value = Stamp> {
    (1..50_u64, 1..4_u8).prop_map(|(ms, device)| stamp(ms, device))
}

fn any_place() -> impl Strategy<Value = Merge<String>> {
    (prop::collection::vec(("[a-d\n]{0,6}", any_stamp()), 1..4), "[a-d\n]{0,6}").prop_map(|(sides, base)| {
        let mut terms = vec![Term::new("side\n".to_string(), stamp(5, 5))];
        for (text, stamp) in sides {
            terms.extend([Term::new(base.clone(), Stamp::ZERO), Term::new(text, stamp)]);
        }
        Merge::from_terms(terms).unwrap()
    })
}

pub fn any_body() -> impl Strategy<Value = Body> {
    let segment = prop_oneof![any_text().prop_map(Segment::Clean), any_place().prop_map(Segment::Place)];
    (prop::collection::vec(segment, 0..5), any_stamp()).prop_map(|(s, stamp)| Body::from_segments(s, stamp))
}

prop_compose! {
    fn any_fields()(
        body in any_body(), title in prop_oneof![any_place(), ("[a-c]( [a-c]){0,4}", any_stamp()).prop_map(|(t, s)| Merge::resolved(t, s))],
        front in ("(k: [a-c]\n)?(tags: \\[[a-c](, [a-c])?\\]\n)?(updated: 2026-01-0[1-3]\n)?", any_stamp()),
        tags in prop::collection::btree_set(("[a-c]", any_stamp()), 0..3), done in any::<bool>(), at in any_stamp(),
        trash in 0..3, created in 1..5_u64, updated in 5..9_u64,
    ) -> Fields {
        let mut fields = note("");
        fields.body = body;
        fields.title = title;
        fields.front_matter = Merge::resolved(front.0, front.1);
        for (name, stamp) in tags {
            fields.tags.add_name(name, stamp);
        }
        fields.done = Merge::resolved(done, at);
        let state = [TrashState::Live, TrashState::Trashed, TrashState::Open][trash as usize];
        fields.trash = Trash { state, stamp: at };
        (fields.created_ms, fields.updated_ms) = (created, updated);
        Fields::Note(fields)
    }
}

fn line_set(text: &str) -> BTreeSet<&str> {
    text.split_inclusive('\n').map(|l| l.trim_end_matches('\n')).collect()
}

/// Whole lines, clean or in places.
fn any_lines() -> impl Strategy<Value = Body> {
    let lines = || prop::collection::vec("[a-f]\n", 0..4).prop_map(|l| l.concat());
    let place = (prop::collection::vec((lines(), any_stamp()), 2..4), lines()).prop_map(|(sides, base)| {
        let mut terms: Vec<Term<String>> = Vec::new();
        for (text, stamp) in sides {
            if !terms.is_empty() {
                terms.push(Term::new(base.clone(), Stamp::ZERO));
            }
            terms.push(Term::new(text, stamp));
        }
        Segment::Place(Merge::from_terms(terms).unwrap())
    });
    let segment = prop_oneof![lines().prop_map(Segment::Clean), place];
    (prop::collection::vec(segment, 0..5), any_stamp()).prop_map(|(s, stamp)| Body::from_segments(s, stamp))
}

/// Every line in the clean text or in a side.
fn held_lines(body: &Body) -> BTreeSet<&str> {
    let sides = body.places().flat_map(|p| p.adds()).map(|t| t.value.as_str());
    let clean =
        body.segments().iter().filter_map(|s| if let Segment::Clean(text) = s { Some(text.as_str()) } else { None });
    clean.chain(sides).flat_map(line_set).collect()
}

/// `n` cases of a property.
fn run<S: Strategy>(n: u64, cases: S, holds: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = ProptestConfig { cases: u32::try_from(n).unwrap(), ..config() };
    if let Err(e) = TestRunner::new(config).run(&cases, holds) {
        panic!("{e}");
    }
}

fn one_change(n: u64) {
    run(n, (any_fields(), any_fields()), |(b, x)| {
        prop_assert_eq!(&merge_fields(&b, &[&x, &x]), &x);
        prop_assert_eq!(&merge_fields(&b, &[&b, &x]), &x);
        prop_assert_eq!(&merge_fields(&b, &[&x, &b, &x]), &x);
        prop_assert_eq!(&merge_fields(&b, &[&x]), &x);
        prop_assert_eq!(&merge_fields(&b, &[]), &b);
        Ok(())
    });
}

fn order(n: u64) {
    run(n, (any_fields(), prop::collection::vec(any_fields(), 2..5)), |(b, mut sides)| {
        let merged = merge_fields(&b, &sides.iter().collect::<Vec<_>>());
        for _ in 0..sides.len() {
            sides.rotate_left(1);
            prop_assert_eq!(&merge_fields(&b, &sides.iter().collect::<Vec<_>>()), &merged);
        }
        sides.reverse();
        prop_assert_eq!(&merge_fields(&b, &sides.iter().collect::<Vec<_>>()), &merged);
        Ok(())
    });
}

fn what_a_side_added(n: u64) {
    run(n, (any_lines(), prop::collection::vec(any_lines(), 2..5)), |(b, sides)| {
        let merged = merge_body(&b, &sides.iter().collect::<Vec<_>>());
        let (was, is) = (held_lines(&b), held_lines(&merged));
        for side in &sides {
            for line in held_lines(side).difference(&was) {
                prop_assert!(is.contains(line), "{line:?} is lost in {merged:?}");
            }
        }
        Ok(())
    });
}

fn invariants(n: u64) {
    run(n, (any_body(), prop::collection::vec(any_body(), 2..4)), |(b, sides)| {
        let merged = merge_body(&b, &sides.iter().collect::<Vec<_>>());
        prop_assert_eq!(&Body::from_segments(merged.segments().to_vec(), merged.stamp), &merged);
        prop_assert!(merged.places().all(|p| p.terms().len() > 1 && p.adds().count() <= 8));
        Ok(())
    });
}

fn differences(n: u64) {
    run(n, (any_text(), any_text()), |(old, new)| {
        for spans in [diff_words(&old, &new), diff_lines(&old, &new)] {
            let without = |kind| spans.iter().filter(|s| s.kind != kind).map(|s| s.text.as_str()).collect::<String>();
            prop_assert_eq!(without(SpanKind::Added), old.clone());
            prop_assert_eq!(without(SpanKind::Removed), new.clone());
        }
        Ok(())
    });
}

crate::text_props::properties! {
    one_change_is_taken_as_it_is, long_one_change: one_change;
    the_order_of_the_sides_does_not_matter, long_order_of_the_sides: order;
    what_a_side_added_is_held_whatever_places_there_are, long_what_a_side_added: what_a_side_added;
    a_merge_has_the_invariants_of_a_body, long_invariants_of_a_body: invariants;
    a_difference_holds_both_texts, long_differences: differences;
}
