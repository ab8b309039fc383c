//! Converts the routers in the pages of the documentation to functions, so that a test can run them.

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

const PAGES: [&str; 4] = ["README.md", "docs/guide.md", "docs/migrating.md", "docs/operations.md"];

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut routers = String::new();
    for page in PAGES {
        let path = root.join(page);
        println!("cargo::rerun-if-changed={}", path.display());
        let text = fs::read_to_string(&path).expect("a page of the documentation");
        for (line, code) in rust_blocks(&text) {
            // Routers of `GatewayMetricsLayer` and of `HttpMetricsLayer`.
            if code.contains("MetricsLayer::new(") && code.contains("\"/metrics\"") {
                writeln!(
                    routers,
                    "({:?}, {{\n{code}(metrics, app)\n}}),",
                    format!("{page}:{line}")
                )
                .expect("a string takes everything");
            }
        }
    }
    let folder = env::var_os("OUT_DIR").expect("cargo sets it");
    let list = format!("vec![\n{routers}]\n");
    fs::write(PathBuf::from(folder).join("documented_routers.rs"), list).expect("a file for cargo");
}

/// The blocks of Rust code, each with the line on which it begins.
fn rust_blocks(text: &str) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut block: Option<(usize, String)> = None;
    for (index, line) in text.lines().enumerate() {
        match &mut block {
            None if line == "```rust" => block = Some((index + 2, String::new())),
            Some(_) if line == "```" => blocks.extend(block.take()),
            Some((_, code)) => {
                // rustdoc hides these lines, but compiles them.
                code.push_str(line.strip_prefix("# ").unwrap_or(line));
                code.push('\n');
            }
            None => {}
        }
    }
    blocks
}
