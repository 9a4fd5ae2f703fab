//! Tauri's code generation, and one linker argument.

fn main() {
    let attributes = tauri_build::Attributes::new().capabilities_path_pattern("./src-tauri/capabilities/**/*");
    if let Err(error) = tauri_build::try_build(attributes) {
        // A build script speaks through its exit code; cargo shows what it wrote.
        eprintln!("tauri.conf.json or src-tauri/capabilities cannot be used: {error:#}");
        std::process::exit(1);
    }
    // Without this the program exports SQLCipher's `sqlite3_*` symbols to WebKitGTK, which loads the
    // system's own libsqlite3 into the same process.
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo:rustc-link-arg-bins=-Wl,--exclude-libs,ALL");
    }
}
