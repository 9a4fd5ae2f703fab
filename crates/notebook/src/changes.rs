//! What an operation changed: views that show any of it ask again.

use std::collections::BTreeSet;

use holdfast_domain::NoteId;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpChanges {
    pub notes: BTreeSet<NoteId>,
    pub notebooks: bool,
    pub tags: bool,
    pub review: bool,
    pub receipts: bool,
    pub settings: bool,
    /// Something was queued for sending, or a working revision was written.
    pub waiting: bool,
    /// Another device's changes caused it.
    pub from_sync: bool,
}

impl OpChanges {
    pub fn is_empty(&self) -> bool {
        *self == Self { from_sync: self.from_sync, ..Self::default() }
    }
}
