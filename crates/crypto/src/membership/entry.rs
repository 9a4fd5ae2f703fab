//! One entry of the membership log.

use super::WHAT;
use crate::cbor::{Reader, Writer};
use crate::error::CryptoError;
use crate::hazmat::{self, SigningSecret, labels};
use crate::kdf::KdfParams;

const VERSION: u16 = 1;

/// What a recipient may do. One role until sharing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    Owner,
}

/// The kinds of recipients, by their number in the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecipientKind {
    /// A device.
    Device = 0,
    /// The passphrase.
    Passphrase = 1,
    /// The recovery code.
    Code = 2,
}

impl RecipientKind {
    pub(crate) fn number(self) -> u8 {
        self as u8
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, CryptoError> {
        match reader.u64()? {
            0 => Ok(Self::Device),
            1 => Ok(Self::Passphrase),
            2 => Ok(Self::Code),
            _ => Err(CryptoError::NewerVersion(VERSION + 1)),
        }
    }
}

/// A recipient of the account key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// A device.
    Device {
        /// 16 random bytes.
        device_id: [u8; 16],
        /// Ed25519.
        sign_pk: [u8; 32],
        /// X25519.
        box_pk: [u8; 32],
    },
    /// The passphrase.
    Passphrase {
        /// X25519; the private half is sealed by the passphrase.
        box_pk: [u8; 32],
        /// How the passphrase becomes a key.
        kdf: KdfParams,
    },
    /// The recovery code.
    Code {
        /// X25519; the private half comes from the code.
        box_pk: [u8; 32],
    },
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryBody {
    /// The account begins.
    Genesis {
        /// 16 random bytes.
        account_id: [u8; 16],
        /// The spaces that it was made with.
        spaces: Vec<[u8; 16]>,
        /// Verifies the entries of generation 1, this one included.
        membership_pk: [u8; 32],
    },
    /// Somebody may open the account from now on.
    AddRecipient {
        /// Who.
        recipient: Recipient,
        /// What they may do.
        role: Role,
    },
    /// The passphrase was changed.
    ReplacePassphrase {
        /// The new X25519 public key.
        box_pk: [u8; 32],
        /// The new settings and salt.
        kdf: KdfParams,
    },
    /// Somebody may not any more. A new generation follows at once.
    RemoveRecipient {
        /// What kind of recipient.
        kind: RecipientKind,
        /// Which one.
        box_pk: [u8; 32],
        /// Of a device: the counter of its last accepted batch, else 0.
        last_batch_ctr: u64,
        /// Of a device: the hash of that batch, else zeros.
        last_batch_hash: [u8; 32],
    },
    /// A new account key. The entries after this one belong to it.
    NewGeneration {
        /// Verifies the entries of the new generation.
        membership_pk: [u8; 32],
    },
}

/// A signed entry, kept as the bytes that were signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    signed: Vec<u8>,
    signature: [u8; 64],
    previous: [u8; 32],
    generation: u32,
    body: EntryBody,
}

impl Entry {
    pub(super) fn sign(secret: &SigningSecret, previous: [u8; 32], generation: u32, body: EntryBody) -> Self {
        let mut writer = Writer::with_capacity(256);
        writer.array(4).u64(VERSION).bytes(&previous).u64(generation);
        body.write(&mut writer);
        let signed = writer.finish();
        let signature = secret.sign(&message(&signed));
        Self { signed, signature, previous, generation, body }
    }

    pub(super) fn is_signed_by(&self, membership_pk: &[u8; 32]) -> bool {
        hazmat::verify_signature(membership_pk, &message(&self.signed), &self.signature)
    }

    pub(super) fn hash(&self) -> [u8; 32] {
        hazmat::hash(labels::MEMBERSHIP_HASH, &[&self.signed, &self.signature])
    }

    /// The hash of the entry before; zeros in the first.
    pub fn previous(&self) -> [u8; 32] {
        self.previous
    }

    /// The generation of the account key that signed it.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// What it says.
    pub fn body(&self) -> &EntryBody {
        &self.body
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.array(2).bytes(&self.signed).bytes(&self.signature);
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, CryptoError> {
        reader.array_of(2)?;
        let signed = reader.bytes()?;
        let signature = reader.fixed()?;
        let mut inner = Reader::new(signed, WHAT);
        let length = inner.array()?;
        let version = inner.u16()?;
        if version > VERSION {
            return Err(CryptoError::NewerVersion(version));
        }
        if length != 4 || version != VERSION {
            return Err(inner.damaged());
        }
        let previous = inner.fixed()?;
        let generation = inner.u32()?;
        let body = EntryBody::read(&mut inner)?;
        inner.end()?;
        Ok(Self { signed: signed.to_vec(), signature, previous, generation, body })
    }
}

fn message(signed: &[u8]) -> Vec<u8> {
    [labels::MEMBERSHIP_SIGN, signed].concat()
}

const GENESIS: u8 = 0;
const ADD_RECIPIENT: u8 = 1;
const REPLACE_PASSPHRASE: u8 = 2;
const REMOVE_RECIPIENT: u8 = 3;
const NEW_GENERATION: u8 = 4;
const OWNER: u8 = 0;

impl EntryBody {
    fn write(&self, writer: &mut Writer) {
        match self {
            Self::Genesis { account_id, spaces, membership_pk } => {
                writer.array(4).u64(GENESIS).bytes(account_id).array(spaces.len());
                for space in spaces {
                    writer.bytes(space);
                }
                writer.bytes(membership_pk);
            }
            Self::AddRecipient { recipient, role: Role::Owner } => {
                writer.array(3).u64(ADD_RECIPIENT);
                recipient.write(writer);
                writer.u64(OWNER);
            }
            Self::ReplacePassphrase { box_pk, kdf } => {
                writer.array(3).u64(REPLACE_PASSPHRASE).bytes(box_pk);
                write_kdf(kdf, writer);
            }
            Self::RemoveRecipient { kind, box_pk, last_batch_ctr, last_batch_hash } => {
                writer.array(5).u64(REMOVE_RECIPIENT).u64(kind.number()).bytes(box_pk);
                writer.u64(*last_batch_ctr).bytes(last_batch_hash);
            }
            Self::NewGeneration { membership_pk } => {
                writer.array(2).u64(NEW_GENERATION).bytes(membership_pk);
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CryptoError> {
        let length = reader.array()?;
        let number = reader.u64()?;
        let (expected, body) = match u8::try_from(number).unwrap_or(u8::MAX) {
            GENESIS => {
                let account_id = reader.fixed()?;
                let mut spaces = Vec::new();
                for _ in 0..reader.array()? {
                    spaces.push(reader.fixed()?);
                }
                (4, Self::Genesis { account_id, spaces, membership_pk: reader.fixed()? })
            }
            ADD_RECIPIENT => {
                let recipient = Recipient::read(reader)?;
                if reader.u64()? != u64::from(OWNER) {
                    return Err(CryptoError::NewerVersion(VERSION + 1));
                }
                (3, Self::AddRecipient { recipient, role: Role::Owner })
            }
            REPLACE_PASSPHRASE => (3, Self::ReplacePassphrase { box_pk: reader.fixed()?, kdf: read_kdf(reader)? }),
            REMOVE_RECIPIENT => {
                let kind = RecipientKind::read(reader)?;
                let box_pk = reader.fixed()?;
                let last_batch_ctr = reader.u64()?;
                (5, Self::RemoveRecipient { kind, box_pk, last_batch_ctr, last_batch_hash: reader.fixed()? })
            }
            NEW_GENERATION => (2, Self::NewGeneration { membership_pk: reader.fixed()? }),
            // An entry that is not understood could remove somebody: skipping it is not an option.
            _ => return Err(CryptoError::NewerVersion(VERSION + 1)),
        };
        if length == expected { Ok(body) } else { Err(reader.damaged()) }
    }
}

impl Recipient {
    fn write(&self, writer: &mut Writer) {
        match self {
            Self::Device { device_id, sign_pk, box_pk } => {
                writer.array(4).u64(RecipientKind::Device.number()).bytes(device_id).bytes(sign_pk).bytes(box_pk);
            }
            Self::Passphrase { box_pk, kdf } => {
                writer.array(3).u64(RecipientKind::Passphrase.number()).bytes(box_pk);
                write_kdf(kdf, writer);
            }
            Self::Code { box_pk } => {
                writer.array(2).u64(RecipientKind::Code.number()).bytes(box_pk);
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CryptoError> {
        let length = reader.array()?;
        let (expected, recipient) = match RecipientKind::read(reader)? {
            RecipientKind::Device => {
                let device_id = reader.fixed()?;
                let sign_pk = reader.fixed()?;
                (4, Self::Device { device_id, sign_pk, box_pk: reader.fixed()? })
            }
            RecipientKind::Passphrase => (3, Self::Passphrase { box_pk: reader.fixed()?, kdf: read_kdf(reader)? }),
            RecipientKind::Code => (2, Self::Code { box_pk: reader.fixed()? }),
        };
        if length == expected { Ok(recipient) } else { Err(reader.damaged()) }
    }
}

fn write_kdf(kdf: &KdfParams, writer: &mut Writer) {
    writer.array(4).bytes(&kdf.salt).u64(kdf.memory_kib).u64(kdf.passes).u64(kdf.lanes);
}

fn read_kdf(reader: &mut Reader<'_>) -> Result<KdfParams, CryptoError> {
    reader.array_of(4)?;
    Ok(KdfParams { salt: reader.fixed()?, memory_kib: reader.u32()?, passes: reader.u32()?, lanes: reader.u32()? })
}
