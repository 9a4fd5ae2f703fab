//! The YAML block at the top of a Markdown file.
//!
//! It is kept as bytes. [`read`] takes from it what Holdfast knows; [`write`] changes the lines of what has
//! changed and nothing else. A block that is not valid YAML is kept and read as holding nothing.

mod read;
mod time;
mod write;
mod yaml;

use holdfast_domain::Date;

pub use read::{read, title_is_cut};
pub(crate) use write::create;
pub use write::write;

/// A block longer than this (bytes) is text: no front matter is, and it would have to be parsed at every export.
pub const MAX_FRONT_MATTER_BYTES: usize = 64 * 1024;

/// What Holdfast reads from front matter and writes to it. `None` in [`write`] leaves what is there, except
/// for `due`, where it removes the line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrontMatter {
    /// As [`holdfast_domain::clean_title`] gives it; never empty.
    pub title: Option<String>,
    /// Each name once, as [`holdfast_domain::check_name`] gives it, in the order of the file.
    pub tags: Vec<String>,
    pub aliases: Vec<String>,
    pub due: Option<Date>,
    /// Milliseconds since 1970; a time without a zone is read as UTC.
    pub created_ms: Option<u64>,
    /// Milliseconds since 1970; a time without a zone is read as UTC.
    pub updated_ms: Option<u64>,
    pub done: Option<bool>,
}

const TITLE: &[&str] = &["title"];
const TAGS: &[&str] = &["tags", "tag"];
const ALIASES: &[&str] = &["aliases", "alias"];
const DUE: &[&str] = &["due"];
const DONE: &[&str] = &["done"];
const CREATED: &[&str] = &["created", "date"];
const UPDATED: &[&str] = &["updated", "modified"];

/// A block in its parts, which joined are the block.
struct Block<'a> {
    /// A byte order mark, if any, and the opening fence with its line ending.
    open: &'a str,
    /// Whole lines.
    inner: &'a str,
    close: &'a str,
}

const BOM: char = '\u{feff}';

/// The lines of a text, each with its ending: LF, CRLF, or CR alone.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = match rest.find(['\n', '\r']) {
            None => rest.len(),
            Some(at) if rest[at..].starts_with("\r\n") => at + 2,
            Some(at) => at + 1,
        };
        let (line, after) = rest.split_at(end);
        rest = after;
        Some(line)
    })
}

impl<'a> Block<'a> {
    /// The block at the start of a text.
    fn find(text: &'a str) -> Option<Self> {
        let bom = if text.starts_with(BOM) { BOM.len_utf8() } else { 0 };
        let mut all = lines(&text[bom..]);
        let first = all.next().filter(|l| l.trim_end() == "---" && l.ends_with(['\n', '\r']))?;
        let start = bom + first.len();
        let mut at = start;
        for line in all {
            if matches!(line.trim_end(), "---" | "...") {
                let inner = &text[start..at];
                return looks_like_yaml(inner).then(|| Self {
                    open: &text[..start],
                    inner,
                    close: &text[at..at + line.len()],
                });
            }
            at += line.len();
            if at > MAX_FRONT_MATTER_BYTES {
                return None;
            }
        }
        None
    }

    fn ending(&self) -> &'a str {
        let start = self.open.trim_end_matches(['\n', '\r']).len();
        &self.open[start..]
    }
}

/// Prose between two rules at the top of a file is text that must stay visible: at least one line has to look
/// like a key, or there is nothing but comments.
fn looks_like_yaml(inner: &str) -> bool {
    let mut lines = lines(inner).map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')).peekable();
    if lines.peek().is_none() {
        return true;
    }
    lines.any(|l| l.starts_with(['{', '?']) || l.ends_with(':') || l.contains(": ") || l.contains(":\t"))
}

/// Splits a file into its front matter (with both fences and the line ending after the second; empty if there
/// is none) and its body. The two joined are always the text.
///
/// Front matter starts with `---` on the very first line (after a byte order mark, if any, which then belongs
/// to it) and ends with a line `---` or `...`.
pub fn split(text: &str) -> (&str, &str) {
    match Block::find(text) {
        Some(block) => text.split_at(block.open.len() + block.inner.len() + block.close.len()),
        None => ("", text),
    }
}
