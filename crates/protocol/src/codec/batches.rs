//! Entries, manifests, pushes and pages of the log.

use super::{Bytes, CborReader, CborWriter, FieldAs, List, Plain, ReadError, Wire, once, wire_map};
use crate::limits::{MAX_BATCH_ENTRIES, MAX_ENTRY_BYTES, MAX_HEIRS, MAX_PAGE_ENTRIES, MAX_PUSH_BYTES};
use crate::{
    BatchManifest, Covered, Entry, EntryKind, Heir, LogAnswer, LogEntry, LogHead, LogPage, LogRequest, Packed,
    PushOutcome, PushRequest, RejectReason, Run, Seen, Stored,
};

impl Wire for EntryKind {
    fn write(&self, to: &mut CborWriter) {
        to.uint(*self as u64);
    }
    fn read(from: &mut CborReader<'_>) -> Result<Self, ReadError> {
        Ok(match from.uint()? {
            1 => Self::Revision,
            2 => Self::Pack,
            3 => Self::Place,
            4 => Self::Release,
            _ => return Err(ReadError("unknown kind of entry")),
        })
    }
}

wire_map!(Entry {
    1 => kind as Plain,
    2 => rid as Plain,
    3 => key_epoch as Plain,
    // Above MAX_ENTRY_BYTES too: the server names the entry that it rejects.
    4 => body as Bytes<MAX_PUSH_BYTES>,
});

wire_map!(Seen {
    1 => log_epoch as Plain,
    2 => seq as Plain,
    3 => link as Plain,
    4 => members as Plain,
});

wire_map!(Heir {
    1 => of as Plain,
    2 => to as Plain,
    3 => signature as Plain,
});

/// Heirs, state and mark stand only where they are there.
impl Wire for BatchManifest {
    fn write(&self, to: &mut CborWriter) {
        to.map(
            7 + usize::from(!self.heirs.is_empty())
                + usize::from(self.state.is_some())
                + usize::from(self.mark.is_some()),
        );
        to.uint(1);
        self.space.write(to);
        to.uint(2);
        self.device.write(to);
        to.uint(3);
        self.ctr.write(to);
        to.uint(4);
        self.prev.write(to);
        to.uint(5);
        self.seen.write(to);
        to.uint(6);
        <List<MAX_BATCH_ENTRIES> as FieldAs<_>>::write(&self.rids, to);
        to.uint(7);
        self.signature.write(to);
        if !self.heirs.is_empty() {
            to.uint(8);
            <List<MAX_HEIRS> as FieldAs<_>>::write(&self.heirs, to);
        }
        if let Some(state) = &self.state {
            to.uint(9);
            state.write(to);
        }
        if let Some(mark) = &self.mark {
            to.uint(10);
            mark.write(to);
        }
    }

    fn read(from: &mut CborReader<'_>) -> Result<Self, ReadError> {
        let (mut space, mut device, mut ctr, mut prev, mut seen) = (None, None, None, None, None);
        let (mut rids, mut signature, mut heirs, mut state, mut mark) = (None, None, None, None, None);
        from.map(|key, from| {
            match key {
                1 => once(&mut space, Wire::read(from)?)?,
                2 => once(&mut device, Wire::read(from)?)?,
                3 => once(&mut ctr, Wire::read(from)?)?,
                4 => once(&mut prev, Wire::read(from)?)?,
                5 => once(&mut seen, Wire::read(from)?)?,
                6 => once(&mut rids, from.list(MAX_BATCH_ENTRIES)?)?,
                7 => once(&mut signature, Wire::read(from)?)?,
                8 => once(&mut heirs, from.list(MAX_HEIRS)?)?,
                9 => once(&mut state, Wire::read(from)?)?,
                10 => once(&mut mark, Wire::read(from)?)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        let incomplete = || ReadError("a manifest's field is missing");
        Ok(Self {
            space: space.ok_or_else(incomplete)?,
            device: device.ok_or_else(incomplete)?,
            ctr: ctr.ok_or_else(incomplete)?,
            prev: prev.ok_or_else(incomplete)?,
            seen: seen.ok_or_else(incomplete)?,
            rids: rids.ok_or_else(incomplete)?,
            signature: signature.ok_or_else(incomplete)?,
            heirs: heirs.unwrap_or_default(),
            state,
            mark,
        })
    }
}

wire_map!(PushRequest {
    1 => manifest as Plain,
    2 => entries as List<MAX_BATCH_ENTRIES>;
    optional
    3 => keys as Plain,
});

wire_map!(LogHead {
    1 => log_epoch as Plain,
    2 => seq as Plain,
    3 => link as Plain,
});

wire_map!(Stored {
    1 => rid as Plain,
    2 => seq as Plain,
    3 => duplicate as Plain,
});

impl Wire for RejectReason {
    fn write(&self, to: &mut CborWriter) {
        to.uint(match self {
            Self::TooLarge => 1,
            Self::TooManyVariants => 2,
            Self::UnknownKind => 3,
            Self::QuotaExceeded => 4,
        });
    }
    fn read(from: &mut CborReader<'_>) -> Result<Self, ReadError> {
        Ok(match from.uint()? {
            1 => Self::TooLarge,
            2 => Self::TooManyVariants,
            3 => Self::UnknownKind,
            4 => Self::QuotaExceeded,
            _ => return Err(ReadError("unknown reason")),
        })
    }
}

/// A map whose key 0 names the variant; the other keys are shared by all variants.
impl Wire for PushOutcome {
    fn write(&self, to: &mut CborWriter) {
        match self {
            Self::Accepted { stored, head } => {
                to.map(3);
                to.uint(0);
                to.uint(1);
                to.uint(1);
                to.array(stored.len());
                for one in stored {
                    one.write(to);
                }
                to.uint(2);
                head.write(to);
            }
            Self::Rejected { index, reason } => {
                to.map(3);
                to.uint(0);
                to.uint(2);
                to.uint(3);
                index.write(to);
                to.uint(4);
                reason.write(to);
            }
            Self::Rebase { head } => {
                to.map(2);
                to.uint(0);
                to.uint(3);
                to.uint(2);
                head.write(to);
            }
            Self::Forked { ctr, batch } => {
                to.map(3);
                to.uint(0);
                to.uint(4);
                to.uint(5);
                ctr.write(to);
                to.uint(6);
                batch.write(to);
            }
            Self::StaleEpoch { key_epoch } => {
                to.map(2);
                to.uint(0);
                to.uint(5);
                to.uint(7);
                key_epoch.write(to);
            }
        }
    }

    fn read(from: &mut CborReader<'_>) -> Result<Self, ReadError> {
        let (mut tag, mut stored, mut head) = (None, None, None);
        let (mut index, mut reason) = (None, None);
        let (mut ctr, mut batch, mut key_epoch) = (None, None, None);
        from.map(|key, from| {
            match key {
                0 => once(&mut tag, from.uint()?)?,
                1 => once(&mut stored, from.list(MAX_BATCH_ENTRIES)?)?,
                2 => once(&mut head, Wire::read(from)?)?,
                3 => once(&mut index, Wire::read(from)?)?,
                4 => once(&mut reason, Wire::read(from)?)?,
                5 => once(&mut ctr, Wire::read(from)?)?,
                6 => once(&mut batch, Wire::read(from)?)?,
                7 => once(&mut key_epoch, Wire::read(from)?)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        let incomplete = ReadError("an outcome's field is missing");
        match (tag, stored, head, index, reason, ctr, batch, key_epoch) {
            (Some(1), Some(stored), Some(head), ..) => Ok(Self::Accepted { stored, head }),
            (Some(2), _, _, Some(index), Some(reason), ..) => Ok(Self::Rejected { index, reason }),
            (Some(3), _, Some(head), ..) => Ok(Self::Rebase { head }),
            (Some(4), _, _, _, _, Some(ctr), Some(batch), _) => Ok(Self::Forked { ctr, batch }),
            (Some(5), .., Some(key_epoch)) => Ok(Self::StaleEpoch { key_epoch }),
            (Some(1..=5) | None, ..) => Err(incomplete),
            _ => Err(ReadError("unknown outcome")),
        }
    }
}

wire_map!(LogRequest {
    1 => space as Plain,
    2 => log_epoch as Plain,
    3 => seq as Plain,
    4 => link as Plain,
    5 => max_bytes as Plain;
    optional
    6 => packs as Plain,
    7 => releases as Plain,
});

wire_map!(LogEntry {
    1 => seq as Plain,
    2 => entry as Plain,
    3 => batch as Plain,
});

wire_map!(LogPage {
    1 => log_epoch as Plain,
    2 => entries as List<MAX_PAGE_ENTRIES>,
    3 => manifests as List<MAX_PAGE_ENTRIES>,
    4 => head as Plain;
    optional
    5 => keys as Plain,
    6 => login_salt as Plain,
    7 => covered as Plain,
    8 => may_pack as Plain,
    9 => may_release as Plain,
});

wire_map!(Run {
    1 => seq as Plain,
    2 => kind as Plain,
    3 => key_epoch as Plain,
    4 => batch as Plain,
    5 => first as Plain,
    6 => bodies as List<MAX_PAGE_ENTRIES>,
});

wire_map!(Packed {
    1 => seq as Plain,
    2 => key_epoch as Plain,
    3 => body as Bytes<MAX_ENTRY_BYTES>,
});

wire_map!(Covered {
    1 => runs as List<MAX_PAGE_ENTRIES>,
    2 => packs as List<MAX_PAGE_ENTRIES>,
});

/// A map whose key 0 names the variant.
impl Wire for LogAnswer {
    fn write(&self, to: &mut CborWriter) {
        to.map(2);
        to.uint(0);
        match self {
            Self::Page(page) => {
                to.uint(1);
                to.uint(1);
                page.write(to);
            }
            Self::Rebase { head } => {
                to.uint(2);
                to.uint(2);
                head.write(to);
            }
        }
    }

    fn read(from: &mut CborReader<'_>) -> Result<Self, ReadError> {
        let (mut tag, mut page, mut head) = (None, None, None);
        from.map(|key, from| {
            match key {
                0 => once(&mut tag, from.uint()?)?,
                1 => once(&mut page, Wire::read(from)?)?,
                2 => once(&mut head, Wire::read(from)?)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        match (tag, page, head) {
            (Some(1), Some(page), _) => Ok(Self::Page(page)),
            (Some(2), _, Some(head)) => Ok(Self::Rebase { head }),
            (Some(1 | 2) | None, ..) => Err(ReadError("an answer's field is missing")),
            _ => Err(ReadError("unknown answer")),
        }
    }
}
