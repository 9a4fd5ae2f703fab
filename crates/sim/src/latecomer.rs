//! A member that was silent from before anything happened until all was over: it reads everything at once, in bodies and in
//! the packs that took their place, and shows what the others show.

use crate::device::Device;
use crate::fault::{Checked, Invariant, OrBroken as _};
use crate::net::LineState;
use crate::plan::MOST_DEVICES;
use crate::template::{Template, device_name};
use crate::world::World;

/// Places of the log in one pack. In one seed of two there are packs: they take their time.
pub fn pack_block(seed: u64) -> u64 {
    if seed.is_multiple_of(2) { 16 } else { u64::MAX }
}

/// In one seed of four; half of them have packs.
pub fn somebody_is_silent(seed: u64) -> bool {
    seed % 8 == 2 || seed % 8 == 7
}

/// More than there are pages and steps of healing in a seed.
const SYNCS: usize = 12;

impl World {
    /// Nothing where all devices of the template take part.
    pub fn somebody_comes_late(&mut self, template: &Template) -> Checked {
        let name = device_name(MOST_DEVICES - 1);
        let dir = self.dir.path().join(&name);
        // What a removed device sent to a server that had forgotten it some have taken over, and others not.
        let differ = !self.network.net().nobodys.is_empty();
        let Some(first) = self.members().first().copied().filter(|_| !differ && !dir.exists()) else { return Ok(()) };
        template.copy_one(&name, self.dir.path()).works("copying a device")?;
        let index = self.devices.len();
        self.network.net().lines.push(LineState::of_who_has_read(&template.log));
        let (clock, kind) = (self.clock.beside(0), self.devices[first].kind());
        let mut device = Device::new(index, &name, dir, clock, &template.keychain, &self.network, kind);
        device.source.restart(self.first);
        device.checked = self.first;
        device.reopen()?;
        self.devices.push(device);
        for _ in 0..SYNCS {
            let Some(report) = self.sync_in_peace(index)? else {
                return Invariant::Works.broken("a member that was silent is out");
            };
            self.overheard()?;
            if report.pulled + report.pushed + report.packed == 0 {
                break;
            }
        }
        let (theirs, its) = (self.picture(first)?, self.picture(index)?);
        self.compare(first, index, &theirs, &its, Invariant::Convergence)?;
        let counts = [first, index].map(|at| self.devices[at].look(|l| l.revision_count()));
        let [theirs, its] = counts;
        if theirs? != its? {
            return Invariant::Convergence.broken("who comes late has fewer versions than the others");
        }
        self.nothing_waits()
    }
}
