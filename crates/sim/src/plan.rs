//! What happens in a seed: a list of steps, made before any of them is done, so that leaving some out leaves the
//! others as they were.

use crate::dice::Dice;
use crate::fault::Fault;
use crate::files::files_go;

/// The most devices that a world begins with.
pub const MOST_DEVICES: usize = 8;

/// How many devices worlds begin with, as often as it stands here: most people have two or three, and what many do
/// to each other takes the time of several seeds.
const DEVICES: [usize; 23] = [2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 6, 7, MOST_DEVICES];

/// What somebody does, or what befalls them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    AddNote,
    /// Changes the text and leaves the note.
    Edit,
    /// Changes the text and stays in it.
    Type,
    /// Opens a note; the text lies in a window from now on.
    OpenBuffer,
    /// Saves what was opened, whatever arrived or was written since.
    SaveBuffer,
    Retitle,
    Due,
    Done,
    Tag,
    Untag,
    MoveNote,
    AddNotebook,
    RenameNotebook,
    MoveNotebook,
    TrashNotebook,
    TrashOrRestore,
    Attach,
    /// Takes a file out of a note.
    Detach,
    /// Goes back to a version that had a file.
    GoBack,
    /// Decides some places, or all.
    Resolve,
    UndoResolution,
    UndoReceipt,
    Commit,
    Restart,
    Sync,
    /// Several devices sync at the same time, and one of them is typed at meanwhile.
    SyncTogether,
    /// Keeps a copy of the server's data, for [`Fault::Restore`].
    SaveServer,
    /// Lines and servers as they should be.
    Mend,
    Befall(Fault),
}

/// One step. `salt` decides everything in it that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub device: usize,
    pub salt: u64,
    pub act: Act,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub seed: u64,
    pub devices: usize,
    pub faults: Vec<Fault>,
    pub steps: Vec<Step>,
}

/// What may be chosen for all seeds.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    pub devices: Option<usize>,
    /// Only these; all where absent.
    pub faults: Option<Vec<Fault>>,
    /// Of those that came later, without these: a seed's plan before them.
    pub without: Vec<Fault>,
}

/// How often each is done, of a thousand, without faults.
const WEIGHTS: [(Act, usize); 24] = [
    (Act::AddNote, 30),
    (Act::Edit, 260),
    (Act::Type, 90),
    (Act::OpenBuffer, 40),
    (Act::SaveBuffer, 40),
    (Act::Retitle, 35),
    (Act::Due, 25),
    (Act::Done, 20),
    (Act::Tag, 30),
    (Act::Untag, 15),
    (Act::MoveNote, 25),
    (Act::AddNotebook, 12),
    (Act::RenameNotebook, 10),
    (Act::MoveNotebook, 12),
    (Act::TrashNotebook, 6),
    (Act::TrashOrRestore, 35),
    (Act::Attach, 10),
    (Act::Resolve, 80),
    (Act::UndoResolution, 25),
    (Act::UndoReceipt, 20),
    (Act::Commit, 10),
    (Act::Restart, 8),
    (Act::Sync, 130),
    (Act::SyncTogether, 32),
];

/// Beside [`WEIGHTS`], where what nothing names goes.
const WITH_FILES: [(Act, usize); 3] = [(Act::Attach, 15), (Act::Detach, 18), (Act::GoBack, 8)];

/// As [`WEIGHTS`], where there is one note and nothing but people.
const ON_PAPER: [(Act, usize); 12] = [
    (Act::Edit, 330),
    (Act::Type, 60),
    (Act::OpenBuffer, 45),
    (Act::SaveBuffer, 45),
    (Act::Retitle, 25),
    (Act::Due, 15),
    (Act::Tag, 15),
    (Act::TrashOrRestore, 25),
    (Act::Resolve, 100),
    (Act::UndoResolution, 35),
    (Act::UndoReceipt, 45),
    (Act::Sync, 260),
];

fn weighted(weights: &[(Act, usize)], dice: &mut Dice) -> Act {
    let total: usize = weights.iter().map(|(_, n)| n).sum();
    let mut at = dice.below(total);
    for (act, n) in weights {
        if at < *n {
            return *act;
        }
        at -= n;
    }
    Act::Sync
}

/// The faults of a seed: each in about one seed of five, and none in some.
fn faults(dice: &mut Dice, choice: &Choice) -> Vec<Fault> {
    if dice.chance(5) {
        return Vec::new();
    }
    if let Some(from) = &choice.faults {
        return from.iter().copied().filter(|_| dice.chance(70)).collect();
    }
    // Dice of their own for what came later.
    let mut later = Dice::new(dice.clone().next_u64() ^ 0x1A7E);
    let (first, rest) = Fault::ALL.split_at(Fault::FIRST);
    let mut out: Vec<Fault> = first.iter().copied().filter(|_| dice.chance(20)).collect();
    out.extend(rest.iter().copied().filter(|fault| later.chance(20) && !choice.without.contains(fault)));
    out
}

impl Plan {
    /// For people and merges alone.
    pub fn on_paper(seed: u64, choice: &Choice) -> Self {
        let mut dice = Dice::new(seed ^ 0x009A_9E12);
        let devices = choice.devices.unwrap_or_else(|| [2, 2, 2, 3, 3, 4, 5][dice.below(7)]);
        let length = 15 + dice.below(60);
        let step = |dice: &mut Dice| {
            let act = weighted(&ON_PAPER, dice);
            Step { device: dice.below(MOST_DEVICES * 1_000), salt: dice.next_u64(), act }
        };
        let steps = (0..length).map(|_| step(&mut dice)).collect();
        Self { seed, devices, faults: Vec::new(), steps }
    }

    pub fn of(seed: u64, choice: &Choice) -> Self {
        let mut dice = Dice::new(seed ^ 0x005E_ED0F_7A57);
        let devices = choice.devices.unwrap_or_else(|| DEVICES[dice.below(DEVICES.len())]);
        let faults = faults(&mut dice, choice);
        let length = 172 + dice.below(17);
        let mut weights = WEIGHTS.to_vec();
        if files_go(seed) {
            weights.extend(WITH_FILES);
        }
        let mut steps = Vec::with_capacity(length);
        let mut step = |dice: &mut Dice, act| {
            steps.push(Step { device: dice.below(MOST_DEVICES * 1_000), salt: dice.next_u64(), act });
        };
        for n in 0..length {
            let act = if n < 3 {
                Act::AddNote
            } else if !faults.is_empty() && dice.chance(12) {
                match faults[dice.below(faults.len())] {
                    // A clone, a restore, a fork or a long absence is rare, and one is much.
                    Fault::Clone | Fault::Fork | Fault::LongAway | Fault::Revoke if dice.chance(75) => {
                        weighted(&weights, &mut dice)
                    }
                    Fault::Restore if dice.chance(50) => Act::SaveServer,
                    fault => Act::Befall(fault),
                }
            } else if faults
                .iter()
                .any(|f| matches!(f, Fault::Partition | Fault::Fork | Fault::ClockJump | Fault::Older))
                && dice.chance(3)
            {
                Act::Mend
            } else {
                weighted(&weights, &mut dice)
            };
            step(&mut dice, act);
        }
        Self { seed, devices, faults, steps }
    }
}
