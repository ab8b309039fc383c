//! Finds names that are similar to a misspelt one.

/// The maximum number of suggested names.
const MOST: usize = 3;

/// Returns the names that are nearest to this one, nearest first, or none if all of them are far from it.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let most = (name.len() / 3).max(2);
    let measured = known.into_iter().map(|known| (distance(name, known), known));
    let mut near: Vec<_> = measured.filter(|(distance, _)| *distance <= most).collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(MOST).map(|(_, name)| name).collect()
}

/// Returns how many bytes must be added, removed or replaced to turn one name into the other.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_levenshtein() {
        for (a, b, expected) in
            [("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("orders", "order", 1)]
        {
            assert_eq!(distance(a, b), expected, "{a} {b}");
            assert_eq!(distance(b, a), expected, "{b} {a}");
        }
    }

    #[test]
    fn far_names_are_not_suggested() {
        let known = ["orders_total", "order_total", "queue_depth", "orders_placed_total"];
        assert_eq!(nearest("ordres_total", known), ["order_total", "orders_total"]);
        assert!(nearest("kitchen_sink", known).is_empty());
    }
}
