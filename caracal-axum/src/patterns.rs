//! Patterns of paths, and the names that they are given.

use std::fmt;
use std::sync::Arc;

/// Patterns as axum's routes have them, each with a name.
#[derive(Clone, Default)]
pub(crate) struct Patterns {
    texts: Vec<(Box<str>, Arc<str>)>,
    /// axum's own matcher: a pattern means here what it means in a route.
    paths: matchit::Router<Arc<str>>,
}

impl fmt::Debug for Patterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.texts.iter().map(|(text, name)| (text, name))).finish()
    }
}

impl Patterns {
    /// # Panics
    ///
    /// When a pattern is not valid, or means the same paths as another one. `method` is the method of
    /// the layer that was called, for the message.
    pub(crate) fn add<P: AsRef<str>>(
        &mut self,
        method: &str,
        name: &str,
        patterns: impl IntoIterator<Item = P>,
    ) {
        let name: Arc<str> = name.into();
        for pattern in patterns {
            let pattern = pattern.as_ref();
            assert!(
                pattern.starts_with('/'),
                "{method} was given the pattern {pattern:?}: start it with a slash, as a route",
            );
            if let Err(error) = self.paths.insert(pattern, Arc::clone(&name)) {
                self.refuse(method, pattern, &error);
            }
            self.texts.push((pattern.into(), Arc::clone(&name)));
        }
    }

    fn refuse(&self, method: &str, pattern: &str, error: &matchit::InsertError) -> ! {
        let matchit::InsertError::Conflict { with } = error else {
            panic!("{method} was given the pattern {pattern:?}, which is not a route: {error}");
        };
        let other = self.texts.iter().find(|(text, _)| **text == **with);
        let of = other.map_or(String::new(), |(_, name)| format!(" of {name:?}"));
        panic!(
            "{method} was given the pattern {pattern:?}, and {with:?}{of} matches the same paths: \
             leave one of them out"
        );
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The name of the pattern that is the route that axum matched, or that matches the path.
    pub(crate) fn name(&self, route: Option<&str>, path: &str) -> Option<&Arc<str>> {
        let is_route = |text: &str| Some(text) == route;
        let same = self.texts.iter().find(|(text, _)| is_route(text)).map(|(_, name)| name);
        same.or_else(|| self.paths.at(path).ok().map(|found| found.value))
    }
}
