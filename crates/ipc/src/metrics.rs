//! Figures for whoever looks for a cause, as they leave with the activity log: numbers and closed words, and nothing that
//! anybody wrote or is called.

use std::collections::BTreeMap;

use holdfast_notebook::Vault;
use holdfast_notebook::health::free_bytes;
use holdfast_notebook::sync::{Activity, Happened, LATENCY_MS, StepCount, SyncMetrics};
use serde_json::{Value, json};

use crate::convert::answer;
use crate::handlers::sync::state;
use crate::{Answer, command_error};

/// How things stand now, what the log says of sync, and, of a program that syncs by itself, what it did in this run.
pub(crate) fn metrics(vault: &Vault, log: &[Activity], this_run: Option<&SyncMetrics>) -> Answer<Value> {
    Ok(json!({
        "program": env!("CARGO_PKG_VERSION"),
        "now": now(vault)?,
        "log": of_log(log),
        "this_run": this_run.map(of_run),
    }))
}

fn now(vault: &Vault) -> Answer<Value> {
    let status = answer(vault.sync_status())?;
    let oldest_ms = answer(vault.oldest_waiting_ms())?;
    let set_aside: BTreeMap<String, u32> =
        answer(vault.set_aside())?.into_iter().map(|(why, n)| (format!("{why:?}").to_lowercase(), n)).collect();
    Ok(json!({
        "state": state(status.state),
        "paused": status.paused,
        "queue": status.waiting,
        "queue_oldest_ms": oldest_ms,
        "files_to_send": status.sending.files,
        "bytes_to_send": status.waiting_attachment_bytes,
        "files_to_fetch": status.receiving.files,
        "bytes_to_fetch": status.receiving.total_bytes.saturating_sub(status.receiving.done_bytes),
        "files_not_here": status.not_here.files,
        "to_review": status.to_review,
        "devices": status.devices.len(),
        "set_aside": set_aside,
        "database_bytes": vault.database_bytes(),
        "disk_free_bytes": free_bytes(vault.dir()),
    }))
}

fn of_log(log: &[Activity]) -> Value {
    let mut took: Vec<u64> =
        log.iter().filter(|line| line.ok && line.what == Happened::Synced).map(|line| line.duration_ms).collect();
    took.sort_unstable();
    let mut failed: BTreeMap<&str, u64> = BTreeMap::new();
    let mut errors: BTreeMap<String, u64> = BTreeMap::new();
    for line in log.iter().filter(|line| !line.ok) {
        let known = !matches!(line.what, Happened::Other(_));
        *failed.entry(if known { line.what.word() } else { "other" }).or_default() += 1;
        if let Some(problem) = &line.problem {
            let code = json!(command_error(problem).code);
            *errors.entry(code.as_str().unwrap_or("other").to_owned()).or_default() += 1;
        }
    }
    json!({
        "cycles": took.len(),
        "cycle_ms": { "p50": at(&took, 50), "p95": at(&took, 95), "p99": at(&took, 99), "longest": took.last() },
        "failed": failed,
        "errors": errors,
        "bytes_up": log.iter().map(|line| line.bytes_up).sum::<u64>(),
        "bytes_down": log.iter().map(|line| line.bytes_down).sum::<u64>(),
    })
}

/// The smallest of these, sorted, that so many of 100 are not over.
fn at(sorted: &[u64], percent: usize) -> Option<u64> {
    let place = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted.get(place).copied()
}

fn of_run(run: &SyncMetrics) -> Value {
    json!({
        "spans": {
            "push": of_step(&run.pushes),
            "pull": of_step(&run.pulls),
            "upload": of_step(&run.uploads),
            "fetch": of_step(&run.fetches),
        },
        "pokes": run.pokes,
        "streams": run.streams,
        "streams_broken": run.streams_broken,
        "local_changes": run.local_changes,
        "wakes": run.wakes,
        "longest_queue": run.longest_queue,
    })
}

fn of_step(count: &StepCount) -> Value {
    let mut buckets: Vec<Value> =
        LATENCY_MS.iter().zip(count.took).map(|(ms, n)| json!({ "up_to_ms": ms, "steps": n })).collect();
    buckets.push(json!({ "up_to_ms": null, "steps": count.took[LATENCY_MS.len()] }));
    json!({
        "done": count.done,
        "failed": count.failed,
        "total_ms": count.total_ms,
        "longest_ms": count.longest_ms,
        "bytes_up": count.traffic.bytes_up,
        "bytes_down": count.traffic.bytes_down,
        "latency": buckets,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_few_is_one_of_them() {
        assert_eq!([50, 95, 99].map(|percent| at(&[], percent)), [None; 3]);
        assert_eq!([50, 95, 99].map(|percent| at(&[7], percent)), [Some(7); 3]);
        let hundred: Vec<u64> = (1..=100).collect();
        assert_eq!([1, 50, 95, 99, 100].map(|percent| at(&hundred, percent)), [1, 50, 95, 99, 100].map(Some));
    }
}
