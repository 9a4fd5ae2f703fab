//! The bytes of revisions that were read or written lately. Reading one may mean decompressing sixteen others, and the
//! versions of a note are read again and again.
//!
//! A revision never changes, and its id follows from its bytes, so nothing here can be out of date. That a revision is
//! stored, the database says and not this: what a transaction put here may have been rolled back.

use std::sync::Arc;

use hashlink::LruCache;
use holdfast_domain::RevisionId;

/// So many bytes are kept.
const MOST: usize = 2 * 1024 * 1024;

#[derive(Debug)]
pub(crate) struct Recent {
    /// What was asked for last comes last.
    kept: LruCache<RevisionId, Arc<[u8]>>,
    bytes: usize,
}

impl Default for Recent {
    fn default() -> Self {
        Self { kept: LruCache::new_unbounded(), bytes: 0 }
    }
}

impl Recent {
    pub(crate) fn get(&mut self, rid: RevisionId) -> Option<Arc<[u8]>> {
        self.kept.get(&rid).cloned()
    }

    /// What is large is not kept: one of its kind would drive everything else out.
    pub(crate) fn put(&mut self, rid: RevisionId, bytes: Arc<[u8]>) {
        if bytes.len() > MOST / 16 {
            return;
        }
        self.bytes += bytes.len();
        if let Some(before) = self.kept.insert(rid, bytes) {
            self.bytes -= before.len();
        }
        while self.bytes > MOST
            && let Some((_, oldest)) = self.kept.remove_lru()
        {
            self.bytes -= oldest.len();
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
        let kept = |recent: &Recent| recent.kept.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
        for n in 0..4_000 {
            recent.put(id(n), vec![1; 1_000].into());
            recent.put(id(n), vec![1; 1_000].into());
            assert_eq!(recent.get(id(0)).map(|b| b.len()), Some(1_000));
            assert!(kept(&recent) <= MOST && kept(&recent) == recent.bytes);
        }
        assert!(recent.get(id(1)).is_none());
        assert!(recent.get(id(3_999)).is_some());
        recent.put(id(5_000), vec![1; MOST].into());
        assert!(recent.get(id(5_000)).is_none());
    }
}
