//! Identifiers. All but [`RevisionId`] are 16 random bytes made by the client that creates the thing.

use std::{fmt, str::FromStr};

/// A text that is not the hexadecimal form of an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id: {0:?}")]
pub struct IdError(pub String);

fn hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|b| write!(f, "{b:02x}"))
}

fn from_hex<const N: usize>(text: &str) -> Result<[u8; N], IdError> {
    let error = || IdError(text.chars().take(80).collect());
    if text.len() != 2 * N || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(error());
    }
    let mut bytes = [0; N];
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).map_err(|_| error())?;
    }
    Ok(bytes)
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                hex(f, &self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                hex(f, &self.0)
            }
        }
        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                from_hex(text).map(Self)
            }
        }
    };
}

macro_rules! record_id {
    ($(#[$doc:meta])* $name:ident) => {
        id!($(#[$doc])* $name, 16);
        impl From<$name> for RecordId {
            fn from(id: $name) -> Self {
                Self(id.0)
            }
        }
        impl From<RecordId> for $name {
            fn from(id: RecordId) -> Self {
                Self(id.0)
            }
        }
    };
}

id!(
    /// A space: the unit of keys, log and (later) sharing.
    SpaceId, 16
);
id!(
    /// An account: the owner of spaces.
    AccountId, 16
);
id!(
    /// One installation of Holdfast.
    DeviceId, 16
);
id!(
    /// Anything that syncs: a note, a notebook, an attachment, a device's own record.
    RecordId, 16
);
id!(
    /// One immutable version of a record: BLAKE3, keyed by the space's id key, over its canonical bytes.
    RevisionId, 32
);
record_id!(
    /// A record that is a note.
    NoteId
);
record_id!(
    /// A record that is a notebook.
    NotebookId
);
record_id!(
    /// A record that is an attachment.
    AttachmentId
);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_id_reads_what_it_writes_and_nothing_else() {
        let id = NoteId([0xab; 16]);
        assert_eq!(id.to_string().parse::<NoteId>().unwrap(), id);
        for bad in ["", "ab", "zz".repeat(16).as_str(), "äb".repeat(10).as_str(), "+1".repeat(16).as_str()] {
            assert!(bad.parse::<NoteId>().is_err(), "{bad}");
        }
    }
}
