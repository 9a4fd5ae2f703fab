//! An account with eight devices that know of each other and have no notes, made once a process: key derivation takes
//! its time.

use std::fs;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use anyhow::{Context as _, anyhow};
use holdfast_domain::RevisionId;
use holdfast_notebook::simulation::Member;
use holdfast_notebook::{Vault, sync};
use holdfast_protocol::{JoinLink, Token};
use holdfast_server::{Core, CoreOptions, Randomness, Tamper, Work};

use crate::device::{Device, SimClock, VaultKind};
use crate::dice::Source;
use crate::files::SERVER_TIMES;
use crate::keychain::MemoryKeychain;
use crate::net::{LineState, Network, Real};
use crate::outsider::sign_up;
use crate::plan::MOST_DEVICES;
use crate::squat::SQUATTER;

pub const PASSPHRASE: &str = "correct horse battery staple";
pub const USER: &str = "ada";
/// Milliseconds since 1970, in the year 2027.
const START_MS: u64 = 1_800_000_000_000;

pub struct Template {
    files: Vec<(PathBuf, Vec<u8>)>,
    pub keychain: MemoryKeychain,
    /// By which another computer joins.
    pub link: String,
    /// The one that may send junk.
    pub squatter: Option<Member>,
    /// Somebody else's, who has an account at the same server.
    pub outsider: Token,
    /// The server's log.
    pub log: Vec<RevisionId>,
    pub now_ms: u64,
    pub plain_pages: bool,
}

/// Runs a future that waits for nothing but its turn.
pub fn finish<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut context) {
            return done;
        }
    }
}

pub fn open_server(data: &Path, clock: &SimClock, source: &Source) -> Result<Core, holdfast_server::ServerError> {
    let (clock, source) = (clock.clone(), source.clone());
    Core::open(
        data,
        CoreOptions {
            clock: std::sync::Arc::new(move || clock.now_ms()),
            quota_bytes: None,
            tamper: Tamper::default(),
            randomness: Randomness::simulated(move |bytes| source.fill(bytes)),
            work: Work::InPlace,
            releases: SERVER_TIMES,
        },
    )
}

pub fn device_name(index: usize) -> String {
    format!("d{index}")
}

/// Where worlds live: in memory where the system has a folder for that. A disk is not what is tested.
pub fn place() -> anyhow::Result<tempfile::TempDir> {
    Ok(tempfile::Builder::new().prefix("holdfast-sim-").tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())?)
}

impl Template {
    /// With databases whose pages are encrypted, as every program's are, or with plain ones.
    pub fn make(plain_pages: bool) -> anyhow::Result<Self> {
        let dir = place()?;
        let (clock, keychain, network) = (SimClock::default(), MemoryKeychain::default(), Network::default());
        clock.set(START_MS);
        let core = open_server(&dir.path().join("server"), &clock, &Source::new(u64::MAX))?;
        let (invitation, expires_ms) = core.invite(3600)?;
        let link = JoinLink::new("https://sim.invalid", [7; 32], Some(invitation), expires_ms)
            .map_err(|e| anyhow!("{e}"))?
            .to_string();
        network.net().servers.push(Real { core: Some(core), ..Real::default() });
        let kind = VaultKind { plain_pages, few_notes: u64::MAX, pack_block: u64::MAX, files_go: false, thins: None };
        let mut devices = Vec::new();
        for index in 0..MOST_DEVICES {
            network.net().lines.push(LineState::default());
            let name = device_name(index);
            let mut device =
                Device::new(index, &name, dir.path().join(&name), clock.beside(0), &keychain, &network, kind);
            let vault = if index == 0 {
                let vault = Vault::create(&device.dir, PASSPHRASE, &name, device.env())?.vault;
                finish(sync::create_account(&vault, device.connect(), &link, USER, PASSPHRASE, None))?;
                vault
            } else {
                finish(sync::join(&device.dir, device.connect(), &link, USER, PASSPHRASE, &name, device.env()))?
            };
            vault.use_keychain(&keychain, true)?;
            // A file of several parts is one that would wait until somebody opens it.
            vault.set_fetch_files(sync::FetchFiles::Always)?;
            device.adopt(vault)?;
            clock.advance(1_000);
            sync_once(&device)?;
            devices.push(device);
        }
        for device in &mut devices {
            sync_once(device)?;
        }
        let squatter = Member::of(devices[SQUATTER].vault().map_err(|e| anyhow!("{e}"))?)?;
        for device in &mut devices {
            device.close().map_err(|e| anyhow!("{e}"))?;
        }
        let (log, core) = {
            let mut net = network.net();
            (net.servers[0].log.clone(), net.servers[0].core.take())
        };
        let outsider = sign_up(&core.context("a template has a server")?)?;
        let mut files = Vec::new();
        read(dir.path(), Path::new(""), &mut files)?;
        Ok(Self { files, keychain, link, squatter, outsider, log, now_ms: clock.now_ms(), plain_pages })
    }

    /// Puts one of its devices into a folder, as it was before anything happened.
    pub fn copy_one(&self, name: &str, to: &Path) -> std::io::Result<()> {
        for (path, bytes) in self.files.iter().filter(|(path, _)| path.starts_with(name)) {
            let target = to.join(path);
            fs::create_dir_all(target.parent().unwrap_or(to))?;
            fs::write(target, bytes)?;
        }
        Ok(())
    }

    /// Puts so many of its devices, and the server, into a folder.
    pub fn copy(&self, devices: usize, to: &Path) -> std::io::Result<()> {
        let left_out: Vec<String> = (devices..MOST_DEVICES).map(device_name).collect();
        for (path, bytes) in &self.files {
            let first = path.iter().next().unwrap_or_default().to_string_lossy().into_owned();
            if left_out.contains(&first) {
                continue;
            }
            let target = to.join(path);
            fs::create_dir_all(target.parent().unwrap_or(to))?;
            fs::write(target, bytes)?;
        }
        Ok(())
    }
}

fn sync_once(device: &Device) -> anyhow::Result<()> {
    let syncer = device.syncer().map_err(|e| anyhow!("{e}"))?;
    finish(syncer.run_once())?;
    Ok(())
}

/// One of each kind: nine seeds of ten have plain pages, since what encrypting them takes is a fifth of a seed, and the
/// tenth has what programs have.
pub struct Templates {
    plain: Template,
    sealed: Template,
}

impl Templates {
    pub fn make() -> anyhow::Result<Self> {
        std::thread::scope(|scope| {
            let plain = scope.spawn(|| Template::make(true));
            let sealed = Template::make(false)?;
            let plain = plain.join().map_err(|_| anyhow!("a template could not be made"))??;
            Ok(Self { plain, sealed })
        })
    }

    pub fn of(&self, seed: u64) -> &Template {
        if seed.is_multiple_of(10) { &self.sealed } else { &self.plain }
    }
}

/// All files below a folder.
pub fn read(root: &Path, below: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) -> anyhow::Result<()> {
    for entry in fs::read_dir(root.join(below)).context("a folder cannot be read")? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            read(root, &path, files)?;
        } else {
            files.push((path, fs::read(entry.path())?));
        }
    }
    Ok(())
}
