//! Switches loom's atomics on here and nowhere else, so that nothing else is compiled anew.

fn main() {
    println!("cargo::rustc-cfg=loom");
    println!("cargo::rerun-if-changed=build.rs");
}
