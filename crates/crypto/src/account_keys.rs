//! The shared keys of an account: the blob that lies on the server and in every `vault.keys`.
//!
//! It holds the membership log, the account key wrapped to every recipient, the passphrase's private key sealed by the
//! passphrase, an anchor sealed by the recovery code, and the keys of every space sealed by the account key.
//!
//! A server knows every public key and could wrap an account of its own to them. So the two recipients that a person
//! carries in the head or on paper seal the hash of the genesis entry as well (the anchor): what they open is their
//! account or nothing. A device compares with the log in its own `vault.keys` ([`crate::KeyFile::update_account`]).

mod format;
mod wrap;

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use crate::device::{DeviceKeys, DevicePublic};
use crate::error::CryptoError;
use crate::hazmat::{self, BoxSecret, OpenFailure, labels};
use crate::kdf::{KdfParams, PassphraseKeys};
use crate::keys::{AccountKey, SpaceKeys};
use crate::membership::{
    EntryBody, LastBatch, Members, MembershipLog, PassphraseMember, Recipient, RecipientKind, Role,
};
use crate::recovery::RecoveryCode;
use crate::rng::Rng;
use wrap::{Wrap, WrapContent};

pub use format::MAX_BYTES;

const WHAT: &str = "account keys";

/// The sealed keys of an account. Holds nothing that its reader could not already see; [`OpenAccount`] is the open one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountKeys {
    log: MembershipLog,
    passphrase: PassphraseMember,
    /// X25519 private key ‖ genesis hash, sealed by the passphrase.
    passphrase_box: Vec<u8>,
    /// Genesis hash, sealed by the recovery code.
    code_anchor: Vec<u8>,
    wraps: Vec<Wrap>,
    /// Sealed [`SpaceKeys`] by space.
    spaces: BTreeMap<[u8; 16], Vec<u8>>,
    /// Over all of the above, by a key that the account key gives: a server cannot spoil one recipient's part unseen.
    mac: [u8; 32],
}

/// An account as its owner sees it.
#[derive(Clone, Debug)]
pub struct OpenAccount {
    /// The account.
    pub account_id: [u8; 16],
    /// The generation of `account_key`, from 1.
    pub generation: u32,
    /// The root key.
    pub account_key: AccountKey,
    /// The keys of every space.
    pub spaces: BTreeMap<[u8; 16], SpaceKeys>,
    /// Who may open the account.
    pub members: Members,
    /// The hash of the newest membership entry; goes into `seen`.
    pub membership_head: [u8; 32],
}

impl OpenAccount {
    /// Takes over the members and the head after [`AccountKeys::add_device`].
    ///
    /// # Errors
    /// [`CryptoError::NotOpened`] when `account` is another account.
    pub fn refresh(&mut self, account: &AccountKeys) -> Result<(), CryptoError> {
        self.members = account.log.verify(&self.account_key)?;
        self.membership_head = account.log.head();
        Ok(())
    }
}

impl AccountKeys {
    /// Makes an account with one space and three recipients. Runs the key derivation once.
    pub(crate) fn create(
        account_id: [u8; 16],
        space: [u8; 16],
        passphrase: &str,
        code: &RecoveryCode,
        device: &DevicePublic,
        rng: &mut dyn Rng,
    ) -> Result<(Self, OpenAccount), CryptoError> {
        let account_key = AccountKey::generate(rng)?;
        let mut log = MembershipLog::create(&account_key, account_id, &[space])?;
        let genesis = log.genesis_hash();
        let (member, passphrase_box, _) = make_passphrase(&account_id, &genesis, passphrase, rng)?;
        let code_pk = code.box_secret().public();
        let aad = code_anchor_aad(&account_id, &code_pk);
        let code_anchor = hazmat::seal_with_key(&code.kek(), labels::CODE_ANCHOR, &aad, &genesis, rng)?;
        for recipient in [
            Recipient::Passphrase { box_pk: member.box_pk, kdf: member.kdf },
            Recipient::Code { box_pk: code_pk },
            device_recipient(device),
        ] {
            log.append(&account_key, EntryBody::AddRecipient { recipient, role: Role::Owner })?;
        }
        let open = OpenAccount {
            account_id,
            generation: 1,
            spaces: BTreeMap::from([(space, SpaceKeys::generate(rng)?)]),
            members: log.verify(&account_key)?,
            membership_head: log.head(),
            account_key,
        };
        let mut account = Self {
            log,
            passphrase: member,
            passphrase_box,
            code_anchor,
            wraps: Vec::new(),
            spaces: BTreeMap::new(),
            mac: [0; 32],
        };
        account.seal_spaces(&open, rng)?;
        account.make_wraps(&open, rng)?;
        Ok((account, open))
    }

    /// The account.
    pub fn account_id(&self) -> [u8; 16] {
        self.log.claimed_members().account_id
    }

    /// The generation of the account key inside.
    pub fn generation(&self) -> u32 {
        self.log.claimed_members().generation
    }

    /// The membership log.
    pub fn log(&self) -> &MembershipLog {
        &self.log
    }

    /// How the passphrase becomes a key. Signed by the account, like everything in the log.
    pub fn kdf_params(&self) -> &KdfParams {
        &self.passphrase.kdf
    }

    /// Opens with the passphrase; runs the key derivation.
    ///
    /// # Errors
    /// [`CryptoError::WrongPassphrase`]; [`CryptoError::WeakKdf`]; `Damaged` or `NotOpened` when it is not what the
    /// account's owner wrote last.
    pub fn open_with_passphrase(&self, passphrase: &str) -> Result<OpenAccount, CryptoError> {
        self.open_with_passphrase_keys(&PassphraseKeys::derive(passphrase, self.kdf_params())?)
    }

    /// As [`AccountKeys::open_with_passphrase`], where the derivation has run already (for the login).
    pub fn open_with_passphrase_keys(&self, keys: &PassphraseKeys) -> Result<OpenAccount, CryptoError> {
        let aad = passphrase_box_aad(&self.account_id(), &self.passphrase.box_pk, &self.passphrase.kdf);
        let plain = hazmat::open_with_key(keys.kek(), labels::PASSPHRASE_BOX, &aad, &self.passphrase_box)
            .map_err(|failure| wrong_secret(failure, CryptoError::WrongPassphrase))?;
        let (secret, genesis) = plain.split_first_chunk::<32>().ok_or(CryptoError::Damaged(WHAT))?;
        self.check_anchor(genesis)?;
        self.open(RecipientKind::Passphrase, &BoxSecret::from_bytes(secret))
    }

    /// Opens with the recovery code.
    ///
    /// # Errors
    /// [`CryptoError::WrongCode`]; else as [`AccountKeys::open_with_passphrase`].
    pub fn open_with_code(&self, code: &RecoveryCode) -> Result<OpenAccount, CryptoError> {
        let secret = code.box_secret();
        let aad = code_anchor_aad(&self.account_id(), &secret.public());
        let genesis = hazmat::open_with_key(&code.kek(), labels::CODE_ANCHOR, &aad, &self.code_anchor)
            .map_err(|failure| wrong_secret(failure, CryptoError::WrongCode))?;
        self.check_anchor(&genesis)?;
        self.open(RecipientKind::Code, &secret)
    }

    /// Opens with the keys of a member device. The caller makes sure that it is the account that the device knows, as
    /// [`crate::KeyFile`] does.
    ///
    /// # Errors
    /// [`CryptoError::NotOpened`] when the device is no member (any more); else as
    /// [`AccountKeys::open_with_passphrase`].
    pub fn open_with_device(&self, device: &DeviceKeys) -> Result<OpenAccount, CryptoError> {
        self.open(RecipientKind::Device, device.box_secret())
    }

    /// Adds a device as a recipient and wraps the account key anew. Then [`OpenAccount::refresh`].
    ///
    /// # Errors
    /// [`CryptoError::Damaged`] when the device is a member already, or when `open` is not the newest state of `self`.
    pub fn add_device(
        &mut self,
        open: &OpenAccount,
        device: &DevicePublic,
        rng: &mut dyn Rng,
    ) -> Result<(), CryptoError> {
        self.check_current(open)?;
        let mut next = self.clone();
        let body = EntryBody::AddRecipient { recipient: device_recipient(device), role: Role::Owner };
        next.log.append(&open.account_key, body)?;
        next.make_wraps(open, rng)?;
        *self = next;
        Ok(())
    }

    /// Changes the passphrase: a new salt, a new key pair, a new wrap. Runs the key derivation once, and answers with what
    /// it gave: the server has to learn the login secret.
    ///
    /// # Errors
    /// [`CryptoError::Damaged`] when `open` is not the newest state of `self`.
    pub fn set_passphrase(
        &mut self,
        open: &mut OpenAccount,
        new: &str,
        rng: &mut dyn Rng,
    ) -> Result<PassphraseKeys, CryptoError> {
        let (member, sealed, keys) = make_passphrase(&self.account_id(), &self.log.genesis_hash(), new, rng)?;
        self.replace_passphrase(open, member, sealed, rng)?;
        Ok(keys)
    }

    /// Gives this state of the account the passphrase of another state of it, without knowing it: the box that the
    /// passphrase opens holds nothing that another state changes.
    ///
    /// # Errors
    /// [`CryptoError::Damaged`] when `open` is not the newest state of `self`, or `from` is another account.
    pub fn carry_passphrase(
        &mut self,
        open: &mut OpenAccount,
        from: &Self,
        rng: &mut dyn Rng,
    ) -> Result<(), CryptoError> {
        if from.log.genesis_hash() != self.log.genesis_hash() {
            return Err(CryptoError::Damaged("account keys of another account"));
        }
        self.replace_passphrase(open, from.passphrase, from.passphrase_box.clone(), rng)
    }

    fn replace_passphrase(
        &mut self,
        open: &mut OpenAccount,
        member: PassphraseMember,
        sealed: Vec<u8>,
        rng: &mut dyn Rng,
    ) -> Result<(), CryptoError> {
        self.check_current(open)?;
        let mut next = self.clone();
        next.log.append(&open.account_key, EntryBody::ReplacePassphrase { box_pk: member.box_pk, kdf: member.kdf })?;
        next.passphrase = member;
        next.passphrase_box = sealed;
        next.make_wraps(open, rng)?;
        open.refresh(&next)?;
        *self = next;
        Ok(())
    }

    /// Removes a device: the account gets a new key, wrapped to those who remain, and each space a new key epoch. `last` is
    /// the device's last batch that counts. The passphrase and the code stay as they are; a passphrase that the device
    /// knew is to be changed before, so that the new key is never wrapped to it.
    ///
    /// # Errors
    /// [`CryptoError::Damaged`] when the device is no member, or `open` is not the newest state of `self`.
    pub fn remove_device(
        &mut self,
        open: &mut OpenAccount,
        device_id: [u8; 16],
        last: LastBatch,
        rng: &mut dyn Rng,
    ) -> Result<(), CryptoError> {
        self.check_current(open)?;
        let device = open.members.devices.iter().find(|device| device.device_id == device_id);
        let device = device.ok_or(CryptoError::Damaged("no such device"))?;
        let account_key = AccountKey::generate(rng)?;
        let mut next = self.clone();
        let body = EntryBody::RemoveRecipient {
            kind: RecipientKind::Device,
            box_pk: device.box_pk,
            last_batch_ctr: last.ctr,
            last_batch_hash: last.hash,
        };
        next.log.append(&open.account_key, body)?;
        next.log.begin_generation(&open.account_key, &account_key)?;
        let mut spaces = open.spaces.clone();
        for keys in spaces.values_mut() {
            keys.begin_epoch(rng)?;
        }
        let members = next.log.verify(&account_key)?;
        let changed = OpenAccount {
            account_id: open.account_id,
            generation: members.generation,
            account_key,
            spaces,
            membership_head: next.log.head(),
            members,
        };
        next.seal_spaces(&changed, rng)?;
        next.make_wraps(&changed, rng)?;
        *self = next;
        *open = changed;
        Ok(())
    }

    fn check_anchor(&self, genesis: &[u8]) -> Result<(), CryptoError> {
        if hazmat::same(genesis, &self.log.genesis_hash()) { Ok(()) } else { Err(CryptoError::NotOpened) }
    }

    fn check_current(&self, open: &OpenAccount) -> Result<(), CryptoError> {
        self.log.verify(&open.account_key)?;
        if open.membership_head == self.log.head() { Ok(()) } else { Err(CryptoError::Damaged("stale account keys")) }
    }

    fn open(&self, kind: RecipientKind, secret: &BoxSecret) -> Result<OpenAccount, CryptoError> {
        let public = secret.public();
        let wrap = self.wraps.iter().find(|w| w.kind == kind && w.recipient == public).ok_or(CryptoError::NotOpened)?;
        let content = wrap.open(secret, self.log.claimed_members())?;
        // Lists that were cut short, put back or exchanged below a wrap show here.
        if content.genesis != self.log.genesis_hash() || content.head != self.log.head() {
            return Err(CryptoError::Damaged("membership log (not the newest)"));
        }
        if content.spaces_digest != self.spaces_digest() {
            return Err(CryptoError::Damaged("space keys (not the newest)"));
        }
        self.open_with_key(content.account_key)
    }

    /// Opens with the account key itself, as who has another state of the same generation can: all of it is authenticated
    /// by the key.
    ///
    /// # Errors
    /// [`CryptoError::NotOpened`] when the key is another or anything was altered; [`CryptoError::Damaged`] when it cannot
    /// be what a member wrote.
    pub(crate) fn open_with_key(&self, account_key: AccountKey) -> Result<OpenAccount, CryptoError> {
        let members = self.log.verify(&account_key)?;
        if !hazmat::same(&self.mac, &self.make_mac(&account_key)) {
            return Err(CryptoError::NotOpened);
        }
        let mut spaces = BTreeMap::new();
        for (space, sealed) in &self.spaces {
            let aad = space_aad(&members, space);
            let plain = hazmat::open_with_key(account_key.expose(), labels::SPACE_KEYS, &aad, sealed)?;
            spaces.insert(*space, format::read_space_keys(&plain)?);
        }
        if members.spaces.iter().any(|space| !spaces.contains_key(space)) {
            return Err(CryptoError::Damaged("space keys (one is missing)"));
        }
        Ok(OpenAccount {
            account_id: members.account_id,
            generation: members.generation,
            account_key,
            spaces,
            membership_head: self.log.head(),
            members,
        })
    }

    fn seal_spaces(&mut self, open: &OpenAccount, rng: &mut dyn Rng) -> Result<(), CryptoError> {
        self.spaces.clear();
        for (space, keys) in &open.spaces {
            let aad = space_aad(&open.members, space);
            let plain = format::write_space_keys(keys);
            let sealed = hazmat::seal_with_key(open.account_key.expose(), labels::SPACE_KEYS, &aad, &plain, rng)?;
            self.spaces.insert(*space, sealed);
        }
        Ok(())
    }

    /// Wraps the account key to every member, with the newest head inside, and authenticates the whole.
    fn make_wraps(&mut self, open: &OpenAccount, rng: &mut dyn Rng) -> Result<(), CryptoError> {
        let members = self.log.verify(&open.account_key)?;
        let content = WrapContent {
            account_key: open.account_key.clone(),
            genesis: self.log.genesis_hash(),
            head: self.log.head(),
            spaces_digest: self.spaces_digest(),
        };
        let passphrase = members.passphrase.map(|member| (RecipientKind::Passphrase, member.box_pk));
        let code = members.code.map(|box_pk| (RecipientKind::Code, box_pk));
        let devices = members.devices.iter().map(|device| (RecipientKind::Device, device.box_pk));
        self.wraps = (passphrase.into_iter().chain(code).chain(devices))
            .map(|(kind, recipient)| Wrap::seal(kind, recipient, &members, &content, rng))
            .collect::<Result<_, _>>()?;
        self.mac = self.make_mac(&open.account_key);
        Ok(())
    }

    fn make_mac(&self, account_key: &AccountKey) -> [u8; 32] {
        let key = hazmat::derive_key(account_key.expose(), labels::ACCOUNT_MAC_KEY);
        hazmat::keyed_hash(&key, labels::ACCOUNT_MAC, &self.content())
    }

    fn spaces_digest(&self) -> [u8; 32] {
        let parts: Vec<&[u8]> = self.spaces.iter().flat_map(|(space, sealed)| [&space[..], &sealed[..]]).collect();
        hazmat::hash(labels::SPACES_DIGEST, &parts)
    }
}

fn device_recipient(device: &DevicePublic) -> Recipient {
    Recipient::Device { device_id: device.device_id, sign_pk: device.sign_pk, box_pk: device.box_pk }
}

/// A commitment that does not fit means another passphrase or code; anything else, altered bytes.
fn wrong_secret(failure: OpenFailure, wrong: CryptoError) -> CryptoError {
    match failure {
        OpenFailure::Commitment => wrong,
        OpenFailure::Content => CryptoError::NotOpened,
    }
}

fn make_passphrase(
    account_id: &[u8; 16],
    genesis: &[u8; 32],
    passphrase: &str,
    rng: &mut dyn Rng,
) -> Result<(PassphraseMember, Vec<u8>, PassphraseKeys), CryptoError> {
    let kdf = KdfParams::recommended(rng)?;
    let keys = PassphraseKeys::derive(passphrase, &kdf)?;
    let secret = BoxSecret::generate(rng)?;
    let member = PassphraseMember { box_pk: secret.public(), kdf };
    let mut plain = Zeroizing::new([0; 64]);
    plain[..32].copy_from_slice(secret.expose());
    plain[32..].copy_from_slice(genesis);
    let aad = passphrase_box_aad(account_id, &member.box_pk, &kdf);
    let sealed = hazmat::seal_with_key(keys.kek(), labels::PASSPHRASE_BOX, &aad, plain.as_ref(), rng)?;
    Ok((member, sealed, keys))
}

/// Without the generation: a new generation must be able to keep the passphrase without knowing it.
fn passphrase_box_aad(account_id: &[u8; 16], box_pk: &[u8; 32], kdf: &KdfParams) -> Vec<u8> {
    [labels::PASSPHRASE_BOX, account_id, box_pk, &kdf.to_context()].concat()
}

fn code_anchor_aad(account_id: &[u8; 16], box_pk: &[u8; 32]) -> Vec<u8> {
    [labels::CODE_ANCHOR, account_id, box_pk].concat()
}

fn space_aad(members: &Members, space: &[u8; 16]) -> Vec<u8> {
    [labels::SPACE_KEYS, &members.account_id, &members.generation.to_be_bytes(), space].concat()
}

#[cfg(test)]
mod tests;
