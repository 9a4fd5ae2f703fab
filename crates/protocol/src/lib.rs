//! Wire format v1: messages, limits, log links, batch signatures, and the `SyncProtocol` trait.
//!
//! **Invariant:** nothing here can open a seal, and nothing here reads a clock, a random source or the network.

mod batch;
mod claim;
mod codec;
mod envelope;
mod error;
mod events;
mod healing;
mod ids;
mod join_link;
pub mod limits;
mod link;
mod messages;
mod pack;
mod release;
mod sync_protocol;

pub use batch::{BadSignature, batch_hash, heir_bytes, may_send, signed_bytes, verify};
pub use claim::{Claim, login_bytes, session_bytes};
pub use codec::{MEDIA_TYPE, Wire, decode, encode};
pub use envelope::{ErrorBody, Keys, KeysVersion, Prelogin};
pub use error::ProtocolError;
pub use events::{EVENT_STREAM, EventReader, EventStream, KEEP_ALIVE_LINE, event_text};
pub use healing::{FetchRequest, Fetched, HealRequest, Missing, MissingRequest, Restored};
pub use ids::{AccountId, Cid, DeviceId, Hash, Rid, SpaceId};
pub use join_link::{JoinLink, JoinLinkError, spki_pin};
pub use link::{ChainError, LinkChain, body_hash, keys_hash, link};
pub use messages::*;
pub use pack::{Covered, Item, Outline, PackRange, Packed, Run};
pub use release::{Release, ReleaseBody};
pub use sync_protocol::{SyncProtocol, Token, Traffic};
