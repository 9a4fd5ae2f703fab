//! Adding a server.

use holdfast_notebook::sync;

use crate::app::run_here;
use crate::convert::{answer, invalid, ms};
use crate::dto::{AccountLink, CreateAccountRequest, JoinRequest, LinkInfo};
use crate::{Answer, App, account_error};

pub fn link_read(app: &App, link: &str) -> Answer<LinkInfo> {
    let link = answer(sync::read_link(link))?;
    Ok(LinkInfo {
        url: link.url.clone(),
        fingerprint: link.fingerprint(),
        expires_ms: link.invitation.as_ref().map(|_| ms(link.expires_ms)),
        // Only the invitation ends.
        expired: link.invitation.is_some() && link.expires_ms <= app.env.now_ms(),
        can_create: link.invitation.is_some(),
    })
}

/// How another computer joins this account.
pub fn link(app: &App) -> Answer<AccountLink> {
    let vault = app.vault()?;
    let link = answer(vault.join_link())?;
    let user = answer(vault.sync_status())?.user.unwrap_or_default();
    Ok(AccountLink { link: link.to_string(), fingerprint: link.fingerprint(), url: link.url, user })
}

pub fn create(app: &App, request: &CreateAccountRequest) -> Answer<()> {
    check_user(&request.user)?;
    let name = Some(request.device_name.as_str()).filter(|n| !n.trim().is_empty());
    let made = app.with_syncer(async |syncer| {
        let (link, user, passphrase) = (&request.link, request.user.trim(), &request.passphrase);
        sync::create_account(syncer.vault(), syncer.connect(), link, user, passphrase, name).await?;
        syncer.signed_in();
        Ok(())
    })?;
    made.map_err(|e| account_error(&e))
}

pub fn join(app: &App, request: &JoinRequest) -> Answer<()> {
    check_user(&request.user)?;
    let (link, user, name) = (&request.link, request.user.trim(), &request.device_name);
    let joined = run_here(sync::join(app.dir(), &app.connect, link, user, &request.passphrase, name, app.env.clone()))?;
    let vault = joined.map_err(|e| account_error(&e))?;
    app.opened(vault)
}

pub fn sign_in(app: &App, passphrase: &str) -> Answer<()> {
    answer(app.with_syncer(async |syncer| {
        sync::sign_in(syncer.vault(), syncer.connect(), passphrase).await?;
        syncer.signed_in();
        Ok(())
    })?)
}

fn check_user(user: &str) -> Answer<()> {
    if user.trim().is_empty() { Err(invalid("A user name is needed.")) } else { Ok(()) }
}
