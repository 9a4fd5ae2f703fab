//! An edit of what is shown.

use holdfast_domain::{Body, Merge, Segment, Term};
use holdfast_merge::{edit_body, edit_merge};
use proptest::prelude::*;

use crate::props::{any_body, any_text};
use crate::world::{place, show_body, stamp, text};

/// `a b {X c Y} d {() e Z} f`, where Y and Z are shown.
fn open() -> Body {
    Body::from_segments(
        vec![
            Segment::Clean(text("a b")),
            Segment::Place(place(&["X", "c", "Y"])),
            Segment::Clean(text("d")),
            Segment::Place(place(&["", "e", "Z"])),
            Segment::Clean(text("f")),
        ],
        stamp(20, 1),
    )
}

#[test]
fn each_change_stays_where_it_was_made() {
    for (new, expected) in [
        ("a b Y d Z f", "a,b {+X -c +Y} d {+() -e +Z} f"),
        ("a B Y d Z f", "a,B {+X -c +Y} d {+() -e +Z} f"),
        ("a b Y2 d Z f", "a,b {+X -c +Y2} d {+() -e +Z} f"),
        ("a b d Z f", "a,b {+() -c +X} d {+() -e +Z} f"),
        ("a b Y new d Z f", "a,b {+X -c +Y} new,d {+() -e +Z} f"),
        ("a b new Y d Z f", "a,b,new {+X -c +Y} d {+() -e +Z} f"),
        ("a b X d Z f", "a,b,X,d {+() -e +Z} f"),
        ("a b Y d f", "a,b {+X -c +Y} d,f"),
        ("", "{+() -c +X}"),
        ("a B Y2 d Z f", "a,B {+X -c +Y2} d {+() -e +Z} f"),
        ("all else", "all,else {+() -c +X}"),
    ] {
        let edited = edit_body(&open(), &text(new), stamp(30, 1));
        assert_eq!(edited.shown(), text(new));
        assert_eq!(show_body(&edited), expected, "{new}");
    }
}

#[test]
fn text_between_two_places_is_clean() {
    let body = Body::from_segments(
        vec![Segment::Place(place(&["X", "c", "Y"])), Segment::Place(place(&["P", "q", "R"]))],
        stamp(20, 1),
    );
    let edited = edit_body(&body, &text("Y new R"), stamp(30, 1));
    assert_eq!(show_body(&edited), "{+X -c +Y} new {+P -q +R}");
    let edited = edit_body(&body, &text("new Y R end"), stamp(30, 1));
    assert_eq!(show_body(&edited), "new {+X -c +Y} {+P -q +R} end");
}

#[test]
fn a_clock_behind_still_shows_what_was_typed() {
    let edited = edit_body(&open(), &text("a b Typed d Z f"), stamp(2, 9));
    assert_eq!(edited.shown(), text("a b Typed d Z f"));
    let open = place(&["X", "c", "Y"]);
    let edited = edit_merge(&open, "typed".to_string(), stamp(2, 9));
    assert_eq!((edited.shown().as_str(), edited.adds().count()), ("typed", 2));
}

#[test]
fn a_scalar_is_replaced_or_its_shown_side_edited() {
    let one = Merge::resolved(1, stamp(1, 1));
    assert_eq!(edit_merge(&one, 1, stamp(5, 1)), one);
    assert_eq!(edit_merge(&one, 2, stamp(5, 1)), Merge::resolved(2, stamp(5, 1)));
    let open = Merge::from_terms(vec![
        Term::new(1, stamp(1, 1)),
        Term::new(0, holdfast_domain::Stamp::ZERO),
        Term::new(2, stamp(2, 1)),
    ])
    .unwrap();
    let edited = edit_merge(&open, 3, stamp(5, 1));
    assert_eq!(edited.adds().map(|t| t.value).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(edit_merge(&open, 1, stamp(5, 1)).as_resolved(), Some(&1));
}

fn others(merge: &Merge<String>) -> (Vec<String>, Vec<String>) {
    let shown = merge.shown();
    let mut adds: Vec<String> = merge.adds().map(|t| t.value.clone()).filter(|v| v != shown).collect();
    let mut removes: Vec<String> = merge.removes().map(|t| t.value.clone()).collect();
    adds.sort();
    removes.sort();
    (adds, removes)
}

proptest! {
    #![proptest_config(crate::props::config())]

    #[test]
    fn the_result_shows_what_was_typed_and_the_other_sides_stay(body in any_body(), new in any_text()) {
        let edited = edit_body(&body, &new, stamp(1_000, 1));
        prop_assert_eq!(edited.shown(), new.clone());
        if new == body.shown() {
            prop_assert_eq!(&edited, &body);
        }
        // Every place is there in order with its other sides, or became its one remaining side.
        let mut left = edited.places();
        let mut next = left.next();
        for was in body.places() {
            match next {
                Some(is) if others(is) == others(was) || is.removes().eq(was.removes()) => next = left.next(),
                _ => {
                    let (adds, _) = others(was);
                    prop_assert!(adds.windows(2).all(|w| w[0] == w[1]), "a place with two other sides is gone");
                    if let Some(only) = adds.first() {
                        prop_assert!(new.contains(only.as_str()));
                    }
                }
            }
        }
        prop_assert!(next.is_none(), "no place is new");
    }

    #[test]
    fn small_edits_also_hold(body in any_body(), at in any::<prop::sample::Index>(), cut in 0..6_usize, put in "[a-c\n]{0,3}") {
        let shown: Vec<char> = body.shown().chars().collect();
        let start = at.index(shown.len() + 1);
        let end = (start + cut).min(shown.len());
        let new: String = shown[..start].iter().copied().chain(put.chars()).chain(shown[end..].iter().copied()).collect();
        prop_assert_eq!(edit_body(&body, &new, stamp(1_000, 1)).shown(), new);
    }
}
