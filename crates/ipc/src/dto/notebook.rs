use serde::{Deserialize, Serialize};
use specta::Type;

/// A notebook with its place in the tree, in the order of a tree that is all open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct NotebookItem {
    pub id: String,
    pub name: String,
    /// The names from the root, joined with `/`.
    pub path: String,
    pub parent: Option<String>,
    pub depth: u32,
    /// Live notes in it and below it.
    pub notes: u32,
    /// All files of its notes come to this computer, with those of the notebooks below.
    pub kept_offline: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct TagItem {
    pub name: String,
    pub notes: u32,
}

/// All that the sidebar counts, from one reading of the database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct Sidebar {
    pub all: u32,
    pub tasks: u32,
    pub review: u32,
    pub trash: u32,
    pub receipts_unseen: u32,
    pub notebooks: Vec<NotebookItem>,
    pub tags: Vec<TagItem>,
}
