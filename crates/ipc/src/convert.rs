//! Between DTOs and domain values.

use std::collections::BTreeMap;
use std::time::Duration;

use holdfast_domain::{Date, DeviceId, NoteId, NotebookId, RevisionId};
use holdfast_notebook as nb;

use crate::dto::{self, CommandError, ErrorCode};
use crate::{Answer, command_error};

pub(crate) fn answer<T>(result: nb::Result<T>) -> Answer<T> {
    result.map_err(|e| {
        let error = command_error(&e);
        if error.code == ErrorCode::Internal {
            tracing::error!(error = %e, "internal error");
        }
        error
    })
}

pub(crate) fn invalid(message: impl Into<String>) -> CommandError {
    CommandError { code: ErrorCode::InvalidInput, message: message.into(), retryable: true }
}

fn id<T: std::str::FromStr>(text: &str, what: &str) -> Answer<T> {
    text.parse().map_err(|_| CommandError {
        code: ErrorCode::NotFound,
        message: format!("There is no {what} {text}."),
        retryable: false,
    })
}

pub(crate) fn note_id(text: &str) -> Answer<NoteId> {
    id(text, "note")
}

pub(crate) fn notebook_id(text: &str) -> Answer<NotebookId> {
    id(text, "notebook")
}

pub(crate) fn revision_ids(texts: &[String]) -> Answer<Vec<RevisionId>> {
    texts.iter().map(|t| id(t, "version")).collect()
}

pub(crate) fn revision_id(text: &str) -> Answer<RevisionId> {
    id(text, "version")
}

pub(crate) fn date(text: &str) -> Answer<Date> {
    text.parse().map_err(|_| invalid(format!("{text:?} is not a date like 2026-11-28.")))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, b| {
        use std::fmt::Write;
        // Writing to a String cannot fail.
        let _ = write!(out, "{b:02x}");
        out
    })
}

pub(crate) fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    let mut out = [0; N];
    for (i, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok()?;
    }
    Some(out)
}

#[allow(clippy::cast_precision_loss)]
pub(crate) fn ms(ms: u64) -> f64 {
    ms as f64
}

pub(crate) fn changes(c: &nb::OpChanges) -> dto::OpChanges {
    /// Above this a list of notes is no shorter than asking again.
    const MANY: usize = 200;
    let many = c.notes.len() > MANY;
    dto::OpChanges {
        notes: if many { Vec::new() } else { c.notes.iter().map(ToString::to_string).collect() },
        many,
        notebooks: c.notebooks,
        tags: c.tags,
        review: c.review,
        receipts: c.receipts,
        settings: c.settings,
        from_sync: c.from_sync,
    }
}

pub(crate) fn everything() -> dto::OpChanges {
    dto::OpChanges {
        notes: Vec::new(),
        many: true,
        notebooks: true,
        tags: true,
        review: true,
        receipts: true,
        settings: true,
        from_sync: true,
    }
}

/// How things are called where people read them: devices by their names, days as they are said this year. A device
/// whose record has not arrived is called by the start of its id.
pub(crate) struct Names {
    devices: BTreeMap<DeviceId, String>,
    me: DeviceId,
    this_year: i16,
}

impl Names {
    pub fn load(vault: &nb::Vault) -> Answer<Self> {
        let now = Date::constant(1970, 1, 1).saturating_add(Duration::from_millis(vault.env().now_ms()));
        Ok(Self { devices: answer(vault.device_names())?, me: vault.device(), this_year: now.year() })
    }

    pub fn is_me(&self, device: DeviceId) -> bool {
        device == self.me
    }

    pub fn name(&self, device: DeviceId) -> String {
        self.devices.get(&device).cloned().unwrap_or_else(|| format!("Computer {}", &device.to_string()[..6]))
    }

    /// A due date in the same words as `dueText` of the window: `4 Dec`, with the year where it is not this one.
    pub fn day(&self, day: Date) -> String {
        let with_year = day.year() != self.this_year;
        day.strftime(if with_year { "%-d %b %-Y" } else { "%-d %b" }).to_string()
    }
}

/// A difference in words, for showing.
pub(crate) fn spans(old: &str, new: &str) -> Vec<dto::DiffSpan> {
    let span = |s: holdfast_notebook::Span| dto::DiffSpan {
        kind: match s.kind {
            holdfast_notebook::SpanKind::Same => dto::SpanKind::Same,
            holdfast_notebook::SpanKind::Removed => dto::SpanKind::Removed,
            holdfast_notebook::SpanKind::Added => dto::SpanKind::Added,
        },
        text: s.text,
    };
    holdfast_notebook::diff_words(old, new).into_iter().map(span).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As time.test.ts has it for the window's own dates.
    #[test]
    fn a_day_is_said_with_its_year_only_where_that_is_another() {
        let names = Names { devices: BTreeMap::new(), me: DeviceId([1; 16]), this_year: 2026 };
        assert_eq!(names.day(Date::constant(2026, 11, 28)), "28 Nov");
        assert_eq!(names.day(Date::constant(2027, 1, 2)), "2 Jan 2027");
        assert_eq!(names.day(Date::constant(2025, 12, 4)), "4 Dec 2025");
    }
}
