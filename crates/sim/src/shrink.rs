//! A smaller plan that fails in the same way (delta debugging, after Zeller and Hildebrandt, 2002).

use crate::fault::Invariant;
use crate::plan::Plan;
use crate::run::Play;

/// Tries at most so many plans.
const TRIES: usize = 800;

pub fn shrink(play: &Play<'_>, plan: &Plan, invariant: Invariant) -> Plan {
    let mut small = plan.clone();
    let mut tries = 0;
    let mut fails = |candidate: &Plan| {
        tries += 1;
        tries <= TRIES && play(candidate, false).violation.is_some_and(|v| v.invariant == invariant)
    };
    let mut chunk = small.steps.len() / 2;
    while chunk > 0 {
        let mut at = 0;
        while at < small.steps.len() {
            let mut candidate = small.clone();
            candidate.steps.drain(at..(at + chunk).min(candidate.steps.len()));
            if fails(&candidate) {
                small = candidate;
            } else {
                at += chunk;
            }
        }
        chunk /= 2;
    }
    for devices in 2..small.devices {
        let mut candidate = small.clone();
        candidate.devices = devices;
        // Whoever is left does what the others did.
        for step in &mut candidate.steps {
            step.device %= small.devices;
        }
        if fails(&candidate) {
            small = candidate;
            break;
        }
    }
    // Once more, one by one: what needed the others may not need them now.
    let mut at = 0;
    while at < small.steps.len() {
        let mut candidate = small.clone();
        candidate.steps.remove(at);
        if fails(&candidate) { small = candidate } else { at += 1 }
    }
    small
}
