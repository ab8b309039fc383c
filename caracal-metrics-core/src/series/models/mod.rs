//! What a family does under every interleaving that loom finds. `cargo xtask loom` runs these.

mod hiding;
mod rows;
