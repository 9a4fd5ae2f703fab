//! What merged by itself around the open places: whose words it is, and where it stands in the result.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use holdfast_domain::{Body, DeviceId, Fields, RevisionId, Segment};
use holdfast_merge::{SideChange, Span, SpanKind, diff_lines, diff_words};
use holdfast_store::HistoryRow;

use crate::Result;
use crate::record::Record;

/// A passage that was changed on one device and not in question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergedPassage {
    /// Who changed it, each once. More than one where two of them changed words of one line.
    pub by: Vec<DeviceId>,
    pub removed: String,
    pub added: String,
    /// Where the new words stand: which passage of the result, and the bytes of it.
    pub at: Vec<(usize, Range<usize>)>,
}

/// The state that all heads build on. `None` where there is one head, or nothing in common.
pub(super) fn base(record: &Record<'_, '_>, history: &[HistoryRow], heads: &[RevisionId]) -> Result<Option<Fields>> {
    if heads.len() < 2 {
        return Ok(None);
    }
    let mut parents: BTreeMap<RevisionId, &[RevisionId]> =
        history.iter().map(|row| (row.rid, row.parents.as_slice())).collect();
    if let Some(w) = &record.working {
        parents.insert(w.id, w.revision.parents());
    }
    let up = |from: RevisionId| {
        let mut seen = BTreeSet::from([from]);
        let mut todo = vec![from];
        while let Some(id) = todo.pop() {
            todo.extend(parents.get(&id).copied().unwrap_or_default().iter().copied().filter(|p| seen.insert(*p)));
        }
        seen
    };
    let all = heads.iter().map(|head| up(*head));
    let common = all.reduce(|a, b| a.intersection(&b).copied().collect()).unwrap_or_default();
    let inner: BTreeSet<RevisionId> =
        common.iter().flat_map(|id| parents.get(id).copied().unwrap_or_default()).copied().collect();
    let tips: Vec<RevisionId> = common.difference(&inner).copied().collect();
    if tips.is_empty() { Ok(None) } else { Ok(Some(record.fold(&tips)?.fields)) }
}

/// A body with the original in each open place, and where its segments begin: compared with another such, only
/// what merged is left.
fn undecided(body: &Body) -> (String, Vec<usize>) {
    let (mut text, mut starts) = (String::with_capacity(body.len_bytes()), Vec::new());
    for segment in body.segments() {
        starts.push(text.len());
        match segment {
            Segment::Clean(clean) => text.push_str(clean),
            Segment::Place(merge) => text.extend(merge.removes().next().map(|term| term.value.as_str())),
        }
    }
    (text, starts)
}

/// Lines that changed together.
#[derive(Default)]
struct Hunk {
    removed: String,
    added: String,
    /// Where `added` begins in the new text.
    at: usize,
}

fn hunks(old: &str, new: &str) -> Vec<Hunk> {
    let mut out: Vec<Hunk> = Vec::new();
    let (mut at, mut open) = (0, false);
    for Span { kind, text } in diff_lines(old, new) {
        if kind == SpanKind::Same {
            (at, open) = (at + text.len(), false);
            continue;
        }
        if !open {
            out.push(Hunk { at, ..Hunk::default() });
            open = true;
        }
        let Some(hunk) = out.last_mut() else { continue };
        if kind == SpanKind::Added {
            at += text.len();
            hunk.added.push_str(&text);
        } else {
            hunk.removed.push_str(&text);
        }
    }
    out
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim_end).filter(|line| !line.is_empty())
}

/// What one version added and removed, by lines.
struct Wrote<'a> {
    by: DeviceId,
    added: BTreeSet<&'a str>,
    removed: BTreeSet<&'a str>,
}

impl Wrote<'_> {
    fn of(change: &SideChange) -> Wrote<'_> {
        Wrote {
            by: change.author,
            added: change.body.iter().flat_map(|h| lines(&h.added)).collect(),
            removed: change.body.iter().flat_map(|h| lines(&h.removed)).collect(),
        }
    }
}

/// Who did it: those who wrote its lines; where words of several are in one line, those who changed that line.
fn authors(hunk: &Hunk, sides: &[Wrote<'_>]) -> Vec<DeviceId> {
    let did = |test: &dyn Fn(&Wrote<'_>) -> bool| -> BTreeSet<DeviceId> {
        sides.iter().filter(|side| test(side)).map(|side| side.by).collect()
    };
    let mut by = did(&|side| lines(&hunk.added).any(|line| side.added.contains(line)));
    if by.is_empty() {
        by = did(&|side| lines(&hunk.removed).any(|line| side.removed.contains(line)));
    }
    by.into_iter().collect()
}

/// The bytes of `added` that are new words.
fn new_words(hunk: &Hunk) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut at = 0;
    for Span { kind, text } in diff_words(&hunk.removed, &hunk.added) {
        if kind == SpanKind::Added {
            // A line break at the end has nothing to mark.
            let shown = text.trim_end_matches('\n').len();
            out.extend((shown > 0).then_some(at..at + shown));
        }
        if kind != SpanKind::Removed {
            at += text.len();
        }
    }
    out
}

/// What of `body` merged by itself, compared with what all versions build on.
pub(super) fn merged(base: &Body, body: &Body, changes: &[SideChange]) -> Vec<MergedPassage> {
    let (old, _) = undecided(base);
    let (new, starts) = undecided(body);
    let clean: Vec<(usize, Range<usize>)> = body
        .segments()
        .iter()
        .zip(&starts)
        .enumerate()
        .filter_map(|(n, (segment, start))| match segment {
            Segment::Clean(text) => Some((n, *start..start + text.len())),
            Segment::Place(_) => None,
        })
        .collect();
    let sides: Vec<Wrote<'_>> = changes.iter().map(Wrote::of).collect();
    let passage = |hunk: Hunk| {
        let mut at = Vec::new();
        for words in new_words(&hunk) {
            let words = hunk.at + words.start..hunk.at + words.end;
            let first = clean.partition_point(|(_, bytes)| bytes.end <= words.start);
            for (n, bytes) in clean[first..].iter().take_while(|(_, bytes)| bytes.start < words.end) {
                let (from, to) = (words.start.max(bytes.start), words.end.min(bytes.end));
                at.push((*n, from - bytes.start..to - bytes.start));
            }
        }
        MergedPassage { by: authors(&hunk, &sides), removed: hunk.removed, added: hunk.added, at }
    };
    hunks(&old, &new).into_iter().map(passage).filter(|passage| !passage.by.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use holdfast_domain::{Hlc, Merge, Stamp};
    use holdfast_merge::{DiffHunk, merge_body};

    use super::*;

    fn device(n: u8) -> DeviceId {
        DeviceId([n; 16])
    }

    fn stamp(n: u8) -> Stamp {
        Stamp { hlc: Hlc { ms: n.into(), counter: 0 }, device: device(n) }
    }

    fn side(n: u8, hunks: &[(&str, &str)]) -> SideChange {
        let hunk =
            |(removed, added): &(&str, &str)| DiffHunk { line: 0, removed: (*removed).into(), added: (*added).into() };
        SideChange {
            head: RevisionId([n; 32]),
            author: device(n),
            stamp: stamp(n),
            fields: Vec::new(),
            body: hunks.iter().map(hunk).collect(),
        }
    }

    /// The marked words of each passage, as they stand in the body.
    fn marked(body: &Body, passages: &[MergedPassage]) -> Vec<Vec<String>> {
        let text = |n: usize| match &body.segments()[n] {
            Segment::Clean(text) => text.clone(),
            Segment::Place(merge) => merge.shown().clone(),
        };
        passages.iter().map(|p| p.at.iter().map(|(n, bytes)| text(*n)[bytes.clone()].to_owned()).collect()).collect()
    }

    #[test]
    fn what_merged_is_told_with_its_author_and_its_words() {
        let base = Body::text("one mark.\n\nasked\n\ntail\ngone\n", stamp(0));
        let laptop = Body::text("one mark, about two centimetres.\n\nasked a\n\ntail\ngone\n", stamp(1));
        let office = Body::text("one mark.\n\nasked b\n\ntail\n- [ ] Call\n", stamp(2));
        let body = merge_body(&base, &[&laptop, &office]);
        assert_eq!(body.places().count(), 1);
        let changes = [
            side(1, &[("one mark.\n", "one mark, about two centimetres.\n"), ("asked\n", "asked a\n")]),
            side(2, &[("asked\n", "asked b\n"), ("gone\n", "- [ ] Call\n")]),
        ];
        let passages = merged(&base, &body, &changes);
        let told: Vec<_> = passages.iter().map(|p| (p.by.clone(), p.added.as_str())).collect();
        assert_eq!(told, [(vec![device(1)], "one mark, about two centimetres.\n"), (vec![device(2)], "- [ ] Call\n"),]);
        assert_eq!(marked(&body, &passages), [vec![", about two centimetres"], vec!["- [ ] Call"]]);
    }

    #[test]
    fn an_open_place_is_no_merge_and_a_removal_has_nothing_to_mark() {
        let base = Body::text("a\nb\nc\nd\n", stamp(0));
        let laptop = Body::text("a\nb\nc\nx\n", stamp(1));
        let office = Body::text("a\nc\ny\n", stamp(2));
        let body = merge_body(&base, &[&laptop, &office]);
        let changes = [side(1, &[("d\n", "x\n")]), side(2, &[("b\n", ""), ("d\n", "y\n")])];
        let passages = merged(&base, &body, &changes);
        let told: Vec<_> = passages.iter().map(|p| (p.by.clone(), p.removed.as_str(), p.at.len())).collect();
        assert_eq!(told, [(vec![device(2)], "b\n", 0)]);
    }

    #[test]
    fn words_of_two_in_one_line_are_of_both() {
        let base = Body::text("one two three four\n", stamp(0));
        let body = Body::text("ONE two three FOUR\n", stamp(2));
        let changes = [
            side(1, &[("one two three four\n", "ONE two three four\n")]),
            side(2, &[("one two three four\n", "one two three FOUR\n")]),
        ];
        let passages = merged(&base, &body, &changes);
        assert_eq!(passages[0].by, [device(1), device(2)]);
        assert_eq!(marked(&body, &passages), [["ONE", "FOUR"]]);
    }

    #[test]
    fn a_place_shows_its_original_to_the_comparison() {
        let terms = Merge::from_terms(vec![
            holdfast_domain::Term { value: "x\n".to_owned(), stamp: stamp(1) },
            holdfast_domain::Term { value: "was\n".to_owned(), stamp: stamp(0) },
            holdfast_domain::Term { value: "y\n".to_owned(), stamp: stamp(2) },
        ]);
        let segments = vec![Segment::Clean("head\n".into()), Segment::Place(terms.unwrap())];
        let body = Body::from_segments(segments, stamp(2));
        assert_eq!(undecided(&body), ("head\nwas\n".to_owned(), vec![0, 5]));
    }
}
