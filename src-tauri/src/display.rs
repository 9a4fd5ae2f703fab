//! Is there a screen to open a window on? GTK answers that question with a panic, so it is asked here first.

#[cfg(target_os = "linux")]
pub use linux::require;

/// Other systems always have one.
#[cfg(not(target_os = "linux"))]
pub fn require() -> anyhow::Result<()> {
    Ok(())
}

#[cfg(target_os = "linux")]
mod linux {
    use std::net::{TcpStream, ToSocketAddrs};
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixStream};
    use std::path::PathBuf;
    use std::time::Duration;

    /// How long a display on another machine may take to answer.
    const REMOTE_TIMEOUT_MS: u64 = 5000;
    /// X display N listens on TCP port 6000 + N.
    const X_PORT: u16 = 6000;

    /// Where the environment says the screen is.
    #[derive(Debug, PartialEq, Eq)]
    enum Screen {
        Wayland(PathBuf),
        X11Local(u16),
        X11Remote(String, u16),
    }

    /// Fails with a sentence if no window can be opened from here.
    pub fn require() -> anyhow::Result<()> {
        let get = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let screens = screens(get);
        if screens.is_empty() {
            anyhow::bail!(
                "There is no screen to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is set). \
                 Start Holdfast from a desktop, or use `holdfast` in this terminal."
            );
        }
        if !screens.iter().any(Screen::answers) {
            anyhow::bail!(
                "The screen that DISPLAY or WAYLAND_DISPLAY names does not answer. \
                 Start Holdfast from a running desktop, or use `holdfast` in this terminal."
            );
        }
        Ok(())
    }

    fn screens(get: impl Fn(&str) -> Option<String>) -> Vec<Screen> {
        let wayland = get("WAYLAND_DISPLAY").map(|name| {
            let runtime = get("XDG_RUNTIME_DIR").unwrap_or_default();
            Screen::Wayland(PathBuf::from(runtime).join(name))
        });
        let x11 = get("DISPLAY").and_then(|name| x_display(&name));
        wayland.into_iter().chain(x11).collect()
    }

    /// Reads `[host]:number[.screen]`, as X(7) describes it.
    fn x_display(name: &str) -> Option<Screen> {
        let (host, number) = name.rsplit_once(':')?;
        let number = number.split('.').next()?.parse().ok()?;
        match host {
            "" | "unix" => Some(Screen::X11Local(number)),
            host => Some(Screen::X11Remote(host.to_owned(), number)),
        }
    }

    impl Screen {
        fn answers(&self) -> bool {
            match self {
                Self::Wayland(path) => UnixStream::connect(path).is_ok(),
                Self::X11Local(number) => {
                    let path = format!("/tmp/.X11-unix/X{number}");
                    UnixStream::connect(&path).is_ok()
                        || SocketAddr::from_abstract_name(&path)
                            .and_then(|address| UnixStream::connect_addr(&address))
                            .is_ok()
                }
                Self::X11Remote(host, number) => {
                    let port = X_PORT.saturating_add(*number);
                    let timeout = Duration::from_millis(REMOTE_TIMEOUT_MS);
                    (host.as_str(), port).to_socket_addrs().is_ok_and(|mut addresses| {
                        addresses.any(|address| TcpStream::connect_timeout(&address, timeout).is_ok())
                    })
                }
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn display_names_are_read() {
            assert_eq!(x_display(":0"), Some(Screen::X11Local(0)));
            assert_eq!(x_display("unix:99.0"), Some(Screen::X11Local(99)));
            assert_eq!(x_display("there:10.0"), Some(Screen::X11Remote("there".into(), 10)));
            assert_eq!(x_display("nonsense"), None);
        }

        #[test]
        fn wayland_is_tried_before_x() {
            let both = screens(|name| match name {
                "WAYLAND_DISPLAY" => Some("wayland-0".into()),
                "XDG_RUNTIME_DIR" => Some("/run/user/1".into()),
                "DISPLAY" => Some(":1".into()),
                _ => None,
            });
            assert_eq!(both, [Screen::Wayland("/run/user/1/wayland-0".into()), Screen::X11Local(1)]);
            assert!(screens(|_| None).is_empty());
        }

        #[test]
        fn a_screen_that_is_not_there_does_not_answer() {
            assert!(!Screen::Wayland("/nonexistent/wayland-0".into()).answers());
            assert!(!Screen::X11Local(64_000).answers());
        }
    }
}
