use serde::{Deserialize, Serialize};
use specta::Type;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Skipped {
    pub path: String,
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct ImportReport {
    pub notes: u32,
    pub notebooks: u32,
    pub tags: u32,
    pub attachments: u32,
    pub skipped: Vec<Skipped>,
    pub elapsed_ms: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct ExportReport {
    pub notes: u32,
    /// All versions of these are in files beside them.
    pub to_review: u32,
    pub attachments: u32,
    pub skipped: Vec<Skipped>,
    pub elapsed_ms: u32,
}
