//! Checked-in documents: what is generated is fresh, and what is written by hand agrees with the code.
//!
//! `cargo xtask docs` writes the generated parts again.

mod families;
mod monitoring;
mod reference;
mod speed;
