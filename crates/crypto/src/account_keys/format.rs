//! The stored form of [`AccountKeys`]: an envelope around `[content, MAC]`, content being
//! `[account id, generation, log, passphrase box, code anchor, [wrap…], [[space, sealed]…]]`.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::{AccountKeys, WHAT};
use crate::cbor::{Reader, Writer, from_envelope, to_envelope};
use crate::error::CryptoError;
use crate::keys::{EpochKey, IdKey, SpaceKeys};
use crate::membership::MembershipLog;

pub(super) const NAME: &str = "holdfast account keys";
pub(super) const VERSION: u16 = 1;

/// The most bytes that are read as account keys: some thousand devices.
pub const MAX_BYTES: usize = 1024 * 1024;

impl AccountKeys {
    /// The bytes that go to the server and into `vault.keys`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let content = self.content();
        let mut writer = Writer::with_capacity(content.len() + 48);
        writer.array(2).bytes(&content).bytes(&self.mac);
        to_envelope(NAME, VERSION, &writer.finish())
    }

    /// What the MAC covers.
    pub(super) fn content(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(4096);
        writer.array(7).bytes(&self.account_id()).u64(self.generation());
        self.log.write(&mut writer);
        writer.bytes(&self.passphrase_box).bytes(&self.code_anchor);
        writer.array(self.wraps.len());
        for wrap in &self.wraps {
            wrap.write(&mut writer);
        }
        writer.array(self.spaces.len());
        for (space, sealed) in &self.spaces {
            writer.array(2).bytes(space).bytes(sealed);
        }
        writer.finish()
    }

    /// Reads the bytes and verifies the chain and the signatures of the membership log.
    ///
    /// # Errors
    /// [`CryptoError::TooLarge`] over [`MAX_BYTES`], [`CryptoError::NewerVersion`], [`CryptoError::Damaged`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        let body = from_envelope(bytes, NAME, VERSION, MAX_BYTES)?;
        let mut outer = Reader::new(body, WHAT);
        outer.array_of(2)?;
        let content = outer.bytes()?;
        let mac = outer.fixed()?;
        outer.end()?;
        let mut reader = Reader::new(content, WHAT);
        reader.array_of(7)?;
        let account_id: [u8; 16] = reader.fixed()?;
        let generation = reader.u32()?;
        let log = MembershipLog::read(&mut reader)?;
        let members = log.claimed_members();
        if members.account_id != account_id || members.generation != generation {
            return Err(reader.damaged());
        }
        let passphrase = members.passphrase.ok_or(CryptoError::Damaged(WHAT))?;
        let passphrase_box = reader.bytes()?.to_vec();
        let code_anchor = reader.bytes()?.to_vec();
        let mut wraps = Vec::new();
        for _ in 0..reader.array()? {
            wraps.push(super::Wrap::read(&mut reader)?);
        }
        let mut spaces = BTreeMap::new();
        for _ in 0..reader.array()? {
            reader.array_of(2)?;
            if spaces.insert(reader.fixed()?, reader.bytes()?.to_vec()).is_some() {
                return Err(reader.damaged());
            }
        }
        reader.end()?;
        Ok(Self { log, passphrase, passphrase_box, code_anchor, wraps, spaces, mac })
    }
}

/// `[[[number, id key]…], [[epoch, epoch key]…]]`, to be sealed by the account key.
pub(super) fn write_space_keys(keys: &SpaceKeys) -> Zeroizing<Vec<u8>> {
    let mut writer = Writer::with_capacity(32 + 48 * (keys.id_keys.len() + keys.epoch_keys.len()));
    writer.array(2).array(keys.id_keys.len());
    for (number, key) in &keys.id_keys {
        writer.array(2).u64(*number).bytes(key.expose());
    }
    writer.array(keys.epoch_keys.len());
    for (epoch, key) in &keys.epoch_keys {
        writer.array(2).u64(*epoch).bytes(key.expose());
    }
    Zeroizing::new(writer.finish())
}

pub(super) fn read_space_keys(plain: &[u8]) -> Result<SpaceKeys, CryptoError> {
    let mut reader = Reader::new(plain, "space keys");
    reader.array_of(2)?;
    let id_keys = read_numbered(&mut reader, IdKey::from_bytes)?;
    let epoch_keys = read_numbered(&mut reader, EpochKey::from_bytes)?;
    reader.end()?;
    Ok(SpaceKeys { id_keys, epoch_keys })
}

fn read_numbered<K>(reader: &mut Reader<'_>, key: fn([u8; 32]) -> K) -> Result<BTreeMap<u32, K>, CryptoError> {
    let mut keys = BTreeMap::new();
    for _ in 0..reader.array()? {
        reader.array_of(2)?;
        if keys.insert(reader.u32()?, key(reader.fixed()?)).is_some() {
            return Err(reader.damaged());
        }
    }
    if keys.is_empty() { Err(reader.damaged()) } else { Ok(keys) }
}
