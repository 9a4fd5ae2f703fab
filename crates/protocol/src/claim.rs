//! How a computer shows that it is the one that it names: a session is its own only then.
//!
//! A name alone shows nothing. Whoever knows the passphrase can sign in, and knows every computer's id from the
//! membership log.

use ed25519_dalek::{Signature, VerifyingKey};

use crate::limits::fold_user;
use crate::link::hasher;
use crate::{DeviceId, LoginMethod, LoginSecret, Token};

const LOGIN_DOMAIN: &[u8] = b"holdfast/v1/login";
const SECRET_DOMAIN: &[u8] = b"holdfast/v1/login-secret";
const SESSION_DOMAIN: &[u8] = b"holdfast/v1/session";
const TOKEN_DOMAIN: &[u8] = b"holdfast/v1/session-token";

/// A computer's word that a request is its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    pub device: DeviceId,
    /// Ed25519 by the computer's key, over [`login_bytes`] or [`session_bytes`].
    pub signature: [u8; 64],
}

impl Claim {
    /// Checks the signature strictly. `bytes` are those of [`login_bytes`] or [`session_bytes`].
    pub fn holds(&self, bytes: &[u8], sign_pk: &[u8; 32]) -> bool {
        let Ok(key) = VerifyingKey::from_bytes(sign_pk) else { return false };
        key.verify_strict(bytes, &Signature::from_bytes(&self.signature)).is_ok()
    }
}

/// What a computer signs when it signs in: this user, with this secret. So the statement is worth nothing under another
/// passphrase, and nothing to who does not know the secret.
pub fn login_bytes(user: &str, method: LoginMethod, auth: &LoginSecret, device: DeviceId) -> Vec<u8> {
    let method = match method {
        LoginMethod::Passphrase => 1,
        LoginMethod::RecoveryCode => 2,
    };
    let secret = hasher(SECRET_DOMAIN).update(&auth.0).finalize();
    let user = fold_user(user).unwrap_or_default();
    let mut bytes = vec![LOGIN_DOMAIN.len() as u8];
    for part in [LOGIN_DOMAIN, &device.0, &[method], secret.as_bytes(), user.as_bytes()] {
        bytes.extend_from_slice(part);
    }
    bytes
}

/// What a computer signs to make a session its own, in which nobody was named: one that has just joined, or that a
/// server has forgotten.
pub fn session_bytes(token: &Token, device: DeviceId) -> Vec<u8> {
    let token = hasher(TOKEN_DOMAIN).update(&token.0).finalize();
    let mut bytes = vec![SESSION_DOMAIN.len() as u8];
    for part in [SESSION_DOMAIN, &device.0, token.as_bytes()] {
        bytes.extend_from_slice(part);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};

    use super::*;

    #[test]
    fn a_claim_is_one_computers_for_one_request() {
        let (key, other) = (SigningKey::from_bytes(&[9; 32]), SigningKey::from_bytes(&[8; 32]));
        let pk = key.verifying_key().to_bytes();
        let (device, auth) = (DeviceId([2; 16]), LoginSecret([3; 32]));
        let said = login_bytes("Ada ", LoginMethod::Passphrase, &auth, device);
        let claim = Claim { device, signature: key.sign(&said).to_bytes() };
        assert!(claim.holds(&login_bytes("ada", LoginMethod::Passphrase, &auth, device), &pk), "the same user");
        assert!(!claim.holds(&said, &other.verifying_key().to_bytes()));
        assert!(!claim.holds(&said, &[0; 32]));
        for another in [
            login_bytes("eve", LoginMethod::Passphrase, &auth, device),
            login_bytes("ada", LoginMethod::RecoveryCode, &auth, device),
            login_bytes("ada", LoginMethod::Passphrase, &LoginSecret([4; 32]), device),
            login_bytes("ada", LoginMethod::Passphrase, &auth, DeviceId([5; 16])),
            session_bytes(&Token(vec![3; 32]), device),
        ] {
            assert!(!claim.holds(&another, &pk));
        }
        let session = session_bytes(&Token(vec![1]), device);
        let claim = Claim { device, signature: key.sign(&session).to_bytes() };
        assert!(claim.holds(&session, &pk));
        assert!(!claim.holds(&session_bytes(&Token(vec![2]), device), &pk));
        assert!(!claim.holds(&session_bytes(&Token(vec![1]), DeviceId([5; 16])), &pk));
    }

    #[test]
    fn vectors() {
        let (device, auth) = (DeviceId([2; 16]), LoginSecret([3; 32]));
        let login = login_bytes("Ada", LoginMethod::Passphrase, &auth, device);
        assert_eq!((login.len(), &login[..18], &login[18..34]), (70, &b"\x11holdfast/v1/login"[..], &[2; 16][..]));
        assert_eq!(
            crate::body_hash(&login).to_string(),
            "fbabafa5e79c8b2881907bb41e418ea8c3f149b75cd1ad7a5464f8b5612f19e0"
        );
        let session = session_bytes(&Token(vec![1, 2]), device);
        assert_eq!((session.len(), &session[20..36]), (68, &[2; 16][..]));
        assert_eq!(
            crate::body_hash(&session).to_string(),
            "14f824113146539ac70c3c642673abf34ef3694c2478ee3ed2f2f7417940e850"
        );
    }
}
