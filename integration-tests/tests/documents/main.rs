//! Checked-in documents: generated parts are up to date, and handwritten parts agree with the code.
//!
//! `cargo xtask docs` writes the generated parts again.

mod families;
mod monitoring;
mod reference;
mod speed;
