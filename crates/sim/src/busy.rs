//! A server that has too much to do: it says when to ask again, and nobody asks before. Where a line fails nobody asks
//! without end either.

use std::time::Duration;

use holdfast_protocol::ProtocolError;
use tokio::time::Instant;

use crate::dice::Dice;
use crate::fault::{Checked, Invariant};
use crate::world::World;

/// The stream of events has its own time.
const STREAM: &str = "events";
/// The first tries come close to each other, then with minutes between: so many, and one for so many seconds.
const FIRST_TRIES: usize = 12;
const SECONDS_A_TRY: u64 = 12;

/// Until when a server has no time for a device.
pub struct Busy {
    until: Instant,
    stream_was_told: bool,
    sync_was_told: bool,
    too_soon: Option<&'static str>,
}

impl Busy {
    pub fn some_time(dice: &mut Dice) -> Self {
        let until = Instant::now() + Duration::from_secs(20 + dice.below(100) as u64);
        Self { until, stream_was_told: false, sync_was_told: false, too_soon: None }
    }

    /// What it answers, if it has no time.
    pub fn answer(&mut self, what: &'static str) -> Option<ProtocolError> {
        let left = self.until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
        let was_told = if what == STREAM { &mut self.stream_was_told } else { &mut self.sync_was_told };
        if std::mem::replace(was_told, true) {
            self.too_soon = Some(what);
        }
        // Of a part of a second a whole one is left.
        Some(ProtocolError::Busy { retry_after_s: Some(u32::try_from(left.as_secs()).unwrap_or(u32::MAX) + 1) })
    }
}

impl World {
    /// A person may ask whenever they want.
    pub fn a_person_asks(&self, at: usize) {
        if let Some(busy) = &mut self.network.net().line(at).busy {
            busy.sync_was_told = false;
        }
    }

    /// Nobody asked a server again before the time that it had named.
    pub fn nobody_asked_too_soon(&self, members: &[usize]) -> Checked {
        for at in members {
            let busy = self.network.net().line(*at).busy.take();
            if let Some(what) = busy.and_then(|busy| busy.too_soon) {
                let name = &self.devices[*at].name;
                return Invariant::Storm.broken(format!("{name} asked {what} before the time that the server named"));
            }
        }
        Ok(())
    }

    /// Over a line that failed for so many seconds nobody asked without end. Each change, and each person who asks, is a
    /// reason to try.
    pub fn few_tries(&self, at: usize, seconds: u64, reasons: usize) -> Checked {
        let requests = std::mem::take(&mut self.network.net().line(at).requests);
        let most = FIRST_TRIES + 2 * reasons + (seconds / SECONDS_A_TRY) as usize;
        let of_stream = requests.iter().filter(|what| **what == STREAM).count();
        let tries = of_stream.max(requests.len() - of_stream);
        if tries <= most {
            return Ok(());
        }
        let name = &self.devices[at].name;
        Invariant::Storm.broken(format!("{name} tried {tries} times in {seconds} s over a line that fails"))
    }
}
