//! `config`: what this computer does differently.

use holdfast_notebook::Vault;
use holdfast_notebook::sync::{FetchFiles, HistoryKept, SyncFlag};
use serde_json::{Map, Value};

use crate::Outcome;
use crate::args::ConfigValue;
use crate::failure::Failure;
use crate::output::Answer;
use crate::session::Place;

/// When large files come; the others are switches.
const FETCH_FILES: &str = "fetch-files";

/// For how many days every version of a note stays on this computer.
const HISTORY_KEPT: &str = "history-kept";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Setting {
    Flag(SyncFlag),
    FetchFiles,
    HistoryKept,
}

impl Setting {
    fn all() -> impl Iterator<Item = Self> {
        SyncFlag::ALL.into_iter().map(Self::Flag).chain([Self::FetchFiles, Self::HistoryKept])
    }

    fn name(self) -> &'static str {
        match self {
            Self::Flag(flag) => flag.name(),
            Self::FetchFiles => FETCH_FILES,
            Self::HistoryKept => HISTORY_KEPT,
        }
    }

    fn set(self, vault: &Vault, value: ConfigValue) -> Outcome<()> {
        match (self, value) {
            (Self::Flag(flag), ConfigValue::On) => vault.set_sync_flag(flag, true)?,
            (Self::Flag(flag), ConfigValue::Off) => vault.set_sync_flag(flag, false)?,
            (Self::FetchFiles, ConfigValue::Always) => vault.set_fetch_files(FetchFiles::Always)?,
            (Self::FetchFiles, ConfigValue::WhenOpened) => vault.set_fetch_files(FetchFiles::WhenOpened)?,
            (Self::HistoryKept, ConfigValue::Everything) => vault.set_history_kept(HistoryKept::Everything)?,
            (Self::HistoryKept, ConfigValue::Days30) => vault.set_history_kept(HistoryKept::Days(30))?,
            (Self::HistoryKept, ConfigValue::Days90) => vault.set_history_kept(HistoryKept::Days(90))?,
            (Self::HistoryKept, ConfigValue::Days180) => vault.set_history_kept(HistoryKept::Days(180))?,
            (Self::HistoryKept, ConfigValue::Days365) => vault.set_history_kept(HistoryKept::Days(365))?,
            (Self::HistoryKept, _) => {
                return Err(Failure::usage(format!(
                    "`{HISTORY_KEPT}` can be `everything`, or 30, 90, 180 or 365 days."
                )));
            }
            (Self::Flag(_), _) => return Err(Failure::usage(format!("`{}` can be `on` or `off`.", self.name()))),
            (Self::FetchFiles, _) => {
                return Err(Failure::usage(format!("`{FETCH_FILES}` can be `always` or `when-opened`.")));
            }
        }
        Ok(())
    }

    /// As JSON, and as a line.
    fn shown(self, vault: &Vault) -> Outcome<(Value, String)> {
        Ok(match self {
            Self::Flag(flag) => {
                let on = vault.sync_flag(flag)?;
                let word = if on { "on" } else { "off" };
                (Value::Bool(on), format!("{}: {word} ({})", flag.name(), flag.what()))
            }
            Self::FetchFiles => {
                let word = match vault.fetch_files()? {
                    FetchFiles::Always => "always",
                    FetchFiles::WhenOpened => "when-opened",
                };
                let what = "when files of more than 4 MiB come to this computer; smaller ones always do";
                (Value::String(word.into()), format!("{FETCH_FILES}: {word} ({what})"))
            }
            Self::HistoryKept => {
                let what = "for how many days every version of a note stays on this computer; then one of each day for a \
                            year, and one of each month. The server keeps all; without one, all stay here";
                match vault.history_kept()? {
                    HistoryKept::Everything => {
                        (Value::String("everything".into()), format!("{HISTORY_KEPT}: everything ({what})"))
                    }
                    HistoryKept::Days(days) => (Value::from(days), format!("{HISTORY_KEPT}: {days} ({what})")),
                }
            }
        })
    }
}

pub fn run(place: &Place, name: Option<&str>, value: Option<ConfigValue>) -> Outcome {
    // A wrong name is told before a passphrase is asked for.
    let named = match name {
        Some(name) => Some(Setting::all().find(|s| s.name() == name).ok_or_else(|| unknown(name))?),
        None => None,
    };
    place.with_vault(|vault| {
        if let (Some(setting), Some(value)) = (named, value) {
            setting.set(vault, value)?;
        }
        let (mut json, mut text) = (Map::new(), Vec::new());
        for setting in Setting::all().filter(|s| named.is_none_or(|named| named == *s)) {
            let (value, line) = setting.shown(vault)?;
            json.insert(setting.name().into(), value);
            text.push(line);
        }
        Ok(Answer::new(Value::Object(json), text.join("\n")))
    })
}

fn unknown(name: &str) -> Failure {
    let names: Vec<_> = Setting::all().map(Setting::name).collect();
    holdfast_notebook::NotebookError::Invalid(format!("there is no setting {name:?}: there are {}", names.join(", ")))
        .into()
}
