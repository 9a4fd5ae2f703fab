//! A person's edit of what is shown. It carries open places on: only a decision closes one.

use std::ops::Range;

use holdfast_domain::{Body, Merge, Segment, Stamp, Term};

use crate::align::{hunks, lines};
use crate::diff::words;
use crate::value::{settle, weave};

/// Above this many bytes in a changed passage, it is not divided into words or characters.
const MAX_FINE_BYTES: usize = 64 * 1024;

/// `stamp`, or if a clock runs behind what was edited, the least one after `seen`: the text a person typed is
/// the side that is shown.
fn after(stamp: Stamp, seen: impl Iterator<Item = Stamp>) -> Stamp {
    let mut stamp = stamp;
    if let Some(newest) = seen.max()
        && newest >= stamp
    {
        stamp.hlc = newest.hlc;
        match stamp.hlc.counter.checked_add(1) {
            Some(counter) => stamp.hlc.counter = counter,
            None => (stamp.hlc.ms, stamp.hlc.counter) = (stamp.hlc.ms.saturating_add(1), 0),
        }
    }
    stamp
}

/// Gives the shown side another value; every other side stays. Resolved where all sides are equal then.
fn edit_side<T: Ord + Clone>(merge: &Merge<T>, value: T, stamp: Stamp) -> Merge<T> {
    let shown = merge.shown();
    let stamp = after(stamp, merge.adds().map(|t| t.stamp));
    let adds = merge.adds().map(|t| if t.value == *shown { Term::new(value.clone(), stamp) } else { t.clone() });
    settle(weave(adds.collect(), merge.removes().map(|t| t.value.clone()).collect()))
}

/// A new value for a field: replaces a resolved one, and edits the shown side of an open one. The shown value
/// itself is no edit.
pub fn edit_merge<T: Ord + Clone>(merge: &Merge<T>, value: T, stamp: Stamp) -> Merge<T> {
    if *merge.shown() == value { merge.clone() } else { edit_side(merge, value, stamp) }
}

/// A change: bytes of the old text, and what stands there now.
struct Change<'a> {
    old: Range<usize>,
    new: &'a str,
}

/// A passage of the shown text.
struct Part {
    range: Range<usize>,
    place: bool,
    text: String,
}

fn common_prefix(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum()
}

fn common_suffix(a: &str, b: &str) -> usize {
    a.chars().rev().zip(b.chars().rev()).take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum()
}

#[derive(Clone, Copy)]
enum Grain {
    Lines,
    Words,
    Characters,
}

impl Grain {
    fn split(self, text: &str) -> Vec<&str> {
        match self {
            Self::Lines => lines(text).collect(),
            // A line break is no match by itself: it goes with the word before it.
            Self::Words => lines(text)
                .flat_map(|line| {
                    let mut words = words(line.strip_suffix('\n').unwrap_or(line));
                    words.pop();
                    let end = words.iter().map(|w| w.len()).sum::<usize>();
                    words.push(&line[end..]);
                    words
                })
                .collect(),
            Self::Characters => text.char_indices().map(|(i, c)| &text[i..i + c.len_utf8()]).collect(),
        }
    }
}

/// Collects changes that are fine enough for as few as possible to cross a border between parts.
struct Changes<'a> {
    borders: Vec<usize>,
    found: Vec<Change<'a>>,
}

impl<'a> Changes<'a> {
    /// From `old`, which starts at `at` in the shown text, to `new`.
    fn add(&mut self, old: &str, new: &'a str, at: usize, grain: Grain) {
        let (old_tokens, new_tokens) = (grain.split(old), grain.split(new));
        let (old_at, new_at) = (offsets(&old_tokens), offsets(&new_tokens));
        for (before, after) in hunks(old_tokens.iter(), new_tokens.iter()) {
            let range = old_at[before.start]..old_at[before.end];
            let is = &new[new_at[after.start]..new_at[after.end]];
            self.refine(&old[range.clone()], is, at + range.start, grain);
        }
    }

    fn refine(&mut self, was: &str, is: &'a str, at: usize, grain: Grain) {
        let end = at + was.len();
        let crosses = |at: usize, end: usize| {
            self.borders.get(self.borders.partition_point(|b| *b <= at)).is_some_and(|b| *b < end)
        };
        if is.is_empty() || !crosses(at, end) {
            return self.found.push(Change { old: at..end, new: is });
        }
        if was.len() + is.len() > MAX_FINE_BYTES {
            let prefix = common_prefix(was, is);
            let suffix = common_suffix(&was[prefix..], &is[prefix..]);
            let old = at + prefix..end - suffix;
            return self.found.push(Change { old, new: &is[prefix..is.len() - suffix] });
        }
        let count = lines(was).count();
        match grain {
            // As many lines as before: each became the one at its place.
            Grain::Lines if count > 1 && count == lines(is).count() => {
                let mut at = at;
                for (was, is) in lines(was).zip(lines(is)) {
                    if was != is {
                        self.refine(was, is, at, Grain::Lines);
                    }
                    at += was.len();
                }
            }
            Grain::Lines => self.add(was, is, at, Grain::Words),
            Grain::Words if count == 1 && lines(is).count() == 1 => self.add(was, is, at, Grain::Characters),
            _ => self.found.push(Change { old: at..end, new: is }),
        }
    }
}

fn offsets(tokens: &[&str]) -> Vec<usize> {
    let mut out = vec![0];
    let mut end = 0;
    for token in tokens {
        end += token.len();
        out.push(end);
    }
    out
}

/// The part that new text goes to: inside one part, that; across or between parts, clean text, so that it is
/// kept whichever side is chosen; an empty clean part was put at every border for that.
fn target(change: &Change<'_>, parts: &[Part]) -> Option<usize> {
    let (start, end) = (change.old.start, change.old.end);
    let touched = |p: &Part| {
        if start == end {
            p.range.start <= start && start <= p.range.end
        } else {
            p.range.start < end && start < p.range.end
        }
    };
    let inside = |p: &Part| if start == end { p.range.start < start && start < p.range.end } else { touched(p) };
    let overlapped: Vec<usize> = (0..parts.len()).filter(|&i| inside(&parts[i])).collect();
    if let [only] = overlapped.as_slice() {
        return Some(*only);
    }
    // The part with the most in it first: text typed after a line belongs to that line, not to an empty part.
    (0..parts.len())
        .find(|&i| touched(&parts[i]) && !parts[i].place && !parts[i].range.is_empty())
        .or_else(|| {
            (0..parts.len()).find(|&i| !parts[i].place && parts[i].range.start >= start && parts[i].range.end <= end)
        })
        .or_else(|| overlapped.first().copied())
}

/// The body after a person made `new_text` of what is shown of it. Changes in clean text change clean text;
/// changes in the shown side of an open place change that side alone; text put exactly at a border is clean.
/// What is shown afterwards is `new_text`. The shown text itself is no edit.
pub fn edit_body(body: &Body, new_text: &str, stamp: Stamp) -> Body {
    let shown = body.shown();
    if shown == new_text {
        return body.clone();
    }
    let mut parts: Vec<Part> = Vec::new();
    let mut at = 0;
    let gap = |at: usize| Part { range: at..at, place: false, text: String::new() };
    for segment in body.segments() {
        let (text, place) = match segment {
            Segment::Clean(text) => (text, false),
            Segment::Place(merge) => (merge.shown(), true),
        };
        parts.push(gap(at));
        parts.push(Part { range: at..at + text.len(), place, text: String::new() });
        at += text.len();
    }
    parts.push(gap(at));

    let borders = parts.iter().map(|p| p.range.end).collect();
    let mut changes = Changes { borders, found: Vec::new() };
    changes.add(&shown, new_text, 0, Grain::Lines);

    // What stays goes to the part it was in; what is new to its target, at the place where it is.
    let mut at = 0;
    let keep = |parts: &mut Vec<Part>, from: usize, to: usize| {
        for part in parts.iter_mut() {
            let (start, end) = (part.range.start.max(from), part.range.end.min(to));
            if start < end {
                part.text.push_str(&shown[start..end]);
            }
        }
    };
    for change in &changes.found {
        keep(&mut parts, at, change.old.start);
        if let Some(i) = target(change, &parts) {
            parts[i].text.push_str(change.new);
        }
        at = change.old.end;
    }
    keep(&mut parts, at, shown.len());

    let places = body.segments().iter().map(Some).flat_map(|s| [None, s]).chain([None]);
    let segments = parts.into_iter().zip(places).map(|(part, segment)| match segment {
        Some(Segment::Place(merge)) => Segment::Place(edit_merge(merge, part.text, stamp)),
        _ => Segment::Clean(part.text),
    });
    Body::from_segments(segments.collect(), after(stamp, std::iter::once(body.stamp)))
}
