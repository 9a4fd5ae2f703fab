//! What an export says of a note that is to review: all versions of each place, in a file beside the note's own, which
//! has one of each.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use holdfast_domain::{DeviceId, NotebookId, TrashState};
use holdfast_merge::{Place, PlaceKind, PlaceValue};

use crate::RecordReview;

/// Names of what a place may speak of.
pub(super) struct Names {
    pub devices: BTreeMap<DeviceId, String>,
    /// Paths.
    pub notebooks: BTreeMap<NotebookId, String>,
}

/// The file, as Markdown. `file` is the name of the note's own. The same on every computer that has the same versions.
pub(super) fn render(review: &RecordReview, file: &str, names: &Names) -> String {
    let places = &review.review.places;
    let (count, each) = if places.len() == 1 { ("one place", "it") } else { ("places", "each") };
    let mut out = format!(
        "# To review: {}\n\nThis note has {count} to decide. `{file}` shows one version of {each}; here are all of them.\n",
        review.title
    );
    for (n, place) in places.iter().enumerate() {
        let _ = write!(out, "\n## {}. {}\n", n + 1, heading(place));
        for base in &place.base {
            version(&mut out, "Before", base, names);
        }
        for side in &place.sides {
            let mut devices: Vec<_> = side.stamps.iter().map(|stamp| stamp.device).collect();
            devices.sort_unstable();
            devices.dedup();
            let devices: Vec<&str> =
                devices.iter().filter_map(|id| names.devices.get(id)).map(String::as_str).collect();
            let who = if devices.is_empty() { "Another computer".to_owned() } else { devices.join(", ") };
            version(&mut out, &who, &side.value, names);
        }
    }
    out
}

fn heading(place: &Place) -> String {
    match &place.kind {
        PlaceKind::Title => "Title".to_owned(),
        PlaceKind::Notebook => "Notebook".to_owned(),
        PlaceKind::Due => "Due date".to_owned(),
        PlaceKind::Done => "Done".to_owned(),
        PlaceKind::FrontMatter => "Front matter".to_owned(),
        PlaceKind::Trash => "Trash".to_owned(),
        PlaceKind::TrashedNotebook => "Its notebook is in the Trash".to_owned(),
        PlaceKind::Text { heading: Some(heading), .. } => format!("Text below “{heading}”"),
        PlaceKind::Text { heading: None, .. } => "Text".to_owned(),
    }
}

fn version(out: &mut String, who: &str, value: &PlaceValue, names: &Names) {
    let _ = write!(out, "\n### {who}\n\n");
    match value {
        PlaceValue::Text(text) if text.is_empty() => out.push_str("(nothing)\n"),
        PlaceValue::Text(text) => fenced(out, text),
        PlaceValue::Notebook(id) => {
            let path = id.map(|id| names.notebooks.get(&id).map_or("(a notebook that is not here)", String::as_str));
            let _ = writeln!(out, "{}", path.unwrap_or("(no notebook)"));
        }
        PlaceValue::Due(date) => {
            let _ = writeln!(out, "{}", date.map_or_else(|| "(no date)".to_owned(), |date| date.to_string()));
        }
        PlaceValue::Done(done) => out.push_str(if *done { "Done\n" } else { "Not done\n" }),
        PlaceValue::Trash(TrashState::Trashed) => out.push_str("In the Trash\n"),
        PlaceValue::Trash(_) => out.push_str("Not in the Trash\n"),
    }
}

/// The text as it is, between fences that are longer than any in it.
fn fenced(out: &mut String, text: &str) {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let _ = write!(out, "{fence}markdown\n{text}{end}{fence}\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fences_hold_whatever_is_in_a_text() {
        let mut out = String::new();
        fenced(&mut out, "a\n````\nb");
        assert_eq!(out, "`````markdown\na\n````\nb\n`````\n");
    }
}
