//! `account`: making one on a server, and joining one.

use holdfast_notebook::sync::{create_account, join};
use holdfast_notebook::{Env, vault_exists};
use serde_json::json;

use crate::args::AccountCommand;
use crate::failure::Failure;
use crate::output::Answer;
use crate::session::{Place, block_on, connect, device_name, finish};
use crate::shapes::Names;
use crate::{Outcome, passphrase};

pub fn run(place: &Place, command: AccountCommand) -> Outcome {
    match command {
        AccountCommand::Create { link, user, device_name } => place.with_passphrase(|vault, secret| {
            let connect = connect();
            let made = block_on(create_account(vault, &connect, &link, &user, secret, device_name.as_deref()))?;
            made.map_err(Failure::Account)?;
            Ok(Answer::done("The account is made. Run `holdfast sync` to send the notes."))
        }),
        AccountCommand::Link => place.with_vault(|vault| {
            let link = vault.join_link()?;
            let user = vault.sync_status()?.user.unwrap_or_default();
            let json = json!({ "link": link.to_string(), "url": link.url, "user": user });
            Ok(Answer::new(json, link.to_string()))
        }),
        AccountCommand::Join { link, user, device_name: name } => {
            let dir = place.dir()?;
            if vault_exists(&dir)? {
                return Err(Failure::said(format!(
                    "There is already a vault in {dir}, and it was not touched. To join with a vault of its own, name \
                     another folder with --vault; to give this vault an account, use `holdfast account create`.",
                    dir = dir.display()
                )));
            }
            let secret = passphrase::current()?;
            let name = device_name(name);
            let connect = connect();
            let joined = block_on(join(&dir, &connect, &link, &user, &secret, &name, Env::system()))?;
            finish(joined.map_err(Failure::Account)?, |vault| {
                let name = Names::load(vault)?.device(vault.device());
                let text = format!("This computer has joined as {name:?}. Run `holdfast sync` to fetch the notes.");
                Ok(Answer::new(json!({ "ok": true, "device_name": name }), text))
            })
        }
    }
}
