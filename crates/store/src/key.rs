//! The database key as SQLCipher takes it.

use std::fmt;

use zeroize::Zeroizing;

/// A raw key in SQLCipher's notation: `x'` + 64 hexadecimal digits + `'`. Wiped from memory when dropped.
pub struct RawKey(Zeroizing<String>);

/// The log is read back often, and so stays small: a larger one is new memory each time.
#[cfg(feature = "simulation")]
const ALONE: &str = "PRAGMA wal_autocheckpoint = 200; PRAGMA locking_mode = EXCLUSIVE;";

impl RawKey {
    /// `None` unless the text has exactly that form, so that it can be put into a pragma.
    pub fn new(text: Zeroizing<String>) -> Option<Self> {
        let digits = text.strip_prefix("x'")?.strip_suffix('\'')?;
        let valid = digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        valid.then_some(Self(text))
    }

    /// No key: the file's pages are as SQLite writes them. For the simulator, in worlds whose pages nobody looks at. `alone`:
    /// nobody else opens the file while it is open, so that it need not be locked at each transaction.
    #[cfg(feature = "simulation")]
    pub fn none(alone: bool) -> Self {
        Self(Zeroizing::new(if alone { ALONE.into() } else { String::new() }))
    }

    /// `PRAGMA key = "x'…'"`.
    pub(crate) fn pragma(&self) -> Zeroizing<String> {
        #[cfg(feature = "simulation")]
        if self.0.is_empty() || *self.0 == ALONE {
            return self.0.clone();
        }
        let mut sql = Zeroizing::new(String::with_capacity(96));
        sql.push_str("PRAGMA key = \"");
        sql.push_str(&self.0);
        sql.push_str("\";");
        sql
    }
}

impl fmt::Debug for RawKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RawKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sixty_four_digits_in_quotes_are_a_key_and_debug_hides_them() {
        let text = format!("x'{}'", "a1".repeat(32));
        let key = RawKey::new(Zeroizing::new(text)).map(|k| format!("{k:?}"));
        assert_eq!(key.as_deref(), Some("RawKey(…)"));
        for bad in [String::new(), "x''".into(), format!("x'{}\"", "a1".repeat(32)), format!("x'{}'", "g1".repeat(32))]
        {
            assert!(RawKey::new(Zeroizing::new(bad)).is_none());
        }
    }
}
