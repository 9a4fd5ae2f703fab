//! The desktop window: a thin adapter between Tauri and the notebook. It decides nothing about notes.

mod app;
mod args;
mod commands;
mod display;
mod events;
#[cfg(unix)]
mod instance;
#[cfg(unix)]
mod signals;
mod theme;
mod tray;
mod window;

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

use args::{Args, Parsed};
use holdfast_ipc::App;
use tauri::Manager as _;

/// The program could not start or go on. A sentence went to stderr.
const EXIT_FAILED: u8 = 1;
/// The command line was not understood. A sentence went to stderr.
const EXIT_USAGE: u8 = 2;

/// Runs the desktop program with the arguments after its name, until the window is closed.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    match args::parse(args) {
        Ok(Parsed::Open(args)) => match open(args) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("holdfast-desktop: {error:#}");
                ExitCode::from(EXIT_FAILED)
            }
        },
        Ok(Parsed::Help) => {
            print!("{}", args::HELP);
            ExitCode::SUCCESS
        }
        Ok(Parsed::Version) => {
            println!("holdfast-desktop {}", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("holdfast-desktop: {error}");
            ExitCode::from(EXIT_USAGE)
        }
    }
}

/// The TypeScript of every command, type and event. `cargo xtask bindings` writes it to the UI.
pub fn bindings() -> anyhow::Result<String> {
    let builder = commands::builder();
    let mut file = std::env::temp_dir();
    file.push(format!("holdfast-bindings-{}.ts", std::process::id()));
    builder.export(specta_typescript::Typescript::default(), &file)?;
    let text = std::fs::read_to_string(&file)?;
    std::fs::remove_file(&file)?;
    Ok(text)
}

fn open(args: Args) -> anyhow::Result<()> {
    // GTK panics without one, so ask first.
    display::require()?;
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .init();
    let dir = app::vault_dir(&args)?;
    #[cfg(unix)]
    if instance::raise_other(&dir) {
        return Ok(());
    }
    let builder = commands::builder();
    let app = tauri::Builder::default()
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_clipboard_manager::init())
        .plugin(tauri_plugin_opener::init())
        .invoke_handler(builder.invoke_handler())
        .setup(move |tauri| {
            builder.mount_events(tauri);
            let shared = app::create(dir.clone(), tauri.handle().clone());
            tauri.manage(shared);
            tray::create(tauri.handle());
            window::create(tauri.handle(), &dir)?;
            #[cfg(unix)]
            {
                signals::close_on_sigterm(tauri.handle())?;
                if let Err(error) = instance::listen(tauri.handle(), &dir) {
                    tracing::info!(%error, "a second launch cannot raise this window");
                }
            }
            Ok(())
        })
        .build(tauri::generate_context!())?;
    app.run(|handle, event| match event {
        tauri::RunEvent::WindowEvent { event: tauri::WindowEvent::Focused(true), .. } => {
            holdfast_ipc::handlers::sync::wake(&handle.state::<Arc<App>>());
        }
        tauri::RunEvent::Exit => {
            // The window has saved by now; what was typed becomes revisions and the database is closed cleanly.
            let app = handle.state::<Arc<App>>();
            if let Err(error) = app.close() {
                eprintln!("holdfast-desktop: {}", error.message);
            }
            #[cfg(unix)]
            instance::forget(app.dir());
        }
        _ => {}
    });
    Ok(())
}
