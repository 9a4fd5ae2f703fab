//! The last thing that went wrong with sync, kept until the next success: a program that starts later says it too.
//!
//! Kept as what happened, not as a sentence: CBOR `[kind, detail]`. Sentences are made in one place, `holdfast-ipc`.

use holdfast_domain::canonical::{Reader as Cbor, Writer};
use holdfast_protocol::ProtocolError as P;
use holdfast_store::{Reader, WriteTx};

use super::meta;
use crate::{NotebookError as E, Result, Vault};

/// Numbers are for ever: a vault keeps them.
pub(super) fn encode(error: &E) -> Vec<u8> {
    let (kind, detail) = match error {
        E::Protocol(P::NoNetwork) => (0, String::new()),
        E::Protocol(P::Unreachable(why)) => (1, why.clone()),
        E::Protocol(P::PinMismatch) => (2, String::new()),
        E::Protocol(P::Unauthorized) => (3, String::new()),
        E::Protocol(P::KeysChanged { .. }) => (4, String::new()),
        E::Protocol(P::TooLarge) => (5, String::new()),
        E::Protocol(P::NotFound) => (6, String::new()),
        E::Protocol(P::Busy { .. }) => (7, String::new()),
        E::Protocol(P::Server(why)) => (8, why.clone()),
        E::Protocol(P::Refused(why)) => (9, why.clone()),
        E::Protocol(P::Malformed(why)) => (10, why.clone()),
        E::HostileServer(what) => (11, what.clone()),
        E::DiskFull => (12, String::new()),
        E::Damaged(what) => (13, what.clone()),
        E::NewerVersion => (14, String::new()),
        E::TooLarge(what) => (15, what.clone()),
        E::Internal(what) => (INTERNAL, what.clone()),
        E::Protocol(P::NotRegistered) => (21, String::new()),
        E::Protocol(P::DeviceRemoved) => (22, String::new()),
        E::Protocol(P::DeviceAhead) => (23, String::new()),
        E::NothingMoves { minutes } => (20, minutes.to_string()),
        E::PassphraseWaits => (24, String::new()),
        E::PassphraseUntold => (25, String::new()),
        E::OtherPassphrase => (26, String::new()),
        E::Storage(what) => (27, what.clone()),
        other => (INTERNAL, other.to_string()),
    };
    let mut w = Writer::new();
    w.array(2).uint(kind).text(&detail);
    w.into_bytes()
}

const INTERNAL: u64 = 16;

/// What a newer version wrote and this one does not know is still a problem.
pub(super) fn decode(bytes: &[u8]) -> Result<E> {
    let mut r = Cbor::new(bytes);
    r.array_of(2, "problem")?;
    let (kind, detail) = (r.uint("problem")?, r.text("problem")?.to_owned());
    Ok(match kind {
        0 => P::NoNetwork.into(),
        1 => P::Unreachable(detail).into(),
        2 => P::PinMismatch.into(),
        3 => P::Unauthorized.into(),
        4 => P::KeysChanged { version: 0 }.into(),
        5 => P::TooLarge.into(),
        6 => P::NotFound.into(),
        7 => P::Busy { retry_after_s: None }.into(),
        8 => P::Server(detail).into(),
        9 => P::Refused(detail).into(),
        10 => P::Malformed(detail).into(),
        11 => E::HostileServer(detail),
        12 => E::DiskFull,
        13 => E::Damaged(detail),
        14 => E::NewerVersion,
        15 => E::TooLarge(detail),
        21 => P::NotRegistered.into(),
        22 => P::DeviceRemoved.into(),
        23 => P::DeviceAhead.into(),
        24 => E::PassphraseWaits,
        25 => E::PassphraseUntold,
        26 => E::OtherPassphrase,
        27 => E::Storage(detail),
        20 => E::NothingMoves { minutes: detail.parse().unwrap_or_default() },
        _ => E::Internal(detail),
    })
}

pub(super) fn keep(tx: &WriteTx<'_>, error: &E) -> Result<()> {
    if crate::planted("failure-forgotten") {
        return Ok(());
    }
    Ok(tx.put_meta(meta::PROBLEM, &encode(error))?)
}

/// The next success.
pub(super) fn clear(tx: &WriteTx<'_>) -> Result<()> {
    Ok(tx.remove_meta(meta::PROBLEM)?)
}

pub(super) fn load(reader: &Reader<'_>) -> Result<Option<E>> {
    reader.get_meta(meta::PROBLEM)?.map(|bytes| decode(&bytes)).transpose()
}

/// True where this computer was removed: signing in does not help.
pub(super) fn is_removed(problem: &E) -> bool {
    matches!(problem, E::Protocol(P::DeviceRemoved))
}

impl Vault {
    /// What to say where there is no session.
    pub(super) fn why_signed_out(&self) -> Result<E> {
        Ok(self.last_sync_problem()?.filter(is_removed).unwrap_or(E::Protocol(P::Unauthorized)))
    }

    /// What went wrong with sync last, if it has not succeeded since; also where another program saw it.
    pub fn last_sync_problem(&self) -> Result<Option<E>> {
        self.read(load)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_problem_reads_as_it_was_written() {
        for error in [
            P::NoNetwork.into(),
            P::Unreachable("refused".into()).into(),
            P::PinMismatch.into(),
            P::Unauthorized.into(),
            P::KeysChanged { version: 0 }.into(),
            P::TooLarge.into(),
            P::NotFound.into(),
            P::Busy { retry_after_s: None }.into(),
            P::Server("500".into()).into(),
            P::Refused("no".into()).into(),
            P::Malformed("?".into()).into(),
            P::NotRegistered.into(),
            P::DeviceRemoved.into(),
            P::DeviceAhead.into(),
            E::HostileServer("its log".into()),
            E::DiskFull,
            E::Damaged("a part".into()),
            E::NewerVersion,
            E::TooLarge("a change".into()),
            E::Internal("x".into()),
            E::NothingMoves { minutes: 6 },
            E::PassphraseWaits,
            E::PassphraseUntold,
            E::OtherPassphrase,
            E::Storage("busy".into()),
        ] {
            let kept = decode(&encode(&error)).unwrap();
            assert_eq!(format!("{kept:?}"), format!("{error:?}"));
        }
    }

    #[test]
    fn the_kept_bytes_are_these() {
        assert_eq!(encode(&P::PinMismatch.into()), [0x82, 0x02, 0x60]);
        assert_eq!(encode(&E::HostileServer("x".into())), [0x82, 0x0b, 0x61, b'x']);
        assert!(matches!(decode(&[0x82, 0x18, 0x63, 0x61, b'y']).unwrap(), E::Internal(what) if what == "y"));
        // What has no number of its own is told by its words.
        assert!(matches!(decode(&encode(&E::NoServer)).unwrap(), E::Internal(_)));
    }
}
