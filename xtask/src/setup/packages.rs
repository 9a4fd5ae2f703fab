//! The system's packages, on Debian and what descends from it.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use super::Purpose;
use crate::command;

/// What the window is built from.
const BUILD: &[&str] = &[
    "build-essential",
    "libayatana-appindicator3-dev",
    "libgtk-3-dev",
    "librsvg2-dev",
    "libssl-dev",
    "libwebkit2gtk-4.1-dev",
    "pkg-config",
];

/// A screen, WebDriver, a session bus, a keychain, a network to take away, and the letters of the pictures.
const TEST: &[&str] = &[
    "dbus",
    "fonts-dejavu-core",
    "fonts-noto-cjk",
    "gnome-keyring",
    "iproute2",
    "libsecret-tools",
    "webkit2gtk-driver",
    "xauth",
    "xvfb",
];

/// Another apt may be at work; wait for it this long.
const LOCK_TIMEOUT_S: &str = "DPkg::Lock::Timeout=300";

/// The same libraries under the names that other distributions give them.
const ELSEWHERE: &[(&str, &str)] = &[
    (
        "dnf",
        "sudo dnf install gcc gcc-c++ make pkgconf-pkg-config gtk3-devel webkit2gtk4.1-devel librsvg2-devel \
         libappindicator-gtk3-devel openssl-devel xorg-x11-server-Xvfb xorg-x11-xauth dbus-daemon gnome-keyring \
         libsecret google-noto-sans-cjk-fonts",
    ),
    (
        "pacman",
        "sudo pacman -S --needed base-devel gtk3 webkit2gtk-4.1 librsvg libappindicator-gtk3 openssl \
         xorg-server-xvfb xorg-xauth dbus gnome-keyring libsecret noto-fonts-cjk",
    ),
    (
        "zypper",
        "sudo zypper install gcc gcc-c++ make pkg-config gtk3-devel webkit2gtk3-devel librsvg-devel \
         libappindicator3-devel libopenssl-devel xorg-x11-server-Xvfb xauth dbus-1-daemon gnome-keyring \
         libsecret-tools google-noto-sans-cjk-fonts",
    ),
];

/// Installs the packages that are missing, or says how to.
pub fn ensure(purpose: Purpose) -> anyhow::Result<()> {
    if !cfg!(target_os = "linux") {
        return not_linux(purpose);
    }
    if command::printed("dpkg-query", &["--version"]).is_none() {
        return elsewhere();
    }
    let missing = missing(purpose);
    if missing.is_empty() {
        return Ok(());
    }
    let prefix = apt_prefix();
    let typed = format!("sudo apt-get install -y {}", missing.join(" "));
    let Some(prefix) = prefix else {
        bail!("These packages are missing, and only root may install them. Run:\n  {typed}");
    };
    eprintln!("Installing {}", missing.join(" "));
    install(&prefix, &missing).with_context(|| format!("Not every package could be installed. Try:\n  {typed}"))
}

fn missing(purpose: Purpose) -> Vec<&'static str> {
    let wanted: Vec<&'static str> = match purpose {
        Purpose::Build => BUILD.to_vec(),
        Purpose::Test => [BUILD, TEST].concat(),
    };
    // dpkg-query fails when it does not know one of the names, and still prints the others.
    let output = Command::new("dpkg-query")
        .args(["--show", "--showformat", "${Package} ${db:Status-Status}\n"])
        .args(&wanted)
        .stderr(Stdio::null())
        .output();
    let listed = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let installed = installed(&listed);
    wanted.into_iter().filter(|name| !installed.contains(name)).collect()
}

fn installed(listed: &str) -> BTreeSet<&str> {
    listed.lines().filter_map(|line| line.strip_suffix(" installed")).collect()
}

/// The words before `apt-get`: none as root, `sudo -n` where that needs no password.
fn apt_prefix() -> Option<Vec<&'static str>> {
    if command::printed("id", &["-u"]).as_deref() == Some("0") {
        return Some(vec!["env"]);
    }
    command::printed("sudo", &["-n", "true"]).map(|_| vec!["sudo", "-n", "env"])
}

fn install(prefix: &[&str], packages: &[&str]) -> anyhow::Result<()> {
    let apt = |words: &[&str]| {
        let mut command = Command::new(prefix[0]);
        command.args(&prefix[1..]).args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "-o", LOCK_TIMEOUT_S]);
        command.args(words).stdin(Stdio::null());
        command
    };
    let install = [&["install", "--no-install-recommends"], packages].concat();
    command::succeed(&mut apt(&["update"]))?;
    if command::succeed(&mut apt(&install)).is_err() {
        // An interrupted installation is mended first, then tried once more.
        command::succeed(&mut apt(&["-f", "install"]))?;
        command::succeed(&mut apt(&install))?;
    }
    Ok(())
}

fn elsewhere() -> anyhow::Result<()> {
    let present = |module: &str| command::printed("pkg-config", &["--exists", module]).is_some();
    if ["webkit2gtk-4.1", "gtk+-3.0", "librsvg-2.0", "openssl"].into_iter().all(present) {
        return Ok(());
    }
    let known = ELSEWHERE.iter().find(|(manager, _)| command::printed(manager, &["--version"]).is_some());
    match known {
        Some((_, typed)) => bail!("Libraries that the window is built from are missing. Run:\n  {typed}"),
        None => bail!(
            "Libraries that the window is built from are missing. Install the development files of \
             WebKitGTK 4.1, GTK 3, librsvg and OpenSSL with your system's package manager."
        ),
    }
}

fn not_linux(purpose: Purpose) -> anyhow::Result<()> {
    if purpose == Purpose::Test && cfg!(target_os = "macos") {
        bail!(
            "The window's tests need WebDriver, which macOS has not. Run: cargo test --workspace --exclude holdfast-tests"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_installed_counts() {
        let listed = "xvfb installed\nxauth config-files\ndbus half-installed\n";
        assert_eq!(installed(listed), BTreeSet::from(["xvfb"]));
    }
}
