//! Vectors that pin `ALGO` 2: if one of these changes, devices of two versions would show different texts for
//! the same heads, so the number must change with it.

use std::fmt::Write;

use holdfast_domain::{Body, Merge, RevisionId, Segment};
use holdfast_merge::{ALGO, merge_body, receipt_id, review};

use crate::world::{note, place, show_body, stamp, text};

fn body(words: &str, at: u64) -> Body {
    Body::text(text(words), stamp(at, at as u8))
}

fn with_place(before: &str, terms: &[&str], after: &str, at: u64) -> Body {
    let segments = vec![Segment::Clean(text(before)), Segment::Place(place(terms)), Segment::Clean(text(after))];
    Body::from_segments(segments, stamp(at, at as u8))
}

/// The text, and the stamps of the places' sides.
fn line(merged: &Body) -> String {
    let stamps: Vec<Vec<u64>> =
        merged.places().map(|p: &Merge<String>| p.adds().map(|t| t.stamp.hlc.ms).collect()).collect();
    format!("{} @{} {stamps:?}", show_body(merged), merged.stamp.hlc.ms)
}

#[test]
fn merge_algo_2() {
    assert_eq!(ALGO, 2, "new vectors for a new algorithm; these stay for records merged before");
    let cases: Vec<(&str, Body, Vec<Body>)> = vec![
        ("apart", body("a b c d e", 1), vec![body("A b c d e", 2), body("a b c d E", 3)]),
        ("neighbours", body("a b c", 1), vec![body("A b c", 2), body("a B c", 3)]),
        ("same change", body("a b", 1), vec![body("a X b", 2), body("a X b", 3)]),
        ("both insert", body("a b", 1), vec![body("a X b", 2), body("a Y b", 3)]),
        ("insertions with a common end", body("a b", 1), vec![body("a X Z b", 2), body("a Y Z b", 3)]),
        ("deleted against edited", body("a b c", 1), vec![body("a c", 2), body("a B c", 3)]),
        ("deleted against untouched", body("a b c", 1), vec![body("a c", 2), body("a b c d", 3)]),
        ("repeated lines", body("x a x b x", 1), vec![body("x a x x b x", 2), body("x a x b", 3)]),
        ("moved", body("a b c d", 1), vec![body("d a b c", 2), body("a b c D", 3)]),
        ("three", body("a b c", 1), vec![body("X b c", 2), body("Y b c", 3), body("a b Z", 4)]),
        ("empty base", body("", 1), vec![body("a b", 2), body("a c", 3)]),
        (
            "place carried on",
            with_place("a", &["X", "c", "Y"], "d", 20),
            vec![with_place("A", &["X", "c", "Y"], "d", 30), with_place("a", &["X", "c", "Y"], "D", 31)],
        ),
        (
            "decided here, edited there",
            with_place("a", &["X", "c", "Y"], "d", 20),
            vec![body("a X d", 30), with_place("a", &["X", "c", "Y2"], "d", 31)],
        ),
        ("crossed", with_place("a", &["X", "c", "Y"], "d", 20), vec![body("a X d", 30), body("a Y d", 31)]),
        (
            "both sides edited",
            with_place("a", &["X", "c", "Y"], "d", 20),
            vec![with_place("a", &["X2", "c", "Y"], "d", 30), with_place("a", &["X", "c", "Y2"], "d", 31)],
        ),
        (
            "a place and its neighbour",
            with_place("a", &["X", "c", "Y"], "d", 20),
            vec![body("a d", 30), with_place("B", &["X", "c", "Y", "c", "Z"], "", 31)],
        ),
    ];
    let mut out = String::new();
    for (name, base, sides) in cases {
        let merged = merge_body(&base, &sides.iter().collect::<Vec<_>>());
        writeln!(out, "{name}: {}", line(&merged)).unwrap();
    }
    let ends = merge_body(
        &Body::text("a\r\nb\nc", stamp(1, 1)),
        &[&Body::text("a\r\nb\nc\n", stamp(2, 2)), &Body::text("A\r\nb\nc", stamp(3, 3))],
    );
    writeln!(out, "line ends: {:?}", ends.shown()).unwrap();
    insta::assert_snapshot!(out, @r##"
apart: A,b,c,d,E @3 []
neighbours: A,B,c @3 []
same change: a,X,b @3 []
both insert: a {+X -() +Y} b @3 [[2, 3]]
insertions with a common end: a {+X,Z -() +Y,Z} b @3 [[2, 3]]
deleted against edited: a {+() -b +B} c @3 [[2, 3]]
deleted against untouched: a,c,d @3 []
repeated lines: x,a,x,x,b @3 []
moved: d,a,b,c {+() -d +D} @3 [[2, 3]]
three: {+X -a +Y} b,Z @4 [[2, 3]]
empty base: {+a,b -() +a,c} @3 [[2, 3]]
place carried on: A {+X -c +Y} D @31 [[10, 12]]
decided here, edited there: a {+X -Y +Y2} d @31 [[30, 12]]
crossed: a {+X -c +Y} d @31 [[30, 31]]
both sides edited: a {+X2 -c +Y2} d @31 [[10, 12]]
a place and its neighbour: {+B,X -a,X,d +B,Y -a,Y,d +B,Z -a,c,d +a,d} @31 [[10, 12, 14, 30]]
line ends: "A\r\nb\nc\n"
"##);
}

#[test]
fn names_of_places_and_receipts() {
    let mut fields = note("");
    fields.body = with_place("a", &["X", "c", "Y"], "d", 20);
    fields.title = place(&["T", "", "U"]);
    let ids: Vec<String> = review(&fields).places.iter().map(|p| hex(&p.id.0)).collect();
    let receipt = receipt_id(&[RevisionId([2; 32]), RevisionId([1; 32])], 1);
    insta::assert_snapshot!(format!("{}\n{}", ids.join("\n"), hex(&receipt)), @r##"
8d1bdc0659ef234e30a02577a0687b81
447300bd126f585e0820ba435bd59714
b6cc6c3e781ef1fb66911bc1c9e39c8f
"##);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |out, b| out + &format!("{b:02x}"))
}
