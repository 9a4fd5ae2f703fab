//! Hashes for maps of lines and words that are only looked up, never listed: a text of a megabyte is looked up some ten
//! times in one merge, and the standard hasher would take most of its time.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

/// Only looked up: its order reaches nothing.
pub(crate) type Lookup<K, V> = HashMap<K, V, Quick>;

/// Multiplies words of 64 bits with keys that are drawn anew in each process, so that nobody can write lines that all
/// meet.
#[derive(Clone, Debug)]
pub(crate) struct Quick {
    start: u64,
    key: u64,
}

impl Default for Quick {
    fn default() -> Self {
        let random = RandomState::new();
        Self { start: random.hash_one(0_u8), key: random.hash_one(1_u8) }
    }
}

impl BuildHasher for Quick {
    type Hasher = Product;

    fn build_hasher(&self) -> Product {
        Product { state: self.start, key: self.key }
    }
}

pub(crate) struct Product {
    state: u64,
    key: u64,
}

/// Both halves of a product of 128 bits.
fn product(a: u64, b: u64) -> u64 {
    let all = u128::from(a) * u128::from(b);
    all as u64 ^ (all >> 64) as u64
}

fn word(bytes: &[u8]) -> u64 {
    let mut all = [0; 8];
    all[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(all)
}

impl Hasher for Product {
    fn write(&mut self, bytes: &[u8]) {
        let mut pairs = bytes.chunks_exact(16);
        for pair in &mut pairs {
            self.state = product(word(&pair[..8]) ^ self.state, word(&pair[8..]) ^ self.key);
        }
        let rest = pairs.remainder();
        let (low, high) = rest.split_at(rest.len().min(8));
        // Its length, too: zeros at the end are not nothing.
        self.state = product(word(low) ^ self.state, word(high) ^ self.key).wrapping_add(bytes.len() as u64);
    }

    fn write_u8(&mut self, byte: u8) {
        self.state = self.state.wrapping_add(u64::from(byte));
    }

    fn write_usize(&mut self, number: usize) {
        self.state ^= number as u64;
    }

    fn finish(&self) -> u64 {
        product(self.state ^ self.key, 0x9e37_79b9_7f4a_7c15)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn what_differs_a_little_has_another_hash() {
        let quick = Quick::default();
        let mut all = BTreeSet::new();
        let zeros = "\0".repeat(40);
        for length in 0..=40 {
            all.insert(quick.hash_one(&zeros[..length]));
        }
        for at in 0..40 {
            for letter in 1..=127_u8 {
                let mut text = zeros.clone().into_bytes();
                text[at] = letter;
                all.insert(quick.hash_one(String::from_utf8(text).expect("it is ASCII")));
            }
        }
        all.extend((0..1_000_usize).map(|n| quick.hash_one(n)));
        assert_eq!(all.len(), 41 + 40 * 127 + 1_000);
        assert_eq!(quick.hash_one("same"), quick.clone().hash_one("same"));
        // Tables take the lowest and the highest bits. With some keys a few of the values do not come about.
        let spread = |bits: fn(u64) -> u64| (0..4_096_usize).map(|n| bits(quick.hash_one(n))).collect::<BTreeSet<_>>();
        assert!(spread(|h| h % 256).len() > 200 && spread(|h| h >> 57).len() > 100);
    }
}
