//! The merge of prose inside a region where lines disagree.

mod check;
mod contained;
mod edits;
mod front;
mod inserted;
mod rules;
mod space;
mod tokens;
mod words;

pub(crate) use check::LONG_LINE;
pub(crate) use edits::Diffs;
use edits::Match;
pub(crate) use front::{front_lines, merge_front};
use holdfast_domain::{Body, DeviceId, Hlc, Segment, Stamp};
pub(crate) use tokens::words;
pub(crate) use words::merge_apart;

/// A part of a merged text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextPart {
    Clean(String),
    /// A question, with what each holds.
    Conflict {
        base: String,
        ours: String,
        theirs: String,
    },
}

/// A part of a refined region. `sides` are in the order in which they were given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Clean(String),
    Open { base: String, sides: Vec<String> },
}

/// The lines that stand unchanged around a region; empty at the ends of the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Around<'a> {
    pub above: &'a str,
    pub below: &'a str,
}

/// Above this many bytes in a region it is not divided into words.
const MAX_REGION_BYTES: usize = 48 * 1024;

/// Divides a region into what merges and what must be asked.
pub(crate) fn refine(base: &str, sides: &[&str], around: Around<'_>, diffs: &Diffs) -> Vec<Piece> {
    let bytes = base.len() + sides.iter().map(|s| s.len()).sum::<usize>();
    if bytes > MAX_REGION_BYTES {
        return vec![Piece::Open { base: base.into(), sides: sides.iter().map(|s| (*s).to_string()).collect() }];
    }
    // Who changed no word has no say where somebody did.
    let spaced: Vec<bool> = sides.iter().map(|s| space::only_spaced(base, s)).collect();
    let worded: Vec<&str> =
        sides.iter().zip(&spaced).map(|(side, spaced)| if *spaced { base } else { *side }).collect();
    let sides = if spaced.iter().all(|s| *s) { sides } else { worded.as_slice() };
    let open = || vec![Piece::Open { base: base.into(), sides: sides.iter().map(|s| (*s).to_string()).collect() }];
    let (was, is): (Vec<_>, Vec<_>) = (tokens::tokens(base), sides.iter().map(|s| tokens::tokens(s)).collect());
    let merge = |how| words::merge_words(&was, &is, around, how, diffs);
    let pieces = merge(Match::InLines);
    let mut asked = None;
    if let Some(merged) = clean(&pieces) {
        // As if nothing had merged, where what merged cannot be right.
        if !check::holds(base, sides, &merged) {
            return open();
        }
        if check::lines_stay_out(base, sides, &merged) {
            return pieces;
        }
        // Words were matched across lines, so that others seem to have taken out the line, too, or a part of it.
        asked = Some(open());
    }
    // Who wrote a line again elsewhere kept its words: where it is nothing else, that is taken.
    let others = merge(Match::Anywhere);
    let right = |merged: String| check::holds(base, sides, &merged) && check::keeps_out(base, sides, &merged);
    if clean(&others).is_some_and(right) { others } else { asked.unwrap_or(pieces) }
}

/// The text, where nothing in it asks.
fn clean(pieces: &[Piece]) -> Option<String> {
    pieces.iter().map(|p| if let Piece::Clean(text) = p { Some(text.as_str()) } else { None }).collect()
}

/// Merges two texts over a base.
pub fn merge_text(base: &str, ours: &str, theirs: &str) -> Vec<TextPart> {
    let stamp = |n: u8| Stamp { hlc: Hlc::default(), device: DeviceId([n; 16]) };
    let body =
        crate::merge_body(&Body::text(base, stamp(0)), &[&Body::text(ours, stamp(1)), &Body::text(theirs, stamp(2))]);
    body.into_segments()
        .into_iter()
        .map(|segment| match segment {
            Segment::Clean(text) => TextPart::Clean(text),
            Segment::Place(merge) => {
                let side =
                    |n: u8| merge.adds().find(|t| t.stamp == stamp(n)).map(|t| t.value.clone()).unwrap_or_default();
                TextPart::Conflict {
                    base: merge.removes().map(|t| t.value.as_str()).collect(),
                    ours: side(1),
                    theirs: side(2),
                }
            }
        })
        .collect()
}
