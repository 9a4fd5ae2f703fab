//! What was done, counted; and what was wrong.

use std::fmt;

use crate::wire::Befell;

/// Something that must not be, and which promise it breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub promise: &'static str,
    pub what: String,
}

impl Violation {
    pub fn new(promise: &'static str, what: impl Into<String>) -> Self {
        Self { promise, what: what.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.promise, self.what)
    }
}

/// Counts of a run, or of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub seeds: u64,
    pub rounds: u64,
    pub commands: u64,
    /// Programs of a computer that were killed, and of these before they had answered.
    pub kills: u64,
    pub kills_inside: u64,
    pub server_kills: u64,
    pub copies: u64,
    pub restores: u64,
    /// Disks that were filled, and commands that found no room.
    pub full_disks: u64,
    pub server_full_disks: u64,
    pub no_room: u64,
    /// Syncs that did not get through.
    pub unreached: u64,
    pub syncs: u64,
    pub wire: Befell,
    pub notes: u64,
    pub words: u64,
    pub words_to_review: u64,
    pub resolved: u64,
    /// Disks of a computer that were made small by a mount; else by a limit of the database, and the server's not at all.
    pub small_disks: u64,
    pub limited_disks: u64,
}

impl Report {
    pub fn wires(&mut self, befell: Befell) {
        let wire = &mut self.wire;
        for (sum, more) in [
            (&mut wire.refused, befell.refused),
            (&mut wire.delayed, befell.delayed),
            (&mut wire.throttled, befell.throttled),
            (&mut wire.cut, befell.cut),
            (&mut wire.held, befell.held),
            (&mut wire.doubled, befell.doubled),
        ] {
            *sum += more;
        }
    }

    pub fn add(&mut self, other: &Self) {
        self.wires(other.wire);
        for (sum, more) in [
            (&mut self.seeds, other.seeds),
            (&mut self.rounds, other.rounds),
            (&mut self.commands, other.commands),
            (&mut self.kills, other.kills),
            (&mut self.kills_inside, other.kills_inside),
            (&mut self.server_kills, other.server_kills),
            (&mut self.copies, other.copies),
            (&mut self.restores, other.restores),
            (&mut self.full_disks, other.full_disks),
            (&mut self.server_full_disks, other.server_full_disks),
            (&mut self.no_room, other.no_room),
            (&mut self.unreached, other.unreached),
            (&mut self.syncs, other.syncs),
            (&mut self.notes, other.notes),
            (&mut self.words, other.words),
            (&mut self.words_to_review, other.words_to_review),
            (&mut self.resolved, other.resolved),
            (&mut self.small_disks, other.small_disks),
            (&mut self.limited_disks, other.limited_disks),
        ] {
            *sum += more;
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wire = &self.wire;
        writeln!(
            f,
            "{} rounds, {} commands, {} syncs got through and {} did not",
            self.rounds, self.commands, self.syncs, self.unreached
        )?;
        writeln!(
            f,
            "killed: {} programs of computers ({} before they answered), the server {} times",
            self.kills, self.kills_inside, self.server_kills
        )?;
        writeln!(
            f,
            "wires: {} cut, {} held back one way, {} refused, {} parts late, {} slow, {} tried twice",
            wire.cut, wire.held, wire.refused, wire.delayed, wire.throttled, wire.doubled
        )?;
        writeln!(
            f,
            "disks: {} full of a computer, {} of the server; {} commands found no room",
            self.full_disks, self.server_full_disks, self.no_room
        )?;
        if self.limited_disks > 0 {
            writeln!(
                f,
                "       this user may not mount a small disk: {} were limits of the database instead, and the server's \
                 disk was never full",
                self.limited_disks
            )?;
        }
        writeln!(f, "server: copied {} times, set back to a copy {} times", self.copies, self.restores)?;
        write!(
            f,
            "at the end: {} notes, {} words of people, {} of them in places to review; {} reviews were decided",
            self.notes, self.words, self.words_to_review, self.resolved
        )
    }
}
