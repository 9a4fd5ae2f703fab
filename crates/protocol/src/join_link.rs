//! The one line of text that brings a computer to a server.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::codec::{Bytes, CborReader, CborWriter, FieldAs, Plain, ReadError, Text, Wire, once};
use crate::limits::{MAX_INVITATION_BYTES, MAX_URL_BYTES};
use crate::link::hasher;
use crate::{decode, encode};

const PREFIX: &str = "holdfast://join/";
const CHECK_DOMAIN: &[u8] = b"holdfast/v1/join-link";
const CHECK_LEN: usize = 4;

/// Where a server is, how to know it, and leave to create an account there.
///
/// Text form: `holdfast://join/1/` and, in unpadded base64url, CBOR and the first 4 bytes of its BLAKE3, under a tag.
#[derive(Clone, PartialEq, Eq)]
pub struct JoinLink {
    /// Of the link's format; this crate writes 1.
    pub version: u16,
    /// `https://host[:port]`, without a path.
    pub url: String,
    /// [`spki_pin`] of the server's key: the whole of the trust in it.
    pub pin: [u8; 32],
    /// Lets an account be created, and nothing else. Absent in a link for computers of an account.
    pub invitation: Option<Vec<u8>>,
    /// When the invitation ends, in milliseconds since 1970 by the server's clock; 0 without an invitation.
    pub expires_ms: u64,
}

/// What is wrong with a text that should be a join link.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum JoinLinkError {
    #[error("this is not a join link; it begins with holdfast://join/")]
    NotALink,
    #[error("the join link was made by a newer version of Holdfast ({version})")]
    Newer { version: String },
    #[error("the join link is incomplete or mistyped; copy the whole line")]
    Damaged,
    #[error("the join link's address is not https://host or https://host:port")]
    BadUrl,
    #[error("the join link's invitation is too long")]
    BadInvitation,
}

/// The pin of a public key: SHA-256 of its SubjectPublicKeyInfo in DER, as RFC 7469 has it.
pub fn spki_pin(spki_der: &[u8]) -> [u8; 32] {
    Sha256::digest(spki_der).into()
}

impl JoinLink {
    pub const VERSION: u16 = 1;

    /// Checks `url` and drops a slash at its end. Refuses what [`JoinLink::parse`] would not take.
    pub fn new(url: &str, pin: [u8; 32], invitation: Option<Vec<u8>>, expires_ms: u64) -> Result<Self, JoinLinkError> {
        let url = clean_url(url).ok_or(JoinLinkError::BadUrl)?;
        if invitation.as_ref().is_some_and(|invitation| invitation.len() > MAX_INVITATION_BYTES) {
            return Err(JoinLinkError::BadInvitation);
        }
        Ok(Self { version: Self::VERSION, url, pin, invitation, expires_ms })
    }

    /// The start of the pin, in groups, to compare by eye: a server prints it, and who adds one is shown it.
    pub fn fingerprint(&self) -> String {
        let (pairs, _) = self.pin.as_chunks::<2>();
        let groups: Vec<String> = pairs.iter().take(4).map(|[a, b]| format!("{a:02x}{b:02x}")).collect();
        groups.join(" ")
    }

    /// Reads the text form, with white space around it.
    pub fn parse(text: &str) -> Result<Self, JoinLinkError> {
        let rest = text.trim().strip_prefix(PREFIX).ok_or(JoinLinkError::NotALink)?;
        let (version, payload) = rest.split_once('/').ok_or(JoinLinkError::Damaged)?;
        match version.parse::<u16>() {
            Ok(Self::VERSION) => {}
            Ok(newer) if newer > Self::VERSION => return Err(JoinLinkError::Newer { version: newer.to_string() }),
            _ => return Err(JoinLinkError::NotALink),
        }
        let bytes = URL_SAFE_NO_PAD.decode(payload).map_err(|_| JoinLinkError::Damaged)?;
        let cbor_len = bytes.len().checked_sub(CHECK_LEN).ok_or(JoinLinkError::Damaged)?;
        let (cbor, check) = bytes.split_at(cbor_len);
        if check != checksum(cbor) {
            return Err(JoinLinkError::Damaged);
        }
        let link: Self = decode(cbor).map_err(|_| JoinLinkError::Damaged)?;
        let url = clean_url(&link.url).ok_or(JoinLinkError::BadUrl)?;
        Ok(Self { url, ..link })
    }
}

fn checksum(cbor: &[u8]) -> [u8; CHECK_LEN] {
    let mut check = [0; CHECK_LEN];
    check.copy_from_slice(&hasher(CHECK_DOMAIN).update(cbor).finalize().as_bytes()[..CHECK_LEN]);
    check
}

/// `https://host[:port]`, or nothing: no path, no user, no query.
fn clean_url(url: &str) -> Option<String> {
    let url = url.strip_suffix('/').unwrap_or(url);
    let authority = url.strip_prefix("https://")?;
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (v6, rest) = rest.split_once(']')?;
            v6.parse::<std::net::Ipv6Addr>().ok()?;
            (v6, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let in_brackets = authority.starts_with('[');
    let host_ok = in_brackets || host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b));
    let port_ok = port.is_none_or(|p| p.bytes().all(|b| b.is_ascii_digit()) && p.parse::<u16>().is_ok_and(|p| p > 0));
    (!host.is_empty() && host_ok && port_ok && url.len() <= MAX_URL_BYTES).then(|| url.to_owned())
}

impl fmt::Display for JoinLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = encode(self);
        bytes.extend_from_slice(&checksum(&bytes));
        write!(f, "{PREFIX}{}/{}", self.version, URL_SAFE_NO_PAD.encode(bytes))
    }
}

/// Leaves the invitation out: `Debug` ends up in logs.
impl fmt::Debug for JoinLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinLink").field("url", &self.url).finish_non_exhaustive()
    }
}

impl FromStr for JoinLink {
    type Err = JoinLinkError;
    fn from_str(text: &str) -> Result<Self, JoinLinkError> {
        Self::parse(text)
    }
}

impl Wire for JoinLink {
    fn write(&self, to: &mut CborWriter) {
        to.map(4 + usize::from(self.invitation.is_some()));
        to.uint(1);
        self.version.write(to);
        to.uint(2);
        to.text(&self.url);
        to.uint(3);
        self.pin.write(to);
        if let Some(invitation) = &self.invitation {
            to.uint(4);
            to.bytes(invitation);
        }
        to.uint(5);
        self.expires_ms.write(to);
    }

    fn read(from: &mut CborReader<'_>) -> Result<Self, ReadError> {
        let (mut version, mut url, mut pin, mut invitation, mut expires_ms) = (None, None, None, None, None);
        from.map(|key, from| {
            match key {
                1 => once(&mut version, <Plain as FieldAs<u16>>::read(from)?)?,
                2 => once(&mut url, <Text<MAX_URL_BYTES> as FieldAs<String>>::read(from)?)?,
                3 => once(&mut pin, from.fixed()?)?,
                4 => once(&mut invitation, <Bytes<MAX_INVITATION_BYTES> as FieldAs<Vec<u8>>>::read(from)?)?,
                5 => once(&mut expires_ms, from.uint()?)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(Self {
            version: version.filter(|v| *v == Self::VERSION).ok_or(ReadError("unknown version"))?,
            url: url.ok_or(ReadError("no url"))?,
            pin: pin.ok_or(ReadError("no pin"))?,
            invitation,
            expires_ms: expires_ms.ok_or(ReadError("no expires_ms"))?,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn sample() -> JoinLink {
        JoinLink::new("https://notes.example:8443/", [3; 32], Some(vec![5; 16]), 1_800_000_000_000).unwrap()
    }

    /// Found by the fuzzer: it was written, and nobody could read it.
    #[test]
    fn an_invitation_that_no_link_holds_is_refused() {
        let link = |bytes: usize| JoinLink::new("https://a", [1; 32], Some(vec![2; bytes]), 3);
        assert_eq!(link(MAX_INVITATION_BYTES + 1), Err(JoinLinkError::BadInvitation));
        let longest = link(MAX_INVITATION_BYTES).unwrap();
        assert_eq!(JoinLink::parse(&longest.to_string()), Ok(longest));
    }

    #[test]
    fn vector() {
        assert_eq!(
            sample().to_string(),
            "holdfast://join/1/pQEBAngaaHR0cHM6Ly9ub3Rlcy5leGFtcGxlOjg0NDMDWCADAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwRQBQUFBQUFBQUFBQUFBQUFBQUbAAABoxhcUAAINF6T"
        );
    }

    #[test]
    fn a_fingerprint_is_the_start_of_the_pin() {
        let pin: [u8; 32] = std::array::from_fn(|n| (n as u8).wrapping_mul(17));
        let link = JoinLink::new("https://notes.example", pin, None, 0).unwrap();
        assert_eq!(link.fingerprint(), "0011 2233 4455 6677");
    }

    #[test]
    fn round_trip_with_and_without_invitation() {
        let link = sample();
        assert_eq!(link.url, "https://notes.example:8443");
        assert_eq!(JoinLink::parse(&format!("  {link}\n")), Ok(link.clone()));
        let bare = JoinLink { invitation: None, expires_ms: 0, ..link };
        assert_eq!(bare.to_string().parse(), Ok(bare));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let text = sample().to_string();
        assert_eq!(JoinLink::parse("https://notes.example"), Err(JoinLinkError::NotALink));
        assert_eq!(JoinLink::parse(""), Err(JoinLinkError::NotALink));
        assert_eq!(JoinLink::parse("holdfast://join/x/AAAA"), Err(JoinLinkError::NotALink));
        assert_eq!(JoinLink::parse(&text.replace("/1/", "/2/")), Err(JoinLinkError::Newer { version: "2".into() }));
        for cut in PREFIX.len() + 2..text.len() {
            assert_eq!(JoinLink::parse(&text[..cut]), Err(JoinLinkError::Damaged), "cut at {cut}");
        }
        let mistyped = text.replacen('A', "B", 1);
        assert_ne!(mistyped, text);
        assert_eq!(JoinLink::parse(&mistyped), Err(JoinLinkError::Damaged));
    }

    #[test]
    fn only_https_addresses_without_a_path() {
        for good in ["https://a", "https://127.0.0.1:1", "https://[::1]:8443", "https://[::1]", "https://a-b.c/"] {
            assert!(JoinLink::new(good, [0; 32], None, 0).is_ok(), "{good}");
        }
        let bad = [
            "http://a",
            "https://",
            "https://a/b",
            "https://u@a",
            "https://a:",
            "https://a:0",
            "https://a:+1",
            "https://a:99999",
            "https://a?b",
            "https://[::1",
            "https://[x]",
            "https://a b",
            "https://[::1]x",
            "a",
        ];
        for bad in bad {
            assert_eq!(JoinLink::new(bad, [0; 32], None, 0), Err(JoinLinkError::BadUrl), "{bad}");
        }
        // A link that was made by other means is checked when it is read.
        let made = JoinLink { url: "http://a".into(), ..sample() };
        assert_eq!(JoinLink::parse(&made.to_string()), Err(JoinLinkError::BadUrl));
    }

    #[test]
    fn debug_hides_the_invitation() {
        assert!(!format!("{:?}", sample()).contains('5'));
    }
}
