//! One function a route. The session is checked before a body of any size is read.

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use holdfast_protocol::limits::{
    MAX_BLOB_BYTES, MAX_HEAL_BYTES, MAX_IDS_BYTES, MAX_KEYS_MESSAGE_BYTES, MAX_PUSH_BYTES, MAX_SMALL_BYTES,
    MAX_TOKEN_BYTES,
};
use holdfast_protocol::{
    Cid, CreateAccount, FetchRequest, Hash, HealRequest, Keys, KeysVersion, LogRequest, Login, MissingRequest,
    Prelogin, ProtocolError, PushRequest, PutKeys, SpaceId, SyncProtocol as _, Token,
};

use super::answer::{Answer, Failure, cbor, log_status, push_status};
use super::body::Sent;
use crate::Core;

pub(super) async fn healthy() -> &'static str {
    "ok\n"
}

pub(super) async fn nothing_here() -> Failure {
    ProtocolError::NotFound.into()
}

pub(super) async fn info(State(core): State<Core>) -> Answer {
    Ok(cbor(StatusCode::OK, &core.info().await?))
}

pub(super) async fn prelogin(State(core): State<Core>, sent: Sent) -> Answer {
    let request: Prelogin = sent.message(MAX_SMALL_BYTES).await?;
    Ok(cbor(StatusCode::OK, &core.prelogin(&request.user).await?))
}

pub(super) async fn create_account(State(core): State<Core>, sent: Sent) -> Answer {
    let request: CreateAccount = sent.message(MAX_KEYS_MESSAGE_BYTES).await?;
    Ok(cbor(StatusCode::OK, &core.create_account(request).await?))
}

pub(super) async fn login(State(core): State<Core>, sent: Sent) -> Answer {
    let request: Login = sent.message(MAX_SMALL_BYTES).await?;
    Ok(cbor(StatusCode::OK, &core.login(request).await?))
}

pub(super) async fn get_keys(State(core): State<Core>, headers: HeaderMap) -> Answer {
    let (keys, version) = core.get_keys(&token(&headers)?).await?;
    Ok(cbor(StatusCode::OK, &Keys { keys, version }))
}

pub(super) async fn put_keys(State(core): State<Core>, sent: Sent) -> Answer {
    let token = authorized(&core, &sent.headers).await?;
    let request: PutKeys = sent.message(MAX_KEYS_MESSAGE_BYTES).await?;
    let version = core.put_keys(&token, request).await?;
    Ok(cbor(StatusCode::OK, &KeysVersion { version }))
}

pub(super) async fn push(State(core): State<Core>, Path(space): Path<String>, sent: Sent) -> Answer {
    let space = space_id(&space)?;
    let token = authorized(&core, &sent.headers).await?;
    let request: PushRequest = sent.message(MAX_PUSH_BYTES).await?;
    if request.manifest.space != space {
        return Err(refused("the batch is of another space"));
    }
    let outcome = core.push(&token, request).await?;
    Ok(cbor(push_status(&outcome), &outcome))
}

pub(super) async fn log(
    State(core): State<Core>,
    Path(space): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    let request = log_request(space_id(&space)?, query.as_deref().unwrap_or_default())?;
    let answer = core.log(&token(&headers)?, request).await?;
    Ok(cbor(log_status(&answer), &answer))
}

pub(super) async fn missing(State(core): State<Core>, Path(space): Path<String>, sent: Sent) -> Answer {
    let space = space_id(&space)?;
    let token = authorized(&core, &sent.headers).await?;
    let request: MissingRequest = sent.message(MAX_IDS_BYTES).await?;
    if request.space != space {
        return Err(refused("the question is about another space"));
    }
    Ok(cbor(StatusCode::OK, &core.missing(&token, request).await?))
}

pub(super) async fn fetch(State(core): State<Core>, Path(space): Path<String>, sent: Sent) -> Answer {
    let space = space_id(&space)?;
    let token = authorized(&core, &sent.headers).await?;
    let request: FetchRequest = sent.message(MAX_SMALL_BYTES).await?;
    if request.space != space {
        return Err(refused("the request is about another space"));
    }
    Ok(cbor(StatusCode::OK, &core.fetch(&token, request).await?))
}

pub(super) async fn heal(State(core): State<Core>, Path(space): Path<String>, sent: Sent) -> Answer {
    let space = space_id(&space)?;
    let token = authorized(&core, &sent.headers).await?;
    let request: HealRequest = sent.message(MAX_HEAL_BYTES).await?;
    if request.space != space {
        return Err(refused("the entries are of another space"));
    }
    let outcome = core.heal(&token, request).await?;
    Ok(cbor(push_status(&outcome), &outcome))
}

pub(super) async fn put_blob(
    State(core): State<Core>,
    Path((space, cid)): Path<(String, String)>,
    sent: Sent,
) -> Answer {
    let (space, cid) = (space_id(&space)?, blob_id(&cid)?);
    let token = authorized(&core, &sent.headers).await?;
    let sealed = sent.whole(MAX_BLOB_BYTES).await?;
    core.put_blob(&token, space, cid, sealed).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn get_blob(
    State(core): State<Core>,
    Path((space, cid)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    let (space, cid) = (space_id(&space)?, blob_id(&cid)?);
    let sealed = core.get_blob(&token(&headers)?, space, cid).await?;
    let mut response = Response::new(Body::from(sealed));
    let octets = header::HeaderValue::from_static("application/octet-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, octets);
    Ok(response)
}

fn refused(why: &str) -> Failure {
    ProtocolError::Refused(why.into()).into()
}

pub(super) fn space_id(text: &str) -> Result<SpaceId, Failure> {
    SpaceId::from_hex(text).ok_or_else(|| refused("not the id of a space"))
}

fn blob_id(text: &str) -> Result<Cid, Failure> {
    Cid::from_hex(text).ok_or_else(|| refused("not the id of a blob"))
}

pub(super) fn token(headers: &HeaderMap) -> Result<Token, Failure> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = bearer.and_then(|text| URL_SAFE_NO_PAD.decode(text.strip_prefix("Bearer ")?).ok());
    let token = token.filter(|token| !token.is_empty() && token.len() <= MAX_TOKEN_BYTES);
    token.map(Token).ok_or(ProtocolError::Unauthorized.into())
}

async fn authorized(core: &Core, headers: &HeaderMap) -> Result<Token, Failure> {
    let token = token(headers)?;
    core.authorize(token.clone()).await?;
    Ok(token)
}

/// `log_epoch`, `seq`, `link` (hexadecimal) and `limit` (bytes), each once, and `packs` (a position) and
/// `releases` (0 or 1), in any order.
fn log_request(space: SpaceId, query: &str) -> Result<LogRequest, Failure> {
    let field = |name: &str| {
        let mut values = query.split('&').filter_map(|pair| pair.split_once('=')).filter(|(key, _)| *key == name);
        match (values.next(), values.next()) {
            (Some((_, value)), None) => Ok(value),
            _ => Err(refused("the query needs log_epoch, seq, link and limit")),
        }
    };
    let number = |name: &str| field(name)?.parse::<u64>().map_err(|_| refused("not a number in the query"));
    let link = Hash::from_hex(field("link")?).ok_or_else(|| refused("not a link in the query"))?;
    let max_bytes = u32::try_from(number("limit")?).unwrap_or(u32::MAX);
    let optional = |name: &str| {
        let there = query.split('&').any(|pair| pair.split_once('=').is_some_and(|(key, _)| key == name));
        there.then(|| number(name)).transpose()
    };
    let packs = optional("packs")?;
    let releases = optional("releases")?.map(|kept| kept == 1);
    Ok(LogRequest { space, log_epoch: number("log_epoch")?, seq: number("seq")?, link, max_bytes, packs, releases })
}
