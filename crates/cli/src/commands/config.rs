//! `config`: what this computer does differently.

use holdfast_notebook::Vault;
use holdfast_notebook::sync::{FetchFiles, SyncFlag};
use serde_json::{Map, Value};

use crate::Outcome;
use crate::args::ConfigValue;
use crate::failure::Failure;
use crate::output::Answer;
use crate::session::Place;

/// When large files come; the others are switches.
const FETCH_FILES: &str = "fetch-files";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Setting {
    Flag(SyncFlag),
    FetchFiles,
}

impl Setting {
    fn all() -> impl Iterator<Item = Self> {
        SyncFlag::ALL.into_iter().map(Self::Flag).chain([Self::FetchFiles])
    }

    fn name(self) -> &'static str {
        match self {
            Self::Flag(flag) => flag.name(),
            Self::FetchFiles => FETCH_FILES,
        }
    }

    fn set(self, vault: &Vault, value: ConfigValue) -> Outcome<()> {
        match (self, value) {
            (Self::Flag(flag), ConfigValue::On) => vault.set_sync_flag(flag, true)?,
            (Self::Flag(flag), ConfigValue::Off) => vault.set_sync_flag(flag, false)?,
            (Self::FetchFiles, ConfigValue::Always) => vault.set_fetch_files(FetchFiles::Always)?,
            (Self::FetchFiles, ConfigValue::WhenOpened) => vault.set_fetch_files(FetchFiles::WhenOpened)?,
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
