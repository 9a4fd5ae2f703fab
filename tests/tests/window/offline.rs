//! A computer whose network goes away and comes back: for real, in a network of its own.
//!
//! The test runs itself again in an empty network namespace (`unshare`), where the server has an address that comes and
//! goes: without it nothing leads there, as the system sees it. Where that is not allowed it says so and ends.

use std::env;
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde_json::json;

use crate::computer::{Computer, hook};
use crate::server::Server;
use crate::status::agree;
use crate::window::within;

/// Of the addresses that are nobody's.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const INSIDE: &str = "HOLDFAST_OWN_NETWORK";
const NAME: &str = "offline::without_a_network_everything_says_so";
/// With a session bus of its own: the socket of the one outside may be of that network.
const SETUP: &str = "ip link set lo up && ip addr add 192.0.2.1/32 dev lo && exec dbus-run-session -- \"$@\"";

#[tokio::test]
async fn without_a_network_everything_says_so() -> anyhow::Result<()> {
    if env::var_os(INSIDE).is_some() {
        return within(walk()).await;
    }
    let Some(kind) = ["-n", "-rn"].into_iter().find(|kind| own_network(kind, "ip addr add 192.0.2.1/32 dev lo", &[]))
    else {
        eprintln!("skipped: this user may not make a network of its own");
        return Ok(());
    };
    let program = env::current_exe()?.into_os_string().into_string().ok().context("a path that is no text")?;
    let again = [program.as_str(), "--exact", NAME, "--nocapture"];
    ensure!(own_network(kind, SETUP, &again), "The test failed in its own network; its words are above.");
    Ok(())
}

/// Runs a shell's words, with these arguments, where there is no network but what they make.
fn own_network(kind: &str, words: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new("unshare");
    command.args([kind, "sh", "-c", words, "sh"]).args(arguments).env(INSIDE, "1").stdin(Stdio::null());
    if arguments.is_empty() {
        command.stdout(Stdio::null()).stderr(Stdio::null());
    }
    command.status().is_ok_and(|status| status.success())
}

/// The way to the server comes (`add`) or goes (`del`).
fn network(act: &str) -> anyhow::Result<()> {
    let done = Command::new("ip").args(["addr", act, "192.0.2.1/32", "dev", "lo"]).status()?;
    ensure!(done.success(), "ip ended with {done}.");
    Ok(())
}

async fn walk() -> anyhow::Result<()> {
    let server = Server::start_on(ADDRESS)?;
    let laptop = Computer::new("Laptop").await?;
    laptop.create_vault().await?;
    laptop.write("Diary", "Rain.").await?;
    laptop.add_server(&server).await?;
    agree(&laptop, "up_to_date", "sent").await?;

    laptop.says("the network goes; nobody presses anything");
    network("del")?;
    agree(&laptop, "offline", "sent").await?;
    laptop.wait_status("Offline").await?;
    laptop.says("writes without it");
    laptop.replace("Rain", "Fog").await?;
    agree(&laptop, "offline", "waiting").await?;
    laptop.wait_status("1 change waiting").await?;
    laptop.says("asks for a sync, in vain");
    laptop.ask("sync_now", json!({})).await?;
    agree(&laptop, "offline", "waiting").await?;
    laptop.click(&hook("sync-status")).await?;
    laptop.wait_text(&hook("sync-waiting"), "1 change").await?;
    laptop.press("Escape").await?;

    laptop.says("the network is back; nobody presses anything");
    network("add")?;
    agree(&laptop, "up_to_date", "sent").await
}
