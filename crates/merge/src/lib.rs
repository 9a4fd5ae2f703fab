//! Merging: one view out of the several heads of a record. Pure; reads no clock, no randomness, no locale and
//! no hash-map order, and is bounded by size, never by time. Equal heads give equal bytes on every device.
//!
//! - [`graph`] and [`fold()`]: the revision graph, and the view that its heads make together.
//! - [`value`], [`body`], [`fields`]: the n-ary merge of one value, of a text, of a whole record.
//! - [`text`]: words, lists and blocks, where whole lines disagree.
//! - [`edit`]: a person's edit of the shown state, which carries open places on.
//! - [`mod@review`]: the open places as a person decides them. [`receipt`]: what an automatic merge did, and undo.
//! - [`thin`]: which old versions may lose their content. [`diff`]: differences to show. [`tree`]: the tree of notebooks. [`stray`]: live notes under a trashed one.
//!
//! **Invariant:** what a revision wrote is afterwards in the clean text, in a side of an open place, or was
//! removed by a revision that had seen it. A disagreement is a value (`Merge`), so nothing decides it silently.

/// Whether a deliberate bug shows here, for the simulator to find. Never in a program.
#[cfg(feature = "simulation")]
use holdfast_mutants::planted;
#[cfg(not(feature = "simulation"))]
const fn planted(_: &str) -> bool {
    false
}

mod align;
pub mod body;
mod cut;
pub mod diff;
mod doubled;
pub mod edit;
mod faults;
pub mod fields;
pub mod fold;
pub mod graph;
mod hash;
pub mod receipt;
mod resolve;
pub mod review;
pub mod stray;
pub mod text;
pub mod thin;
pub mod tree;
pub mod value;

pub use body::{Opened, Past, merge_body};
pub use diff::{Span, SpanKind, diff_lines, diff_words};
pub use edit::{edit_body, edit_merge};
pub use fields::merge_fields;
pub use fold::{FoldError, Folded, fold};
pub use graph::Graph;
pub use receipt::{
    ChangedField, DiffHunk, SideChange, changes_of, changes_since, left_by_undecided, left_by_undo, receipt_id,
    summarize, undo,
};
pub use resolve::{Choice, ResolveError, ResultSpan, resolve, resolve_notebook, resolve_with_body, result_text};
pub use review::{Place, PlaceId, PlaceKind, PlaceValue, Review, Side, review, review_notebook};
pub use stray::{Link, Stray, stray, stray_place};
pub use tree::{break_cycles, cycles, same_as};

/// The number of this algorithm. Devices compare merged states only where it is equal.
pub const ALGO: u32 = 9;
