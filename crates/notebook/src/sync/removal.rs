//! Removing a computer that was lost: a new key for the account, wrapped to those who remain, and a new key epoch for the
//! space, in one request with the end of its sessions.
//!
//! What the removed computer sent before counts. So who removes it reads the log to its end first, names the last batch in
//! the membership log, and the server agrees only if that was the last, but for the last try. Where the answer is lost
//! nothing of the account is kept here, and the next look at its keys finds what was done.

use holdfast_crypto::{AccountKeys, LastBatch};
use holdfast_domain::DeviceId;
use holdfast_protocol as wire;
use holdfast_protocol::{ProtocolError, PutKeys, SyncProtocol, Token};
use holdfast_store::Reader;

use super::activity::{self, Happened, Line};
use super::keys::{Newer, bring_together, follow, keep_put, members, removal, tell};
use super::{Syncer, account, login, pull};
use crate::{NotebookError, Result, Vault};

/// The account may change, and the computer may send more, between reading and the request. After so many tries it is not
/// asked for the last word any more.
const REMOVAL_TRIES: usize = 4;

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
    let new = new_passphrase.map(|new| prepared(vault, new)).transpose()?;
    for n in 0..REMOVAL_TRIES + account::KEY_TRIES {
        bring_together(vault, server, token, Newer::Replace).await?;
        if !crate::planted("removed-unread") {
            read_to_end(vault, server, token).await?;
        }
        if is_done(vault, device)? {
            // Perhaps by a request whose answer was lost, and that set the passphrase too.
            return match new_passphrase {
                Some(new) if vault.check_passphrase(new).is_err() => vault.set_passphrase(new),
                _ => Ok(()),
            };
        }
        // One that sends without end, or whose counter is ahead of what it sent, is removed all the same: what came after
        // what was read is late, and set aside.
        let if_last = n < REMOVAL_TRIES;
        match put(vault, server, token, device, new.as_ref(), if_last).await {
            Err(NotebookError::Protocol(ProtocolError::KeysChanged { .. } | ProtocolError::DeviceAhead)) => {}
            other => return other,
        }
    }
    Err(NotebookError::Protocol(ProtocolError::Busy { retry_after_s: None }))
}

/// The account with the new passphrase, which is set on whatever the account is when the removal is put. What signs in
/// with it is kept before anything is sent: the answer may be lost.
fn prepared(vault: &Vault, new: &str) -> Result<AccountKeys> {
    crate::vault::check_passphrase(new)?;
    let (mut file, mut open) = {
        let keys = vault.keys();
        (keys.file.clone(), keys.open.clone())
    };
    let derived = file.set_passphrase(&mut open, new, &mut vault.env().rng())?;
    login::passphrase_made(vault, file.account().kdf_params().salt, &derived)?;
    Ok(file.account().clone())
}

/// Reads as far as the log goes now: whoever pushes without end does not hold a removal up.
async fn read_to_end(vault: &Vault, server: &dyn SyncProtocol, token: &Token) -> Result<()> {
    let mut end = None;
    loop {
        let pulled = pull::pull(vault, server, token).await?;
        // A step that is no page (a server that was set back) has no head; what it named before counts no more.
        end = if pulled.head == 0 { None } else { end.or(Some(pulled.head)) };
        if pulled.report.caught_up || end.is_some_and(|end| pulled.at >= end) {
            return Ok(());
        }
        if !pulled.report.moved {
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
    new_passphrase: Option<&AccountKeys>,
    if_last: bool,
) -> Result<()> {
    let request = request(vault, token, device, new_passphrase, if_last)?;
    let (keys, salt) = (request.keys.clone(), request.new_passphrase.as_ref().map(|(kdf, _)| kdf.salt));
    let version = server.put_keys(token, request).await?;
    // As if another computer had done it: what this one keeps beside the account may have changed meanwhile.
    tell(vault, &follow(vault, &keys, Newer::Stop)?.own())?;
    keep_put(vault, version, salt)?;
    vault.transact(|t| {
        let name = t.tx.device(device)?.map_or_else(|| "A computer".to_owned(), |row| format!("“{}”", row.name));
        activity::write(t, &Line::new(Happened::Removed, format!("{name} was removed from the account, here")))?;
        t.changes.settings = true;
        Ok(())
    })
}

/// The account without the device, and what the server has to know of it.
fn request(
    vault: &Vault,
    token: &Token,
    device: DeviceId,
    new_passphrase: Option<&AccountKeys>,
    if_last: bool,
) -> Result<PutKeys> {
    let (last, version) = vault.read(|r| {
        let version = account::load(r)?.map_or(0, |account| account.keys_version);
        Ok((last_batch(r, device)?, version))
    })?;
    let crate::vault::Keys { mut file, mut open } = vault.keys().clone();
    // First the passphrase: the new account key is never wrapped to the old one.
    if let Some(new) = new_passphrase {
        file.carry_passphrase(&mut open, new, &mut vault.env().rng())?;
    }
    file.remove_device(&mut open, device.0, last, &mut vault.env().rng())?;
    let login = login::for_keys(vault, file.account())?;
    let gone = open.account.members.removed.iter().find(|gone| gone.device.device_id == device.0);
    let space = wire::SpaceId(vault.space().0);
    let epoch = open.account.spaces.get(&space.0).map(|keys| keys.current_epoch().0);
    Ok(PutKeys {
        new_passphrase: login,
        remove_device: gone.map(|gone| removal(gone, if_last)),
        key_epoch: epoch.map(|epoch| wire::KeyEpoch { space, epoch }),
        by: Some(login::claim(vault, token)),
        members: Some(members(file.account())),
        ..PutKeys::new(version, file.account().to_bytes())
    })
}

/// The last batch of a device in the log that was read to its end.
fn last_batch(reader: &Reader<'_>, device: DeviceId) -> Result<LastBatch> {
    let last = reader.last_manifest(device)?;
    Ok(last.map_or(LastBatch { ctr: 0, hash: [0; 32] }, |row| LastBatch { ctr: row.ctr, hash: row.batch }))
}
