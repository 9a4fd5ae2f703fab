//! Sync, driven: the steps that `holdfast-sync` decides on, done over the database and a
//! [`holdfast_protocol::SyncProtocol`].

mod account;
pub(crate) mod activity;
mod apply;
mod behind;
mod blobs;
mod catch_up;
mod device;
mod digest;
mod driver;
mod failures;
mod fetch;
mod flags;
mod fork;
mod heal;
mod keys;
mod later;
mod lazy;
mod live;
mod login;
mod metrics;
mod on_demand;
mod packs;
mod places;
mod problem;
mod pull;
mod push;
mod releases;
mod removal;
mod seen;
mod set_aside;
mod status;
mod take_over;
mod thinning;
pub(crate) mod tripwire;
mod versions;

use holdfast_crypto::{CryptoError, SealContext, open_revision, seal_revision, seal_revision_on};
use holdfast_domain::{MAX_RECORD_BYTES, RevisionId};
use holdfast_protocol::{Entry, EntryKind, Rid};
use holdfast_store::{OutboxRow, Reader};

use crate::txn::Txn;
use crate::{Result, Vault};

pub use account::{Connect, ServerAddress, create_account, join, read_link};
pub use activity::{Activity, Happened};
pub use catch_up::CatchUp;
pub use driver::{CycleReport, Syncer};
pub use flags::SyncFlag;
pub use lazy::FetchFiles;
pub use login::sign_in;
pub(crate) use login::{passphrase_made, passphrase_typed, tell_passphrase_set};
pub use metrics::{LATENCY_MS, StepCount, SyncMetrics};
pub use releases::UnnamedFiles;
pub use set_aside::{AsideEntry, AsideId, AsideText, Takes, WhySetAside};
pub use status::{DeviceStatus, FileProgress, SyncStatus};
pub use take_over::TakenOver;
pub use thinning::HistoryKept;
pub use tripwire::{HeldNote, Tripwire};

/// Meta rows that only sync reads and writes.
mod meta {
    pub const SERVER_URL: &str = "server_url";
    pub const SERVER_PIN: &str = "server_pin";
    pub const USER: &str = "user";
    pub const TOKEN: &str = "token";
    pub const KEYS_VERSION: &str = "keys_version";
    /// Login secrets by the salts of their passphrases.
    pub const LOGINS: &str = "logins";
    /// The salt of the login that the server has, as it was named last.
    pub const LOGIN_SALT: &str = "login_salt";
    pub const CODE_AUTH: &str = "code_auth";
    pub const CONFIRMED_MS: &str = "confirmed_ms";
    pub const LAST_CHANGES: &str = "last_changes";
    pub const LAST_DURATION_MS: &str = "last_duration_ms";
    pub const PAUSED: &str = "paused";
    /// While what a restored server lost is being brought back: how many changes were sent again so far.
    pub const HEALING: &str = "healing";
    /// The epoch in which the log stood when it was told last of what it had lost.
    pub const HEALED_EPOCH: &str = "healed_epoch";
    /// How often that was begun without a success after it.
    pub const HEALINGS: &str = "healings";
    /// Where in the log and when single entries were asked for last.
    pub const FETCHED_SEQ: &str = "fetched_seq";
    pub const FETCHED_MS: &str = "fetched_ms";
    /// By which program, and with which keys, what was set aside was looked at last.
    pub const LOOKED_BY: &str = "looked_by";
    /// The signed statements that this device is the heir of earlier ones: CBOR, as on the wire.
    pub const HEIRS: &str = "heirs";
    /// This vault is a copy: before the next exchange it becomes a device of its own.
    pub const COPIED: &str = "copied";
    /// It became one, and has not sent anything since.
    pub const REBORN: &str = "reborn";
    /// Which device it was before.
    pub const REBORN_OF: &str = "reborn_of";
    /// With whom this device disagrees about the log, and where.
    pub const DISAGREES: &str = "disagrees";
    /// When the server was last asked whether it still has the files that are here.
    pub const FILES_ASKED_MS: &str = "files_asked_ms";
    /// What this computer will be called, until it has read which names are taken.
    pub const JOINED_AS: &str = "joined_as";
    /// When this device last signed what it makes of the log.
    pub const DIGEST_MS: &str = "digest_ms";
    /// How far the log was read when this device last looked whether there is something to pack.
    pub const PACKS_LOOKED: &str = "packs_looked";
    /// 1: since the last release came it was looked at what nothing names.
    pub const RELEASES_LOOKED: &str = "releases_looked";
    /// The vault's own time, by which releases are counted, and the computer's clock then.
    pub const AGE_MS: &str = "age_ms";
    pub const AGE_AT_MS: &str = "age_at_ms";
    /// For how many days all of the history stays here; 0: for ever.
    pub const HISTORY_KEPT: &str = "history_kept";
    /// The newest day that was marked, and the one on which everything was last looked at; how far, where it is under way.
    pub const DAY_MARKED: &str = "day_marked";
    pub const DAY_THINNED: &str = "day_thinned";
    pub const THINNED_UP_TO: &str = "thinned_up_to";
    /// What went wrong last, until the next success.
    pub const PROBLEM: &str = "sync_problem";
}

pub(crate) use meta::CODE_AUTH;

pub(crate) use device::{tell_joined, untold_name};
pub(crate) use fork::adopt as adopt_device;

/// This vault is a copy of another: the next sync makes it a device of its own.
pub(crate) fn mark_copied(vault: &Vault) -> Result<()> {
    vault.transact(|t| Ok(t.tx.put_u64(meta::COPIED, 1)?))
}

/// True where a server was added to this vault.
pub(crate) fn has_server(reader: &Reader<'_>) -> Result<bool> {
    Ok(reader.get_meta(meta::SERVER_URL)?.is_some())
}

/// True while this device gives back to a restored server what it lost.
pub(crate) fn is_healing(reader: &Reader<'_>) -> Result<bool> {
    heal::is_healing(reader)
}

/// The server's clock; `None` without a server.
pub(crate) async fn server_now_ms(vault: &crate::Vault, connect: &Connect) -> Result<Option<u64>> {
    let Some(account) = vault.read(account::load)? else { return Ok(None) };
    Ok(Some(connect(&account.address)?.info().await?.now_ms))
}

/// Seals a revision and queues it, where there is a server to send it to.
pub(crate) fn enqueue(t: &mut Txn<'_>, rid: RevisionId, canonical: &[u8]) -> Result<()> {
    if has_server(t.reader())? {
        seal_into_outbox(t, rid, canonical)?;
    }
    Ok(())
}

/// A reader that has nothing yet reads at most so many other revisions before it can open one.
const MAX_DELTAS: u32 = 16;

/// The revision is stored. What it builds on is acknowledged or earlier in the outbox.
fn seal_into_outbox(t: &mut Txn<'_>, rid: RevisionId, canonical: &[u8]) -> Result<()> {
    let deltas = flags::is_on(t.reader(), SyncFlag::Deltas)? && !t.vault.env().is_older();
    let (key_epoch, body) = seal_body(t, rid, canonical, deltas)?;
    t.tx.push_outbox(rid, EntryKind::Revision as u64, key_epoch, &body)?;
    t.changes.waiting = true;
    behind::note(t, rid, canonical)
}

/// Seals anew those of the rows that an older key sealed. They keep their places, their form, which bounds their size,
/// and their batch: that is signed over ids. False where there was nothing to do.
///
/// Only for what the server is known not to have: what it has, it has under the older key. A pack is sealed as what it was:
/// it is older than the key, and a computer that was removed has had what is in it.
fn seal_anew(t: &Txn<'_>, rows: &[OutboxRow]) -> Result<bool> {
    let newest = t.vault.with_space_keys(|keys| Ok(keys.current_epoch().0))?;
    let mut any = false;
    for row in rows.iter().filter(|row| row.key_epoch < newest) {
        let (key_epoch, body) = if row.kind == EntryKind::Pack as u64 {
            packs::seal_anew(t, &row.body)?
        } else if row.kind == EntryKind::Release as u64 {
            // It is not sealed.
            (newest, row.body.clone())
        } else if row.kind == EntryKind::Place as u64 {
            places::seal_anew(t, row)?
        } else {
            let bytes = t.tx.revision_bytes(row.rid)?.ok_or_else(|| crate::NotebookError::missing(&row.rid))?;
            seal_body(t, row.rid, &bytes, is_delta(t, row)?)?
        };
        any |= t.tx.reseal(row.rid, key_epoch, &body)?;
    }
    Ok(any)
}

/// True where what was sealed is the difference to another revision.
fn is_delta(t: &Txn<'_>, row: &OutboxRow) -> Result<bool> {
    let space = t.vault.space().0;
    t.vault.with_space_keys(|keys| {
        let opened = open_revision(space, row.rid.0, row.key_epoch, keys, &row.body, MAX_RECORD_BYTES);
        Ok(matches!(opened, Err(CryptoError::MissingParent { .. })))
    })
}

/// A stored revision as it goes out, and the epoch of the key that sealed it.
fn seal_body(t: &Txn<'_>, rid: RevisionId, canonical: &[u8], deltas: bool) -> Result<(u32, Vec<u8>)> {
    // Where the store has found a difference to be worth it, it is on the wire too, and ends where the store's does: both
    // follow from the history alone, so that other devices find the same.
    let parent = match t.tx.delta_base(rid)? {
        Some((base, depth)) if deltas && depth < MAX_DELTAS => t.tx.revision_bytes(base)?.map(|bytes| (base, bytes)),
        _ => None,
    };
    let space = t.vault.space();
    t.vault.with_space_keys(|keys| {
        let (key_epoch, key) = keys.current_epoch();
        let (id_key_no, _) = keys.current_id_key();
        let context = SealContext { space: space.0, rid: rid.0, key_epoch, id_key_no };
        let body = match &parent {
            Some((base, before)) => {
                seal_revision_on(&context, key, canonical, (&base.0, before), &mut t.vault.env().rng())?
            }
            None => seal_revision(&context, key, canonical, &mut t.vault.env().rng())?,
        };
        Ok((key_epoch, body))
    })
}

/// An entry of the log, sealed with the newest keys.
fn seal(vault: &Vault, rid: RevisionId, canonical: &[u8]) -> Result<Entry> {
    let space = vault.space();
    vault.with_space_keys(|keys| {
        let (key_epoch, key) = keys.current_epoch();
        let (id_key_no, _) = keys.current_id_key();
        let context = SealContext { space: space.0, rid: rid.0, key_epoch, id_key_no };
        let body = seal_revision(&context, key, canonical, &mut vault.env().rng())?;
        Ok(Entry { kind: EntryKind::Revision, rid: Rid(rid.0), key_epoch, body })
    })
}

#[cfg(feature = "simulation")]
pub(crate) use set_aside::{awaited, builds_on};

/// The session of this device at its server.
#[cfg(feature = "simulation")]
pub(crate) fn session(reader: &Reader<'_>) -> Result<Option<holdfast_protocol::Token>> {
    Ok(account::load(reader)?.and_then(|account| account.token))
}
