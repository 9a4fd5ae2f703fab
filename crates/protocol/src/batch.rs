//! What a device signs when it pushes, and the check of it by the server and by every reader.

use ed25519_dalek::{Signature, VerifyingKey};
use thiserror::Error;

use crate::link::hasher;
use crate::{BatchManifest, Hash};

const SIGN_DOMAIN: &[u8] = b"holdfast/v1/batch-signature";
const RIDS_DOMAIN: &[u8] = b"holdfast/v1/batch-rids";
const HASH_DOMAIN: &[u8] = b"holdfast/v1/batch";

/// The batch was not signed by the holder of that key, or not this batch.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the batch's signature does not fit the device")]
pub struct BadSignature;

/// The bytes under the signature: the domain with its length, then every field but the signature, in fixed
/// lengths, numbers big-endian; the ids as their number and one hash over them in order.
pub fn signed_bytes(manifest: &BatchManifest) -> Vec<u8> {
    let mut rids = hasher(RIDS_DOMAIN);
    for rid in &manifest.rids {
        rids.update(&rid.0);
    }
    let seen = &manifest.seen;
    let mut bytes = vec![SIGN_DOMAIN.len() as u8];
    bytes.extend_from_slice(SIGN_DOMAIN);
    bytes.extend_from_slice(&manifest.space.0);
    bytes.extend_from_slice(&manifest.device.0);
    bytes.extend_from_slice(&manifest.ctr.to_be_bytes());
    bytes.extend_from_slice(&manifest.prev.0);
    bytes.extend_from_slice(&seen.log_epoch.to_be_bytes());
    bytes.extend_from_slice(&seen.seq.to_be_bytes());
    bytes.extend_from_slice(&seen.link.0);
    bytes.extend_from_slice(&seen.members.0);
    bytes.extend_from_slice(&(manifest.rids.len() as u64).to_be_bytes());
    bytes.extend_from_slice(rids.finalize().as_bytes());
    bytes
}

/// Names a batch, with its signature: in links, and as `prev` of the device's next batch.
pub fn batch_hash(manifest: &BatchManifest) -> Hash {
    let mut hasher = hasher(HASH_DOMAIN);
    hasher.update(&signed_bytes(manifest)).update(&manifest.signature);
    Hash(*hasher.finalize().as_bytes())
}

/// Checks the signature strictly (no weak keys, no second encoding of a signature).
pub fn verify(manifest: &BatchManifest, sign_pk: &[u8; 32]) -> Result<(), BadSignature> {
    let key = VerifyingKey::from_bytes(sign_pk).map_err(|_| BadSignature)?;
    let signature = Signature::from_bytes(&manifest.signature);
    key.verify_strict(&signed_bytes(manifest), &signature).map_err(|_| BadSignature)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use ed25519_dalek::{Signer, SigningKey};

    use super::*;
    use crate::{DeviceId, Rid, Seen, SpaceId};

    fn signed() -> (BatchManifest, [u8; 32]) {
        let key = SigningKey::from_bytes(&[9; 32]);
        let mut manifest = BatchManifest {
            space: SpaceId([1; 16]),
            device: DeviceId([2; 16]),
            ctr: 3,
            prev: Hash([4; 32]),
            seen: Seen { log_epoch: 5, seq: 6, link: Hash([7; 32]), members: Hash([8; 32]) },
            rids: vec![Rid([10; 32]), Rid([11; 32])],
            signature: [0; 64],
        };
        manifest.signature = key.sign(&signed_bytes(&manifest)).to_bytes();
        (manifest, key.verifying_key().to_bytes())
    }

    #[test]
    fn every_field_is_under_the_signature() {
        let (manifest, key) = signed();
        assert_eq!(verify(&manifest, &key), Ok(()));
        let changes: [fn(&mut BatchManifest); 11] = [
            |m| m.space.0[0] ^= 1,
            |m| m.device.0[0] ^= 1,
            |m| m.ctr += 1,
            |m| m.prev.0[0] ^= 1,
            |m| m.seen.log_epoch += 1,
            |m| m.seen.seq += 1,
            |m| m.seen.link.0[0] ^= 1,
            |m| m.seen.members.0[0] ^= 1,
            |m| m.rids.swap(0, 1),
            |m| m.rids.truncate(1),
            |m| m.signature[0] ^= 1,
        ];
        for change in changes {
            let mut other = manifest.clone();
            change(&mut other);
            assert_eq!(verify(&other, &key), Err(BadSignature));
            assert_ne!(batch_hash(&other), batch_hash(&manifest));
        }
        assert_eq!(verify(&manifest, &[0; 32]), Err(BadSignature));
        assert_eq!(verify(&manifest, &SigningKey::from_bytes(&[8; 32]).verifying_key().to_bytes()), Err(BadSignature));
    }

    #[test]
    fn vectors() {
        let (manifest, _) = signed();
        let bytes = signed_bytes(&manifest);
        assert_eq!(bytes[28..44], [1; 16], "the space follows the domain and its length");
        assert_eq!(bytes.len(), 220);
        assert_eq!(
            crate::body_hash(&bytes).to_string(),
            "4b41c9b9e4021595f270a723858c1e91d315b17a9e29e5fc6963a38c202ec734"
        );
        assert_eq!(
            batch_hash(&manifest).to_string(),
            "c79c1ca2ec28239ad31c511da18201fd6781776286ad42498c968278665e58b0"
        );
    }
}
