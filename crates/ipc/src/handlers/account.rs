//! Adding a server.

use holdfast_notebook::sync;

use crate::convert::{answer, invalid, ms};
use crate::dto::{CreateAccountRequest, JoinRequest, LinkInfo};
use crate::{Answer, App, account_error};

pub fn link_read(app: &App, link: &str) -> Answer<LinkInfo> {
    let link = answer(sync::read_link(link))?;
    Ok(LinkInfo {
        url: link.url.clone(),
        fingerprint: link.fingerprint(),
        expires_ms: Some(ms(link.expires_ms)),
        expired: link.expires_ms <= app.env.now_ms(),
        can_create: link.invitation.is_some(),
    })
}

pub fn create(app: &App, request: &CreateAccountRequest) -> Answer<()> {
    check_user(&request.user)?;
    let syncer = app.syncer()?;
    let name = Some(request.device_name.as_str()).filter(|n| !n.trim().is_empty());
    let made = wait(sync::create_account(
        syncer.vault(),
        syncer.connect(),
        &request.link,
        request.user.trim(),
        &request.passphrase,
        name,
    ))?;
    made.map_err(|e| account_error(&e))?;
    syncer.signed_in();
    Ok(())
}

pub fn join(app: &App, request: &JoinRequest) -> Answer<()> {
    check_user(&request.user)?;
    let (link, user, name) = (&request.link, request.user.trim(), &request.device_name);
    let joined = wait(sync::join(app.dir(), &app.connect, link, user, &request.passphrase, name, app.env.clone()))?;
    let vault = joined.map_err(|e| account_error(&e))?;
    app.opened(vault)
}

pub fn sign_in(app: &App, passphrase: &str) -> Answer<()> {
    let syncer = app.syncer()?;
    answer(wait(sync::sign_in(syncer.vault(), syncer.connect(), passphrase))?)?;
    syncer.signed_in();
    Ok(())
}

fn check_user(user: &str) -> Answer<()> {
    if user.trim().is_empty() { Err(invalid("A user name is needed.")) } else { Ok(()) }
}

/// Runs a request to its end on this thread, which is one for blocking work.
pub(super) fn wait<T>(future: impl Future<Output = T>) -> Answer<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    Ok(runtime.map_err(|e| invalid(format!("The request could not be started ({e}).")))?.block_on(future))
}
