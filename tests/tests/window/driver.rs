//! tauri-driver and what it starts: one for each window, since two sessions on one driver fail.

use std::env;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use holdfast_tests::permissions::obeying;

/// How long the driver may take to listen.
const READY_TIMEOUT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(20);

/// A running driver. It and all it started end with this value.
pub struct Driver {
    process: Child,
    port: u16,
}

impl Driver {
    /// Starts a driver whose windows have `home` as their home folder, and are refused what a person is refused.
    pub fn start(home: &Path) -> anyhow::Result<Self> {
        let screen = env::var_os("DISPLAY").is_some_and(|value| !value.is_empty());
        ensure!(screen, "There is no screen (DISPLAY is not set): run `cargo xtask test`, or this under xvfb-run.");
        let program = program("HOLDFAST_TAURI_DRIVER", "tools/bin/tauri-driver")?;
        let (port, native_port) = free_ports()?;
        let mut command = obeying(&program);
        command.args(["--port", &port.to_string(), "--native-port", &native_port.to_string()]);
        command.env("HOME", home).env("XDG_DATA_HOME", home.join(".local/share"));
        command.env("XDG_CONFIG_HOME", home.join(".config")).env("XDG_CACHE_HOME", home.join(".cache"));
        command.env("XDG_STATE_HOME", home.join(".local/state"));
        command.env("HOLDFAST_NO_KEYCHAIN", "1");
        // Its own group, so that the native driver and the window end with it.
        command.stdin(Stdio::null()).stdout(Stdio::null()).process_group(0);
        let process = command.spawn().with_context(|| format!("{} could not be started.", program.display()))?;
        let mut driver = Self { process, port };
        driver.wait_for(port)?;
        driver.wait_for(native_port)?;
        Ok(driver)
    }

    /// Where WebDriver requests go.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Ends the window at once, as a crash or a power cut would: nothing is flushed.
    pub async fn kill_app(&self) -> anyhow::Result<()> {
        self.end_app("KILL").await
    }

    /// Asks the window to close, as its own button does.
    pub async fn quit_app(&self) -> anyhow::Result<()> {
        self.end_app("TERM").await
    }

    /// Answers once the program has ended.
    async fn end_app(&self, by: &str) -> anyhow::Result<()> {
        let process = self.app_process()?;
        signal(by, &process);
        let started = Instant::now();
        while self.app_process().is_ok_and(|it| it == process) {
            ensure!(started.elapsed() < READY_TIMEOUT, "The window does not close.");
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// The number of the window's process.
    fn app_process(&self) -> anyhow::Result<String> {
        let app = app()?.canonicalize().context("The program's path cannot be resolved.")?;
        let group = self.process.id();
        for entry in std::fs::read_dir("/proc").context("/proc cannot be read.")?.flatten() {
            let folder = entry.path();
            let is_app = std::fs::read_link(folder.join("exe")).is_ok_and(|exe| exe == app);
            if is_app && group_of(&folder) == Some(group) {
                return Ok(entry.file_name().to_string_lossy().into_owned());
            }
        }
        bail!("The window's process was not found.")
    }

    fn wait_for(&mut self, port: u16) -> anyhow::Result<()> {
        let started = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if let Some(status) = self.process.try_wait().context("tauri-driver cannot be watched.")? {
                bail!("tauri-driver ended ({status}); is WebKitWebDriver installed (webkit2gtk-driver)?");
            }
            ensure!(started.elapsed() < READY_TIMEOUT, "tauri-driver does not listen on port {port}.");
            std::thread::sleep(POLL);
        }
        Ok(())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        signal("KILL", &format!("-{}", self.process.id()));
        // Collects what the signal ended; it was ours, so it cannot fail in a way that matters.
        let _ = self.process.wait();
    }
}

/// The desktop program under test.
pub fn app() -> anyhow::Result<PathBuf> {
    program("HOLDFAST_APP", "debug/holdfast-desktop")
}

/// Where things of Cargo's are: beside the folder that holds this test's own program.
pub fn target() -> anyhow::Result<PathBuf> {
    let ourselves = env::current_exe().context("The path of this test is unknown.")?;
    let target = ourselves.ancestors().nth(3).context("This test does not lie in a target folder.")?;
    Ok(target.to_path_buf())
}

/// A program that the build made, or that `variable` names.
pub fn program(variable: &str, in_target: &str) -> anyhow::Result<PathBuf> {
    let path = match env::var_os(variable) {
        Some(path) => PathBuf::from(path),
        None => target()?.join(in_target),
    };
    ensure!(path.is_file(), "{} does not exist: run `cargo xtask test`, or set {variable}.", path.display());
    Ok(path)
}

/// Two ports that nobody listens on now.
fn free_ports() -> anyhow::Result<(u16, u16)> {
    let bind = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("No port is free.");
    // Both at once, so that they differ.
    let (one, other) = (bind()?, bind()?);
    Ok((one.local_addr()?.port(), other.local_addr()?.port()))
}

/// The process group in /proc/N/stat: the third field after the name, which is in parentheses.
fn group_of(folder: &Path) -> Option<u32> {
    let stat = std::fs::read_to_string(folder.join("stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(2)?.parse().ok()
}

fn signal(name: &str, process: &str) {
    // A process that ended by itself is as good.
    let _ = Command::new("sh").args(["-c", &format!("kill -s {name} -- {process} 2>/dev/null")]).status();
}
