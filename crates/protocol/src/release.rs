//! Releases: entries of the log that say which blobs no version of a record names any more, and entries that take such a
//! word back. They are not sealed: the server has to read them, and ids of blobs are what it has itself.
//!
//! ```text
//! body of a release: version 1 | 0 | log_epoch u64 | seq u64 | id of a blob 32 | …
//! body of a keep:    version 1 | 1 | rid of the release 32
//! ```

use crate::limits::MAX_RELEASE_CIDS;
use crate::link::hasher;
use crate::{Cid, Rid, SpaceId};

const RELEASE_DOMAIN: &[u8] = b"holdfast/v1/release";
const VERSION: u8 = 1;
const RELEASE: u8 = 0;
const KEEP: u8 = 1;

/// Blobs that nothing names, as far as the device had read that signs it.
///
/// **Invariant:** it names at least one and at most [`MAX_RELEASE_CIDS`], in order, none twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    log_epoch: u64,
    seq: u64,
    cids: Vec<Cid>,
}

impl Release {
    /// At this place of the log. The place makes another release of what was kept in between another entry; two devices
    /// that release the same at the same place make one. `None` where there are none, or too many.
    pub fn new(log_epoch: u64, seq: u64, cids: impl IntoIterator<Item = Cid>) -> Option<Self> {
        let mut cids: Vec<Cid> = cids.into_iter().collect();
        cids.sort_unstable();
        cids.dedup();
        (1..=MAX_RELEASE_CIDS).contains(&cids.len()).then_some(Self { log_epoch, seq, cids })
    }

    pub fn cids(&self) -> &[Cid] {
        &self.cids
    }
}

/// What an entry of this kind says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReleaseBody {
    Release(Release),
    /// Something names a blob of the release with this id: none of it may go by it.
    Keep(Rid),
}

impl ReleaseBody {
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Release(Release { log_epoch, seq, cids }) => {
                let mut bytes = vec![VERSION, RELEASE];
                bytes.extend(log_epoch.to_be_bytes());
                bytes.extend(seq.to_be_bytes());
                bytes.extend(cids.iter().flat_map(|cid| cid.0));
                bytes
            }
            Self::Keep(rid) => [&[VERSION, KEEP][..], &rid.0].concat(),
        }
    }

    /// `None` for what is none of this version.
    pub fn of_bytes(body: &[u8]) -> Option<Self> {
        let (&[version, what], rest) = body.split_first_chunk::<2>()?;
        match (version, what) {
            (VERSION, RELEASE) => {
                let (log_epoch, rest) = rest.split_first_chunk::<8>()?;
                let (seq, rest) = rest.split_first_chunk::<8>()?;
                let (cids, over) = rest.as_chunks::<32>();
                let ordered = cids.is_sorted_by(|a, b| a < b);
                let release = Release::new(
                    u64::from_be_bytes(*log_epoch),
                    u64::from_be_bytes(*seq),
                    cids.iter().take(MAX_RELEASE_CIDS + 1).copied().map(Cid),
                )?;
                (ordered && over.is_empty()).then_some(Self::Release(release))
            }
            (VERSION, KEEP) => Some(Self::Keep(Rid(rest.try_into().ok()?))),
            _ => None,
        }
    }

    /// The id of the entry: who says the same makes the same entry.
    pub fn rid(&self, space: SpaceId) -> Rid {
        Rid(*hasher(RELEASE_DOMAIN).update(&space.0).update(&self.to_bytes()).finalize().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }

    #[test]
    fn bytes_and_ids_are_for_ever() {
        let release = Release::new(0x0102, 3, [Cid([9; 32]), Cid([7; 32]), Cid([9; 32])]).unwrap();
        let body = ReleaseBody::Release(release);
        let bytes = format!("01000000000000000102000000000000000{}{}{}", 3, "07".repeat(32), "09".repeat(32));
        assert_eq!(hex(&body.to_bytes()), bytes);
        let rid = body.rid(SpaceId([5; 16]));
        assert_eq!(hex(&rid.0), "a0f87e98f1133cc4caa3e917d429adbda8354cbf54a626566f3b66bda7599d6e");
        let keep = ReleaseBody::Keep(rid);
        assert_eq!(hex(&keep.to_bytes()), format!("0101{}", hex(&rid.0)));
        assert_eq!(
            hex(&keep.rid(SpaceId([5; 16])).0),
            "a447a31e1f66e421c986c9c28b112453dcd4fbf24bca7c1031a856aad26cb4b7"
        );
        for one in [body, keep] {
            assert_eq!(ReleaseBody::of_bytes(&one.to_bytes()), Some(one));
        }
    }

    #[test]
    fn nothing_else_is_one() {
        let good = ReleaseBody::Release(Release::new(1, 2, [Cid([1; 32]), Cid([2; 32])]).unwrap()).to_bytes();
        let (head, cids) = good.split_at(18);
        let (one, two) = cids.split_at(32);
        let keep = ReleaseBody::Keep(Rid([1; 32])).to_bytes();
        let many = vec![one; MAX_RELEASE_CIDS + 1].concat();
        for bad in [
            vec![],
            head.to_vec(),
            [head, two, one].concat(),
            [head, one, one].concat(),
            [head, one, &two[1..]].concat(),
            [head, &many].concat(),
            [&[2], &good[1..]].concat(),
            [&[1, 2], &good[2..]].concat(),
            keep[..33].to_vec(),
            [&keep[..], &[0]].concat(),
        ] {
            assert_eq!(ReleaseBody::of_bytes(&bad), None, "{}", hex(&bad));
        }
        assert_eq!(Release::new(1, 2, []), None);
        let many = (0..=MAX_RELEASE_CIDS as u64).map(|n| Cid(std::array::from_fn(|at| n.to_be_bytes()[at % 8])));
        assert_eq!(Release::new(1, 2, many), None);
    }
}
