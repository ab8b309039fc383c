//! The handles of texts that were seen before.

use std::collections::HashMap;

use caracal_metrics_core::{DatabaseQueryMetrics, MetricsRegistry};
use parking_lot::RwLock;

use super::{Dialect, classify};

/// So many texts are kept at least, and at most twice as many.
const TEXTS: usize = 512;
/// Longer texts are read each time: a database takes far longer over them than the lexer does.
const LONGEST: usize = 8 * 1024;

type Texts = HashMap<Box<str>, DatabaseQueryMetrics, foldhash::fast::RandomState>;

/// Finds what a query records into by its text.
///
/// When the texts are too many, those that were not asked for lately are forgotten: a service that
/// writes values into its statements does not grow, and what it prepares stays.
#[derive(Debug)]
pub(crate) struct QueryCache {
    metrics: MetricsRegistry,
    dialect: Dialect,
    generations: RwLock<Generations>,
}

#[derive(Debug, Default)]
struct Generations {
    young: Texts,
    old: Texts,
}

impl QueryCache {
    pub(crate) fn new(metrics: &MetricsRegistry, dialect: Dialect) -> Self {
        Self { metrics: metrics.clone(), dialect, generations: RwLock::default() }
    }

    pub(crate) fn get(&self, text: &str) -> DatabaseQueryMetrics {
        if text.len() > LONGEST {
            return self.read(text);
        }
        if let Some(query) = self.generations.read().young.get(text) {
            return query.clone();
        }
        let known = self.generations.write().old.remove(text);
        let query = known.unwrap_or_else(|| self.read(text));
        self.generations.write().insert(text, query.clone());
        query
    }

    fn read(&self, text: &str) -> DatabaseQueryMetrics {
        let statement = classify(text, self.dialect);
        self.metrics.database_query(statement.operation, statement.table())
    }
}

impl Generations {
    fn insert(&mut self, text: &str, query: DatabaseQueryMetrics) {
        if self.young.len() >= TEXTS {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(text.into(), query);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(cache: &QueryCache) -> usize {
        let generations = cache.generations.read();
        generations.young.len() + generations.old.len()
    }

    fn is_kept(cache: &QueryCache, text: &str) -> bool {
        let generations = cache.generations.read();
        generations.young.contains_key(text) || generations.old.contains_key(text)
    }

    #[test]
    fn texts_without_end_are_not_kept_but_those_in_use_are() {
        let cache = QueryCache::new(&MetricsRegistry::new(), Dialect::Sqlite);
        for id in 0..TEXTS * 10 {
            cache.get("SELECT * FROM agents");
            cache.get(&format!("SELECT * FROM agents WHERE id = {id}"));
            assert!(kept(&cache) <= 2 * TEXTS);
            assert!(is_kept(&cache, "SELECT * FROM agents"), "{id}");
        }
        let long = format!("SELECT * FROM agents WHERE id IN ({})", "1, ".repeat(LONGEST));
        cache.get(&long);
        assert!(!is_kept(&cache, &long));
    }
}
