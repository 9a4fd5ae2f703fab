//! Passphrases and the recovery code: from the environment or standard input, else typed unseen.

use std::env::{self, VarError};
use std::io::IsTerminal as _;

use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::{Outcome, input};

const PASSPHRASE: &str = "HOLDFAST_PASSPHRASE";
const NEW_PASSPHRASE: &str = "HOLDFAST_NEW_PASSPHRASE";

pub type Secret = Zeroizing<String>;

fn from_env(name: &str) -> Outcome<Option<Secret>> {
    match env::var(name) {
        Ok(text) => Ok(Some(Zeroizing::new(text))),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(Failure::usage(format!("{name} is not UTF-8."))),
    }
}

fn ask(prompt: &str, name: &str) -> Outcome<Secret> {
    let missing = || Failure::usage(format!("There is no passphrase: set {name}, or run this in a terminal."));
    if !std::io::stderr().is_terminal() {
        return Err(missing());
    }
    rpassword::prompt_password(prompt).map(Zeroizing::new).map_err(|_| missing())
}

/// The passphrase of the environment, if it is set there.
pub fn given() -> Outcome<Option<Secret>> {
    from_env(PASSPHRASE)
}

/// The passphrase of a vault or an account that exists.
pub fn current() -> Outcome<Secret> {
    match given()? {
        Some(secret) => Ok(secret),
        None => ask("Passphrase: ", PASSPHRASE),
    }
}

/// The passphrase of a vault that is made.
pub fn first() -> Outcome<Secret> {
    chosen(PASSPHRASE, "Choose a passphrase: ")
}

/// The passphrase that takes the place of a forgotten one.
pub fn new() -> Outcome<Secret> {
    chosen(NEW_PASSPHRASE, "Choose a new passphrase: ")
}

fn chosen(name: &str, prompt: &str) -> Outcome<Secret> {
    if let Some(secret) = from_env(name)? {
        return Ok(secret);
    }
    let secret = ask(prompt, name)?;
    if *ask("The same once more: ", name)? != *secret {
        return Err(Failure::said("The two passphrases are not the same. Nothing was changed."));
    }
    Ok(secret)
}

/// The recovery code: from standard input, or typed unseen where that is a terminal.
pub fn recovery_code() -> Outcome<Secret> {
    if std::io::stdin().is_terminal() {
        return rpassword::prompt_password("Recovery code (24 words): ")
            .map(Zeroizing::new)
            .map_err(|_| Failure::usage("There is no recovery code: give it on standard input."));
    }
    Ok(Zeroizing::new(input::from_stdin("The recovery code")?))
}
