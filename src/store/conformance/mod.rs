//! The suite that a store must pass to be one.
