//! Prints the generated TypeScript: `cargo xtask bindings` writes it to ui/src/ipc/bindings.ts.

fn main() -> anyhow::Result<()> {
    print!("{}", holdfast_desktop::bindings()?);
    Ok(())
}
