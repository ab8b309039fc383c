//! Models of a family under every interleaving that loom finds. `cargo xtask loom` runs them.

mod hiding;
mod rows;
