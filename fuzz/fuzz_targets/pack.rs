//! A pack that somebody changed or made up: nothing opens but what was sealed, for the part of the log that it was sealed
//! for; and what a member seals as one is read without harm, whatever it is.
#![no_main]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use arbitrary::Arbitrary;
use holdfast_crypto::{
    CryptoError, EpochKey, IdKey, PackContext, PackedRevision, Rng, SpaceKeys, open_pack, reseal_pack, revision_id,
    seal_pack,
};
use holdfast_protocol::*;
use libfuzzer_sys::fuzz_target;

const SPACE: [u8; 16] = [7; 16];
const MAX: usize = 1 << 20;

static KEYS: LazyLock<SpaceKeys> = LazyLock::new(|| SpaceKeys {
    id_keys: BTreeMap::from([(1, IdKey::from_bytes([1; 32])), (2, IdKey::from_bytes([3; 32]))]),
    epoch_keys: BTreeMap::from([(1, EpochKey::from_bytes([2; 32]))]),
});

/// The same every time, so that a finding can be repeated.
struct Counting(u8);

impl Rng for Counting {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), CryptoError> {
        for byte in bytes {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
        Ok(())
    }
}

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    /// As the body of an entry.
    Body {
        bytes: &'a [u8],
    },
    MadeUp {
        sealed: &'a [u8],
        range: [u8; 32],
    },
    Sealed {
        texts: Vec<(bool, &'a [u8])>,
        from: u64,
        length: u16,
        at: usize,
        to: u8,
        cut: Option<usize>,
    },
    /// A page whose bodies are elsewhere.
    Page {
        bytes: &'a [u8],
    },
}

fuzz_target!(|input: Input<'_>| {
    match input {
        Input::Body { bytes } => {
            if let Some((range, sealed)) = PackRange::of_body(bytes) {
                assert_eq!(range.body(sealed), bytes);
                assert!(range.from().0 < range.to().0 && range.holds(range.to().0) && !range.holds(range.from().0));
            }
        }
        Input::MadeUp { sealed, range } => {
            let mut all = [0; 88];
            all[..32].copy_from_slice(&range);
            let context = PackContext { space: SPACE, range: all };
            assert!(open_pack(&context, &KEYS, sealed, MAX).is_err(), "made up, and it opens");
        }
        Input::Sealed { texts, from, length, at, to, cut } => {
            let end = from.saturating_add(u64::from(length));
            let Some(range) = PackRange::new(1, (from, Hash([1; 32])), (end, Hash([2; 32]))) else { return };
            let context = PackContext { space: SPACE, range: range.to_bytes() };
            let revisions: Vec<PackedRevision> = texts
                .iter()
                .map(|(old, text)| PackedRevision { id_key_no: 2 - u32::from(*old), canonical: text.to_vec() })
                .collect();
            let (key_epoch, key) = KEYS.current_epoch();
            let sealed = seal_pack(&context, key, key_epoch, &revisions, &mut Counting(0)).expect("it can be sealed");
            let ids: BTreeSet<[u8; 32]> =
                revisions.iter().map(|r| revision_id(&KEYS.id_keys[&r.id_key_no], &r.canonical)).collect();
            let bytes = 4 + revisions.iter().map(PackedRevision::bytes).sum::<usize>();
            match open_pack(&context, &KEYS, &sealed, MAX) {
                Ok(opened) => {
                    assert_eq!(opened.len(), ids.len());
                    for ((id, bytes), revision) in opened.iter().zip(&revisions) {
                        assert_eq!(bytes, &revision.canonical);
                        assert!(ids.contains(id));
                    }
                    let again = reseal_pack(&context, &KEYS, &sealed, MAX, &mut Counting(9)).expect("it opens");
                    assert_eq!(open_pack(&context, &KEYS, &again, MAX).expect("it opens"), opened);
                }
                Err(_) => assert!(ids.len() < revisions.len() || bytes > MAX, "what was sealed does not open"),
            }
            let mut changed = sealed.clone();
            let place = at % changed.len();
            changed[place] = to;
            changed.truncate(cut.map_or(changed.len(), |cut| cut % (changed.len() + 1)));
            assert!(changed == sealed || open_pack(&context, &KEYS, &changed, MAX).is_err(), "what was changed opens");
        }
        Input::Page { bytes } => {
            let Ok(LogAnswer::Page(page)) = decode::<LogAnswer>(bytes) else { return };
            let Ok(items) = page.items() else { return };
            assert_eq!(items.len(), page.len());
            assert!(
                page.covered.as_ref().is_none_or(|covered| covered.runs.is_empty())
                    || items.windows(2).all(|two| two[0].seq() <= two[1].seq())
            );
        }
    }
});
