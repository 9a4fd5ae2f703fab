//! The bytes of revisions that were read or written lately. Reading one may mean decompressing sixteen others, and the
//! versions of a note are read again and again.
//!
//! A revision never changes, and its id follows from its bytes, so nothing here can be out of date. That a revision is
//! stored, the database says and not this: what a transaction put here may have been rolled back.

use std::collections::HashMap;
use std::sync::Arc;

use holdfast_domain::RevisionId;

/// So many bytes of each generation are kept.
const MOST: usize = 1024 * 1024;

/// Two generations: what was not asked for since the younger one began goes with the older.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    young: HashMap<RevisionId, Arc<[u8]>>,
    old: HashMap<RevisionId, Arc<[u8]>>,
    /// Of the young.
    bytes: usize,
}

impl Recent {
    pub(crate) fn get(&mut self, rid: RevisionId) -> Option<Arc<[u8]>> {
        if let Some(bytes) = self.young.get(&rid) {
            return Some(bytes.clone());
        }
        let bytes = self.old.remove(&rid)?;
        self.put(rid, bytes.clone());
        Some(bytes)
    }

    /// What is large is not kept: one of its kind would drive everything else out.
    pub(crate) fn put(&mut self, rid: RevisionId, bytes: Arc<[u8]>) {
        if bytes.len() > MOST / 8 {
            return;
        }
        if self.bytes + bytes.len() > MOST {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
        self.bytes += bytes.len();
        if let Some(before) = self.young.insert(rid, bytes) {
            self.bytes -= before.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: usize) -> RevisionId {
        let mut id = [0; 32];
        id[..8].copy_from_slice(&n.to_be_bytes());
        RevisionId(id)
    }

    #[test]
    fn what_is_asked_for_stays_and_what_is_kept_has_a_bound() {
        let mut recent = Recent::default();
        let kept = |recent: &Recent| recent.young.values().chain(recent.old.values()).map(|b| b.len()).sum::<usize>();
        for n in 0..4_000 {
            recent.put(id(n), vec![1; 1_000].into());
            recent.put(id(n), vec![1; 1_000].into());
            assert_eq!(recent.get(id(0)).map(|b| b.len()), Some(1_000));
            assert!(kept(&recent) <= 2 * MOST);
        }
        assert!(recent.get(id(1)).is_none());
        assert!(recent.get(id(3_999)).is_some());
        recent.put(id(5_000), vec![1; MOST].into());
        assert!(recent.get(id(5_000)).is_none());
    }
}
