//! HTTPS in front of [`Core`]: each handler reads one request, calls one method, writes one answer.

mod answer;
mod body;
mod events;
mod handlers;
mod metrics;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{FromRef, MatchedPath, Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use tokio::sync::watch;
use tracing::Instrument as _;

use crate::Core;
use metrics::Metrics;

/// What all handlers share.
#[derive(Clone)]
pub(crate) struct Shared {
    core: Core,
    metrics: Arc<Metrics>,
    /// How often a stream of events says that it is alive.
    keep_alive: Duration,
    /// How long a body may take beside what its length takes on the slowest line.
    body_timeout: Duration,
    /// Becomes true when the server stops: streams end, or it would wait for them.
    stopping: watch::Sender<bool>,
}

impl Shared {
    pub(crate) fn new(core: Core, keep_alive: Duration, body_timeout: Duration) -> Self {
        Self { core, metrics: Arc::default(), keep_alive, body_timeout, stopping: watch::channel(false).0 }
    }

    pub(crate) fn core(&self) -> &Core {
        &self.core
    }

    /// Ends all streams of events.
    pub(crate) fn stop(&self) {
        self.stopping.send_replace(true);
    }
}

impl FromRef<Shared> for Core {
    fn from_ref(shared: &Shared) -> Self {
        shared.core.clone()
    }
}

pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/healthz", get(handlers::healthy))
        .route("/readyz", get(handlers::healthy))
        .route("/metrics", get(metrics::show))
        .route("/v1/info", get(handlers::info))
        .route("/v1/prelogin", post(handlers::prelogin))
        .route("/v1/accounts", post(handlers::create_account))
        .route("/v1/login", post(handlers::login))
        .route("/v1/keys", get(handlers::get_keys).put(handlers::put_keys))
        .route("/v1/spaces/{space}/push", post(handlers::push))
        .route("/v1/spaces/{space}/log", get(handlers::log))
        .route("/v1/spaces/{space}/missing", post(handlers::missing))
        .route("/v1/spaces/{space}/fetch", post(handlers::fetch))
        .route("/v1/spaces/{space}/heal", post(handlers::heal))
        .route("/v1/spaces/{space}/events", get(events::events))
        .route("/v1/spaces/{space}/blobs/{cid}", get(handlers::get_blob).put(handlers::put_blob))
        .fallback(handlers::nothing_here)
        .layer(middleware::from_fn_with_state(shared.clone(), note_request))
        .with_state(shared)
}

/// One line and one count a request: the route's pattern, never its values.
async fn note_request(
    State(shared): State<Shared>,
    path: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let (method, started) = (request.method().clone(), Instant::now());
    let route = path.as_ref().map_or("-", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", %method, route);
    let under_way = shared.metrics.begin();
    let answer = next.run(request).instrument(span.clone()).await;
    drop(under_way);
    let (status, took) = (answer.status().as_u16(), started.elapsed());
    shared.metrics.end(&method, &route, status, took);
    let _entered = span.enter();
    tracing::info!(status, elapsed_ms = took.as_millis() as u64);
    answer
}
