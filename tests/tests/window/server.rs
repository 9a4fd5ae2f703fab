//! A real `holdfast-server`, which can go away and come back as it was.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, ensure};

use crate::driver;

/// The program, its data, and the port that it comes back on. Dropping it ends the program.
pub struct Server {
    data: tempfile::TempDir,
    address: Ipv4Addr,
    port: u16,
    /// What the server printed when it started first.
    pub link: String,
    process: Option<Child>,
}

impl Server {
    /// Starts with an empty folder on a free port.
    pub fn start() -> anyhow::Result<Self> {
        Self::start_on(Ipv4Addr::LOCALHOST)
    }

    /// As [`Self::start`], on an address of this machine.
    pub fn start_on(address: Ipv4Addr) -> anyhow::Result<Self> {
        let data = tempfile::Builder::new().prefix("holdfast-server-").tempdir()?;
        let port = TcpListener::bind((address, 0))?.local_addr()?.port();
        let mut server = Self { data, address, port, link: String::new(), process: None };
        server.link = server.serve()?;
        Ok(server)
    }

    /// Where its data are.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// Ends at once, as a power cut would.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            // It may have ended by itself; both ways it is gone.
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Takes connections and answers nothing, as behind a dead line, until [`Self::thaw`].
    pub fn freeze(&self) -> anyhow::Result<()> {
        self.signal("-STOP")
    }

    pub fn thaw(&self) -> anyhow::Result<()> {
        self.signal("-CONT")
    }

    fn signal(&self, signal: &str) -> anyhow::Result<()> {
        let process = self.process.as_ref().context("The server does not run.")?;
        let done = Command::new("kill").args([signal, &process.id().to_string()]).status()?;
        ensure!(done.success(), "kill {signal} ended with {done}.");
        Ok(())
    }

    /// Comes back with the same data on the same port.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        self.stop();
        self.serve().map(drop)
    }

    /// A copy of all its data as they are now.
    pub fn snapshot(&mut self) -> anyhow::Result<tempfile::TempDir> {
        self.stop();
        let to = tempfile::Builder::new().prefix("holdfast-server-").tempdir()?;
        copy(self.data.path(), to.path())?;
        self.serve()?;
        Ok(to)
    }

    /// Comes back with the data of a snapshot.
    pub fn put_back(&mut self, snapshot: &Path) -> anyhow::Result<()> {
        self.stop();
        fs::remove_dir_all(self.data.path())?;
        copy(snapshot, self.data.path())?;
        self.serve().map(drop)
    }

    fn serve(&mut self) -> anyhow::Result<String> {
        let program = driver::program("HOLDFAST_SERVER", "debug/holdfast-server")?;
        let mut process = Command::new(&program)
            .arg("serve")
            .arg("--data")
            .arg(self.data.path())
            .args(["--listen", &format!("{}:{}", self.address, self.port)])
            .env("HOME", self.data.path())
            .env("RUST_LOG", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} could not be started.", program.display()))?;
        let out = process.stdout.take();
        self.process = Some(process);
        let mut line = String::new();
        BufReader::new(out.context("The server has no output.")?).read_line(&mut line)?;
        ensure!(!line.trim().is_empty(), "The server ended without printing its join link.");
        Ok(line.trim().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A folder with everything in it.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
