//! Nothing to call: only the features in `Cargo.toml` matter.
