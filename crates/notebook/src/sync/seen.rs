//! Comparing what the devices were shown: each signs, with every batch, how far it has read and the link there, and a
//! server that shows two histories has to show each of them something signed on the other.

use holdfast_domain::DeviceId;
use holdfast_protocol::{BatchManifest, LogHead, Seen, decode};

use crate::txn::Txn;
use crate::{NotebookError, Result};

/// What does not fit together.
pub(super) struct Contradiction {
    /// What the device was shown.
    pub seen: LogHead,
    /// For people.
    pub error: NotebookError,
}

/// Whether a device has read another log than this one, or more of it than there is said to be. `head` is the log's, of
/// the same answer. Positions of another log epoch say nothing: the server was restored between.
pub(super) fn check(t: &Txn<'_>, manifests: &[BatchManifest], head: LogHead) -> Result<Option<Contradiction>> {
    let mut all: Vec<(DeviceId, Seen)> = manifests.iter().map(|m| (DeviceId(m.device.0), m.seen)).collect();
    for device in t.tx.devices()? {
        // What a device had read further than this one then, this one may have read by now.
        if let Some(last) = t.tx.last_manifest(device.id)?
            && let Ok(manifest) = decode::<BatchManifest>(&last.bytes)
        {
            all.push((device.id, manifest.seen));
        }
    }
    for (device, seen) in all {
        if seen.log_epoch != head.log_epoch || seen.seq == 0 || crate::planted("seen-not-compared") {
            continue;
        }
        let what = if seen.seq > head.seq {
            "has read more of its log than it shows to this one"
        } else if t.tx.log_link(seen.seq)?.is_some_and(|link| link != seen.link.0) {
            "was shown another log than this one"
        } else {
            continue;
        };
        let error = forked(t, device, what)?;
        let Seen { log_epoch, seq, link, .. } = seen;
        return Ok(Some(Contradiction { seen: LogHead { log_epoch, seq, link }, error }));
    }
    Ok(None)
}

fn forked(t: &Txn<'_>, device: DeviceId, what: &str) -> Result<NotebookError> {
    let name = t.tx.device(device)?.map_or_else(|| "another computer".to_owned(), |row| format!("“{}”", row.name));
    Ok(NotebookError::HostileServer(format!("the computer {name} {what}")))
}
