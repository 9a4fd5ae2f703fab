//! Sealed bytes that somebody changed, or made up: nothing but what was sealed is ever opened, and key files that are
//! damaged are refused.
#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use arbitrary::Arbitrary;
use holdfast_crypto::{
    AccountKeys, CryptoError, EpochKey, IdKey, KeyFile, Rng, SealContext, SpaceKeys, open_blob, open_revision, revision_id,
    seal_blob, seal_revision,
};
use libfuzzer_sys::fuzz_target;

const SPACE: [u8; 16] = [7; 16];
const MAX: usize = 1 << 20;

static KEYS: LazyLock<SpaceKeys> = LazyLock::new(|| SpaceKeys {
    id_keys: BTreeMap::from([(1, IdKey::from_bytes([1; 32]))]),
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
    MadeUp { bytes: &'a [u8], key_epoch: u32, rid: [u8; 32] },
    Changed { plain: &'a [u8], at: usize, to: u8, cut: Option<usize> },
}

fuzz_target!(|input: Input<'_>| {
    match input {
        Input::MadeUp { bytes, key_epoch, rid } => {
            assert!(open_revision(SPACE, rid, key_epoch, &KEYS, bytes, MAX).is_err(), "made up, and it opens");
            assert!(open_blob(SPACE, &KEYS, bytes, MAX).is_err(), "made up, and it opens");
            if let Ok(file) = KeyFile::from_bytes(bytes) {
                assert_eq!(file.to_bytes(), bytes);
            }
            if let Ok(account) = AccountKeys::from_bytes(bytes) {
                assert_eq!(account.to_bytes(), bytes);
            }
        }
        Input::Changed { plain, at, to, cut } => {
            let (_, id_key) = KEYS.current_id_key();
            let (key_epoch, epoch_key) = KEYS.current_epoch();
            let rid = revision_id(id_key, plain);
            let context = SealContext { space: SPACE, rid, key_epoch, id_key_no: 1 };
            let sealed = seal_revision(&context, epoch_key, plain, &mut Counting(0)).expect("it can be sealed");
            assert_eq!(open_revision(SPACE, rid, 1, &KEYS, &sealed, MAX).expect("it opens"), plain);
            let blob = seal_blob(SPACE, epoch_key, key_epoch, plain, &mut Counting(0)).expect("it can be sealed");
            assert_eq!(open_blob(SPACE, &KEYS, &blob, MAX).expect("it opens"), plain);
            for (sealed, is_blob) in [(sealed, false), (blob, true)] {
                let mut changed = sealed.clone();
                let place = at % changed.len();
                changed[place] = to;
                changed.truncate(cut.map_or(changed.len(), |cut| cut % (changed.len() + 1)));
                let opened = if is_blob {
                    open_blob(SPACE, &KEYS, &changed, MAX)
                } else {
                    open_revision(SPACE, rid, 1, &KEYS, &changed, MAX)
                };
                assert_eq!(opened.is_ok(), changed == sealed, "what was changed opens");
            }
        }
    }
});
