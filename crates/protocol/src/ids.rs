//! Identifiers as the wire has them: fixed-size bytes, opaque to the server.

use std::fmt;

macro_rules! bytes_id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
        impl $name {
            /// Reads the lower- or upper-case hexadecimal form that `Display` writes.
            pub fn from_hex(text: &str) -> Option<Self> {
                if text.len() != 2 * $len || !text.is_ascii() {
                    return None;
                }
                let mut bytes = [0; $len];
                for (i, byte) in bytes.iter_mut().enumerate() {
                    *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok()?;
                }
                Some(Self(bytes))
            }
        }
    };
}

bytes_id!(
    /// A space: the unit of keys, log and (later) sharing.
    SpaceId, 16
);
bytes_id!(
    /// One installation of Holdfast.
    DeviceId, 16
);
bytes_id!(
    /// The account that owns a space on a server.
    AccountId, 16
);
bytes_id!(
    /// A revision's keyed, content-addressed id; the server cannot guess or compute it.
    Rid, 32
);
bytes_id!(
    /// A BLAKE3 hash: of a link, a batch, a membership head.
    Hash, 32
);
bytes_id!(
    /// A blob's id: BLAKE3 of its sealed bytes, which the server checks.
    Cid, 32
);

impl Hash {
    /// What stands before the first link, batch or member.
    pub const ZERO: Self = Self([0; 32]);
}
