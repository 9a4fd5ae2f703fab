//! What a merge may not do without a word: a pure look at the lines before and after.
//!
//! Lines and words are numbered, since a text is looked at again and again. Maps by hash are only looked up: their order
//! reaches nothing.

use std::borrow::Cow;
use std::cell::OnceCell;

use holdfast_domain::{Body, Merge, Segment};

use crate::align::lines;
use crate::hash::Lookup;
use crate::text::words;

/// The lines that say something, without their breaks: the last one of a text may have none.
fn said(text: &str) -> impl Iterator<Item = &str> {
    lines(text).map(without_break).filter(|line| !line.trim().is_empty())
}

pub(crate) fn without_break(line: &str) -> &str {
    line.trim_end_matches(['\n', '\r'])
}

/// The lines of all that a merge is made of.
#[derive(Default)]
struct Lines<'a> {
    numbers: Lookup<&'a str, usize>,
    texts: Vec<&'a str>,
    /// Of clean text, the lines with a number below this are watched, and those that are not known at all.
    watched: usize,
    /// Those from here on are clean in the base, and nobody touched them.
    untouched: usize,
    /// The clean lines of the base from top to bottom.
    order: Vec<usize>,
    /// By number: where it is first in that order.
    first: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn add(&mut self, line: &'a str) {
        let next = self.texts.len();
        if *self.numbers.entry(line).or_insert(next) == next {
            self.texts.push(line);
        }
    }

    fn add_in_order(&mut self, line: &'a str) {
        let next = self.texts.len();
        let number = *self.numbers.entry(line).or_insert(next);
        if number == next {
            self.texts.push(line);
        }
        if self.first.len() <= number {
            self.first.resize(number + 1, usize::MAX);
        }
        self.first[number] = self.first[number].min(self.order.len());
        self.order.push(number);
    }

    fn add_terms(&mut self, merge: &'a Merge<String>) {
        merge.adds().flat_map(|t| said(&t.value)).for_each(|line| self.add(line));
    }

    /// The number of a line that comes after others. Most of most texts is as in the base: there, no hash is made.
    fn find(&self, line: &str, after: &mut usize) -> Option<usize> {
        for at in *after..*after + NEAR {
            let Some(number) = self.order.get(at) else { break };
            if self.texts[*number] == line {
                *after = at + 1;
                return Some(*number);
            }
        }
        let number = *self.numbers.get(line)?;
        if let Some(at) = self.first.get(number).filter(|at| **at < self.order.len()) {
            *after = at + 1;
        }
        Some(number)
    }
}

/// How many lines of the base are compared with one before it is looked up.
const NEAR: usize = 3;

/// A line is in a side, is clean, is in two passages.
const ANY: u8 = 1;
const CLEAN: u8 = 2;
const TWICE: u8 = 4;
/// Was met in the passage that is just looked at.
const HERE: u8 = 8;

/// What is true of each line in a text or a passage.
#[derive(Default)]
pub(crate) struct Held<'m> {
    marks: Vec<u8>,
    /// Lines that nothing had that it was made of, numbered after all others.
    strange: Lookup<&'m str, usize>,
    strange_texts: Vec<&'m str>,
}

impl<'m> Held<'m> {
    fn nothing(known: &Lines<'_>) -> Self {
        Self { marks: vec![0; known.texts.len()], ..Self::default() }
    }

    fn has(&self, line: usize, mark: u8) -> bool {
        self.marks.get(line).is_some_and(|marks| marks & mark != 0)
    }

    fn number(&mut self, known: &Lines<'_>, line: &'m str, after: &mut usize) -> usize {
        if let Some(number) = known.find(line, after) {
            return number;
        }
        let next = self.marks.len();
        let number = *self.strange.entry(line).or_insert(next);
        if number == next {
            self.marks.push(0);
            self.strange_texts.push(line);
        }
        number
    }

    fn text<'t>(&self, known: &Lines<'t>, line: usize) -> &'t str
    where
        'm: 't,
    {
        known.texts.get(line).copied().unwrap_or_else(|| self.strange_texts[line - known.texts.len()])
    }

    /// One passage: each of its lines, once.
    fn add(&mut self, here: &[usize]) {
        for line in here {
            let marks = &mut self.marks[*line];
            *marks |= if *marks & ANY == 0 { ANY } else { TWICE };
        }
    }

    fn clean(&mut self, known: &Lines<'_>, text: &'m str, after: &mut usize) {
        let mut here = Vec::new();
        for line in said(text) {
            let number = self.number(known, line, after);
            if (number < known.watched || number >= known.texts.len()) && self.marks[number] & HERE == 0 {
                self.marks[number] |= HERE | CLEAN;
                here.push(number);
            }
        }
        self.add(&here);
        for line in here {
            self.marks[line] &= !HERE;
        }
    }

    fn merge(&mut self, known: &Lines<'_>, merge: &'m Merge<String>, after: &mut usize) {
        let mut all = Vec::new();
        let before = *after;
        for term in merge.adds() {
            *after = before;
            let mut of: Vec<usize> = said(&term.value).map(|line| self.number(known, line, after)).collect();
            of.sort_unstable();
            of.dedup();
            all.extend(of);
        }
        all.sort_unstable();
        let terms = merge.adds().count();
        for same in all.chunk_by(|a, b| a == b).filter(|same| same.len() == terms) {
            self.marks[same[0]] |= CLEAN;
        }
        all.dedup();
        self.add(&all);
    }

    fn body(known: &Lines<'_>, body: &'m Body) -> Self {
        let (mut held, mut after) = (Self::nothing(known), 0);
        for segment in body.segments() {
            match segment {
                Segment::Clean(text) => held.clean(known, text, &mut after),
                Segment::Place(merge) => held.merge(known, merge, &mut after),
            }
        }
        held
    }

    fn passage(known: &Lines<'_>, merge: &'m Merge<String>) -> Self {
        let mut held = Self::nothing(known);
        held.merge(known, merge, &mut 0);
        held
    }

    fn lines(&self) -> impl Iterator<Item = usize> {
        0..self.marks.len()
    }
}

/// How many lines went, came back, and stand in two passages now.
pub(crate) type Faults = (usize, usize, usize);

pub(crate) const NONE: Faults = (0, 0, 0);

/// A line of the base that a side took out, or asks about, and the clean line that it stands in afterwards: itself, or a
/// new one with a word of it that that side has nowhere any more, or not in its clean text. The new one has all its words,
/// or only such, or another side has it in its place.
pub(crate) struct Returned<'a> {
    pub line: &'a str,
    pub within: &'a str,
}

/// A base and what sides made of it, to look at merges of them.
pub(crate) struct Before<'a> {
    known: Lines<'a>,
    base: Held<'a>,
    sides: Vec<Held<'a>>,
    words: OnceCell<Words<'a>>,
}

/// The words of lines.
struct Words<'a> {
    /// Those of lines that somebody touched, or that are in a place.
    numbers: Lookup<&'a str, usize>,
    /// Of each line, each once and in order; of lines that nobody touched once they are asked for.
    of_line: Vec<OnceCell<Vec<usize>>>,
    /// By side: whether it has a word; and whether in clean text, so that it does not ask about it.
    of_side: Vec<Vec<bool>>,
    clean_of_side: Vec<Vec<bool>>,
    /// Whether a word is in a line that a side took out, and a side has it nowhere.
    gone: Vec<bool>,
}

impl Words<'_> {
    fn of(&self, line: &str) -> Vec<usize> {
        in_order(words(line).map(|word| self.numbers.get(word).copied().unwrap_or(STRANGE)).collect())
    }

    /// Of a line with a number.
    fn of_known(&self, known: &Lines<'_>, line: usize) -> &[usize] {
        self.of_line[line].get_or_init(|| self.of(known.texts[line]))
    }
}

/// The number of a word that nothing had.
const STRANGE: usize = usize::MAX;

fn in_order(mut words: Vec<usize>) -> Vec<usize> {
    words.sort_unstable();
    words.dedup();
    words
}

/// Whether all of some are among others. Both are in order.
fn is_subset(some: &[usize], all: &[usize]) -> bool {
    let mut rest = all.iter();
    some.iter().all(|word| rest.any(|w| w == word))
}

impl<'a> Before<'a> {
    /// Of a passage.
    pub fn passages(base: &'a Merge<String>, sides: &[&'a Merge<String>]) -> Self {
        let mut known = Lines::default();
        known.add_terms(base);
        for side in sides {
            known.add_terms(side);
        }
        known.untouched = known.texts.len();
        let sides = sides.iter().map(|side| Held::passage(&known, side)).collect();
        Self { base: Held::passage(&known, base), sides, known, words: OnceCell::new() }
    }

    /// Of texts, whose clean lines are watched where they are among `touched`.
    pub fn bodies(base: &'a Body, sides: &[&'a Body], touched: impl Iterator<Item = &'a str>) -> Self {
        let mut known = Lines::default();
        touched.filter(|line| !line.trim().is_empty()).for_each(|line| known.add(line));
        known.watched = known.texts.len();
        for body in sides.iter().copied().chain([base]) {
            body.places().for_each(|merge| known.add_terms(merge));
        }
        known.untouched = known.texts.len();
        let kept = base.segments().iter().filter_map(|s| if let Segment::Clean(text) = s { Some(text) } else { None });
        let kept: Vec<&str> = kept.flat_map(|text| said(text)).collect();
        known.numbers.reserve(kept.len());
        known.texts.reserve(kept.len());
        for line in kept {
            known.add_in_order(line);
        }
        let sides = sides.iter().map(|side| Held::body(&known, side)).collect();
        Self { base: Held::body(&known, base), sides, known, words: OnceCell::new() }
    }

    pub fn held<'m>(&self, merged: &'m Body) -> Held<'m> {
        Held::body(&self.known, merged)
    }

    pub fn held_passage<'m>(&self, merged: &'m Merge<String>) -> Held<'m> {
        Held::passage(&self.known, merged)
    }

    fn in_all(&self, line: usize) -> bool {
        self.sides.iter().all(|side| side.has(line, ANY))
    }

    /// Whether a side took a line out, or asks about that.
    fn taken(&self, line: usize) -> bool {
        !self.in_all(line) || (self.base.has(line, CLEAN) && !self.sides.iter().all(|side| side.has(line, CLEAN)))
    }

    /// Lines that a side added, or that no side took out, and that are not in the result.
    pub fn lost(&self, merged: &Held<'_>) -> usize {
        let needed = |line: &usize| {
            let any = self.sides.iter().any(|side| side.has(*line, ANY));
            any && (!self.base.has(*line, ANY) || self.in_all(*line))
        };
        self.base.lines().filter(needed).filter(|line| !merged.has(*line, ANY)).count()
    }

    /// A line that a side added, or that no side took out, is in the result; a line that a side took out is not clean
    /// text afterwards; and no line is in two passages that was in one of every text.
    pub fn faults(&self, merged: &Held<'_>) -> Faults {
        let twice =
            |line: &usize| !self.base.has(*line, TWICE) && !self.sides.iter().any(|side| side.has(*line, TWICE));
        let twice = merged.lines().filter(|line| merged.has(*line, TWICE)).filter(twice).count();
        (self.lost(merged), self.returned(merged).len(), twice)
    }

    /// The lines that a side took out, and that are clean text afterwards.
    pub fn returned<'t, 'm: 't>(&self, merged: &Held<'m>) -> Vec<Returned<'t>>
    where
        'a: 't,
    {
        let mut new: Option<NewLines<'_, '_, '_>> = None;
        let mut out = Vec::new();
        for line in self.base.lines().filter(|line| self.is_out(*line)) {
            let within = if merged.has(line, CLEAN) {
                Some(line)
            } else {
                new.get_or_insert_with(|| NewLines::of(self, merged)).of_line(line)
            };
            let text = |line: usize| merged.text(&self.known, line);
            out.extend(within.map(|within| Returned { line: text(line), within: text(within) }));
        }
        out
    }

    fn words(&self) -> &Words<'a> {
        self.words.get_or_init(|| {
            let mut numbers: Lookup<&str, usize> = Lookup::default();
            let mut number = |word| {
                let next = numbers.len();
                *numbers.entry(word).or_insert(next)
            };
            let touched = &self.known.texts[..self.known.untouched];
            let touched: Vec<Vec<usize>> =
                touched.iter().map(|line| in_order(words(line).map(&mut number).collect())).collect();
            let of_side = |side: &Held<'_>, mark| {
                let mut has = vec![false; numbers.len()];
                let lines = touched.iter().enumerate().filter(|(line, _)| side.has(*line, mark));
                lines.flat_map(|(_, words)| words).for_each(|word| has[*word] = true);
                has
            };
            let all_sides = |mark| self.sides.iter().map(|side| of_side(side, mark)).collect();
            let (of_side, clean_of_side): (Vec<Vec<bool>>, Vec<Vec<bool>>) = (all_sides(ANY), all_sides(CLEAN));
            let mut gone = vec![false; numbers.len()];
            for line in self.base.lines().filter(|line| self.is_out(*line)) {
                for word in &touched[line] {
                    gone[*word] |= (0..self.sides.len()).any(|side| {
                        let has = if self.asks(side, line) { &clean_of_side } else { &of_side };
                        !has[side][*word]
                    });
                }
            }
            let mut of_line: Vec<OnceCell<Vec<usize>>> = touched.into_iter().map(OnceCell::from).collect();
            of_line.resize_with(self.known.texts.len(), OnceCell::new);
            Words { numbers, of_line, of_side, clean_of_side, gone }
        })
    }

    /// Whether a side asks about a line that was clean.
    fn asks(&self, side: usize, line: usize) -> bool {
        let side = &self.sides[side];
        self.base.has(line, CLEAN) && side.has(line, ANY) && !side.has(line, CLEAN)
    }

    /// Whether a line of the base is out, or asked about.
    fn is_out(&self, line: usize) -> bool {
        self.base.has(line, ANY) && self.taken(line)
    }
}

/// A word that is in more new lines than this tells none of them, and would make each line of a long text be compared
/// with each.
const TELLING: usize = 16;

/// The clean lines that the base does not have and that have a word which is gone from a side, by those words.
struct NewLines<'b, 'a, 'm> {
    before: &'b Before<'a>,
    merged: &'b Held<'m>,
    lines: Vec<(usize, Cow<'b, [usize]>)>,
    with: Lookup<usize, Vec<usize>>,
}

impl<'b, 'a, 'm> NewLines<'b, 'a, 'm> {
    fn of(before: &'b Before<'a>, merged: &'b Held<'m>) -> Self {
        let mut new = merged.lines().filter(|line| merged.has(*line, CLEAN) && !before.base.has(*line, ANY)).peekable();
        let mut lines: Vec<(usize, Cow<'b, [usize]>)> = Vec::new();
        let mut with: Lookup<usize, Vec<usize>> = Lookup::default();
        if new.peek().is_none() {
            return Self { before, merged, lines, with };
        }
        let words = before.words();
        for line in new {
            let of: Cow<'b, [usize]> = if line < before.known.texts.len() {
                words.of_known(&before.known, line).into()
            } else {
                words.of(merged.text(&before.known, line)).into()
            };
            let mut any = false;
            for word in of.iter().filter(|word| words.gone.get(**word).is_some_and(|gone| *gone)) {
                with.entry(*word).or_default().push(lines.len());
                any = true;
            }
            if any {
                lines.push((line, of));
            }
        }
        with.retain(|_, at| at.len() <= TELLING);
        Self { before, merged, lines, with }
    }

    /// Of the new lines that this one of the base went into, the first by their texts.
    fn of_line(&self, line: usize) -> Option<usize> {
        if self.with.is_empty() {
            return None;
        }
        let Before { sides, known, .. } = self.before;
        let words = self.before.words();
        let here = words.of_known(known, line);
        let mut found: Option<(&str, usize)> = None;
        for word in here {
            let Some(at) = self.with.get(word) else { continue };
            let gone = |side: &usize| {
                let asks = self.before.asks(*side, line);
                !sides[*side].has(line, ANY) && !words.of_side[*side][*word]
                    || asks && !words.clean_of_side[*side][*word]
            };
            let taken: Vec<&Held<'_>> = (0..sides.len()).filter(gone).map(|side| &sides[side]).collect();
            if taken.is_empty() {
                continue;
            }
            for (new, there) in at.iter().map(|n| &self.lines[*n]) {
                let text = self.merged.text(known, *new);
                if found.is_some_and(|(first, _)| first <= text) {
                    continue;
                }
                // A single word is too little to know a line by.
                let alike = |a: &[usize], b: &[usize]| a.len() >= 2 && is_subset(a, b);
                // Or some side made this of it.
                let made = || sides.iter().any(|side| side.has(*new, ANY) && !side.has(line, ANY));
                if taken.iter().any(|side| !side.has(*new, ANY)) && (alike(here, there) || alike(there, here) || made())
                {
                    found = Some((text, *new));
                }
            }
        }
        found.map(|(_, new)| new)
    }
}
