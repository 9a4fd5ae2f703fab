//! Import and export of Markdown folders. Pure: the caller walks the folders and passes names and bytes in.
//!
//! **Invariant:** a note that was imported and not changed is exported to the same path and the same bytes.

pub mod export;
pub mod front_matter;
pub mod import;
mod links;
mod names;
pub mod paths;

pub use export::{ExportNote, Names, export_paths, export_tree, render};
pub use front_matter::FrontMatter;
pub use import::{ImportedNote, SkipReason, is_markdown, media_type, parse_note};
pub use links::{Files, LocalLink, links, resolve};
