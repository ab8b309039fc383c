//! Reads the names of the families that have panels in the overview.

use std::collections::HashSet;

/// The script that contains their names.
const NAMES: &str = include_str!("../../../live/script/names.js");

/// Returns the names of the families in a registry with this namespace.
pub(super) fn roles(namespace: &str) -> HashSet<String> {
    patterns().map(|pattern| pattern.replace('*', namespace)).collect()
}

/// Returns the names. Each line of the object is `role: 'name',`, where `*` is the namespace.
fn patterns() -> impl Iterator<Item = &'static str> {
    let object = NAMES.split("const NAMES = {").nth(1).and_then(|rest| rest.split("};").next());
    let lines = object.unwrap_or_default().lines();
    lines.filter_map(|line| line.split('\'').nth(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_of_the_script_is_a_role() {
        let lines = NAMES.lines().filter(|line| line.starts_with("  ") && line.contains(": '"));
        assert_eq!(patterns().count(), lines.count());
        let roles = roles("shop");
        for name in ["shop_gateway_requests_total", "process_threads", "shop_cache_size"] {
            assert!(roles.contains(name), "{roles:?}");
        }
        assert!(!roles.iter().any(|name| name.contains('*')), "{roles:?}");
    }
}
