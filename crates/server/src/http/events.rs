//! The stream of pokes as server-sent events.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use futures_util::stream::unfold;
use holdfast_protocol::{EVENT_STREAM, EventStream, KEEP_ALIVE_LINE, SyncProtocol as _, Token, event_text};
use tokio::sync::watch;
use tokio::time::timeout;

use super::Shared;
use super::answer::Answer;
use super::handlers::{space_id, token};
use crate::Core;

pub(super) async fn events(State(shared): State<Shared>, Path(space): Path<String>, headers: HeaderMap) -> Answer {
    let (space, token) = (space_id(&space)?, token(&headers)?);
    let stream = shared.core.events(&token, space).await?;
    let stopping = shared.stopping.subscribe();
    let line = Line { core: shared.core, token, stream, keep_alive: shared.keep_alive, stopping };
    let text = unfold(line, |mut line| async move {
        let text = line.next().await?;
        Some((Ok::<_, std::convert::Infallible>(text), line))
    });
    let mut response = Response::new(Body::from_stream(text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A proxy between that collects before it sends would make the pokes late.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// One open stream. What is written is asked for by the connection: one that reads slowly gets fewer events.
struct Line {
    core: Core,
    token: Token,
    stream: Box<dyn EventStream>,
    keep_alive: Duration,
    stopping: watch::Receiver<bool>,
}

impl Line {
    /// What to write next; `None` ends the stream.
    async fn next(&mut self) -> Option<String> {
        let next = tokio::select! {
            // True, or the server is gone.
            _ = self.stopping.wait_for(|stopping| *stopping) => return None,
            next = timeout(self.keep_alive, self.stream.next()) => next,
        };
        match next {
            Ok(Ok(head)) => Some(event_text(&head)),
            Ok(Err(_)) => None,
            // Nothing to tell: alive, if the session still is.
            Err(_) => self.core.authorize(self.token.clone()).await.ok().map(|()| KEEP_ALIVE_LINE.to_owned()),
        }
    }
}
