//! What a device signs when it pushes, and the check of it by the server and by every reader.

use ed25519_dalek::{Signature, VerifyingKey};
use thiserror::Error;

use crate::link::hasher;
use crate::{BatchManifest, DeviceId, Hash, Heir, SpaceId};

const SIGN_DOMAIN: &[u8] = b"holdfast/v1/batch-signature";
const RIDS_DOMAIN: &[u8] = b"holdfast/v1/batch-rids";
const HEIR_DOMAIN: &[u8] = b"holdfast/v1/heir";
const HASH_DOMAIN: &[u8] = b"holdfast/v1/batch";

/// The batch was not signed by the holder of that key, or not this batch.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the batch's signature does not fit the device")]
pub struct BadSignature;

/// The bytes under the signature: the domain with its length, then every field but the signature, in fixed
/// lengths, numbers big-endian; the ids as their number and one hash over them in order; then heirs, state and mark,
/// where they are there.
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
    // Each only where it is there, with a number that tells it from the other.
    for heir in &manifest.heirs {
        bytes.push(1);
        bytes.extend_from_slice(&heir.of.0);
        bytes.extend_from_slice(&heir.to.0);
        bytes.extend_from_slice(&heir.signature);
    }
    if let Some(state) = &manifest.state {
        bytes.push(2);
        bytes.extend_from_slice(&state.0);
    }
    if let Some(mark) = &manifest.mark {
        bytes.push(3);
        bytes.extend_from_slice(mark);
    }
    bytes
}

/// What a device signs for the one that takes its place in a copied vault.
pub fn heir_bytes(space: SpaceId, of: DeviceId, to: DeviceId) -> Vec<u8> {
    let mut bytes = vec![HEIR_DOMAIN.len() as u8];
    for part in [HEIR_DOMAIN, &space.0, &of.0, &to.0] {
        bytes.extend_from_slice(part);
    }
    bytes
}

/// True where the batch's device may send what `author` wrote: it is the author, or its heir, from one to the next.
/// `sign_pk` gives the keys of members.
pub fn may_send(manifest: &BatchManifest, author: DeviceId, sign_pk: impl Fn(DeviceId) -> Option<[u8; 32]>) -> bool {
    let mut at = author;
    for _ in 0..=manifest.heirs.len() {
        if at == manifest.device {
            return true;
        }
        let next = manifest.heirs.iter().find(|heir| heir.of == at && is_signed(manifest.space, heir, &sign_pk));
        let Some(next) = next else { return false };
        at = next.to;
    }
    false
}

fn is_signed(space: SpaceId, heir: &Heir, sign_pk: &impl Fn(DeviceId) -> Option<[u8; 32]>) -> bool {
    let Some(key) = sign_pk(heir.of).and_then(|key| VerifyingKey::from_bytes(&key).ok()) else { return false };
    let signature = Signature::from_bytes(&heir.signature);
    key.verify_strict(&heir_bytes(space, heir.of, heir.to), &signature).is_ok()
}

/// Names a batch, with its signature: in links, and as `prev` of the device's next batch.
pub fn batch_hash(manifest: &BatchManifest) -> Hash {
    let mut hasher = hasher(HASH_DOMAIN);
    hasher.update(&signed_bytes(manifest)).update(&manifest.signature);
    Hash(*hasher.finalize().as_bytes())
}

/// Checks the signature strictly (no weak keys, no second encoding of a signature).
pub fn verify(manifest: &BatchManifest, sign_pk: &[u8; 32]) -> Result<(), BadSignature> {
    let bytes = signed_bytes(manifest);
    let verify = || {
        let key = VerifyingKey::from_bytes(sign_pk).map_err(|_| BadSignature)?;
        let signature = Signature::from_bytes(&manifest.signature);
        key.verify_strict(&bytes, &signature).map_err(|_| BadSignature)
    };
    #[cfg(not(feature = "simulation"))]
    return verify();
    #[cfg(feature = "simulation")]
    {
        type Known = holdfast_mutants::Memo<([u8; 32], [u8; 32], [u8; 64]), Result<(), BadSignature>>;
        static SIMULATED: Known = Known::new();
        SIMULATED.of((*blake3::hash(&bytes).as_bytes(), *sign_pk, manifest.signature), verify)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use ed25519_dalek::{Signer, SigningKey};

    use super::*;
    use crate::{Rid, Seen};

    fn signed() -> (BatchManifest, [u8; 32]) {
        let key = SigningKey::from_bytes(&[9; 32]);
        let mut manifest = BatchManifest {
            space: SpaceId([1; 16]),
            device: DeviceId([2; 16]),
            ctr: 3,
            prev: Hash([4; 32]),
            seen: Seen { log_epoch: 5, seq: 6, link: Hash([7; 32]), members: Hash([8; 32]) },
            rids: vec![Rid([10; 32]), Rid([11; 32])],
            heirs: Vec::new(),
            state: None,
            mark: None,
            signature: [0; 64],
        };
        manifest.signature = key.sign(&signed_bytes(&manifest)).to_bytes();
        (manifest, key.verifying_key().to_bytes())
    }

    #[test]
    fn every_field_is_under_the_signature() {
        let (manifest, key) = signed();
        assert_eq!(verify(&manifest, &key), Ok(()));
        let changes: [fn(&mut BatchManifest); 14] = [
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
            |m| m.heirs.push(Heir { of: DeviceId([1; 16]), to: m.device, signature: [0; 64] }),
            |m| m.state = Some(Hash([1; 32])),
            |m| m.mark = Some([1; 8]),
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
    fn only_the_author_and_its_heirs_may_send() {
        let (mut manifest, _) = signed();
        let key = |n: u8| SigningKey::from_bytes(&[n; 32]);
        let id = |n: u8| DeviceId([n; 16]);
        let member = |device: DeviceId| (device.0[0] < 9).then(|| key(device.0[0]).verifying_key().to_bytes());
        let heir = |of: u8, to: u8, by: u8| {
            let signature = key(by).sign(&heir_bytes(manifest.space, id(of), id(to))).to_bytes();
            Heir { of: id(of), to: id(to), signature }
        };
        let (old, older, forged, stranger) = (heir(3, 2, 3), heir(4, 3, 4), heir(5, 2, 2), heir(9, 2, 9));
        let elsewhere = Heir { to: id(2), ..heir(6, 7, 6) };
        assert!(may_send(&manifest, id(2), member));
        assert!(!may_send(&manifest, id(3), member));
        manifest.heirs = vec![old, older, forged, stranger, elsewhere];
        assert!(may_send(&manifest, id(3), member) && may_send(&manifest, id(4), member));
        for no in [5, 6, 7, 9] {
            assert!(!may_send(&manifest, id(no), member), "{no}");
        }
        // A circle has an end.
        manifest.heirs = vec![heir(3, 4, 3), heir(4, 3, 4)];
        assert!(!may_send(&manifest, id(3), member));
    }

    #[test]
    fn vectors() {
        let (manifest, _) = signed();
        let more = BatchManifest {
            heirs: vec![Heir { of: DeviceId([3; 16]), to: manifest.device, signature: [12; 64] }],
            state: Some(Hash([13; 32])),
            ..manifest.clone()
        };
        assert_eq!(signed_bytes(&more).len(), 220 + 97 + 33);
        assert_eq!(batch_hash(&more).to_string(), "b5ba1a582dacd18bf9b8d1608c1cf38a69dd79bd5602788bfc0798631af9dcf5");
        let marked = BatchManifest { mark: Some([14; 8]), ..more };
        assert_eq!(signed_bytes(&marked).len(), 220 + 97 + 33 + 9);
        assert_eq!(batch_hash(&marked).to_string(), "1b5c45e3155cbcac77a8003c18504189aa1c3cfbfec0ac016a96e832e78d9d11");
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
