//! Gives the linker the board's memory layout and the script of cortex-m-rt.

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let board = if env::var_os("CARGO_FEATURE_LM3S6965EVB").is_some() { "lm3s6965evb" } else { "mps2-an386" };
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    fs::copy(format!("memory/{board}.x"), out.join("memory.x"))?;
    // cortex-m-rt includes device.x for the names of interrupt handlers; our vector table needs none.
    fs::write(out.join("device.x"), "")?;
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rustc-link-arg-bins=--nmagic");
    println!("cargo:rerun-if-changed=memory");
    Ok(())
}
