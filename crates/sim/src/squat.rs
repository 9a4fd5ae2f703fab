//! A member whose program is broken: it sends junk under the id of what another is about to send, and signs that. Nobody
//! else takes part with that computer.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_domain::RevisionId;
use holdfast_notebook::simulation::Member;
use holdfast_protocol::{
    BatchManifest, Entry, EntryKind, Hash, PushOutcome, PushRequest, SyncProtocol as _, batch_hash, body_hash,
    signed_bytes,
};
use holdfast_server::Core;

use crate::fault::Fault;
use crate::net::Network;
use crate::plan::MOST_DEVICES;

/// The last but one of a template: the last is silent, and comes late.
pub const SQUATTER: usize = MOST_DEVICES - 2;

/// So often it uses an id.
const MOST: usize = 2;

pub struct Squatter {
    member: Member,
    /// Its junk, by the hash of each body: so an entry of it stands in the list of what a log holds.
    pub junk: BTreeSet<RevisionId>,
    /// The ids that it used, and how often.
    pub ids: BTreeMap<RevisionId, usize>,
}

/// Where an entry stands in the list of what a log holds.
pub fn name_of(body: Hash) -> RevisionId {
    RevisionId(body.0)
}

impl Squatter {
    pub fn new(member: Member) -> Self {
        Self { member, junk: BTreeSet::new(), ids: BTreeMap::new() }
    }

    /// A batch with junk for one change of another's. `None` where that has none.
    fn batch(&self, others: &PushRequest, dice: u64) -> Option<PushRequest> {
        let changes: Vec<&Entry> = others.entries.iter().filter(|entry| entry.kind == EntryKind::Revision).collect();
        let mut entry = (*changes.get(dice as usize % changes.len().max(1))?).clone();
        // The server takes three bodies of an id, and the third has to be what it stands for.
        if self.ids.get(&RevisionId(entry.rid.0)).is_some_and(|used| *used == MOST) {
            return None;
        }
        let last = entry.body.last_mut()?;
        *last ^= 1 << (dice % 8);
        let (ctr, prev) = self.member.last;
        let mut manifest = BatchManifest {
            device: self.member.device(),
            ctr: ctr + 1,
            prev,
            rids: vec![entry.rid],
            heirs: Vec::new(),
            state: None,
            mark: None,
            ..others.manifest.clone()
        };
        manifest.signature = self.member.sign(&signed_bytes(&manifest));
        Some(PushRequest { manifest, entries: vec![entry], keys: None })
    }

    fn took(&mut self, batch: &PushRequest) {
        self.member.last = (batch.manifest.ctr, batch_hash(&batch.manifest));
        for entry in &batch.entries {
            self.junk.insert(name_of(body_hash(&entry.body)));
            *self.ids.entry(RevisionId(entry.rid.0)).or_default() += 1;
        }
    }
}

impl Network {
    /// Once or twice, before what another sends arrives. A server that knows this member otherwise, or not, takes nothing.
    pub async fn squat(&self, core: &Core, server: usize, others: &PushRequest, dice: u64) {
        for n in 0..=(dice >> 8) % 2 {
            let batch = self.net().squatter.as_ref().and_then(|squatter| {
                let batch = squatter.batch(others, (dice >> 16).rotate_left(n as u32))?;
                Some((squatter.member.token.clone(), batch))
            });
            let Some((token, batch)) = batch else { return };
            let outcome = core.push(&token, batch.clone()).await;
            let mut net = self.net();
            if let Ok(PushOutcome::Accepted { stored, .. }) = &outcome {
                let new = stored.iter().zip(&batch.entries).filter(|(stored, _)| !stored.duplicate);
                net.servers[server].log.extend(new.map(|(_, entry)| name_of(body_hash(&entry.body))));
                net.met.insert(Fault::Squat);
                if let Some(squatter) = &mut net.squatter {
                    squatter.took(&batch);
                }
            }
        }
    }
}
