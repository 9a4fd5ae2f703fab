//! What brings back what a server lost, and single entries.

use super::{List, Plain, wire_map};
use crate::limits::{MAX_BATCH_ENTRIES, MAX_FETCH, MAX_HEAL_MANIFESTS, MAX_IDS, MAX_PAGE_ENTRIES};
use crate::{FetchRequest, Fetched, HealRequest, Missing, MissingRequest, Restored};

wire_map!(MissingRequest {
    1 => space as Plain,
    2 => rids as List<MAX_IDS>,
    3 => cids as List<MAX_IDS>,
});

wire_map!(Missing {
    1 => rids as List<MAX_IDS>,
    2 => cids as List<MAX_IDS>,
});

wire_map!(FetchRequest {
    1 => space as Plain,
    2 => rids as List<MAX_FETCH>;
    optional
    3 => packs as Plain,
});

wire_map!(Fetched {
    1 => entries as List<MAX_PAGE_ENTRIES>,
    2 => manifests as List<MAX_PAGE_ENTRIES>;
    optional
    3 => covered as Plain,
});

wire_map!(Restored {
    1 => entry as Plain,
    2 => batch as Plain,
});

wire_map!(HealRequest {
    1 => space as Plain,
    2 => manifests as List<MAX_HEAL_MANIFESTS>,
    3 => entries as List<MAX_BATCH_ENTRIES>;
    optional
    4 => lost as Plain,
});
