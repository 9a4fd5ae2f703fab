//! What a merge may not do without a word: a pure look at the lines before and after.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use holdfast_domain::{Body, Merge, Segment};

use crate::align::lines;
use crate::text::words;

/// The lines of a text or a passage: those in a side, those that are clean, and those of two passages.
#[derive(Default)]
pub(crate) struct Held<'a> {
    any: BTreeSet<&'a str>,
    clean: BTreeSet<&'a str>,
    twice: BTreeSet<&'a str>,
    /// All words of it. A long text is asked about again and again, and cut into words once.
    words: OnceCell<BTreeSet<String>>,
}

/// The lines that say something, without their breaks: the last one of a text may have none.
fn said(text: &str) -> impl Iterator<Item = &str> {
    lines(text).map(without_break).filter(|line| !line.trim().is_empty())
}

pub(crate) fn without_break(line: &str) -> &str {
    line.trim_end_matches(['\n', '\r'])
}

impl<'a> Held<'a> {
    fn words(&self) -> &BTreeSet<String> {
        self.words.get_or_init(|| self.any.iter().flat_map(|line| words(line)).map(str::to_owned).collect())
    }

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

/// A line of the base that a side took out, and the clean line that it stands in afterwards: itself, or a new one with a
/// word of it that that side has nowhere any more. The new one has all its words, or only such, or another side has it
/// in its place.
pub(crate) struct Returned<'a> {
    pub line: &'a str,
    pub within: &'a str,
}

/// The lines that a side took out, and that are clean text afterwards.
pub(crate) fn returned<'a>(base: &Held<'a>, sides: &[Held<'a>], merged: &Held<'a>) -> Vec<Returned<'a>> {
    let mut out = Vec::new();
    let mut new: Option<NewLines<'_>> = None;
    for line in base.any.iter().copied().filter(|line| !sides.iter().all(|s| s.any.contains(line))) {
        if merged.clean.contains(line) {
            out.push(Returned { line, within: line });
        } else if let Some(within) = new.get_or_insert_with(|| NewLines::of(base, merged)).of_line(line, sides) {
            out.push(Returned { line, within });
        }
    }
    out
}

/// A word that is in more new lines than this tells none of them, and would make each line of a long text be compared
/// with each.
const TELLING: usize = 16;

/// The clean lines that the base does not have, and where each word is among them.
struct NewLines<'a> {
    lines: Vec<(&'a str, BTreeSet<&'a str>)>,
    with: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> NewLines<'a> {
    fn of(base: &Held<'_>, merged: &Held<'a>) -> Self {
        let new = merged.clean.iter().copied().filter(|line| !base.any.contains(line));
        let lines: Vec<(&str, BTreeSet<&str>)> = new.map(|line| (line, words(line))).collect();
        let mut with: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (n, (_, words)) in lines.iter().enumerate() {
            for word in words {
                with.entry(word).or_default().push(n);
            }
        }
        with.retain(|_, at| at.len() <= TELLING);
        Self { lines, with }
    }

    /// The new line that this one went into.
    fn of_line(&self, line: &str, sides: &[Held<'_>]) -> Option<&'a str> {
        let here = words(line);
        let mut found: Option<usize> = None;
        for word in &here {
            let Some(at) = self.with.get(word) else { continue };
            let gone = |side: &&Held<'_>| !side.any.contains(line) && !side.words().contains(*word);
            let taken: Vec<&Held<'_>> = sides.iter().filter(gone).collect();
            for n in at {
                let (new, there) = &self.lines[*n];
                // A single word is too little to know a line by.
                let alike = |a: &BTreeSet<&str>, b: &BTreeSet<&str>| a.len() >= 2 && a.is_subset(b);
                let alike = alike(&here, there) || alike(there, &here);
                // Or some side made this of it.
                let made = || sides.iter().any(|side| side.any.contains(new) && !side.any.contains(line));
                if (alike || made())
                    && found.is_none_or(|first| *n < first)
                    && taken.iter().any(|side| !side.any.contains(new))
                {
                    found = Some(*n);
                }
            }
        }
        found.map(|n| self.lines[n].0)
    }
}

/// A line that a side added, or that no side took out, is in the result; a line that a side took out is not clean
/// text afterwards; and no line is in two passages that was in one of every text.
pub(crate) fn faults<'a>(base: &Held<'a>, sides: &[Held<'a>], merged: &Held<'a>) -> Faults {
    let lines: BTreeSet<&str> = sides.iter().flat_map(|s| &s.any).copied().collect();
    let all = |line: &str| sides.iter().all(|s| s.any.contains(line));
    let back = returned(base, sides, merged).len();
    let lost = |line: &&&str| !merged.any.contains(**line) && (!base.any.contains(**line) || all(line));
    let twice = |line: &&&str| !base.twice.contains(**line) && !sides.iter().any(|s| s.twice.contains(**line));
    (lines.iter().filter(lost).count(), back, merged.twice.iter().filter(twice).count())
}
