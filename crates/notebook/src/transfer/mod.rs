//! Import of a folder of Markdown, and export to one.

mod export;
mod import;
mod places;
mod versions;
mod walk;

/// A file and what is to be said of it, such as why it was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    pub path: String,
    pub reason: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    pub notes: u32,
    pub notebooks: u32,
    pub tags: u32,
    pub attachments: u32,
    pub skipped: Vec<Skipped>,
    /// Files that were taken, with something to know about each.
    pub warnings: Vec<Skipped>,
    pub elapsed_ms: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportReport {
    pub notes: u32,
    /// Notebooks without a note in or below them, each an empty folder.
    pub empty_notebooks: u32,
    /// Notes that wait for a decision: all their versions are in a file beside each.
    pub to_review: u32,
    pub attachments: u32,
    pub skipped: Vec<Skipped>,
    pub elapsed_ms: u64,
}
