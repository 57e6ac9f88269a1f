//! The migrations lie outside of this crate's folder, so cargo is told about them.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../../migrations");
}
