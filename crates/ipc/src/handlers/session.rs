//! Creating, opening and locking the vault; settings.

use std::path::Path;

use holdfast_notebook::sync::{FetchFiles, HistoryKept};
use holdfast_notebook::{Vault, vault_exists};

use crate::convert::{answer, invalid};
use crate::dto::{ConfirmWord, ErrorCode, PassphraseChange, RecoveryCode, SessionStatus, Settings, Theme, VaultState};
use crate::{Answer, App};

/// How the vault stands. What kept it from opening is looked at again: it may be gone.
pub fn status(app: &App) -> Answer<SessionStatus> {
    if !app.is_open() && app.problem().is_some() {
        app.start();
    }
    let vault = match vault_exists(app.dir()) {
        _ if app.is_open() => VaultState::Open,
        Ok(false) => VaultState::Absent,
        // One that could not be looked for may be there; opening it says why not.
        Ok(true) | Err(_) => VaultState::Locked,
    };
    let unconfirmed = match app.vault() {
        Ok(vault) => answer(vault.unconfirmed_code())?.is_some(),
        Err(_) => false,
    };
    Ok(SessionStatus {
        vault,
        path: app.dir().display().to_string(),
        recovery_code_unconfirmed: unconfirmed,
        host_name: app.host_name.clone(),
        problem: app.problem(),
        app_version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

pub fn create(app: &App, passphrase: &str) -> Answer<RecoveryCode> {
    let created = answer(Vault::create(app.dir(), passphrase, &app.host_name, app.env.clone()))?;
    let words = created.recovery_code.words().into_iter().map(str::to_owned).collect();
    app.opened(created.vault)?;
    Ok(RecoveryCode { words })
}

pub fn unlock(app: &App, passphrase: &str) -> Answer<()> {
    if app.is_open() {
        return Ok(());
    }
    open(app, Vault::open(app.dir(), passphrase, app.env.clone()))
}

pub fn unlock_with_code(app: &App, code: &str, new_passphrase: &str) -> Answer<()> {
    let opened = Vault::open_with_code(app.dir(), code, new_passphrase, app.env.clone());
    open(
        app,
        opened.and_then(|vault| {
            // Who opened with it has written it down.
            if let Some(code) = vault.unconfirmed_code()? {
                let words: Vec<_> = code.words().into_iter().map(str::to_owned).enumerate().collect();
                vault.confirm_code(&words)?;
            }
            Ok(vault)
        }),
    )
}

fn open(app: &App, vault: holdfast_notebook::Result<Vault>) -> Answer<()> {
    match answer(vault) {
        Ok(vault) => {
            // By the passphrase: a folder that was copied here has a key in no keychain.
            answer(vault.check_instance(&*app.keychain))?;
            app.opened(vault)
        }
        Err(e) => {
            // What a better passphrase does not mend stays on the page.
            let stays = !matches!(e.code, ErrorCode::WrongPassphrase | ErrorCode::WrongCode | ErrorCode::InvalidInput);
            app.set_problem(stays.then(|| e.clone()));
            Err(e)
        }
    }
}

pub fn passphrase_change(app: &App, change: &PassphraseChange) -> Answer<()> {
    answer(app.vault()?.change_passphrase(&change.present, &change.new))?;
    // The server and the other computers learn it now, and not with the next change.
    app.syncer()?.wake();
    Ok(())
}

pub fn lock(app: &App) -> Answer<()> {
    app.close()
}

pub fn recovery_code(app: &App) -> Answer<Option<RecoveryCode>> {
    let code = answer(app.vault()?.unconfirmed_code())?;
    Ok(code.map(|c| RecoveryCode { words: c.words().into_iter().map(str::to_owned).collect() }))
}

pub fn recovery_confirm(app: &App, words: &[ConfirmWord]) -> Answer<bool> {
    let words: Vec<_> = words.iter().map(|w| (w.index as usize, w.word.clone())).collect();
    let confirmed = answer(app.vault()?.confirm_code(&words))?;
    if confirmed {
        app.tell_session();
    }
    Ok(confirmed)
}

/// Writes the code to a file that only its owner can read. An existing file is not overwritten.
pub fn recovery_save(app: &App, path: &Path) -> Answer<()> {
    let code = answer(app.vault()?.unconfirmed_code())?
        .ok_or_else(|| invalid("The recovery code was confirmed, and is no longer kept on this computer."))?;
    let text = code.words().iter().enumerate().fold(
        "Holdfast recovery code. It opens your vault without the passphrase: keep it where nobody else finds it.\n\n"
            .to_owned(),
        |text, (n, word)| format!("{text}{:2}. {word}\n", n + 1),
    );
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let written = options.open(path).and_then(|mut file| {
        use std::io::Write;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written
        .map_err(|e| invalid(format!("The code could not be saved as {} ({e}). Choose another place.", path.display())))
}

pub fn settings(app: &App) -> Answer<Settings> {
    let vault = app.vault()?;
    let theme = match answer(vault.theme())?.as_deref() {
        Some("light") => Theme::Light,
        Some("dark") => Theme::Dark,
        _ => Theme::System,
    };
    let names = crate::convert::Names::load(&vault)?;
    Ok(Settings {
        theme,
        device_name: names.name(vault.device()),
        use_keychain: vault.uses_keychain(),
        keychain_available: app.keychain.available(),
        fetch_all_files: answer(vault.fetch_files())? == FetchFiles::Always,
        history_days: match answer(vault.history_kept())? {
            HistoryKept::Everything => 0,
            HistoryKept::Days(days) => days,
        },
    })
}

pub fn settings_save(app: &App, new: &Settings) -> Answer<()> {
    let vault = app.vault()?;
    let old = settings(app)?;
    if new.theme != old.theme {
        answer(vault.set_theme(match new.theme {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }))?;
    }
    if new.device_name.trim() != old.device_name {
        if new.device_name.trim().is_empty() {
            return Err(invalid("This computer needs a name."));
        }
        answer(vault.rename_device(&new.device_name))?;
    }
    if new.fetch_all_files != old.fetch_all_files {
        let fetch = if new.fetch_all_files { FetchFiles::Always } else { FetchFiles::WhenOpened };
        answer(vault.set_fetch_files(fetch))?;
        app.syncer()?.wake();
    }
    if new.history_days != old.history_days {
        let kept = match new.history_days {
            0 => HistoryKept::Everything,
            days => HistoryKept::Days(days),
        };
        if !HistoryKept::CHOICES.contains(&kept) {
            return Err(invalid("Old versions are kept for 30, 90, 180 or 365 days, or all of them."));
        }
        answer(vault.set_history_kept(kept))?;
    }
    if new.use_keychain != old.use_keychain && !answer(vault.use_keychain(&*app.keychain, new.use_keychain))? {
        return Err(invalid(
            "This computer's keychain could not keep the key. The passphrase opens the vault as before.",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use holdfast_testkit::{MemoryKeychain, World};

    use super::*;

    #[test]
    fn who_opens_with_the_recovery_code_has_it() {
        let w = World::of(1);
        let dir = w.dir.path().join("another");
        let (env, keychain) = (w.clock.env(), Box::new(MemoryKeychain::default()));
        let app = App::new(dir, env, w["A"].connect().clone(), keychain, "A".into(), Arc::new(|_| ()));
        let words = create(&app, "the words of the first day").unwrap().words;
        assert!(status(&app).unwrap().recovery_code_unconfirmed);
        lock(&app).unwrap();
        unlock(&app, "the words of the first day").unwrap();
        assert!(status(&app).unwrap().recovery_code_unconfirmed);
        lock(&app).unwrap();
        unlock_with_code(&app, &words.join(" "), "other words for today").unwrap();
        assert!(!status(&app).unwrap().recovery_code_unconfirmed);
        lock(&app).unwrap();
        unlock(&app, "other words for today").unwrap();
        assert!(!status(&app).unwrap().recovery_code_unconfirmed);
        lock(&app).unwrap();
    }

    #[test]
    fn how_long_old_versions_stay_is_chosen_among_a_few() {
        let w = World::of(1);
        let (env, keychain) = (w.clock.env(), Box::new(MemoryKeychain::default()));
        let dir = w.dir.path().join("another");
        let app = App::new(dir, env, w["A"].connect().clone(), keychain, "A".into(), Arc::new(|_| ()));
        create(&app, "the words of the first day").unwrap();
        assert_eq!(settings(&app).unwrap().history_days, 90);
        for days in [30, 90, 180, 365, 0] {
            settings_save(&app, &Settings { history_days: days, ..settings(&app).unwrap() }).unwrap();
            assert_eq!(settings(&app).unwrap().history_days, days);
        }
        settings_save(&app, &Settings { history_days: 7, ..settings(&app).unwrap() }).unwrap_err();
        assert_eq!(settings(&app).unwrap().history_days, 0);
        lock(&app).unwrap();
    }
}
