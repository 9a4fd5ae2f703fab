//! What a merge may not do without a word: a pure look at the lines before and after.

use std::collections::BTreeSet;

use holdfast_domain::{Body, Merge, Segment};

use crate::align::lines;

/// The lines of a text or a passage: those in a side, those that are clean, and those of two passages.
#[derive(Default)]
pub(crate) struct Held<'a> {
    any: BTreeSet<&'a str>,
    clean: BTreeSet<&'a str>,
    twice: BTreeSet<&'a str>,
}

fn said(text: &str) -> impl Iterator<Item = &str> {
    lines(text).filter(|line| !line.trim().is_empty())
}

impl<'a> Held<'a> {
    fn add(&mut self, here: BTreeSet<&'a str>) {
        self.twice.extend(here.intersection(&self.any));
        self.any.extend(here);
    }

    fn merge(&mut self, merge: &'a Merge<String>) {
        let mut here = BTreeSet::new();
        let mut shared: Option<BTreeSet<&str>> = None;
        for term in merge.adds() {
            let of: BTreeSet<&str> = said(&term.value).collect();
            shared = Some(shared.map_or_else(|| of.clone(), |shared| shared.intersection(&of).copied().collect()));
            here.extend(of);
        }
        self.clean.extend(shared.unwrap_or_default());
        self.add(here);
    }

    pub fn passage(merge: &'a Merge<String>) -> Self {
        let mut held = Self::default();
        held.merge(merge);
        held
    }

    /// Of the lines of a body those that are in `of`.
    pub fn body(body: &'a Body, of: &BTreeSet<&str>) -> Self {
        let mut held = Self::default();
        for segment in body.segments() {
            match segment {
                Segment::Clean(text) => {
                    let here: BTreeSet<&str> = said(text).filter(|line| of.contains(line)).collect();
                    held.clean.extend(here.iter().copied());
                    held.add(here);
                }
                Segment::Place(merge) => held.merge(merge),
            }
        }
        held
    }
}

/// How many lines went, came back, and stand in two passages now.
pub(crate) type Faults = (usize, usize, usize);

pub(crate) const NONE: Faults = (0, 0, 0);

/// A line that a side added, or that no side took out, is in the result; a line that a side took out is not clean
/// text afterwards; and no line is in two passages that was in one of every text.
pub(crate) fn faults(base: &Held<'_>, sides: &[Held<'_>], merged: &Held<'_>) -> Faults {
    let lines: BTreeSet<&str> = sides.iter().flat_map(|s| &s.any).copied().collect();
    let all = |line: &str| sides.iter().all(|s| s.any.contains(line));
    let lost = |line: &&&str| !merged.any.contains(**line) && (!base.any.contains(**line) || all(line));
    let back = |line: &&&str| base.any.contains(**line) && !all(line);
    let twice = |line: &&&str| !base.twice.contains(**line) && !sides.iter().any(|s| s.twice.contains(**line));
    (
        lines.iter().filter(lost).count(),
        merged.clean.iter().filter(back).count(),
        merged.twice.iter().filter(twice).count(),
    )
}
