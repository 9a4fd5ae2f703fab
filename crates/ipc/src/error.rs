//! The one place where errors become codes and sentences: what happened to what, what is safe, the one thing to do.

use holdfast_notebook::NotebookError as E;
use holdfast_notebook::ProtocolError as P;
use holdfast_notebook::WhyNotHere;

use crate::dto::{CommandError, ErrorCode as C};

/// The code and the sentence of an error. Details are for the log, not for here.
pub fn command_error(error: &E) -> CommandError {
    let (code, message, retryable) = match error {
        E::NoVault(dir) => (
            C::NotOpen,
            format!("There is no vault in {}. Make one, or name another folder.", dir.display()),
            false,
        ),
        E::VaultExists(dir) => (
            C::VaultExists,
            format!("There is already a vault in {}. It was not touched. Name another folder, or open that one.", dir.display()),
            false,
        ),
        E::OpenElsewhere(dir) => (
            C::VaultOpenElsewhere,
            format!("The vault in {} is open in another window or program. Close it there first.", dir.display()),
            true,
        ),
        E::WrongPassphrase => (
            C::WrongPassphrase,
            "The passphrase is wrong. Try again (with the new one, if it was changed on another computer), or use the \
             recovery code."
                .into(),
            true,
        ),
        E::WrongCode(why) => (C::WrongCode, format!("This recovery code does not open the vault: {why}."), true),
        E::WeakPassphrase(1) => (C::InvalidInput, "The passphrase cannot be empty.".into(), true),
        E::WeakPassphrase(n) => (C::InvalidInput, format!("The passphrase must have at least {n} characters."), true),
        E::Damaged(what) => (
            C::VaultDamaged,
            format!("The vault is damaged ({what}). Nothing was overwritten. Go back to a backup of it."),
            false,
        ),
        E::NewerVersion => (
            C::VaultNewer,
            "A newer version of Holdfast wrote this. Update Holdfast on this computer; nothing was changed.".into(),
            false,
        ),
        E::DiskFull => (
            C::DiskFull,
            "The disk is full. Nothing was changed, and what was saved before is safe. Free some space and try again.".into(),
            true,
        ),
        E::NoSnapshot { why, needed } => {
            let why = command_error(why);
            // Why it failed may have a sentence of its own, which says what to do about a save.
            let (happened, to_do) = match why.code {
                C::DiskFull => {
                    let mib = needed.div_ceil(1024 * 1024);
                    ("the disk is full".to_owned(), format!("Free {mib} MB of it and open the vault again."))
                }
                _ => (why.message.trim_end_matches('.').to_owned(), "Mend that and open the vault again.".to_owned()),
            };
            let message = format!(
                "This version of Holdfast has to bring the vault up to date, and makes a backup before. That did not \
                 work: {happened}. Nothing was changed; the version that you had still opens it. {to_do}"
            );
            (why.code, message, true)
        }
        E::NotFound { what, id } => (C::NotFound, format!("There is no {what} {id}."), false),
        E::Invalid(why) => (C::InvalidInput, sentence(why), true),
        E::TooLarge(why) => (C::TooLarge, sentence(why), false),
        E::NotHere { name, why } => (C::NotHere, not_here(name, *why), true),
        E::Thinned { why } => (C::NotHere, thinned(*why), true),
        E::Stale => (
            C::Stale,
            "Another version arrived in the meantime. Nothing was changed; look at it and decide again.".into(),
            true,
        ),
        E::NeedsNewerVersion => (
            C::NeedsNewerVersion,
            "Devices disagree about something in this note that needs a newer version of Holdfast. It can be read here, not changed.".into(),
            false,
        ),
        E::NothingToUndo(why) => (C::InvalidInput, format!("Nothing was undone: {why}."), false),
        E::NoServer => (C::NoServer, "No server was added to this vault. Your notes are saved on this computer.".into(), false),
        E::HasServer(url) => (C::HasServer, format!("This vault has a server already: {url}."), false),
        E::LinkInvalid(why) => (C::LinkInvalid, format!("The join link cannot be used: {why}."), true),
        E::LinkExpired => (C::LinkExpired, "The join link has expired. Ask for a new one from the server's owner.".into(), false),
        E::HostileServer(what) => (
            C::ServerNotTrusted,
            format!("The server's answer is not right: {what}. Nothing of it was taken over, and your changes are safe on this computer. Tell the server's owner."),
            false,
        ),
        E::NothingMoves { minutes } => (
            C::ServerUnreachable,
            if *minutes == 0 {
                "The server answered, but not everything went through. Your changes are safe on this computer. Sync once more.".into()
            } else {
                format!("Your changes have waited for {minutes} minutes, and nothing has gone out, although nothing seems wrong. They are safe on this computer. Sync now; if that does not help, restart Holdfast.")
            },
            true,
        ),
        E::OtherPassphrase => (
            C::WrongLogin,
            "This passphrase does not sign in. The server has another one than this vault: the one from before the \
             passphrase was changed here, or the one that was set on another computer. Sign in with that one. Your \
             changes are safe on this computer."
                .into(),
            true,
        ),
        E::PassphraseWaits => (
            C::ServerRefused,
            "The new passphrase opens this vault, but the server does not have it yet: until then other computers sign \
             in with the one before. It goes with the next sync, and holds nothing else up."
                .into(),
            true,
        ),
        E::PassphraseUntold => (
            C::ServerRefused,
            "The server has an earlier passphrase than this vault. Lock this vault and open it with its passphrase: the \
             next sync tells the server. Nothing else is held up."
                .into(),
            true,
        ),
        E::Protocol(p) => protocol(p),
        E::Unreadable { path, source } => {
            let why = match source.kind() {
                std::io::ErrorKind::PermissionDenied => "there is no permission for it".to_owned(),
                std::io::ErrorKind::NotFound => "it is not there".to_owned(),
                std::io::ErrorKind::NotADirectory => "it is not a folder".to_owned(),
                std::io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
                std::io::ErrorKind::AlreadyExists => "a file is there already".to_owned(),
                std::io::ErrorKind::ReadOnlyFilesystem => "its disk is read-only".to_owned(),
                _ => system_words(source),
            };
            (C::Unreadable, format!("{} cannot be used: {why}.", path.display()), true)
        }
        E::Storage(what) => (
            C::Unreadable,
            format!("The vault could not be read or written just now: {what}. What was saved before is safe. Try again."),
            true,
        ),
        E::Internal(what) => (
            C::Internal,
            format!("Something went wrong inside Holdfast ({what}). What was saved before is safe."),
            true,
        ),
    };
    CommandError { code, message, retryable }
}

fn not_here(name: &str, why: WhyNotHere) -> String {
    let then = match why {
        WhyNotHere::NoAnswer => "It comes when there is a network.",
        WhyNotHere::NotFetched => "It comes when it is opened while there is a network.",
        WhyNotHere::NotOnServer => {
            "The server does not have all of it; it comes when the computer that has it has sent it."
        }
        WhyNotHere::NoKey => "Its key has not come yet; the file comes with one of the next syncs.",
        WhyNotHere::Gone { since } => {
            return format!(
                "The contents of this file are gone since {since}, because no note had it any more: {name}. If another \
                 computer still has them, they come back with one of the next syncs."
            );
        }
    };
    format!("This file is not on this computer yet: {name}. {then}")
}

fn thinned(why: Option<WhyNotHere>) -> String {
    let then = match why {
        Some(WhyNotHere::NoAnswer) => "The server cannot be reached; try again when it can.",
        Some(_) => "The server did not give it; a computer of yours that keeps everything may have it.",
        None => {
            "Ask the server for it: in the window's history of the note, or by `holdfast note show` with `--version`."
        }
    };
    format!("This old version is not on this computer any more. {then}")
}

/// As [`command_error`], for making an account and for joining one: there is nothing yet that waits to be sent.
pub fn account_error(error: &E) -> CommandError {
    const HERE: &str = "Nothing was changed on this computer";
    let told = command_error(error);
    let message = match error {
        E::HostileServer(what) => format!(
            "The server's answer is not right: {what}. Nothing of it was taken over, and nothing was changed on this \
             computer. Tell the server's owner."
        ),
        E::Protocol(P::NoNetwork) => format!("This computer has no network. {HERE}; try again when it has one."),
        E::Protocol(P::Unreachable(_)) => format!("Can't reach the server. {HERE}; try again when it answers."),
        E::Protocol(P::PinMismatch) => {
            "The server's key is not the one in the join link. Nothing was sent, and nothing was changed on this \
             computer. Ask the server's owner for a new link."
                .into()
        }
        E::Protocol(P::KeysChanged { .. }) => {
            format!("Another computer changed the account at the same time. {HERE}; try again.")
        }
        E::Protocol(P::Busy { .. }) => format!("The server is busy. {HERE}; try again soon."),
        E::Protocol(P::Server(_)) => format!("The server failed. {HERE}; try again when it works again."),
        E::Protocol(P::Refused(why)) => format!("The server refused: {why}. {HERE}."),
        E::Protocol(P::Malformed(_)) => {
            format!("The server's answer cannot be read: it is of another version, or not a Holdfast server. {HERE}.")
        }
        _ => told.message,
    };
    CommandError { message, ..told }
}

fn protocol(error: &P) -> (C, String, bool) {
    let safe = "Your changes are safe on this computer";
    match error {
        P::NoNetwork => (
            C::ServerUnreachable,
            format!("This computer has no network. {safe} and will be sent when it has one."),
            true,
        ),
        P::Unreachable(_) => {
            (C::ServerUnreachable, format!("Can't reach the server. {safe} and will be sent when it answers."), true)
        }
        P::PinMismatch => (
            C::PinMismatch,
            format!(
                "The server's key is not the one in the join link. Nothing was sent. {safe}. If the network here wants you to sign in first, do that. Else ask the server's owner whether the key was changed."
            ),
            false,
        ),
        P::Unauthorized => (
            C::SignInAgain,
            format!("Sign in again with this vault's passphrase: the server ended the session. {safe}."),
            false,
        ),
        P::DeviceRemoved => (
            C::DeviceRemoved,
            "This computer was removed from the account. Its notes stay here: they can be read and exported, with all that was not sent. Nothing is sent or received here any more. To go on, join the account again with a new vault.".into(),
            false,
        ),
        P::DeviceAhead => (
            C::ServerUnreachable,
            format!("The computer to remove has just sent more. Nothing was changed. {safe}. Try again."),
            true,
        ),
        P::WrongLogin => (C::WrongLogin, "The user name or the passphrase is wrong.".into(), true),
        P::InvitationExpired => {
            (C::LinkExpired, "The join link has expired. Ask for a new one from the server's owner.".into(), false)
        }
        P::InvitationInvalid => {
            (C::LinkInvalid, "The join link cannot be used: it is not of this server.".into(), false)
        }
        P::UserTaken => (
            C::UserTaken,
            "This user name is taken on that server. Choose another; or, if it is yours, join that account instead."
                .into(),
            true,
        ),
        P::KeysChanged { .. } => (
            C::ServerUnreachable,
            format!("Another computer changed the account at the same time. {safe}. Try again."),
            true,
        ),
        P::TooLarge => (C::TooLarge, format!("A change is too large for the server. {safe}."), false),
        P::NotFound => (C::ServerRefused, format!("The server does not have what was asked for. {safe}."), true),
        P::NotRegistered => (
            C::ServerRefused,
            format!(
                "The server does not know this computer. {safe}. Sign in again; if that does not help, ask the server's owner."
            ),
            false,
        ),
        P::Busy { .. } => (C::ServerUnreachable, format!("The server is busy. {safe} and will be sent soon."), true),
        P::Server(_) => {
            (C::ServerUnreachable, format!("The server failed. {safe} and will be sent when it works again."), true)
        }
        P::Refused(why) => (C::ServerRefused, format!("The server refused: {why}. {safe}."), false),
        P::Malformed(_) => (
            C::ServerNotTrusted,
            format!("The server's answer cannot be read: it is of another version, or not a Holdfast server. {safe}."),
            false,
        ),
    }
}

/// What the system says, without its number.
fn system_words(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

/// A reason as a sentence: a capital letter and a full stop.
fn sentence(why: &str) -> String {
    let mut chars = why.chars();
    let mut out: String = chars.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    out.push_str(chars.as_str());
    if !out.ends_with('.') {
        out.push('.');
    }
    out
}
