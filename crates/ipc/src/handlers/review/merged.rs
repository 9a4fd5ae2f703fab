//! What merged by itself around the open places: a line each, and its words marked in the result.

use holdfast_domain::DeviceId;
use holdfast_notebook::MergedPassage;

use super::View;
use super::view::quoted;
use crate::dto::{MergedPart, ResultSpan};
use crate::handlers::receipts;

/// A label is the start of what was written.
const LABEL_CHARS: usize = 32;

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

/// The new words; where there are none, those that went.
fn label(view: &View, passage: &MergedPassage) -> String {
    let words = |(n, bytes): &(usize, std::ops::Range<usize>)| {
        view.review.result.get(*n).and_then(|span| span.text.get(bytes.clone())).map(str::trim)
    };
    let new = passage.at.iter().filter_map(words).find(|words| words.chars().any(char::is_alphanumeric));
    let (kind, text) = match new {
        None if passage.added.trim().is_empty() => ("Removed ", passage.removed.trim()),
        None => ("", passage.added.trim()),
        Some(new) => match to_do(new) {
            Some(text) => ("New to-do ", text),
            None => ("", new),
        },
    };
    let line = text.lines().next().unwrap_or_default().trim_start_matches(['#', ',', '.', ';', ':', ' ']);
    let line = if line.is_empty() { text } else { line };
    format!("{kind}{}", quoted(line, LABEL_CHARS, text.lines().nth(1).is_some()))
}

fn to_do(text: &str) -> Option<&str> {
    let item = text.strip_prefix(['-', '*', '+'])?.trim_start();
    item.strip_prefix("[ ]").map(str::trim_start)
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
