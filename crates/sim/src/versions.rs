//! Programs of other versions among the devices: one that knows less than the others, and one that writes what they do
//! not know.
//!
//! There is one version yet. An earlier one is this one without what was added to the formats since they were first
//! written: its revisions carry the number of the merge before, it seals whole and never as a difference, its batches
//! have neither mark nor state, and neither its requests nor the answers that it heeds name the account's keys. A later
//! one writes fields into notes that this one does not know, and records of a kind that this one does not know.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use holdfast_notebook::NotebookError;
use holdfast_notebook::simulation::{add_of_newer_kind, write_newer_field};
use holdfast_protocol::ProtocolError;

use crate::dice::Dice;
use crate::fault::{Checked, Fault, OrBroken as _};
use crate::people::Deed;
use crate::tokens::{self, word};
use crate::world::World;

/// Kinds and fields that are not used yet.
const NEWER_KIND: u64 = 77;
const NEWER_FIELDS: [u64; 3] = [100, 101, 300];

impl World {
    /// From now on this device has an earlier version of the program. (Two copies of one disk need the newest: batches
    /// without a mark cannot be told apart.)
    pub fn grow_old(&mut self, at: usize) -> String {
        if self.devices[at].twin {
            return "no earlier version".into();
        }
        self.set_older(at, true);
        "an earlier version".into()
    }

    pub fn set_older(&mut self, at: usize, older: bool) {
        self.devices[at].older.store(older, Ordering::SeqCst);
        self.network.net().line(at).older = older;
    }

    /// Parts of the log are in packs by now, which an earlier version cannot read. It says so, and takes nothing for all.
    pub fn is_too_old(&self, at: usize, error: &NotebookError) -> bool {
        let said = |why: &str| why.contains("too old");
        self.devices[at].is_older()
            && matches!(error, NotebookError::Protocol(ProtocolError::Refused(why)) if said(why))
    }

    /// Something that only a later version knows.
    pub fn write_as_newer(&mut self, at: usize, dice: &mut Dice) -> Checked<String> {
        let token = self.token();
        let text = word(token);
        let notes = self.notes_of(at)?;
        self.met.faults.insert(Fault::Newer);
        let Some(note) = dice.pick(&notes).copied().filter(|_| dice.chance(75)) else {
            let typing = self.devices[at].position()?.typing.len();
            let added =
                add_of_newer_kind(self.devices[at].vault()?, NEWER_KIND, &text).works("a record of a newer kind")?;
            self.look_at_outbox(at, typing + 1)?;
            self.others.push(added);
            self.acknowledge(at, added, &[token]);
            return Ok(format!("a record {}", crate::people::short(added)));
        };
        let number = NEWER_FIELDS[dice.below(NEWER_FIELDS.len())];
        let shown = self.devices[at].shown(note.into())?;
        let before = shown.as_ref().and_then(|s| s.fields.as_note()).and_then(|note| note.unknown.get(&number));
        let gone: BTreeSet<u32> = before.map(tokens::of_unknown).unwrap_or_default().into_iter().collect();
        let deed =
            Deed { record: note.into(), may_go: Some(gone), fresh: &[token], commit: true, most: 1, stale: false };
        self.act(at, deed, |v| write_newer_field(v, note, number, &text), "write as a newer version")
    }
}
