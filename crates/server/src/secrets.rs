//! The hashes under which secrets are stored.

use subtle::ConstantTimeEq as _;

use holdfast_protocol::LoginSecret;

/// Tokens and invitations are random; a plain hash keeps a stolen database from being a stolen session.
pub(crate) fn token_hash(token: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("holdfast server 2026 v1 token");
    *hasher.update(token).finalize().as_bytes()
}

/// Login secrets come out of Argon2id on the client, so one keyed hash is enough here.
pub(crate) fn auth_hash(salt: &[u8; 32], secret: &LoginSecret) -> [u8; 32] {
    *blake3::keyed_hash(salt, &secret.0).as_bytes()
}

pub(crate) fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    a.ct_eq(b).into()
}

/// The salt that an unknown user seems to have: the same at each asking.
pub(crate) fn decoy_salt(server_secret: &[u8; 32], user: &str) -> [u8; 16] {
    let hash = blake3::keyed_hash(server_secret, user.as_bytes());
    let mut salt = [0; 16];
    salt.copy_from_slice(&hash.as_bytes()[..16]);
    salt
}
