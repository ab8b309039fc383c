//! The handles of texts that were seen before.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

use super::Dialect;

/// The cache keeps at least this many texts, and at most twice as many.
const TEXTS: usize = 512;
/// Longer texts are read each time. The database takes far longer for such a text than the reader.
const LONGEST: usize = 8 * 1024;

type Texts<H> = HashMap<Box<str>, Arc<H>, foldhash::fast::RandomState>;

/// Finds the handle of a query, which is what it records into, by its text.
///
/// If there are too many texts, those that were not used recently are removed. In a service that writes
/// values into its statements, the cache therefore does not grow, and prepared statements stay in it.
#[derive(Debug)]
pub(crate) struct QueryCache<H> {
    dialect: Dialect,
    generations: RwLock<Generations<H>>,
}

#[derive(Debug)]
struct Generations<H> {
    young: Texts<H>,
    old: Texts<H>,
}

impl<H> QueryCache<H> {
    pub(crate) fn new(dialect: Dialect) -> Self {
        let generations = Generations { young: Texts::default(), old: Texts::default() };
        Self { dialect, generations: RwLock::new(generations) }
    }

    /// The handle of this text. `read` makes it if the text is not in the cache.
    pub(crate) fn get(&self, text: &str, read: impl FnOnce(&str, Dialect) -> H) -> Arc<H> {
        if text.len() > LONGEST {
            return Arc::new(read(text, self.dialect));
        }
        if let Some(query) = self.generations.read().young.get(text) {
            return Arc::clone(query);
        }
        let known = self.generations.write().old.remove(text);
        let query = known.unwrap_or_else(|| Arc::new(read(text, self.dialect)));
        self.generations.write().insert(text, Arc::clone(&query));
        query
    }
}

impl<H> Generations<H> {
    fn insert(&mut self, text: &str, query: Arc<H>) {
        if self.young.len() >= TEXTS {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(text.into(), query);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(cache: &QueryCache<()>) -> usize {
        let generations = cache.generations.read();
        generations.young.len() + generations.old.len()
    }

    fn is_kept(cache: &QueryCache<()>, text: &str) -> bool {
        let generations = cache.generations.read();
        generations.young.contains_key(text) || generations.old.contains_key(text)
    }

    #[test]
    fn texts_without_end_are_not_kept_but_those_in_use_are() {
        let cache = QueryCache::new(Dialect::Sqlite);
        for id in 0..TEXTS * 10 {
            cache.get("SELECT * FROM agents", |_, _| ());
            cache.get(&format!("SELECT * FROM agents WHERE id = {id}"), |_, _| ());
            assert!(kept(&cache) <= 2 * TEXTS);
            assert!(is_kept(&cache, "SELECT * FROM agents"), "{id}");
        }
        let long = format!("SELECT * FROM agents WHERE id IN ({})", "1, ".repeat(LONGEST));
        cache.get(&long, |_, _| ());
        assert!(!is_kept(&cache, &long));
    }
}
