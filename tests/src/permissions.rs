//! Programs that the system refuses what nobody but root may do, also where root runs the tests.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

/// Of util-linux, which every Debian has.
const SETPRIV: &str = "/usr/bin/setpriv";
/// Root without these is refused by the modes of files as everybody is.
const DROPPED: &str = "--bounding-set=-dac_override,-dac_read_search";

/// True where root runs this and can give the right up.
static DROPS: LazyLock<bool> = LazyLock::new(|| {
    let tried =
        Command::new(SETPRIV).args([DROPPED, "--", "true"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    tried.is_ok_and(|status| status.success())
});

/// A command that permissions hold for.
pub fn obeying(program: impl AsRef<OsStr>) -> Command {
    if !*DROPS {
        // Somebody who is not root may drop nothing, and needs to drop nothing.
        return Command::new(program);
    }
    let mut command = Command::new(SETPRIV);
    command.arg(DROPPED).arg("--").arg(program);
    command
}

/// Gives a file or a folder this mode.
pub fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}
