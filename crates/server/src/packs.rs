//! Packs: which of them cover what, and when the bodies under one may go. The server cannot open a pack; that it holds
//! what it covers is checked by devices.

use holdfast_protocol::{Entry, Hash, LogRequest, PackRange, SpaceId};

use crate::ServerError;
use crate::push::{is_known, owned_space};
use crate::storage::{SessionRow, SpaceRow, Tx};

/// Beyond the quota, packs have no room to be made: they free some only once they were checked.
const ROOM_BYTES: u64 = 2 * holdfast_protocol::limits::MAX_BATCH_BYTES as u64;

/// A pack must not keep the changes behind it from being stored: who sends some was told that there is room, and makes no
/// more at once than this, whatever others have stored since.
pub(crate) const BEYOND_QUOTA_BYTES: u64 = 2 * holdfast_protocol::limits::MAX_PACK_PLAIN_BYTES as u64;

/// What the logs of all spaces are made of, for tests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFigures {
    /// The packs that cover something, in order.
    pub packs: Vec<PackFigures>,
    /// Revisions whose body is gone.
    pub without_body: u64,
    /// The bodies of all entries.
    pub body_bytes: u64,
    /// Releases that came true, and those that were taken back.
    pub released: u64,
    pub kept: u64,
}

/// A pack that covers something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackFigures {
    /// Behind this place, up to the other.
    pub from: u64,
    pub to: u64,
    /// Where it stands.
    pub seq: u64,
    /// The bodies under it are gone.
    pub dropped: bool,
}

/// A pack was stored at the head of the log: it covers what it names, if that is of this log and under no other pack. Else
/// it is an entry like any other.
pub(crate) fn stored(tx: &Tx<'_>, id: SpaceId, space: &SpaceRow, entry: &Entry) -> Result<(), ServerError> {
    let Some((range, _)) = PackRange::of_body(&entry.body) else { return Ok(()) };
    let (from, to) = (range.from(), range.to());
    let known = |(seq, link): (u64, Hash)| is_known(tx, id, &space.head, (range.log_epoch(), seq, link));
    // Position 0 of an epoch is known as well, and epoch 0 names whatever log there is.
    let fits = range.log_epoch() == space.head.log_epoch && to.0 < space.head.seq && known(from)? && known(to)?;
    if fits && range.rid(id) == entry.rid && !tx.is_packed(id, from.0, to.0)? {
        tx.insert_pack(id, space.head.seq, from.0, to.0)?;
        if crate::planted("bodies-gone-at-once")
            && let Some(pack) = tx.pack_at(id, space.head.seq)?
        {
            tx.drop_bodies(id, pack)?;
        }
    }
    Ok(())
}

/// Whether a device may send packs: all of the account know them, and there is room for what they take at first.
pub(crate) fn may_pack(
    tx: &Tx<'_>,
    session: &SessionRow,
    space: &SpaceRow,
    quota_bytes: Option<u64>,
) -> Result<bool, ServerError> {
    let room = quota_bytes.is_none_or(|quota| space.stored_bytes.saturating_add(ROOM_BYTES) <= quota);
    Ok(room && tx.all_know_packs(session.account)?)
}

/// True where a request says something of packs that has to be noted down.
pub(crate) fn says_something(tx: &Tx<'_>, session: &SessionRow, request: &LogRequest) -> Result<bool, ServerError> {
    let Some(device) = session.device else { return Ok(false) };
    let knows = request.packs.is_some();
    Ok(request.packs.is_some_and(|seq| seq > 0) || tx.knows_packs(session.account, device)? != knows)
}

/// Notes down whether the device knows packs. Where it has checked one that another device made, the bodies under it go:
/// two devices have found in it what they have themselves.
pub(crate) fn note(tx: &Tx<'_>, session: &SessionRow, request: &LogRequest) -> Result<(), ServerError> {
    let Some(device) = session.device else { return Ok(()) };
    if tx.device(session.account, device)?.is_none_or(|row| row.removed_ctr.is_some()) {
        return Ok(());
    }
    tx.set_knows_packs(session.account, device, request.packs.is_some())?;
    let mut space = owned_space(tx, session.account, request.space)?;
    let LogRequest { log_epoch, seq, link, .. } = *request;
    let Some(checked) = request.packs.filter(|checked| *checked > 0) else { return Ok(()) };
    // A position of another epoch names another entry.
    if log_epoch != space.head.log_epoch || !is_known(tx, request.space, &space.head, (log_epoch, seq, link))? {
        return Ok(());
    }
    let Some(pack) = tx.pack_at(request.space, checked)?.filter(|pack| !pack.dropped) else { return Ok(()) };
    if tx.sender_of(request.space, checked)? == Some(device) || !tx.all_know_packs(session.account)? {
        return Ok(());
    }
    space.stored_bytes = space.stored_bytes.saturating_sub(tx.drop_bodies(request.space, pack)?);
    tx.update_space(request.space, &space)
}
