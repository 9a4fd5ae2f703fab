//! The account key, wrapped to one recipient.

use zeroize::Zeroizing;

use super::WHAT;
use crate::cbor::{Reader, Writer};
use crate::error::CryptoError;
use crate::hazmat::{self, BoxSecret, labels};
use crate::keys::AccountKey;
use crate::membership::{Members, RecipientKind};
use crate::rng::Rng;

/// What is inside a wrap, besides the key: what a server could otherwise roll back.
pub(super) struct WrapContent {
    pub(super) account_key: AccountKey,
    pub(super) genesis: [u8; 32],
    pub(super) head: [u8; 32],
    pub(super) spaces_digest: [u8; 32],
}

/// Account key ‖ genesis ‖ head ‖ digest of the sealed spaces.
const CONTENT: usize = 128;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrap {
    pub(super) kind: RecipientKind,
    pub(super) recipient: [u8; 32],
    ephemeral: [u8; 32],
    sealed: Vec<u8>,
}

impl Wrap {
    pub(super) fn seal(
        kind: RecipientKind,
        recipient: [u8; 32],
        members: &Members,
        content: &WrapContent,
        rng: &mut dyn Rng,
    ) -> Result<Self, CryptoError> {
        let mut plain = Zeroizing::new(Vec::with_capacity(CONTENT + 16));
        for part in [content.account_key.expose(), &content.genesis, &content.head, &content.spaces_digest] {
            plain.extend_from_slice(part);
        }
        let aad = aad(kind, &recipient, members);
        let (ephemeral, sealed) = hazmat::seal_to(&recipient, labels::WRAP, &aad, plain, rng)?;
        Ok(Self { kind, recipient, ephemeral, sealed })
    }

    pub(super) fn open(&self, secret: &BoxSecret, members: &Members) -> Result<WrapContent, CryptoError> {
        let aad = aad(self.kind, &self.recipient, members);
        let plain = hazmat::open_from(secret, &self.ephemeral, labels::WRAP, &aad, &self.sealed)?;
        let (parts, rest) = plain.as_chunks::<32>();
        let ([key, genesis, head, spaces_digest], []) = (parts, rest) else {
            return Err(CryptoError::NotOpened);
        };
        Ok(WrapContent {
            account_key: AccountKey::from_bytes(*key),
            genesis: *genesis,
            head: *head,
            spaces_digest: *spaces_digest,
        })
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.array(4).u64(self.kind.number()).bytes(&self.recipient).bytes(&self.ephemeral).bytes(&self.sealed);
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, CryptoError> {
        reader.array_of(4).map_err(|_| CryptoError::Damaged(WHAT))?;
        let kind = RecipientKind::read(reader)?;
        let recipient = reader.fixed()?;
        let ephemeral = reader.fixed()?;
        Ok(Self { kind, recipient, ephemeral, sealed: reader.bytes()?.to_vec() })
    }
}

/// Account, generation, kind and recipient; for the passphrase its key derivation too.
fn aad(kind: RecipientKind, recipient: &[u8; 32], members: &Members) -> Vec<u8> {
    let mut aad =
        [labels::WRAP, &members.account_id, &members.generation.to_be_bytes(), &[kind.number()], recipient].concat();
    if let (RecipientKind::Passphrase, Some(member)) = (kind, &members.passphrase) {
        aad.extend_from_slice(&member.kdf.to_context());
    }
    aad
}
