//! The membership log: who may open the account, signed and hash-linked.
//!
//! An entry is `[signed bytes, signature]`; the signed bytes are CBOR `[version, previous hash, generation, body]`,
//! signed (after a domain tag) by the account's membership key of that generation. Its first public key stands in the
//! genesis entry, and each later one in a `NewGeneration` entry signed by the key before it. The server sees the log
//! (names are not in it) and cannot add to it.

mod entry;

pub use entry::{Entry, EntryBody, Recipient, RecipientKind, Role};

use crate::cbor::{Reader, Writer};
use crate::error::CryptoError;
use crate::hazmat::{self, SigningSecret, labels};
use crate::kdf::KdfParams;
use crate::keys::AccountKey;

const WHAT: &str = "membership log";

/// A device that may open the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceMember {
    /// 16 random bytes.
    pub device_id: [u8; 16],
    /// Ed25519: verifies the batches that it signs.
    pub sign_pk: [u8; 32],
    /// X25519: the account key is wrapped to it.
    pub box_pk: [u8; 32],
}

/// A device that was removed. It is never a member again, and what it signed before stays its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemovedDevice {
    /// As it was a member.
    pub device: DeviceMember,
    /// The last batch that counts as the device's.
    pub last: LastBatch,
}

/// How far a device had come with its batches when it was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastBatch {
    /// Its counter; 0 where the device had sent nothing.
    pub ctr: u64,
    /// Its hash; zeros where the device had sent nothing.
    pub hash: [u8; 32],
}

/// How another state of an account's log stands to the one that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is the known one, or goes on from there.
    GoesOn,
    /// It is the beginning of the known one: what a server shows that was set back.
    Older,
    /// It went another way from an older state, and the known one has had the same account key since.
    OtherWay,
    /// As [`Standing::OtherWay`], but the account key that it left was given up since. Whoever was removed then could have
    /// made it: it is never followed.
    GivenUp,
}

/// What each of two states of a log says since they parted, as far as it matters to who brings them together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parted {
    /// The known one has another passphrase since.
    pub our_passphrase: bool,
    /// The other one has another passphrase since.
    pub their_passphrase: bool,
    /// The other one has a new account key since: somebody was removed.
    pub their_generation: bool,
}

/// The passphrase as a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassphraseMember {
    /// X25519; the private half is sealed by the passphrase.
    pub box_pk: [u8; 32],
    /// How the passphrase becomes a key.
    pub kdf: KdfParams,
}

/// What a verified log adds up to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Members {
    /// The account, from the genesis entry.
    pub account_id: [u8; 16],
    /// The spaces that the account was made with.
    pub spaces: Vec<[u8; 16]>,
    /// The current generation of the account key.
    pub generation: u32,
    /// Devices in the order in which they joined.
    pub devices: Vec<DeviceMember>,
    /// Devices that were members, in the order in which they were removed.
    pub removed: Vec<RemovedDevice>,
    /// The passphrase, unless it was removed.
    pub passphrase: Option<PassphraseMember>,
    /// The X25519 public key of the recovery code, unless it was removed.
    pub code: Option<[u8; 32]>,
    membership_pk: [u8; 32],
}

/// A membership log whose chain and signatures have been verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MembershipLog {
    entries: Vec<Entry>,
    members: Members,
}

impl MembershipLog {
    /// The members, if the log belongs to the account of this key.
    ///
    /// # Errors
    /// [`CryptoError::NotOpened`] when the key's membership key is not the log's.
    pub fn verify(&self, account_key: &AccountKey) -> Result<Members, CryptoError> {
        if membership_secret(account_key).public() == self.members.membership_pk {
            Ok(self.members.clone())
        } else {
            Err(CryptoError::NotOpened)
        }
    }

    /// The members by the log's own word: signed without a gap by whoever made the genesis entry. Whether that is the
    /// person's account, only a key can tell ([`MembershipLog::verify`]).
    pub fn claimed_members(&self) -> &Members {
        &self.members
    }

    /// The hash of the newest entry.
    pub fn head(&self) -> [u8; 32] {
        self.entries.last().map_or([0; 32], Entry::hash)
    }

    /// The hash of the first entry: the identity of the account.
    pub fn genesis_hash(&self) -> [u8; 32] {
        self.entries.first().map_or([0; 32], Entry::hash)
    }

    /// All entries, oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How `other` stands to this log, of the same account.
    pub fn standing_of(&self, other: &Self) -> Standing {
        let same = self.shared_with(other);
        let since = &self.entries[same..];
        if since.is_empty() {
            Standing::GoesOn
        } else if same == other.entries.len() {
            Standing::Older
        } else if since.iter().any(|entry| matches!(entry.body(), EntryBody::NewGeneration { .. })) {
            Standing::GivenUp
        } else {
            Standing::OtherWay
        }
    }

    /// What this log and `other`, of the same account, say since they parted.
    pub fn parted(&self, other: &Self) -> Parted {
        let same = self.shared_with(other);
        let (ours, theirs) = (&self.entries[same..], &other.entries[same..]);
        let passphrase = |entry: &Entry| matches!(entry.body(), EntryBody::ReplacePassphrase { .. });
        let generation = |entry: &Entry| matches!(entry.body(), EntryBody::NewGeneration { .. });
        Parted {
            our_passphrase: ours.iter().any(passphrase),
            their_passphrase: theirs.iter().any(passphrase),
            their_generation: theirs.iter().any(generation),
        }
    }

    /// So many entries are the same from the beginning.
    fn shared_with(&self, other: &Self) -> usize {
        self.entries.iter().zip(&other.entries).take_while(|(ours, theirs)| ours == theirs).count()
    }

    pub(crate) fn create(
        account_key: &AccountKey,
        account_id: [u8; 16],
        spaces: &[[u8; 16]],
    ) -> Result<Self, CryptoError> {
        let secret = membership_secret(account_key);
        let body = EntryBody::Genesis { account_id, spaces: spaces.to_vec(), membership_pk: secret.public() };
        Self::from_entries(vec![Entry::sign(&secret, [0; 32], 1, body)])
    }

    /// Signs one more entry; refuses what the rules of the log refuse.
    pub(crate) fn append(&mut self, account_key: &AccountKey, body: EntryBody) -> Result<(), CryptoError> {
        self.verify(account_key)?;
        let entry = Entry::sign(&membership_secret(account_key), self.head(), self.members.generation, body);
        let mut members = self.members.clone();
        members.apply(&entry)?;
        self.entries.push(entry);
        self.members = members;
        Ok(())
    }

    /// Ends a generation: `next` signs from now on.
    pub(crate) fn begin_generation(&mut self, account_key: &AccountKey, next: &AccountKey) -> Result<(), CryptoError> {
        let membership_pk = membership_secret(next).public();
        self.append(account_key, EntryBody::NewGeneration { membership_pk })
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.array(self.entries.len());
        for entry in &self.entries {
            entry.write(writer);
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, CryptoError> {
        let mut entries = Vec::new();
        for _ in 0..reader.array()? {
            entries.push(Entry::read(reader)?);
        }
        Self::from_entries(entries)
    }

    fn from_entries(entries: Vec<Entry>) -> Result<Self, CryptoError> {
        let (genesis, later) = entries.split_first().ok_or(CryptoError::Damaged(WHAT))?;
        let mut members = Members::from_genesis(genesis)?;
        let mut previous = genesis.hash();
        for entry in later {
            if entry.previous() != previous {
                return Err(CryptoError::Damaged(WHAT));
            }
            members.apply(entry)?;
            previous = entry.hash();
        }
        Ok(Self { entries, members })
    }
}

/// The signing key that an account key gives: deterministic, one for each generation.
fn membership_secret(account_key: &AccountKey) -> SigningSecret {
    SigningSecret::from_bytes(&hazmat::derive_key(account_key.expose(), labels::MEMBERSHIP_KEY))
}

impl Members {
    /// The key that verifies a device's batches, also of one that was removed.
    pub fn sign_pk(&self, device_id: [u8; 16]) -> Option<[u8; 32]> {
        let removed = self.removed.iter().map(|removed| &removed.device);
        self.devices.iter().chain(removed).find(|device| device.device_id == device_id).map(|device| device.sign_pk)
    }

    /// Where a device stood with its batches when it was removed; `None` where it was not.
    pub fn removed(&self, device_id: [u8; 16]) -> Option<LastBatch> {
        self.removed.iter().find(|removed| removed.device.device_id == device_id).map(|removed| removed.last)
    }

    fn from_genesis(entry: &Entry) -> Result<Self, CryptoError> {
        let EntryBody::Genesis { account_id, spaces, membership_pk } = entry.body() else {
            return Err(CryptoError::Damaged(WHAT));
        };
        if entry.previous() != [0; 32] || entry.generation() != 1 || !entry.is_signed_by(membership_pk) {
            return Err(CryptoError::Damaged(WHAT));
        }
        Ok(Self {
            account_id: *account_id,
            spaces: spaces.clone(),
            generation: 1,
            devices: Vec::new(),
            removed: Vec::new(),
            passphrase: None,
            code: None,
            membership_pk: *membership_pk,
        })
    }

    fn apply(&mut self, entry: &Entry) -> Result<(), CryptoError> {
        if entry.generation() != self.generation || !entry.is_signed_by(&self.membership_pk) {
            return Err(CryptoError::Damaged(WHAT));
        }
        match entry.body() {
            EntryBody::Genesis { .. } => return Err(CryptoError::Damaged(WHAT)),
            EntryBody::AddRecipient { recipient, role: Role::Owner } => self.add(recipient)?,
            EntryBody::ReplacePassphrase { box_pk, kdf } => {
                if self.passphrase.is_none() {
                    return Err(CryptoError::Damaged(WHAT));
                }
                self.passphrase = Some(PassphraseMember { box_pk: *box_pk, kdf: *kdf });
            }
            EntryBody::RemoveRecipient { kind, box_pk, last_batch_ctr, last_batch_hash } => {
                self.remove(*kind, box_pk, LastBatch { ctr: *last_batch_ctr, hash: *last_batch_hash })?;
            }
            EntryBody::NewGeneration { membership_pk } => {
                self.generation = self.generation.checked_add(1).ok_or(CryptoError::Damaged(WHAT))?;
                self.membership_pk = *membership_pk;
            }
        }
        Ok(())
    }

    fn add(&mut self, recipient: &Recipient) -> Result<(), CryptoError> {
        match recipient {
            Recipient::Device { device_id, sign_pk, box_pk } => {
                let known =
                    |d: &DeviceMember| d.device_id == *device_id || d.sign_pk == *sign_pk || d.box_pk == *box_pk;
                let removed = self.removed.iter().map(|removed| &removed.device);
                if self.devices.iter().chain(removed).any(known) {
                    return Err(CryptoError::Damaged(WHAT));
                }
                self.devices.push(DeviceMember { device_id: *device_id, sign_pk: *sign_pk, box_pk: *box_pk });
            }
            Recipient::Passphrase { box_pk, kdf } if self.passphrase.is_none() => {
                self.passphrase = Some(PassphraseMember { box_pk: *box_pk, kdf: *kdf });
            }
            Recipient::Code { box_pk } if self.code.is_none() => self.code = Some(*box_pk),
            Recipient::Passphrase { .. } | Recipient::Code { .. } => return Err(CryptoError::Damaged(WHAT)),
        }
        Ok(())
    }

    fn remove(&mut self, kind: RecipientKind, box_pk: &[u8; 32], last: LastBatch) -> Result<(), CryptoError> {
        let removed = match kind {
            RecipientKind::Device => {
                let place = self.devices.iter().position(|device| device.box_pk == *box_pk);
                if let Some(place) = place {
                    self.removed.push(RemovedDevice { device: self.devices.remove(place), last });
                }
                place.is_some()
            }
            RecipientKind::Passphrase => self.passphrase.take_if(|member| member.box_pk == *box_pk).is_some(),
            RecipientKind::Code => self.code.take_if(|code| code == box_pk).is_some(),
        };
        if removed { Ok(()) } else { Err(CryptoError::Damaged(WHAT)) }
    }
}

#[cfg(test)]
mod tests;
