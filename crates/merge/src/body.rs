//! The n-ary merge of a note's text.
//!
//! Bodies are cut into pieces (`cut.rs`), and terms are merged piece by piece. Terms never belong to the whole
//! body: they would multiply.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::rc::Rc;

use holdfast_domain::{Body, Merge, Segment, Stamp, Term};

use crate::align::lines;
use crate::cut::{Grain, Piece, Token, cut, join, one, tokens};
use crate::doubled::Doubled;
use crate::faults::{Before, Faults, NONE, without_break};
use crate::text::{self, Around, Diffs, front_lines, merge_front, refine};
use crate::value::{MAX_SIDES, every_side, from_woven, merge_terms, same_values, weave};

/// A passage as one value. Places among other text are spread over the whole passage, term by term; those with
/// fewer terms are filled up with a pair that cancels.
fn passage(tokens: &[Token<'_>], stamp: Stamp) -> Merge<String> {
    if let [Token::Place(merge)] = tokens {
        return (*merge).clone();
    }
    let places = tokens.iter().map(|t| if let Token::Place(m) = t { m.terms().len() } else { 1 });
    let mut terms = vec![(String::new(), None); places.max().unwrap_or(1)];
    for token in tokens {
        for (i, (text, newest)) in terms.iter_mut().enumerate() {
            match token {
                Token::Line(line) => text.push_str(line),
                Token::Place(merge) => {
                    let term = &merge.terms()[i.min(merge.terms().len() - 1)];
                    text.push_str(&term.value);
                    *newest = (*newest).max(Some(term.stamp));
                }
            }
        }
    }
    let terms = terms.into_iter().enumerate().map(|(i, (text, newest))| {
        let stamp = if i % 2 == 1 { Stamp::ZERO } else { newest.unwrap_or(stamp) };
        Term::new(text, stamp)
    });
    from_woven(terms.collect())
}

/// Bytes of the lines that all of some texts share, where `line` takes the next one of a text without so many bytes.
fn shared(texts: &[&str], line: fn(&str, usize) -> Option<&str>) -> usize {
    let mut bytes = 0;
    while let Some(first) = texts.first().and_then(|text| line(text, bytes))
        && texts[1..].iter().all(|text| line(text, bytes) == Some(first))
    {
        bytes += first.len();
    }
    bytes
}

/// The lines that all terms share at both ends become clean text.
fn push_trimmed(out: &mut Vec<Segment>, merged: Merge<String>) {
    if merged.is_resolved() {
        return out.push(Segment::Place(merged));
    }
    let texts: Vec<&str> = merged.terms().iter().map(|t| t.value.as_str()).collect();
    let start = shared(&texts, |text, bytes| lines(&text[bytes..]).next());
    let texts: Vec<&str> = texts.iter().map(|text| &text[start..]).collect();
    let end = shared(&texts, |text, bytes| lines(&text[..text.len() - bytes]).next_back());
    let terms = merged.terms().iter().zip(&texts);
    let terms = terms.map(|(term, text)| Term::new(text[..text.len() - end].to_string(), term.stamp)).collect();
    out.push(Segment::Clean(merged.terms()[0].value[..start].to_string()));
    out.push(Segment::Place(from_woven(terms)));
    out.push(Segment::Clean(texts[0][texts[0].len() - end..].to_string()));
}

/// Merges what the sides made of a passage. The terms see to it that no line goes silently, but for passages
/// that were cut in other ways before; there, all is asked.
fn merge_passage(base: &Merge<String>, sides: &[&Merge<String>]) -> Merge<String> {
    let merged = merge_terms(base, sides, cap);
    let mut changed: Vec<&Merge<String>> = sides.iter().copied().filter(|s| *s != base).collect();
    changed.dedup();
    if changed.len() < 2 {
        return merged;
    }
    let before = Before::passages(base, sides);
    if before.faults(&before.held_passage(&merged)) == NONE {
        return merged;
    }
    from_woven(cap(every_side(base, &changed).into_terms()))
}

/// Where a base and its sides come from.
#[derive(Clone, Copy, Debug)]
pub struct Past<'a> {
    /// Something was merged before, in the base or on the way to a side. A merge puts what several wrote in some order,
    /// so lines may stand elsewhere though nobody moved them. Otherwise what stands elsewhere in a side, a person moved.
    pub merged: bool,
    /// The places of the text that somebody opened who took something back on the way to a side.
    pub opened: Opened<'a>,
}

/// Places that an undo opened. One of these in a side may have the values that the base has, and newer stamps: it is
/// asked again. Any other was carried on while its author wrote elsewhere in the text.
#[derive(Clone, Copy, Debug)]
pub enum Opened<'a> {
    These(&'a [Merge<String>]),
    /// What is merged is the undo itself.
    Any,
}

impl Opened<'_> {
    fn is_in(self, tokens: &[Token<'_>]) -> bool {
        match self {
            Self::Any => true,
            Self::These(places) => {
                let is_one = |merge: &Merge<String>| places.iter().any(|place| same_values(place, merge));
                tokens.iter().any(|token| matches!(token, Token::Place(merge) if is_one(merge)))
            }
        }
    }
}

impl Past<'_> {
    /// The sides are what people made of the base itself.
    pub const PLAIN: Self = Self { merged: false, opened: Opened::These(&[]) };
}

/// Merges texts over a base, of a plain past. Symmetric in the sides, total on any text.
pub fn merge_body(base: &Body, sides: &[&Body]) -> Body {
    merge_body_after(Past::PLAIN, base, sides)
}

/// As [`merge_body`], whatever was before.
pub fn merge_body_after(past: Past<'_>, base: &Body, sides: &[&Body]) -> Body {
    let changed: Vec<&Body> = sides.iter().copied().filter(|s| *s != base).collect();
    let Some(first) = changed.first() else { return base.clone() };
    if crate::planted("text-newest-wins") {
        return (*changed.iter().max_by_key(|body| body.stamp).unwrap_or(first)).clone();
    }
    if changed.iter().all(|s| s == first) {
        return (*first).clone();
    }
    let (texts, pieces) = Texts::of(base, &changed, past);
    // A merge of texts without places is cut in one way.
    if base.is_resolved() && changed.iter().all(|s| s.is_resolved()) {
        return texts.merge_flat(pieces);
    }
    let watch = Watch::over(&texts, &pieces);
    let mut best: Option<(Faults, Body, Vec<Piece>)> = None;
    for grain in [Grain::Places, Grain::Common, Grain::Whole] {
        // Lines can be traced only while no words are merged in them.
        let pieces = cut(&texts.pivot, &texts.rows, grain);
        let merged = texts.merge(&pieces, Refine::No).body;
        let wrong = watch.faults(&merged);
        let done = wrong == NONE;
        if best.as_ref().is_none_or(|(least, ..)| wrong < *least) {
            best = Some((wrong, merged, pieces));
        }
        if done {
            break;
        }
    }
    let Some((_, by_lines, pieces)) = best else { return base.clone() };
    let merged = texts.merge(&pieces, Refine::Words).body;
    let settled = texts.settle(&watch, pieces, merged);
    if watch.back(&settled).len() > watch.back(&by_lines).len() { by_lines } else { settled }
}

/// What is watched while texts merge: the lines that somebody touched, as they were and as each side has them.
struct Watch<'a>(Before<'a>);

impl<'a> Watch<'a> {
    fn over(texts: &Texts<'a>, pieces: &[Piece]) -> Self {
        Self(Before::bodies(texts.base, texts.changed, moved(&texts.pivot, &texts.rows, pieces)))
    }

    fn faults(&self, merged: &Body) -> Faults {
        self.0.faults(&self.0.held(merged))
    }

    /// How many lines went.
    fn lost(&self, merged: &Body) -> usize {
        self.0.lost(&self.0.held(merged))
    }

    /// Lines that a side took out, each with the clean line that it is in.
    fn back(&self, merged: &Body) -> BTreeSet<[String; 2]> {
        let held = self.0.held(merged);
        self.0.returned(&held).into_iter().map(|r| [r.line, r.within].map(str::to_owned)).collect()
    }
}

/// The lines of all pieces but those that nobody touched.
fn moved<'t, 'a>(
    pivot: &'t [Token<'a>],
    rows: &'t [Vec<Token<'a>>],
    pieces: &'t [Piece],
) -> impl Iterator<Item = &'a str> + use<'t, 'a> {
    let touched = pieces.iter().filter(|p| !p.kept);
    let tokens = touched.flat_map(move |piece| {
        let of_rows = rows.iter().zip(&piece.is).flat_map(|(row, range)| &row[range.clone()]);
        pivot[piece.was.clone()].iter().chain(of_rows)
    });
    tokens.flat_map(|token| token.added_lines()).map(without_break)
}

/// Whether a passage that was never open, and which whole lines would ask about, is merged by its words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Refine {
    No,
    Words,
}

/// A piece as the base and the sides have it, and what becomes of it: known once for all ways to cut the texts.
struct Passage {
    was: Merge<String>,
    sides: Vec<Merge<String>>,
    by_lines: Merge<String>,
    /// By its words, for each line that stood above it.
    by_words: RefCell<BTreeMap<String, Option<Rc<[Segment]>>>>,
}

impl Passage {
    /// What stands there by its words; nothing where something in it was open before, or a line would be doubled.
    fn by_words(&self, texts: &Texts<'_>, above: &str, below: &str) -> Option<Rc<[Segment]>> {
        if let Some(known) = self.by_words.borrow().get(above) {
            return known.clone();
        }
        let refined = self.refined(texts, Around { above, below }).map(Rc::from);
        self.by_words.borrow_mut().insert(above.to_string(), refined.clone());
        refined
    }

    fn refined(&self, texts: &Texts<'_>, around: Around<'_>) -> Option<Vec<Segment>> {
        let was = self.was.as_resolved()?;
        let only: Vec<&Term<String>> =
            self.sides.iter().map(|p| if let [only] = p.terms() { Some(only) } else { None }).collect::<Option<_>>()?;
        let sides: Vec<&str> = only.iter().map(|t| t.value.as_str()).collect();
        let pieces = refine(was, &sides, around, &texts.diffs);
        let clean: String =
            pieces.iter().map(|p| if let text::Piece::Clean(text) = p { text.as_str() } else { "" }).collect();
        if texts.doubled.doubles(&texts.pivot, &texts.rows, &texts.touched, &clean, &sides) {
            return None;
        }
        let mut out = Vec::new();
        for piece in pieces {
            match piece {
                text::Piece::Clean(text) => out.push(Segment::Clean(text)),
                text::Piece::Open { base, sides } => {
                    let base = Merge::resolved(base, Stamp::ZERO);
                    let untouched = |text: &String| base.as_resolved() == Some(text);
                    let sides: Vec<Merge<String>> = sides
                        .into_iter()
                        .zip(&only)
                        .map(|(text, t)| if untouched(&text) { base.clone() } else { Merge::resolved(text, t.stamp) })
                        .collect();
                    push_trimmed(&mut out, merge_terms(&base, &sides.iter().collect::<Vec<_>>(), cap));
                }
            }
        }
        Some(out)
    }
}

/// The line right above what comes next.
fn above(out: &[Segment]) -> String {
    let text = match out.last() {
        Some(Segment::Clean(text)) => text,
        Some(Segment::Place(merge)) => merge.shown(),
        None => return String::new(),
    };
    lines(text).next_back().unwrap_or_default().to_string()
}

/// How many tokens the front matter of a text takes, where all of it is lines.
fn front_of(row: &[Token<'_>]) -> Option<usize> {
    front_lines(row.iter().map_while(|t| if let Token::Line(line) = t { Some(*line) } else { None }))
}

/// The lines between the fences of the front matter, in the base and in each row, where all have both fences.
fn front_ranges(pivot: &[Token<'_>], rows: &[Vec<Token<'_>>], pieces: &[Piece]) -> Option<Vec<Range<usize>>> {
    let ends: Vec<usize> =
        std::iter::once(pivot).chain(rows.iter().map(Vec::as_slice)).map(front_of).collect::<Option<_>>()?;
    let kept_at = |at: &dyn Fn(usize) -> usize| {
        pieces.iter().filter(|p| p.kept).any(|p| {
            let from = at(0).checked_sub(p.was.start).filter(|from| *from < p.was.len());
            let mut starts = std::iter::once(&p.was).chain(&p.is).map(|range| range.start).enumerate();
            from.is_some_and(|from| starts.all(|(i, start)| start + from == at(i)))
        })
    };
    (kept_at(&|_| 0) && kept_at(&|i| ends[i] - 1)).then(|| ends.into_iter().map(|end| 1..end - 1).collect())
}

/// The front matter merged by key, where it asks by lines.
fn merged_front(base: &[Token<'_>], rows: &[Vec<Token<'_>>], ranges: &[Range<usize>]) -> Option<String> {
    let text = |row: &[Token<'_>], range: &Range<usize>| -> String {
        row[range.clone()].iter().map(|t| if let Token::Line(line) = t { *line } else { "" }).collect()
    };
    let sides: Vec<String> = rows.iter().zip(&ranges[1..]).map(|(row, range)| text(row, range)).collect();
    merge_front(&text(base, &ranges[0]), &sides.iter().map(String::as_str).collect::<Vec<_>>())
}

/// What is merged: a base, and the texts that are not as it is.
struct Texts<'a> {
    base: &'a Body,
    changed: &'a [&'a Body],
    pivot: Vec<Token<'a>>,
    rows: Vec<Vec<Token<'a>>>,
    past: Past<'a>,
    /// By row: where not all are as the base.
    touched: Vec<Vec<Range<usize>>>,
    doubled: Doubled<'a>,
    diffs: Diffs,
    passages: RefCell<HashMap<Ranges, Rc<Passage>>>,
}

/// Of a piece, in the base and in each row.
type Ranges = (Range<usize>, Vec<Range<usize>>);

struct Merged {
    body: Body,
    /// Whole lines alone would ask.
    asked: bool,
}

impl<'a> Texts<'a> {
    /// And as finely cut as they can be.
    fn of(base: &'a Body, changed: &'a [&'a Body], past: Past<'a>) -> (Self, Vec<Piece>) {
        let (pivot, rows): (_, Vec<Vec<Token<'_>>>) = (tokens(base), changed.iter().map(|s| tokens(s)).collect());
        let pieces = cut(&pivot, &rows, Grain::Places);
        let of_row = |row: usize| pieces.iter().filter(|p| !p.kept).map(|p: &Piece| p.is[row].clone()).collect();
        let touched = (0..rows.len()).map(of_row).collect();
        let texts = Self {
            base,
            changed,
            pivot,
            rows,
            past,
            touched,
            doubled: Doubled::default(),
            diffs: Diffs::default(),
            passages: RefCell::default(),
        };
        (texts, pieces)
    }

    /// Merges texts without places. Where whole lines merge what people wrote, that is what everybody's tools make of
    /// it.
    fn merge_flat(&self, pieces: Vec<Piece>) -> Body {
        let Merged { body, asked } = self.merge(&pieces, Refine::Words);
        if !self.past.merged && (!asked || body.is_resolved()) {
            return body;
        }
        self.settle(&Watch::over(self, &pieces), pieces, body)
    }

    /// A line that one side moved, or that words were matched across, can be clean text although another side took it
    /// out. Then all that this line is in is asked about together, by its words, or else by its lines, unless that
    /// would lose a line.
    fn settle(&self, watch: &Watch<'_>, pieces: Vec<Piece>, merged: Body) -> Body {
        let mut about = watch.back(&merged);
        if about.is_empty() {
            return merged;
        }
        let first = about.len();
        let lost = |pieces: &[Piece]| watch.lost(&self.merge(pieces, Refine::No).body);
        let least = lost(&pieces);
        let joined = join(pieces, &self.pivot, &self.rows, &about);
        let second = self.merge(&joined, Refine::Words).body;
        let still = watch.back(&second);
        if still.is_empty() && lost(&joined) <= least {
            return second;
        }
        about.extend(still);
        let mut joined = join(joined, &self.pivot, &self.rows, &about);
        let about: BTreeSet<&str> = about.iter().flatten().map(String::as_str).collect();
        for piece in joined.iter_mut().filter(|piece| !piece.kept) {
            piece.by_lines = piece.lines(&self.pivot, &self.rows).any(|line| about.contains(line));
        }
        let third = self.merge(&joined, Refine::Words).body;
        let back = |body: &Body| watch.back(body).len();
        let of_third = back(&third);
        let better = of_third < first && lost(&joined) <= least;
        let (best, of_best) = if better { (third, of_third) } else { (merged, first) };
        let plain = self.base.is_resolved() && self.changed.iter().all(|side| side.is_resolved());
        if of_best == 0 || (plain && !self.past.merged && self.changed.len() < 3) {
            return best;
        }
        // However large the question is then. Between two who wrote over one text that would mostly be a line that one
        // moved and the other took out, and not worth a question about half a note.
        let is_about = |piece: &Piece| piece.by_lines && !piece.kept;
        for within in [is_about as fn(&Piece) -> bool, |piece| !piece.kept] {
            let pieces = one(&joined, within);
            let larger = self.merge(&pieces, Refine::Words).body;
            if back(&larger) == 0 && lost(&pieces) <= least {
                return larger;
            }
        }
        best
    }

    /// A piece, and what whole lines make of it.
    fn passage(&self, piece: &Piece) -> Rc<Passage> {
        let key = (piece.was.clone(), piece.is.clone());
        if let Some(known) = self.passages.borrow().get(&key) {
            return known.clone();
        }
        let was = passage(&self.pivot[piece.was.clone()], self.base.stamp);
        let rows = self.rows.iter().zip(&piece.is).map(|(row, range)| &row[range.clone()]);
        let of = |(body, row): (&&Body, &[Token<'_>])| {
            let side = passage(row, body.stamp);
            let asked_again = !was.is_resolved() && self.past.opened.is_in(row);
            let untouched = same_values(&side, &was) && !asked_again;
            if untouched { was.clone() } else { side }
        };
        let sides: Vec<Merge<String>> = self.changed.iter().zip(rows).map(of).collect();
        let by_lines = merge_passage(&was, &sides.iter().collect::<Vec<_>>());
        let passage = Rc::new(Passage { was, sides, by_lines, by_words: RefCell::default() });
        self.passages.borrow_mut().insert(key, passage.clone());
        passage
    }

    fn merge(&self, pieces: &[Piece], how: Refine) -> Merged {
        let mut asked = false;
        let body = merge_cut(self, pieces, how, &mut asked);
        Merged { body, asked }
    }
}

fn merge_cut(texts: &Texts<'_>, pieces: &[Piece], how: Refine, asked: &mut bool) -> Body {
    let Texts { base, changed, pivot, rows, .. } = texts;
    let stamp = changed.iter().map(|s| s.stamp).max().unwrap_or(base.stamp);
    let mut out: Vec<Segment> = Vec::new();
    let front = if how == Refine::Words { front_ranges(pivot, rows, pieces) } else { None };
    // The closing fence, once all before it was merged by key.
    let mut done = 0;
    for piece in pieces {
        if !piece.kept && done > 0 && piece.was.start <= done {
            continue;
        }
        if piece.kept {
            let lines = pivot[piece.was.start.max(done).min(piece.was.end)..piece.was.end].iter();
            let lines = lines.filter_map(|t| t.line());
            match out.last_mut() {
                Some(Segment::Clean(text)) => text.extend(lines),
                _ => out.push(Segment::Clean(lines.collect())),
            }
            continue;
        }
        let below = match pivot.get(piece.was.end) {
            Some(Token::Line(line)) => *line,
            Some(Token::Place(merge)) => merge.shown(),
            None => "",
        };
        let passage = texts.passage(piece);
        let open = !passage.by_lines.is_resolved();
        *asked |= open;
        let asks = how == Refine::Words && !piece.by_lines && open;
        if asks
            && let Some(ranges) = &front
            && piece.was.start > 0
            && piece.was.end <= ranges[0].end
            && let Some(text) = merged_front(pivot, rows, ranges)
        {
            let first = if let Token::Line(line) = pivot[0] { line } else { "" };
            out = vec![Segment::Clean(format!("{first}{text}"))];
            done = ranges[0].end;
            continue;
        }
        match if asks { passage.by_words(texts, &above(&out), below) } else { None } {
            Some(refined) => out.extend_from_slice(&refined),
            None => push_trimmed(&mut out, passage.by_lines.clone()),
        }
    }
    Body::from_segments(out, stamp)
}

fn contained(a: &str, b: &str) -> bool {
    let mut rest = lines(b);
    lines(a).all(|line| rest.any(|l| l == line))
}

fn joined(a: &str, b: &str) -> String {
    let mut text = a.to_string();
    for line in lines(b).filter(|line| !lines(a).any(|l| l == *line)) {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(line);
    }
    text
}

/// The newest first.
type Sides = Vec<(Stamp, String)>;

/// Two of these as one, each line once, in the place of the older one.
fn one_of(sides: &Sides, older: usize, newer: usize) -> Sides {
    let mut out = sides.clone();
    let (older_stamp, older_text) = out.remove(older);
    let (stamp, text) = out.remove(newer);
    out.insert(older - 1, (stamp.max(older_stamp), joined(&text, &older_text)));
    out
}

/// How much all sides share at both ends: it becomes clean text.
fn shared_ends(sides: &Sides) -> (usize, usize) {
    let texts: Vec<&str> = sides.iter().map(|(_, text)| text.as_str()).collect();
    let start = shared(&texts, |text, bytes| lines(&text[bytes..]).next());
    let texts: Vec<&str> = texts.iter().map(|text| &text[start..]).collect();
    (start, shared(&texts, |text, bytes| lines(&text[..text.len() - bytes]).next_back()))
}

/// More than [`MAX_SIDES`] sides: the oldest that are contained in another go; then the two oldest become one, each
/// line once; until there are few enough. None goes, or becomes one with another, if it alone is without a line that all
/// others have at an end: that would be clean text then, and nobody asked who took it out.
fn cap(terms: Vec<Term<String>>) -> Vec<Term<String>> {
    if terms.len() < 2 * MAX_SIDES {
        return terms;
    }
    let mut adds: BTreeMap<String, Stamp> = BTreeMap::new();
    let mut removes = Vec::new();
    for (i, term) in terms.into_iter().enumerate() {
        if i % 2 == 0 {
            let stamp = adds.entry(term.value).or_insert(term.stamp);
            *stamp = term.stamp.max(*stamp);
        } else {
            removes.push(term.value);
        }
    }
    let mut kept: Sides = adds.into_iter().map(|(text, stamp)| (stamp, text)).collect();
    kept.sort_by(|a, b| b.cmp(a));
    let borders = shared_ends(&kept);
    let mut i = kept.len();
    while i > 0 && kept.len() > MAX_SIDES {
        i -= 1;
        if kept.iter().enumerate().any(|(j, other)| j != i && contained(&kept[i].1, &other.1)) {
            let gone = kept.remove(i);
            if shared_ends(&kept) != borders {
                kept.insert(i, gone);
            }
        }
    }
    while kept.len() > MAX_SIDES {
        let oldest_first = || (0..kept.len()).rev();
        let pairs = oldest_first().flat_map(|i| (0..i).rev().map(move |j| (i, j)));
        let mut become_one = pairs.map(|(i, j)| one_of(&kept, i, j));
        let first = become_one.next();
        let keeps = |kept: &Vec<_>| shared_ends(kept) == borders;
        let Some(fewer) = first.clone().filter(keeps).or_else(|| become_one.find(keeps)).or(first) else { break };
        kept = fewer;
    }
    weave(kept.into_iter().map(|(stamp, text)| Term::new(text, stamp)).collect(), removes)
}
