//! What merged by itself around the open places: a line each, and its words marked in the result.

use holdfast_domain::DeviceId;
use holdfast_notebook::MergedPassage;

use super::View;
use super::view::quoted;
use crate::dto::{MergedPart, ResultSpan};
use crate::handlers::receipts;

/// A label is the start of what was written.
const LABEL_CHARS: usize = 32;
/// So many things that happened in one passage are named.
const LABEL_PARTS: usize = 2;
/// Fewer letters say nothing without their line.
const TELLING_CHARS: usize = 3;

/// The fields first, then the text from top to bottom.
pub(super) fn parts(view: &View) -> Vec<MergedPart> {
    let mut out = fields(view);
    let part = |passage: &MergedPassage| {
        let names: Vec<String> = passage.by.iter().map(|by| view.names.name(*by)).collect();
        MergedPart {
            label: label(view, passage),
            device: names.join(" and "),
            this_device: passage.by.iter().any(|by| view.names.is_me(*by)),
        }
    };
    out.extend(view.review.merged.iter().map(part));
    out
}

/// The fields that each version changed, but for those in question.
fn fields(view: &View) -> Vec<MergedPart> {
    let part = |(author, field)| MergedPart {
        label: receipts::field(&view.names, field),
        device: view.names.name(author),
        this_device: view.names.is_me(author),
    };
    view.review.merged_fields().map(part).collect()
}

/// What happened in the passage, in words: what was ticked, what is new, what was removed. Never a bare letter of
/// Markdown: where only a few letters differ, the whole line is named.
fn label(view: &View, passage: &MergedPassage) -> String {
    let words = |(n, bytes): &(usize, std::ops::Range<usize>)| {
        view.review.result.get(*n).and_then(|span| span.text.get(bytes.clone())).map(str::trim)
    };
    let marks = marked(passage);
    let of_marks: Vec<&str> = marks.iter().map(|mark| mark.item).collect();
    let mut said: Vec<String> =
        marks.iter().map(|mark| format!("{} {}", mark.what, quoted(mark.item, LABEL_CHARS, false))).collect();
    let before: Vec<&str> = passage.removed.lines().collect();
    let is_new = |line: &&str| !line.trim().is_empty() && !before.contains(line);
    let mut lines =
        passage.added.lines().filter(is_new).filter(|line| !task(line).is_some_and(|t| of_marks.contains(&t.1)));
    if let Some(line) = lines.next() {
        let telling =
            |words: &&str| words.chars().filter(|c| c.is_alphanumeric()).take(TELLING_CHARS).count() == TELLING_CHARS;
        said.push(match passage.at.iter().filter_map(words).find(telling) {
            Some(new) => written(new),
            None => format!("Changed {}", quoted(bare(line), LABEL_CHARS, lines.next().is_some())),
        });
    } else if marks.is_empty() {
        let text = passage.removed.trim();
        said.push(format!("Removed {}", begins(text)));
    }
    let more = said.len().saturating_sub(LABEL_PARTS);
    said.truncate(LABEL_PARTS);
    let rest = if more > 0 { format!(", and {more} more") } else { String::new() };
    format!("{}{rest}", said.join(", "))
}

/// New words, and whether they are an item to do.
fn written(new: &str) -> String {
    match task(new) {
        Some((false, item)) => format!("New to-do {}", begins(item)),
        _ => begins(new),
    }
}

/// How a passage begins, without the mark of its line.
fn begins(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let line = if bare(line).is_empty() { text } else { bare(line) };
    quoted(line, LABEL_CHARS, text.lines().nth(1).is_some())
}

/// A line without what only shapes it.
fn bare(line: &str) -> &str {
    task(line)
        .map_or(line, |(_, item)| item)
        .trim_start_matches(['#', ',', '.', ';', ':', '-', '*', '+', '>', ' '])
        .trim_end()
}

/// An item that was ticked or unticked.
struct Marked<'a> {
    what: &'static str,
    item: &'a str,
}

/// The items of the passage that are as they were, but for their tick.
fn marked(passage: &MergedPassage) -> Vec<Marked<'_>> {
    let before: Vec<(bool, &str)> = passage.removed.lines().filter_map(task).collect();
    let now = passage.added.lines().filter_map(task);
    now.filter(|(done, item)| before.contains(&(!done, item)) && !before.contains(&(*done, item)))
        .map(|(done, item)| Marked { what: if done { "Ticked" } else { "Unticked" }, item })
        .collect()
}

/// Whether an item of a checklist is done, and what it says. `None` for another line.
fn task(line: &str) -> Option<(bool, &str)> {
    let item = line.trim_start().strip_prefix(['-', '*', '+'])?.trim_start();
    let (done, item) = match item.strip_prefix("[ ]") {
        Some(item) => (false, item),
        None => (true, item.strip_prefix("[x]").or_else(|| item.strip_prefix("[X]"))?),
    };
    Some((done, item.trim()))
}

/// A passage of a part of the result, who wrote it, and which receipt-like line it belongs to.
type Mark<'a> = (std::ops::Range<usize>, &'a [DeviceId], u32);

/// The text of the result; what merged stands in passages of its own.
pub(super) fn result(view: &View) -> Vec<ResultSpan> {
    let first = fields(view).len();
    // By passage of the result: the bytes, whose they are, and the line in the list.
    let mut marks: Vec<Vec<Mark<'_>>> = vec![Vec::new(); view.review.result.len()];
    for (n, passage) in view.review.merged.iter().enumerate() {
        for (span, bytes) in &passage.at {
            if let Some(marks) = marks.get_mut(*span) {
                marks.push((bytes.clone(), &passage.by, (first + n) as u32));
            }
        }
    }
    let mut out = Vec::new();
    for (span, marks) in view.review.result.iter().zip(marks) {
        let whole = view.passage(span);
        let piece = |text: &str| ResultSpan { text: text.to_owned(), ..whole.clone() };
        if marks.is_empty() || span.place.is_some() {
            out.push(whole);
            continue;
        }
        let mut at = 0;
        for (bytes, by, line) in marks {
            let (Some(before), Some(words)) = (span.text.get(at..bytes.start), span.text.get(bytes.clone())) else {
                continue;
            };
            out.extend((!before.is_empty()).then(|| piece(before)));
            out.push(ResultSpan {
                merged: Some(line),
                this_device: by.iter().any(|by| view.names.is_me(*by)),
                other_device: by.iter().any(|by| !view.names.is_me(*by)),
                ..piece(words)
            });
            at = bytes.end;
        }
        out.extend(span.text.get(at..).filter(|rest| !rest.is_empty()).map(piece));
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use holdfast_testkit::World;

    use super::*;

    /// What A sees as merged where B made this of the text, with a question beside it.
    async fn labels(old: &str, new: &str) -> Vec<String> {
        let w = World::of(2);
        let id = w["A"].add("T", &format!("first\n\n# List\n\n{old}"));
        w.sync_all().await;
        w["A"].write(id, &format!("first of a\n\n# List\n\n{old}"));
        w["B"].write(id, &format!("first of b\n\n# List\n\n{new}"));
        w.sync_all().await;
        let view = View::load(w["A"].vault(), id.into()).unwrap();
        parts(&view).into_iter().map(|part| part.label).collect()
    }

    #[tokio::test]
    async fn a_merge_is_named_by_what_happened_and_never_by_a_letter() {
        let old = "- [ ] Photograph gauge\n- [x] Grease\n";
        let ticked = labels(old, "- [x] Photograph gauge\n- [x] Grease\n").await;
        assert_eq!(ticked, ["Ticked “Photograph gauge”"]);
        let both = labels(old, "- [x] Photograph gauge\n- [ ] Call the maker\n- [x] Grease\n").await;
        assert_eq!(both, ["Ticked “Photograph gauge”, New to-do “Call the maker”"]);
        let unticked = labels(old, "- [ ] Photograph gauge\n- [ ] Grease\n").await;
        assert_eq!(unticked, ["Unticked “Grease”"]);
        assert_eq!(labels("Give 5 mg at night\n", "Give 7 mg at night\n").await, ["Changed “Give 7 mg at night”"]);
        assert_eq!(labels("## Log\n\nx\n", "## Log\n").await, ["Removed “x”"]);
        assert_eq!(labels("- one thing\n", "- one thing\n- another thing\n").await, ["“another thing”"]);
    }
}
