//! The colours of the window before its vault is open. Settings are in the vault, sealed; the theme alone is kept
//! beside it too, so that a dark window does not begin with a white page.

use std::path::Path;

use holdfast_ipc::dto::Theme;
use tauri::window::Color;

/// In the vault's folder.
const FILE: &str = "window.theme";

/// `--paper` of the UI's tokens.
const LIGHT: Color = Color(0xfb, 0xfa, 0xf7, 0xff);
const DARK: Color = Color(0x17, 0x1a, 0x19, 0xff);

fn word(theme: Theme) -> &'static str {
    match theme {
        Theme::System => "system",
        Theme::Light => "light",
        Theme::Dark => "dark",
    }
}

/// Remembers the theme for the next start. Without it that start looks like the system for a moment.
pub fn keep(dir: &Path, theme: Theme) {
    if kept(dir) != theme
        && let Err(error) = std::fs::write(dir.join(FILE), word(theme))
    {
        tracing::warn!(%error, "the theme was not kept for the next start");
    }
}

/// The theme of the last time, or the system's.
pub fn kept(dir: &Path) -> Theme {
    let kept = std::fs::read_to_string(dir.join(FILE)).unwrap_or_default();
    [Theme::Light, Theme::Dark].into_iter().find(|theme| kept.trim() == word(*theme)).unwrap_or(Theme::System)
}

/// What is seen where nothing is painted yet.
pub fn ground(theme: Theme, system_is_dark: bool) -> Color {
    match theme {
        Theme::Dark => DARK,
        Theme::System if system_is_dark => DARK,
        Theme::System | Theme::Light => LIGHT,
    }
}

/// Runs before the page does.
pub fn script(theme: Theme) -> String {
    match theme {
        Theme::System => String::new(),
        theme => format!("document.documentElement.dataset.theme = '{}';", word(theme)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_start_has_the_theme_of_the_last() -> std::io::Result<()> {
        let dir = tempfile::tempdir()?;
        assert_eq!(kept(dir.path()), Theme::System);
        for theme in [Theme::Dark, Theme::Light, Theme::System] {
            keep(dir.path(), theme);
            assert_eq!(kept(dir.path()), theme);
        }
        std::fs::write(dir.path().join(FILE), "plaid'; alert(1); '")?;
        assert_eq!((kept(dir.path()), script(kept(dir.path()))), (Theme::System, String::new()));
        Ok(())
    }

    /// The UI's own file says what the colours are.
    #[test]
    fn the_ground_is_the_paper_of_the_ui() -> std::io::Result<()> {
        let tokens = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/ui/src/styles/tokens.css"))?;
        let papers: Vec<&str> = tokens.lines().filter_map(|line| line.trim().strip_prefix("--paper: ")).collect();
        let hex = |Color(r, g, b, _)| format!("#{r:02x}{g:02x}{b:02x};");
        assert_eq!(papers.first(), Some(&hex(ground(Theme::Light, true)).as_str()));
        assert!(papers.len() > 1 && papers[1..].iter().all(|paper| *paper == hex(ground(Theme::System, true))));
        Ok(())
    }
}
