//! A computer that joins when everything is over: the passphrase that counts opens the account, and whoever reads the
//! log from its beginning has what the others have.

use holdfast_notebook::sync;

use crate::device::Device;
use crate::fault::{Checked, Invariant, OrBroken as _};
use crate::net::LineState;
use crate::template::{PASSPHRASE, USER, finish};
use crate::world::World;

/// In one seed of eight: a new vault takes its time.
pub fn somebody_joins(seed: u64) -> bool {
    seed % 8 == 5
}

impl World {
    /// `first`: one of those who are in the account.
    pub fn join(&mut self, first: usize) -> Checked {
        // Who knows which passphrase counts, where nobody was told that a new one does?
        if self.account.changed && (self.account.passphrase.is_none() || self.server_forgets()) {
            return Ok(());
        }
        let passphrase = self.account.passphrase.clone().unwrap_or_else(|| PASSPHRASE.to_owned());
        let index = self.devices.len();
        self.network.net().lines.push(LineState::default());
        let dir = self.dir.path().join("joined");
        let (keychain, kind) = (self.devices[first].keychain().clone(), self.devices[first].kind());
        let mut device = Device::new(index, "joined", dir, self.clock.beside(0), &keychain, &self.network, kind);
        // Each device of the template began with its number.
        device.source.restart(self.clock.now_ms());
        let joined =
            finish(sync::join(&device.dir, device.connect(), &self.link, USER, &passphrase, "joined", device.env()));
        let joined = joined.or_broken(Invariant::Liveness, "joining with the passphrase that counts")?;
        joined.set_fetch_files(sync::FetchFiles::Always).works("joining")?;
        device.adopt(joined).works("joining")?;
        // As a copy that became a device of its own, it writes its name, once.
        device.twin = true;
        self.devices.push(device);
        self.clock.advance(1_000);
        self.sync_in_peace(index)?;
        // It has told its name; so has nobody else anything to tell.
        self.sync_in_peace(first)?;
        let (one, other) = (self.picture(first)?, self.picture(index)?);
        self.compare(first, index, &one, &other, Invariant::Convergence)
    }
}
