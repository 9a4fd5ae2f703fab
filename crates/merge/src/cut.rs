//! Where texts are cut to be merged.
//!
//! A body is a row of tokens: its clean lines, and its open places, each one token. What every side has in common
//! is cut out. A place is cut off its neighbours wherever each side tells where its border is: spread over other
//! lines, its terms would take those into a question that is not about them.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::ops::Range;

use holdfast_domain::{Body, Merge, Segment};

use crate::align::{lines, matches_of_each};
use crate::faults::without_break;

#[derive(Clone, Copy)]
pub(crate) enum Token<'a> {
    Line(&'a str),
    Place(&'a Merge<String>),
}

/// How finely bodies are cut.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Grain {
    /// Places are cut off their neighbours.
    Places,
    /// Only what all have in common is cut out.
    Common,
    /// As that, and a place is one with another only if nothing in it changed.
    Whole,
}

/// What a token is known by.
#[derive(Clone, Copy)]
enum Key<'a> {
    Line(&'a str),
    /// By its removed terms, or by all.
    Place(&'a Merge<String>, bool),
}

impl<'a> Key<'a> {
    fn terms(merge: &'a Merge<String>, all: bool) -> impl Iterator<Item = &'a str> {
        merge.terms().iter().enumerate().filter(move |(i, _)| all || i % 2 == 1).map(|(_, t)| t.value.as_str())
    }
}

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Line(a), Self::Line(b)) => a == b,
            (Self::Place(a, all), Self::Place(b, _)) => Key::terms(a, *all).eq(Key::terms(b, *all)),
            _ => false,
        }
    }
}

impl Eq for Key<'_> {}

impl Hash for Key<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Line(line) => line.hash(state),
            Self::Place(merge, all) => Key::terms(merge, *all).for_each(|term| term.hash(state)),
        }
    }
}

impl<'a> Token<'a> {
    fn key(self, grain: Grain) -> Key<'a> {
        match self {
            Self::Line(line) => Key::Line(line),
            Self::Place(merge) => Key::Place(merge, grain == Grain::Whole),
        }
    }

    /// Its line, or those of its terms.
    fn lines(self) -> Vec<&'a str> {
        match self {
            Self::Line(line) => vec![line],
            Self::Place(merge) => merge.terms().iter().flat_map(|t| lines(&t.value)).collect(),
        }
    }

    /// Its line, or those that its sides have.
    pub fn added_lines(self) -> Vec<&'a str> {
        match self {
            Self::Line(line) => vec![line],
            Self::Place(merge) => merge.adds().flat_map(|t| lines(&t.value)).collect(),
        }
    }

    pub fn line(self) -> Option<&'a str> {
        match self {
            Self::Line(line) => Some(line),
            Self::Place(_) => None,
        }
    }

    fn place(self) -> Option<&'a Merge<String>> {
        match self {
            Self::Line(_) => None,
            Self::Place(merge) => Some(merge),
        }
    }
}

pub(crate) fn tokens(body: &Body) -> Vec<Token<'_>> {
    let mut out = Vec::new();
    for segment in body.segments() {
        match segment {
            Segment::Clean(text) => out.extend(lines(text).map(Token::Line)),
            Segment::Place(merge) => out.push(Token::Place(merge)),
        }
    }
    out
}

/// A passage of the base, and what became of it in each row.
#[derive(Clone)]
pub(crate) struct Piece {
    pub was: Range<usize>,
    pub is: Vec<Range<usize>>,
    /// Lines that every row has.
    pub kept: bool,
    /// What whole lines ask about here is asked, whatever its words would make of it.
    pub by_lines: bool,
}

impl Piece {
    /// The lines of the base and of the rows here, those in places too.
    pub fn lines<'t>(
        &self,
        pivot: &'t [Token<'t>],
        rows: &'t [Vec<Token<'t>>],
    ) -> impl Iterator<Item = &'t str> + use<'t> {
        let of_rows = rows.iter().zip(self.is.clone()).flat_map(|(row, range)| &row[range]);
        let tokens = pivot[self.was.clone()].iter().chain(of_rows);
        tokens.flat_map(|token| token.lines()).map(without_break)
    }
}

/// All from the first to the last piece that has one of these lines becomes one piece, for each pair on its own.
pub(crate) fn join(
    pieces: Vec<Piece>,
    pivot: &[Token<'_>],
    rows: &[Vec<Token<'_>>],
    about: &BTreeSet<[String; 2]>,
) -> Vec<Piece> {
    let mut at: BTreeMap<&str, Option<Range<usize>>> = about.iter().flatten().map(|l| (l.as_str(), None)).collect();
    for (n, piece) in pieces.iter().enumerate().filter(|(_, piece)| !piece.kept) {
        for line in piece.lines(pivot, rows) {
            if let Some(span) = at.get_mut(line) {
                *span = Some(span.as_ref().map_or(n, |known| known.start)..n + 1);
            }
        }
    }
    let span = |pair: &[String; 2]| {
        let spans = pair.iter().filter_map(|line| at.get(line.as_str()).cloned().flatten());
        spans.reduce(|a, b| a.start.min(b.start)..a.end.max(b.end))
    };
    let mut spans: Vec<Range<usize>> = about.iter().filter_map(span).collect();
    spans.sort_by_key(|span| span.start);
    let mut spans = spans.into_iter().peekable();
    let mut out: Vec<Piece> = Vec::with_capacity(pieces.len());
    let mut open_to = 0;
    for (n, piece) in pieces.into_iter().enumerate() {
        let begins = n >= open_to;
        while let Some(span) = spans.next_if(|span| span.start <= n) {
            open_to = open_to.max(span.end);
        }
        match out.last_mut() {
            Some(last) if !begins => {
                last.was.end = piece.was.end;
                last.is.iter_mut().zip(piece.is).for_each(|(all, more)| all.end = more.end);
            }
            _ if n < open_to => out.push(Piece { kept: false, ..piece }),
            _ => out.push(piece),
        }
    }
    out
}

/// All from the first to the last of some pieces becomes one piece, which is asked about by whole lines.
pub(crate) fn one(pieces: &[Piece], of: impl Fn(&Piece) -> bool) -> Vec<Piece> {
    let (first, last) = (pieces.iter().position(&of), pieces.iter().rposition(&of));
    let (Some(first), Some(last)) = (first, last) else { return pieces.to_vec() };
    let span = |from: &Range<usize>, to: &Range<usize>| from.start..to.end;
    let (from, to) = (&pieces[first], &pieces[last]);
    let is = from.is.iter().zip(&to.is).map(|(from, to)| span(from, to)).collect();
    let whole = Piece { was: span(&from.was, &to.was), is, kept: false, by_lines: true };
    pieces[..first].iter().cloned().chain([whole]).chain(pieces[last + 1..].iter().cloned()).collect()
}

/// Cuts the base and the rows into pieces, in order. Together they are all of each.
pub(crate) fn cut(pivot: &[Token<'_>], rows: &[Vec<Token<'_>>], grain: Grain) -> Vec<Piece> {
    let keys: Vec<Key<'_>> = pivot.iter().map(|t| t.key(grain)).collect();
    let blank = |key: Key<'_>| matches!(key, Key::Line(line) if line.trim().is_empty());
    let maps = matches_of_each(&keys, rows.iter().map(|row| row.iter().map(|t| t.key(grain))), blank);
    let places = pivot.iter().chain(rows.iter().flatten()).any(|t| t.place().is_some());
    let mut cutter = Cutter { pieces: Vec::new(), was: 0, is: vec![0; rows.len()] };
    for (i, token) in pivot.iter().enumerate() {
        if !places && cutter.goes_on(&maps, i) {
            continue;
        }
        if places
            && grain == Grain::Places
            && let Some((low, high)) = border(pivot, rows, &maps, i)
        {
            cutter.cut(i, low, false);
            cutter.cut(i, high, false);
        }
        if let Some(at) = maps.iter().map(|m| m[i]).collect::<Option<Vec<usize>>>() {
            let next = at.iter().map(|a| a + 1).collect();
            cutter.cut(i, at, false);
            cutter.cut(i + 1, next, token.place().is_none());
        }
    }
    cutter.cut(pivot.len(), rows.iter().map(Vec::len).collect(), false);
    cutter.pieces
}

struct Cutter {
    pieces: Vec<Piece>,
    was: usize,
    is: Vec<usize>,
}

impl Cutter {
    /// One line more for a piece of lines that every row has, if it is the next everywhere: most of a text is that.
    fn goes_on(&mut self, maps: &[Vec<Option<usize>>], i: usize) -> bool {
        let Some(last) = self.pieces.last_mut().filter(|last| last.kept) else { return false };
        let next = self.was == i && maps.iter().zip(&self.is).all(|(map, at)| map[i] == Some(*at));
        if next {
            last.was.end += 1;
            last.is.iter_mut().for_each(|range| range.end += 1);
            self.was += 1;
            self.is.iter_mut().for_each(|at| *at += 1);
        }
        next
    }

    /// Ends a piece.
    fn cut(&mut self, was: usize, is: Vec<usize>, kept: bool) {
        let ranges: Vec<Range<usize>> = self.is.iter().zip(&is).map(|(from, to)| *from..*to).collect();
        if self.was < was || ranges.iter().any(|r| !r.is_empty()) {
            self.pieces.push(Piece { was: self.was..was, is: ranges, kept, by_lines: false });
        }
        (self.was, self.is) = (was, is);
    }
}

/// The border before token `i` of the base in each row, if it is the border of a place and every row has the
/// token on one side of it. What a row has put between the two is between the positions.
fn border(
    pivot: &[Token<'_>],
    rows: &[Vec<Token<'_>>],
    maps: &[Vec<Option<usize>>],
    i: usize,
) -> Option<(Vec<usize>, Vec<usize>)> {
    let before = i.checked_sub(1)?;
    let (mut low, mut high) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    for map in maps {
        let (after, at) = (map[before].map(|a| a + 1), map[i]);
        low.push(after.or(at)?);
        high.push(at.or(after)?);
    }
    let is_place = |row: &[Token<'_>], at: usize| row.get(at).is_some_and(|t| t.place().is_some());
    let mut of_rows = rows.iter().zip(low.iter().zip(&high));
    let beside = is_place(pivot, before)
        || is_place(pivot, i)
        || of_rows.any(|(row, (low, high))| (*low > 0 && is_place(row, low - 1)) || is_place(row, *high));
    beside.then_some((low, high))
}
