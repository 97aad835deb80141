//! Names the shared library: `libjit_access.so.0.1` while the version is 0.1.x, `libjit_access.so.1` from 1.0 on.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let version = |part: &str| std::env::var(format!("CARGO_PKG_VERSION_{part}")).unwrap_or_default();
    let (major, minor) = (version("MAJOR"), version("MINOR"));
    let soname = if major == "0" { format!("0.{minor}") } else { major };
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libjit_access.so.{soname}");
        // The library has a thread and fork handlers: its code stays for as long as the process.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
