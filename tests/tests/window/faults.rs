//! What goes wrong, as a person at the window reads it: the sentences of the table that the terminal is held to
//! (`tests/faults/table.txt`), with the same error codes. After each fault everything is still there.

use std::fs::{self, File};

use anyhow::{Context as _, ensure};
use holdfast_protocol::JoinLink;
use serde_json::{Value, json};

use crate::computer::{Computer, EDITOR, PASSPHRASE, USER, hook};
use crate::server::Server;
use crate::table::{Table, bodies, shows};
use crate::terminal::Terminal;
use crate::window::within;

const TITLE: &str = "Kept";
const BODY: &str = "as it was";
/// The valid code of no vault here.
const OTHER_CODE: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon \
    abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon art";

#[tokio::test]
async fn the_window_says_what_the_terminal_says() -> anyhow::Result<()> {
    within(async {
        let table = Table::read()?;
        let mut server = Server::start()?;
        let account = account_elsewhere(&server)?;
        let mut desk = Computer::new("Desk").await?;
        desk.create_vault().await?;
        desk.write(TITLE, BODY).await?;
        let before = desk.state().await?;
        let code = desk.ask("recovery_code", json!({})).await?["words"].clone();

        missing_folder(&table, &desk).await?;
        too_large(&table, &desk).await?;
        assert!(bodies(&desk.state().await?) == bodies(&before), "something was lost");
        links(&table, &desk, &server).await?;
        assert!(bodies(&desk.state().await?) == bodies(&before), "something was lost");

        desk.quit().await?;
        desk.launch().await?;
        wrong_secrets(&table, &desk, &code).await?;
        closed_vaults(&table, &desk).await?;
        desk.click(&hook("unlock-passphrase")).await?;
        desk.press("Ctrl+A").await?;
        desk.unlock().await?;
        assert!(bodies(&desk.state().await?) == bodies(&before), "something was lost");
        desk.quit().await?;

        let laptop = Computer::new("Laptop").await?;
        join(&table, &laptop, &mut server).await?;
        laptop.wait_count(&hook("note-item"), 1).await?;
        laptop.open("Of the account").await?;
        assert_eq!(account.notes()?.len(), 1);
        Ok(())
    })
    .await
}

/// Somebody took the user name, with a note.
fn account_elsewhere(server: &Server) -> anyhow::Result<Terminal> {
    let terminal = Terminal::own()?;
    terminal.run(&["init"], "")?;
    terminal.run(&["note", "add", "--title", "Of the account"], "sent")?;
    terminal.run(&["account", "create", "--link", &server.link, "--user", USER], "")?;
    terminal.sync()?;
    Ok(terminal)
}

/// Types in the place of what is in a field.
async fn fill(at: &Computer, css: &str, text: &str) -> anyhow::Result<()> {
    at.click(css).await?;
    at.press("Ctrl+A").await?;
    at.type_here(text).await
}

// In an open vault

async fn missing_folder(table: &Table, desk: &Computer) -> anyhow::Result<()> {
    let fault = "a folder that is not there";
    let gone = desk.vault().with_file_name("scratch").join("gone");
    let path = gone.to_str().context("A scratch path is not UTF-8.")?;
    let sentence = table.refuses(desk, fault, "import_folder", json!({ "path": path, "dryRun": true })).await?;
    desk.click(&hook("open-settings")).await?;
    desk.click(&hook("settings-import")).await?;
    desk.type_keys(&hook("import-path"), path).await?;
    desk.click(&hook("import-look")).await?;
    shows(desk, fault, &format!("{} [role=alert]", hook("import-dialog")), &sentence).await?;
    desk.press("Escape").await?;
    desk.wait_gone("[role=dialog]").await
}

/// The text stays in the editor, and is saved once there is less of it.
async fn too_large(table: &Table, desk: &Computer) -> anyhow::Result<()> {
    let fault = "a text over 2 MiB, in an edit";
    desk.open(TITLE).await?;
    let paste = format!(
        "{EDITOR} view.dispatch({{ changes: {{ from: view.state.doc.length, insert: ('x'.repeat(63) + '\\n').repeat(32768) }} }});
         return view.state.doc.length;"
    );
    let length = desk.execute(&paste).await?;
    shows(desk, fault, &format!("{} .text", hook("save-state")), &format!("Not saved. {}", table.sentence(fault)?))
        .await?;
    desk.find(&hook("copy-text")).await?;
    let kept = desk.execute(&format!("{EDITOR} return view.state.doc.length;")).await?;
    assert_eq!(kept, length, "what was pasted is not in the editor any more");
    assert_eq!(desk.state().await?[0]["body"], BODY, "what was saved before was touched");
    let cut = format!("{EDITOR} view.dispatch({{ changes: {{ from: arguments[0], to: view.state.doc.length }} }});");
    desk.execute_with(&cut, vec![json!(BODY.len())]).await?;
    desk.wait_saved().await
}

/// Links and accounts, in the dialog that adds a server.
async fn links(table: &Table, desk: &Computer, server: &Server) -> anyhow::Result<()> {
    desk.click(&hook("open-settings")).await?;
    desk.click(&hook("settings-add-server")).await?;
    let link_field = hook("add-server-link");
    for (fault, link) in [
        ("a link that is none", "https://example.org".to_owned()),
        ("a link that was cut", server.link[..30].to_owned()),
        ("a link of a newer version", server.link.replace("/join/1/", "/join/2/")),
    ] {
        let sentence = table.refuses(desk, fault, "link_read", json!({ "link": link })).await?;
        fill(desk, &link_field, &link).await?;
        shows(desk, fault, &link_field, &sentence).await?;
    }
    let real = JoinLink::parse(&server.link)?;
    let without = JoinLink { invitation: None, ..real.clone() };
    let old = holdfast_tests::programs::Server::start_with("127.0.0.1:0", &["--invite-ttl-s", "0"]);
    for (fault, link) in [("a link without an invitation", without.to_string()), ("expired link", old.link.clone())] {
        fill(desk, &link_field, &link).await?;
        shows(desk, fault, &link_field, table.sentence(fault)?).await?;
        assert_eq!(desk.execute(SUBMIT_IS_OFF).await?, json!(true), "{fault}");
    }

    desk.type_keys(&hook("add-server-user"), USER).await?;
    desk.type_keys(&hook("add-server-passphrase"), PASSPHRASE).await?;
    let alert = "#add-server-form > [role=alert]";
    // As for a computer whose clock is slow: the server knows better.
    let mut expired = JoinLink::parse(&old.link)?;
    expired.expires_ms += 24 * 3600 * 1000;
    let mut other_invitation = real.clone();
    other_invitation.invitation.as_mut().context("The link invites nobody.")?[0] ^= 1;
    for (fault, link, shown_at) in [
        ("wrong pin", other_pin(&real), alert.to_owned()),
        ("expired link, and the clock is slow", expired.to_string(), link_field.clone()),
        ("an invitation of another server", other_invitation.to_string(), link_field.clone()),
        ("user taken", server.link.clone(), hook("add-server-user")),
    ] {
        let request = json!({ "link": link, "user": USER, "device_name": "Desk", "passphrase": PASSPHRASE });
        let sentence = table.refuses(desk, fault, "account_create", json!({ "request": request })).await?;
        fill(desk, &link_field, &link).await?;
        desk.find(&hook("add-server-info")).await?;
        desk.click(&hook("add-server-submit")).await?;
        shows(desk, fault, &shown_at, &sentence).await?;
    }
    desk.press("Escape").await?;
    desk.wait_gone("[role=dialog]").await
}

const SUBMIT_IS_OFF: &str = "return document.querySelector('[data-testid=add-server-submit]').disabled";

fn other_pin(link: &JoinLink) -> String {
    let mut other = link.clone();
    other.pin[0] ^= 1;
    other.to_string()
}

// At a locked vault

async fn wrong_secrets(table: &Table, desk: &Computer, code: &Value) -> anyhow::Result<()> {
    let (fault, field) = ("wrong passphrase", hook("unlock-passphrase"));
    let sentence = table.refuses(desk, fault, "vault_unlock", json!({ "passphrase": "something else" })).await?;
    fill(desk, &field, "something else").await?;
    desk.click(&hook("unlock-submit")).await?;
    shows(desk, fault, &field, &sentence).await?;

    let mut words: Vec<&str> = code.as_array().context("No code.")?.iter().filter_map(Value::as_str).collect();
    ensure!(words.len() == 24, "{} words", words.len());
    let cut = words[..23].join(" ");
    let third = std::mem::replace(&mut words[2], "holdfast");
    let no_word = words.join(" ");
    words[2] = if third == "zoo" { "abandon" } else { "zoo" };
    desk.click(&hook("unlock-forgot")).await?;
    desk.type_keys(&hook("unlock-new-passphrase"), "another one").await?;
    desk.type_keys(&hook("unlock-new-passphrase-again"), "another one").await?;
    for (fault, code) in [
        ("wrong code, of another vault", OTHER_CODE),
        ("wrong code, cut short", &cut),
        ("wrong code, no such word", &no_word),
        ("wrong code, another word", &words.join(" ")),
    ] {
        let secrets = json!({ "code": code, "newPassphrase": "another one" });
        let sentence = table.refuses(desk, fault, "vault_unlock_with_code", secrets).await?;
        fill(desk, &hook("unlock-code"), code).await?;
        desk.click(&hook("unlock-submit")).await?;
        shows(desk, fault, &hook("unlock-code"), &sentence).await?;
    }
    desk.click(&hook("unlock-back")).await
}

/// The right passphrase, and a vault that does not open by it. Each sentence differs from the one before.
async fn closed_vaults(table: &Table, desk: &Computer) -> anyhow::Result<()> {
    let vault = desk.vault();
    let lock = File::options().write(true).open(vault.join("vault.lock"))?;
    lock.try_lock()?;
    stays_closed(table, desk, "open elsewhere").await?;
    drop(lock);

    let (keys, db) = (fs::read(vault.join("vault.keys"))?, fs::read(vault.join("vault.db"))?);
    let mut newer = keys.clone();
    // A list of four, a text of 19 bytes, and the version.
    ensure!((&newer[..2], newer[21]) == (&[0x84, 0x73][..], 1), "vault.keys has another form");
    newer[21] = 2;
    for (fault, name, whole, broken) in [
        ("keys cut short", "vault.keys", &keys, keys[..keys.len() / 2].to_vec()),
        ("database cut in the middle of a page", "vault.db", &db, db[..db.len() / 2 / 4096 * 4096 + 100].to_vec()),
        ("a newer vault", "vault.keys", &keys, newer),
        ("database empty", "vault.db", &db, Vec::new()),
    ] {
        fs::write(vault.join(name), &broken)?;
        stays_closed(table, desk, fault).await?;
        ensure!(fs::read(vault.join(name))? == broken, "{fault}: what is damaged was overwritten");
        fs::write(vault.join(name), whole)?;
    }
    Ok(())
}

async fn stays_closed(table: &Table, desk: &Computer, fault: &str) -> anyhow::Result<()> {
    let sentence = table.refuses(desk, fault, "vault_unlock", json!({ "passphrase": PASSPHRASE })).await?;
    fill(desk, &hook("unlock-passphrase"), PASSPHRASE).await?;
    desk.click(&hook("unlock-submit")).await?;
    shows(desk, fault, &hook("unlock-error"), &sentence).await
}

// Before there is a vault

async fn join(table: &Table, laptop: &Computer, server: &mut Server) -> anyhow::Result<()> {
    laptop.click(&hook("create-join")).await?;
    let (link_field, fault) = (hook("join-link"), "a link that is none");
    let sentence = table.refuses(laptop, fault, "link_read", json!({ "link": "https://example.org" })).await?;
    laptop.type_keys(&link_field, "https://example.org").await?;
    shows(laptop, fault, &link_field, &sentence).await?;
    let old = holdfast_tests::programs::Server::start_with("127.0.0.1:0", &["--invite-ttl-s", "0"]);
    fill(laptop, &link_field, &old.link).await?;
    // It says where the server is; what ends is its leave to make an account.
    laptop.find(&hook("join-server")).await?;
    laptop.wait_gone(&format!("{link_field}[aria-invalid]")).await?;

    let link = server.link.clone();
    let pinned = other_pin(&JoinLink::parse(&link)?);
    for (fault, link, user, passphrase) in [
        ("wrong pin", &pinned, USER, PASSPHRASE),
        ("join with a wrong passphrase", &link, USER, "something else"),
        ("server down, in a join", &link, USER, PASSPHRASE),
        ("join as nobody", &link, "nobody", PASSPHRASE),
    ] {
        if fault.starts_with("server down") {
            server.stop();
        }
        let request = json!({ "link": link, "user": user, "passphrase": passphrase, "device_name": "Laptop" });
        let sentence = table.refuses(laptop, fault, "account_join", json!({ "request": request })).await?;
        fill(laptop, &link_field, link).await?;
        laptop.find(&hook("join-server")).await?;
        fill(laptop, &hook("join-user"), user).await?;
        fill(laptop, &hook("join-passphrase"), passphrase).await?;
        laptop.click(&hook("join-submit")).await?;
        shows(laptop, fault, &hook("join-error"), &sentence).await?;
        ensure!(!laptop.vault().join("vault.keys").exists(), "{fault}: half a vault was made");
        if fault.starts_with("server down") {
            server.restart()?;
        }
    }
    fill(laptop, &hook("join-user"), USER).await?;
    laptop.click(&hook("join-submit")).await?;
    laptop.find(&hook("note-list")).await.map(drop)
}
