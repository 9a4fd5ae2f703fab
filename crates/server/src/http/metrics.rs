//! What the server did, in numbers: the Prometheus text format at `/metrics`, for this machine only.
//!
//! **Invariant:** no name, id or address is a label: routes by their patterns, and nothing of whom.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderValue, Method, header};
use axum::response::{IntoResponse as _, Response};
use holdfast_protocol::ProtocolError;

use super::Shared;
use super::answer::Failure;

/// The upper ends of the classes of time that a request may take, in milliseconds.
const BUCKETS_MS: [u64; 9] = [1, 5, 10, 25, 100, 250, 1_000, 5_000, 30_000];

#[derive(Clone, Copy, Default)]
struct Took {
    count: u64,
    sum_us: u64,
    /// At most so long, for each of [`BUCKETS_MS`].
    buckets: [u64; BUCKETS_MS.len()],
}

/// Counts since the server started.
#[derive(Default)]
pub(super) struct Metrics {
    under_way: AtomicU64,
    /// By method and route.
    took: Mutex<BTreeMap<(String, String), Took>>,
    /// By route and status.
    answers: Mutex<BTreeMap<(String, u16), u64>>,
}

/// A request that is being answered.
pub(super) struct UnderWay<'a>(&'a AtomicU64);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Metrics {
    pub(super) fn begin(&self) -> UnderWay<'_> {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(&self.under_way)
    }

    /// A method that no route has is not a label of its own, or a stranger could fill the memory with names.
    pub(super) fn end(&self, method: &Method, route: &str, status: u16, took: Duration) {
        let method = match *method {
            Method::GET | Method::PUT | Method::POST => method.as_str(),
            _ => "other",
        };
        let mut all = self.took.lock().unwrap_or_else(PoisonError::into_inner);
        let one = all.entry((method.to_owned(), route.to_owned())).or_default();
        one.count += 1;
        one.sum_us += took.as_micros() as u64;
        for (class, end_ms) in one.buckets.iter_mut().zip(BUCKETS_MS) {
            *class += u64::from(took <= Duration::from_millis(end_ms));
        }
        drop(all);
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        *answers.entry((route.to_owned(), status)).or_default() += 1;
    }

    fn text(&self, streams: usize) -> String {
        let mut out = String::new();
        let mut gauge = |name: &str, help: &str, value: u64| {
            // Writing into a string cannot fail.
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
        };
        gauge(
            "holdfast_requests_under_way",
            "Requests that wait for their answer.",
            self.under_way.load(Ordering::Relaxed),
        );
        gauge("holdfast_event_streams", "Streams of events that are open.", streams as u64);
        let name = "holdfast_answers_total";
        let _ = writeln!(out, "# HELP {name} Answers by route and status.\n# TYPE {name} counter");
        for ((route, status), count) in &*self.answers.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = writeln!(out, "{name}{{route=\"{route}\",status=\"{status}\"}} {count}");
        }
        let name = "holdfast_request_seconds";
        let _ = writeln!(out, "# HELP {name} Time until an answer begins.\n# TYPE {name} histogram");
        for ((method, route), took) in &*self.took.lock().unwrap_or_else(PoisonError::into_inner) {
            let labels = format!("method=\"{method}\",route=\"{route}\"");
            for (count, end_ms) in took.buckets.iter().zip(BUCKETS_MS) {
                let end_s = end_ms as f64 / 1000.0;
                let _ = writeln!(out, "{name}_bucket{{{labels},le=\"{end_s}\"}} {count}");
            }
            let _ = writeln!(out, "{name}_bucket{{{labels},le=\"+Inf\"}} {}", took.count);
            let _ = writeln!(out, "{name}_sum{{{labels}}} {}", took.sum_us as f64 / 1e6);
            let _ = writeln!(out, "{name}_count{{{labels}}} {}", took.count);
        }
        out
    }
}

/// To others than this machine there is nothing here.
pub(super) async fn show(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
) -> Result<Response, Failure> {
    if !is_this_machine(peer) {
        return Err(ProtocolError::NotFound.into());
    }
    let text = shared.metrics.text(shared.core.open_streams());
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

fn is_this_machine(peer: SocketAddr) -> bool {
    peer.ip().to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn counts_add_up_and_strangers_make_no_labels() {
        let metrics = Metrics::default();
        let under_way = metrics.begin();
        metrics.end(&Method::GET, "/v1/info", 200, Duration::from_millis(3));
        metrics.end(&Method::GET, "/v1/info", 200, Duration::from_secs(3));
        for n in 0..10 {
            let strange = Method::from_bytes(format!("X{n}").as_bytes()).unwrap();
            metrics.end(&strange, "-", 404, Duration::ZERO);
        }
        let text = metrics.text(2);
        for line in [
            "holdfast_requests_under_way 1",
            "holdfast_event_streams 2",
            "holdfast_answers_total{route=\"/v1/info\",status=\"200\"} 2",
            "holdfast_answers_total{route=\"-\",status=\"404\"} 10",
            "holdfast_request_seconds_bucket{method=\"GET\",route=\"/v1/info\",le=\"0.001\"} 0",
            "holdfast_request_seconds_bucket{method=\"GET\",route=\"/v1/info\",le=\"0.005\"} 1",
            "holdfast_request_seconds_bucket{method=\"GET\",route=\"/v1/info\",le=\"+Inf\"} 2",
            "holdfast_request_seconds_count{method=\"other\",route=\"-\"} 10",
            "holdfast_request_seconds_sum{method=\"GET\",route=\"/v1/info\"} 3.003",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
        }
        drop(under_way);
        assert!(metrics.text(0).contains("holdfast_requests_under_way 0\n"));
    }

    #[test]
    fn only_this_machine_sees_it() {
        for (peer, is) in [
            ("127.0.0.1:9", true),
            ("[::1]:9", true),
            ("[::ffff:127.0.0.1]:9", true),
            ("192.168.1.7:9", false),
            ("[fe80::1]:9", false),
        ] {
            assert_eq!(is_this_machine(peer.parse().unwrap()), is, "{peer}");
        }
    }
}
