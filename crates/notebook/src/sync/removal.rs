//! Removing a computer that was lost: a new key for the account, wrapped to those who remain, and a new key epoch for the
//! space, in one request with the end of its sessions.
//!
//! What the removed computer sent before counts. So who removes it reads the log to its end first, names the last batch in
//! the membership log, and the server agrees only if that was the last. Where the answer is lost nothing is kept here, and
//! the next look at the account's keys finds what was done.

use holdfast_crypto::{AccountKeys, LastBatch};
use holdfast_domain::DeviceId;
use holdfast_protocol as wire;
use holdfast_protocol::{ProtocolError, PutKeys, SyncProtocol, Token};
use holdfast_store::Reader;

use super::account::{self, KEY_TRIES, login_of, send_new_keys};
use super::activity::{self, Happened, Line};
use super::keys::{keep_version, refresh_keys, removal};
use super::{Syncer, pull};
use crate::{NotebookError, Result, Vault};

impl Syncer {
    /// Removes another computer from the account, for good: it gets nothing more, and nothing is taken from it. With a new
    /// passphrase, where somebody else may know the one that there is: then the new keys are never under the old one.
    ///
    /// Sync's own steps wait meanwhile. Done already is done.
    pub async fn remove_device(&self, device: DeviceId, new_passphrase: Option<&str>) -> Result<()> {
        let vault = self.vault();
        {
            let _turn = self.turn.lock().await;
            let account = vault.read(account::load)?.ok_or(NotebookError::NoServer)?;
            let Some(token) = account.token else { return Err(vault.why_signed_out()?) };
            // A connection of its own: the driver's belongs to the driver's thread.
            let server = (self.connect())(&account.address)?;
            remove(vault, &*server, &token, device, new_passphrase).await?;
        }
        self.wake();
        Ok(())
    }
}

async fn remove(
    vault: &Vault,
    server: &dyn SyncProtocol,
    token: &Token,
    device: DeviceId,
    new_passphrase: Option<&str>,
) -> Result<()> {
    if device == vault.device() {
        return Err(NotebookError::Invalid(
            "this computer cannot remove itself: remove it from another one of the account".into(),
        ));
    }
    if let Some(new) = new_passphrase {
        crate::vault::check_passphrase(new)?;
    }
    send_new_keys(vault, server, token).await?;
    for _ in 0..KEY_TRIES {
        read_to_end(vault, server, token).await?;
        refresh_keys(vault, server, token).await?;
        if is_done(vault, device)? {
            // Perhaps by a request whose answer was lost, and that set the passphrase too.
            return match new_passphrase {
                Some(new) if vault.check_passphrase(new).is_err() => vault.set_passphrase(new),
                _ => Ok(()),
            };
        }
        match put(vault, server, token, device, new_passphrase).await {
            Err(NotebookError::Protocol(ProtocolError::KeysChanged { .. } | ProtocolError::DeviceAhead)) => {}
            other => return other,
        }
    }
    Err(NotebookError::Protocol(ProtocolError::Busy { retry_after_s: None }))
}

async fn read_to_end(vault: &Vault, server: &dyn SyncProtocol, token: &Token) -> Result<()> {
    loop {
        let report = pull::pull(vault, server, token).await?.report;
        if report.caught_up {
            return Ok(());
        }
        if !report.moved {
            return Err(NotebookError::NothingMoves { minutes: 0 });
        }
    }
}

/// True where the device was removed already. Fails where it never was a member.
fn is_done(vault: &Vault, device: DeviceId) -> Result<bool> {
    let keys = vault.keys();
    let members = &keys.open.account.members;
    if members.removed(device.0).is_some() {
        return Ok(true);
    }
    if members.devices.iter().any(|member| member.device_id == device.0) {
        return Ok(false);
    }
    Err(NotebookError::NotFound { what: "computer", id: device.to_string() })
}

/// One try. The keys are kept here when the server has them.
async fn put(
    vault: &Vault,
    server: &dyn SyncProtocol,
    token: &Token,
    device: DeviceId,
    new_passphrase: Option<&str>,
) -> Result<()> {
    let (last, version) = vault.read(|r| {
        let version = account::load(r)?.map_or(0, |account| account.keys_version);
        Ok((last_batch(r, device)?, version))
    })?;
    let request = {
        let keys = vault.keys();
        let (mut file, mut open) = (keys.file.clone(), keys.open.clone());
        drop(keys);
        // First the passphrase: the new account key is never wrapped to the old one.
        let mut login = None;
        if let Some(new) = new_passphrase {
            file.set_passphrase(&mut open, new, &mut vault.env().rng())?;
            login = Some(login_of(&file, new)?);
        }
        file.remove_device(&mut open, device.0, last, &mut vault.env().rng())?;
        let gone = open.account.members.removed.iter().find(|gone| gone.device.device_id == device.0);
        let space = wire::SpaceId(vault.space().0);
        let epoch = open.account.spaces.get(&space.0).map(|keys| keys.current_epoch().0);
        PutKeys {
            new_passphrase: login,
            remove_device: gone.map(|gone| removal(gone, true)),
            key_epoch: epoch.map(|epoch| wire::KeyEpoch { space, epoch }),
            by: Some(wire::DeviceId(vault.device().0)),
            ..PutKeys::new(version, file.account().to_bytes())
        }
    };
    let changed = AccountKeys::from_bytes(&request.keys)?;
    let version = server.put_keys(token, request).await?;
    {
        // As if another computer had done it: what this one keeps beside the account may have changed meanwhile.
        let mut keys = vault.keys();
        let crate::vault::Keys { file, open } = &mut *keys;
        let mut next = file.clone();
        next.update_account(changed, open, &mut vault.env().rng())?;
        *file = next;
        vault.write_keys(&keys)?;
    }
    keep_version(vault, version)?;
    vault.transact(|t| {
        let name = t.tx.device(device)?.map_or_else(|| "A computer".to_owned(), |row| format!("“{}”", row.name));
        activity::write(t, &Line::new(Happened::Removed, format!("{name} was removed from the account, here")))?;
        t.changes.settings = true;
        Ok(())
    })
}

/// The last batch of a device in the log that was read to its end.
fn last_batch(reader: &Reader<'_>, device: DeviceId) -> Result<LastBatch> {
    let last = reader.last_manifest(device)?;
    Ok(last.map_or(LastBatch { ctr: 0, hash: [0; 32] }, |row| LastBatch { ctr: row.ctr, hash: row.batch }))
}
