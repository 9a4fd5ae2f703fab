//! History is thinned while a world lasts, in one seed of four: by days that are seconds, in most seeds whoever has read what
//! (which is more than a program has to stand: it waits for everybody). One device keeps ninety days, which is nearly all of
//! it, so that what a server lost comes back.

use holdfast_domain::{NoteId, RevisionId};
use holdfast_notebook::simulation::just_thinned;
use holdfast_notebook::sync::HistoryKept;
use holdfast_notebook::{ContentAt, ReleaseTimes};

use crate::befall::{Ended, Job};
use crate::device::Device;
use crate::dice::Dice;
use crate::fault::{Checked, Fault, Invariant, OrBroken as _};
use crate::plan::{Act, Plan};
use crate::template::Template;
use crate::world::World;

/// What counts as a day.
pub const DAY_MS: u64 = 15_000;
/// The members of the account that take no part in a world are waited for no more after that.
const WAITS_MS: u64 = 900_000;
/// The vault's own time goes on by the second, and no file goes by it.
pub const TIMES: ReleaseTimes = ReleaseTimes { wait_ms: u64::MAX / 4, grace_ms: u64::MAX / 4, step_ms: 24_000 };

/// How history is thinned.
#[derive(Clone, Copy, Debug)]
pub struct Thins {
    /// For so long it waits for a device that says nothing.
    pub waits_ms: u64,
    /// Nobody keeps nearly everything: what a server loses that all have thinned is nowhere.
    pub all: bool,
}

impl Thins {
    /// Where a server may forget what was read it waits as the program does, for those that take part: else the device that
    /// keeps everything may never have had what all others have thinned.
    pub fn of(plan: &Plan) -> Option<Self> {
        let forgets = [Fault::Restore, Fault::Fork].iter().any(|fault| plan.faults.contains(fault));
        // Who is away for long may write on what is nowhere when they are back, and that stays set aside.
        let all = forgets && !plan.faults.contains(&Fault::LongAway) && plan.seed / 32 % 2 == 1;
        (plan.seed / 8 % 4 == 3).then_some(Self { waits_ms: if forgets { WAITS_MS } else { 0 }, all })
    }
}

/// What the person of a device has chosen.
pub fn choose(device: &Device, thins: Thins) -> Checked {
    let days = match device.index {
        0 if !thins.all => return Ok(()),
        1 => 1,
        2 => 4,
        _ => 30,
    };
    device.vault()?.set_history_kept(HistoryKept::Days(days)).works("choosing how much history stays")
}

impl World {
    /// Gets what is not here any more from the server, as a person does who looks at an old version. False where it did not
    /// come.
    pub fn get_old(&mut self, at: usize, note: NoteId, version: RevisionId, dice: &mut Dice) -> Checked<bool> {
        let is_here = |world: &Self| -> Checked<bool> {
            let versions = world.devices[at].vault()?.history(note.into()).works("the history")?;
            Ok(versions.iter().any(|info| info.id == version && info.content == ContentAt::Here))
        };
        if is_here(self)? {
            return Ok(true);
        }
        for (_, ended) in self.drive(vec![(at, Job::Fetch(note, version))], dice, None)? {
            if matches!(ended, Ended::Done(Ok(_))) && !is_here(self)? {
                return Invariant::Works.broken(format!("{version} came from the server, and is not here"));
            }
        }
        is_here(self)
    }

    /// Nobody thins what is not as old as that device's person has chosen. Clocks that jump make days of their own.
    pub fn keeps_what_was_chosen(&self) -> Checked {
        let jumps = [Fault::ClockJump, Fault::LongAway].iter().any(|fault| self.faults.contains(fault));
        for (by, version) in just_thinned().into_iter().filter(|_| !jumps) {
            let mut vaults = self.devices.iter().filter_map(|device| Some((device, device.vault().ok()?)));
            let Some((device, vault)) = vaults.find(|(_, vault)| vault.device() == by) else { continue };
            let kept = vault.history_kept().works("how much history stays")?;
            let age_ms = self.made_ms.get(&version).map(|made_ms| self.clock.now_ms() - made_ms);
            // A day is counted when it has begun.
            let may = match kept {
                HistoryKept::Everything => false,
                HistoryKept::Days(days) => age_ms.is_none_or(|age_ms| age_ms + DAY_MS >= u64::from(days) * DAY_MS),
            };
            if !may {
                let what = format!("{} keeps {kept:?}, and thinned {version} after {age_ms:?} ms", device.name);
                return Invariant::LostEdit.broken(what);
            }
        }
        Ok(())
    }

    /// Where nobody keeps everything the server is set back in the end to how it was long before: what all have thinned
    /// since then is nowhere. Everybody goes on, and so does who was silent.
    pub fn the_past_is_lost(&mut self, template: &Template) -> Checked {
        let all = self.devices.first().and_then(|device| device.kind().thins).is_some_and(|thins| thins.all);
        // Where others have another log, or were removed, what they had is judged before.
        let others = [Fault::Fork, Fault::Revoke].iter().any(|fault| self.met.faults.contains(fault));
        // Whom the backup does not know has to sign in again.
        let joined = self.devices.iter().any(|device| device.name == "joined");
        if !all || others || joined || self.saved_server.is_none() {
            return Ok(());
        }
        // Everybody says how far they have read; then it takes as long as nobody waits for who is silent.
        let mut dice = Dice::new(self.met.steps ^ 0x1057);
        for _ in 0..2 {
            for at in self.members() {
                self.person(at, Act::AddNote, &mut dice)?;
                self.sync_in_peace(at)?;
            }
        }
        for _ in 0..WAITS_MS / DAY_MS + 8 {
            self.clock.advance(DAY_MS);
            self.round_of_peace()?;
        }
        self.restore_server()?;
        self.settle()?;
        self.nothing_waits()?;
        self.somebody_comes_late(template)
    }

    /// Whatever was thinned the server still has, and what it gives is what was there: one of them each, at the end.
    pub fn old_comes_back(&mut self) -> Checked {
        let mut dice = Dice::new(self.met.steps ^ 0x01D);
        for at in self.members() {
            self.met.thinned += self.devices[at].look(|l| l.stubs())?;
            for note in self.notes_of(at)? {
                let versions = self.devices[at].vault()?.history(note.into()).works("the history")?;
                let thinned: Vec<(RevisionId, ContentAt)> =
                    versions.iter().filter(|v| v.content != ContentAt::Here).map(|v| (v.id, v.content)).collect();
                let Some((version, said)) = dice.pick(&thinned).copied() else { continue };
                let came = self.get_old(at, note, version, &mut dice)?;
                if came != (said == ContentAt::Server) {
                    let what =
                        format!("{} says that {version} is at {said:?}; it comes: {came}", self.devices[at].name);
                    return Invariant::Liveness.broken(what);
                }
                if !came {
                    if self.devices[at].kind().thins.is_some_and(|thins| thins.all) {
                        continue;
                    }
                    let what = format!("{} does not get {version} of {note} back", self.devices[at].name);
                    return Invariant::LostEdit.broken(what);
                }
                self.devices[at].vault()?.note_version(note, version).works("a version that came back")?;
            }
        }
        Ok(())
    }
}
