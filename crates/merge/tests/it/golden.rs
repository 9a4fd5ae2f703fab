//! Vectors that pin `ALGO`: if one of these changes, devices of two versions would show different texts for the same
//! heads, so the number must change with it. What stands here holds since 2; `vectors/merge-7.txt` came with 7, and
//! is never written again.

use std::fmt::Write;

use holdfast_domain::{Body, Fields, Merge, RevisionId, Segment};
use holdfast_merge::{ALGO, merge_body, merge_fields, receipt_id, review};

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
fn merge_algo_8_by_hand() {
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
        (
            "decided here, the past of what is asked there",
            with_place("a", &["X", "c", "Y"], "d", 20),
            vec![body("a X d", 30), with_place("a", &["c", "X", "Y"], "d", 31)],
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
moved: {+a,b,c,D -a,b,c,d +d,a,b,c} @3 [[3, 2]]
three: {+X -a +Y} b,Z @4 [[2, 3]]
empty base: {+a,b -() +a,c} @3 [[2, 3]]
place carried on: A {+X -c +Y} D @31 [[10, 12]]
decided here, edited there: a {+X -Y +Y2} d @31 [[30, 12]]
decided here, the past of what is asked there: a {+X -X +Y -X +c} d @31 [[30, 12, 10]]
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

/// A text on one line.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r")
}

fn line_of(sign: char, text: &str) -> String {
    format!("{sign} {}\n", escaped(text))
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some('r')) => out.push('\r'),
            (_, Some(c)) | (c, None) => out.push(c),
        }
    }
    out
}

fn terms(merge: &Merge<String>) -> String {
    let sign = |i: usize| if i.is_multiple_of(2) { '+' } else { '-' };
    merge.terms().iter().enumerate().fold(String::new(), |out, (i, t)| out + &line_of(sign(i), &t.value))
}

/// What a base (`b`) and its sides (`s`) come to, as the file has it: clean text (`=`), and places by their terms.
/// A case named `title` is about titles.
fn result(case: &str) -> String {
    let texts = |tag: char| -> Vec<String> {
        let of = |l: &str| l.strip_prefix(tag).and_then(|l| l.strip_prefix(' ')).map(unescaped);
        case.lines().filter_map(of).collect()
    };
    let (base, sides) = (texts('b').remove(0), texts('s'));
    let at = |i: usize| stamp(2 + i as u64, 2 + u8::try_from(i).unwrap());
    if case.starts_with("title") {
        let titled = |title: &str, stamp| {
            let mut fields = note("");
            fields.title = Merge::resolved(title.to_string(), stamp);
            Fields::Note(fields)
        };
        let sides: Vec<Fields> = sides.iter().enumerate().map(|(i, s)| titled(s, at(i))).collect();
        let merged = merge_fields(&titled(&base, stamp(1, 1)), &sides.iter().collect::<Vec<_>>());
        return terms(&merged.as_note().unwrap().title);
    }
    let sides: Vec<Body> = sides.iter().enumerate().map(|(i, s)| Body::text(s.clone(), at(i))).collect();
    let merged = merge_body(&Body::text(base, stamp(1, 1)), &sides.iter().collect::<Vec<_>>());
    let of = |segment: &Segment| match segment {
        Segment::Clean(text) => line_of('=', text),
        Segment::Place(place) => terms(place),
    };
    merged.segments().iter().map(of).collect()
}

/// The hash of each file, as it was written with its number. What an earlier one says is only kept, so that one can see
/// what a number changed: nobody ever had 2 to 8 (decisions 0025, 0026, 0030, 0038, 0040 and 0041).
const FILES: [(u32, &str); 7] = [
    (3, "1761832fd41226f22f3cfe5797125de871fb7e951fe69a1ccbc020b66b5d4e29"),
    (4, "5fb7d7d5deb37a4a2cdd619266e4f76d7856030171b57c9a5e258c1ed92d12a3"),
    (5, "d889352ef97d35fd0f34891c8de58278033af8aa531cff585100296092b2a99b"),
    (6, "7273b8ee5cb431844ca53a12d3cdb8d0899cd87ed3b401062b6e8827896b345a"),
    (7, "7bd9dd06cfa64c126c26f45fdf1fbacc007c84cb017d47ca5c005b25c74b6899"),
    (8, "7bd9dd06cfa64c126c26f45fdf1fbacc007c84cb017d47ca5c005b25c74b6899"),
    (9, "7bd9dd06cfa64c126c26f45fdf1fbacc007c84cb017d47ca5c005b25c74b6899"),
];

fn file_of(algo: u32) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/vectors/merge-{algo}.txt"))
}

#[test]
fn a_vector_that_was_written_never_changes() {
    assert_eq!(FILES.last().map(|(algo, _)| *algo), Some(ALGO));
    for (algo, hash) in FILES {
        let file = std::fs::read(file_of(algo)).unwrap();
        assert_eq!(blake3::hash(&file).to_string(), hash, "the vectors of {algo}");
    }
}

#[test]
fn merge_algo_9() {
    assert_eq!(ALGO, 9, "new vectors for a new algorithm, in a file of their own");
    let path = file_of(ALGO);
    if !path.exists() && std::env::var_os("HOLDFAST_WRITE_VECTORS").is_some() {
        let cases = crate::text_rules::VECTORS.iter().map(|(name, texts)| {
            let sides: Vec<String> = texts[1..].iter().map(|s| line_of('s', s)).collect();
            format!("{name}\n{}{}", line_of('b', texts[0]), sides.concat())
        });
        let more = (0..300).map(|seed| {
            let case = crate::text_props::case(seed, 2 + (seed % 3) as usize);
            let sides: Vec<String> = case.sides.iter().map(|s| line_of('s', s)).collect();
            format!("seed {seed}\n{}{}", line_of('b', &case.base), sides.concat())
        });
        let all: Vec<String> = cases.chain(more).map(|case| format!("{case}{}", result(&case))).collect();
        std::fs::write(&path, all.join("\n")).unwrap();
    }
    let file = std::fs::read_to_string(&path).unwrap();
    for case in file.split("\n\n").map(|case| format!("{}\n", case.trim_end_matches('\n'))) {
        let given: String = case.split_inclusive('\n').filter(|l| !l.starts_with(['=', '+', '-'])).collect();
        let expected: String = case.split_inclusive('\n').filter(|l| l.starts_with(['=', '+', '-'])).collect();
        assert_eq!(result(&given), expected, "{given}");
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |out, b| out + &format!("{b:02x}"))
}
