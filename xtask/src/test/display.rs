//! A private screen, session bus, keychain and home, so that the tests neither see nor touch a person's own.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::place::Place;

/// Larger than any window size that the tests ask for.
const SCREEN: &str = "-screen 0 1920x1200x24";

/// Unlocks an empty keychain on the private bus, then becomes the program it was asked to run.
const WITH_KEYCHAIN: &str = r#"
    printf '\n' | gnome-keyring-daemon --unlock --components=secrets --daemonize >/dev/null
    exec "$@"
"#;

/// The folders of a desktop session, under the scratch home.
const FOLDERS: [(&str, &str); 5] = [
    ("XDG_DATA_HOME", ".local/share"),
    ("XDG_CONFIG_HOME", ".config"),
    ("XDG_CACHE_HOME", ".cache"),
    ("XDG_STATE_HOME", ".local/state"),
    ("XDG_RUNTIME_DIR", "run"),
];

/// A scratch home, removed at the end.
pub struct Display {
    home: PathBuf,
    place: Place,
}

impl Display {
    /// Makes the scratch home.
    pub fn new(place: &Place) -> anyhow::Result<Self> {
        // Short, since the names of sockets are.
        let home = env::temp_dir().join(format!("holdfast-test-{}", std::process::id()));
        for (_, folder) in FOLDERS {
            let folder = home.join(folder);
            fs::create_dir_all(&folder).with_context(|| format!("{} could not be made.", folder.display()))?;
        }
        private(&home.join("run"))?;
        Ok(Self { home, place: place.clone() })
    }

    /// A command that runs `words` on the private screen.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = if cfg!(target_os = "linux") {
            let mut command = Command::new("xvfb-run");
            command.args(["-a", "-s", SCREEN, "dbus-run-session", "--", "sh", "-c", WITH_KEYCHAIN, "sh"]).args(words);
            self.isolate(&mut command);
            command
        } else {
            let mut command = Command::new(words[0]);
            command.args(&words[1..]);
            command
        };
        let programs = [
            ("HOLDFAST_APP", "holdfast-desktop"),
            ("HOLDFAST_CLI", "holdfast"),
            ("HOLDFAST_SERVER", "holdfast-server"),
        ];
        for (name, program) in programs {
            command.env(name, self.place.debug_program(program));
        }
        let driver = format!("bin/tauri-driver{}", env::consts::EXE_SUFFIX);
        command.env("HOLDFAST_TAURI_DRIVER", self.place.tools().join(driver));
        command.env("HOLDFAST_SCREENSHOTS", self.place.target.join("screenshots"));
        command.current_dir(&self.place.root);
        command
    }

    fn isolate(&self, command: &mut Command) {
        // Cargo and rustup stay where they are; everything else looks in the scratch home.
        if let Some(home) = env::home_dir() {
            for (name, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
                let kept = env::var_os(name).map_or_else(|| home.join(folder), PathBuf::from);
                command.env(name, kept);
            }
        }
        command.env("HOME", &self.home).env("LANG", "C.UTF-8").env("GDK_BACKEND", "x11");
        for (name, folder) in FOLDERS {
            command.env(name, self.home.join(folder));
        }
        for name in
            ["WAYLAND_DISPLAY", "DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XDG_SESSION_TYPE", "GNOME_KEYRING_CONTROL"]
        {
            command.env_remove(name);
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // A scratch folder that stays behind harms nobody.
        let _ = fs::remove_dir_all(&self.home);
    }
}

/// The runtime folder must be its owner's alone.
#[cfg(unix)]
fn private(folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
        .with_context(|| format!("{} could not be made private.", folder.display()))
}

#[cfg(not(unix))]
fn private(_folder: &Path) -> anyhow::Result<()> {
    Ok(())
}
