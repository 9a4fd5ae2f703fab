//! HTTPS in front of [`Core`]: each handler reads one request, calls one method, writes one answer.

mod answer;
mod handlers;

use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};

use crate::Core;

pub(crate) fn router(core: Core) -> Router {
    Router::new()
        .route("/healthz", get(handlers::healthy))
        .route("/readyz", get(handlers::healthy))
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
        .route("/v1/spaces/{space}/blobs/{cid}", get(handlers::get_blob).put(handlers::put_blob))
        .fallback(handlers::nothing_here)
        .with_state(core)
        .layer(middleware::from_fn(log_request))
}

/// One line a request: the route's pattern, never its values.
async fn log_request(path: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let (method, started) = (request.method().clone(), Instant::now());
    let answer = next.run(request).await;
    let route = path.as_ref().map_or("-", MatchedPath::as_str);
    let elapsed_ms = started.elapsed().as_millis() as u64;
    tracing::info!(%method, route, status = answer.status().as_u16(), elapsed_ms);
    answer
}
