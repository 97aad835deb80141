//! The rules of ARCHITECTURE.md that a machine can see.
//!
//! | file | question |
//! |---|---|
//! | `sources` | what each file declares and names |
//! | `rooms` | which part of the library may use which |
//! | `circles` | whether two files use each other |
//! | `maps` | whether the tables in `mod.rs` name the files that are there |
//! | `recipes` | whether the recipes name places that are there |
//! | `features` | whether every feature is described |
//! | `examples` | whether what can be called has an example |
//! | `security` | whether the tests that SECURITY.md names are there |
//! | `public` | whether the public modules are those that programs need |
//! | `writes` | whether facts are written in one place |
//! | `dependencies` | whether each dependency comes from the registry, as the same bytes each time |
//! | `commits` | whether the subjects of commits have their form |

mod circles;
mod commits;
mod dependencies;
mod examples;
mod features;
mod maps;
mod public;
mod recipes;
mod rooms;
mod security;
mod sources;
mod writes;
