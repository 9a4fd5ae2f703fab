//! Ids made of content.

use crate::hazmat::{self, labels};
use crate::keys::IdKey;

/// The id of a revision: BLAKE3 keyed by the space's id key over a domain tag and exactly the canonical bytes.
///
/// Equal on every device, and not guessable by a server that suspects the content. The caller has checked that the
/// bytes are canonical.
pub fn revision_id(id_key: &IdKey, canonical: &[u8]) -> [u8; 32] {
    hazmat::keyed_hash(id_key.expose(), labels::RID, canonical)
}

/// The sameness hash of an attachment: equal for equal files in one space. It belongs inside seals only.
pub fn content_id(id_key: &IdKey, plain: &[u8]) -> [u8; 32] {
    hazmat::keyed_hash(id_key.expose(), labels::CONTENT_ID, plain)
}

/// [`content_id`] of a file that is read piece by piece.
pub struct ContentHash(hazmat::KeyedHash);

impl ContentHash {
    pub fn new(id_key: &IdKey) -> Self {
        Self(hazmat::KeyedHash::new(id_key.expose(), labels::CONTENT_ID))
    }

    /// Takes the next bytes of the file.
    pub fn update(&mut self, plain: &[u8]) {
        self.0.update(plain);
    }

    /// The id of what was taken so far.
    pub fn finish(&self) -> [u8; 32] {
        self.0.finish()
    }
}

/// What a device makes of the log of a space, for others to compare: equal for equal lists of heads, and nothing to
/// whoever lacks the key.
pub fn state_id(id_key: &IdKey, heads: &[u8]) -> [u8; 32] {
    hazmat::keyed_hash(id_key.expose(), labels::STATE, heads)
}

/// The id of a sealed blob (`cid`): plain BLAKE3 of the sealed bytes, which a server can check.
pub fn blob_id(sealed: &[u8]) -> [u8; 32] {
    hazmat::plain_hash(sealed)
}
