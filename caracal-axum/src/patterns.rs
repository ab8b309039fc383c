//! Patterns of paths, and their names.

use std::fmt;
use std::sync::Arc;

/// Patterns like those of axum's routes, each with a name.
#[derive(Clone, Default)]
pub(crate) struct Patterns {
    texts: Vec<(Box<str>, Arc<str>)>,
    /// The same matcher that axum uses, so a pattern has the same meaning here as in a route.
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
    /// Panics if a pattern is not valid, or matches the same paths as another one. `method` is the name of
    /// the layer's method for the message.
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
                "{method} was called with the pattern {pattern:?}, which does not start with a slash: \
                 add one",
            );
            if let Err(error) = self.paths.insert(pattern, Arc::clone(&name)) {
                self.refuse(method, pattern, &error);
            }
            self.texts.push((pattern.into(), Arc::clone(&name)));
        }
    }

    fn refuse(&self, method: &str, pattern: &str, error: &matchit::InsertError) -> ! {
        let matchit::InsertError::Conflict { with } = error else {
            panic!(
                "{method} was called with the pattern {pattern:?}, which is not a valid route: {error}"
            );
        };
        let other = self.texts.iter().find(|(text, _)| **text == **with);
        let of = other.map_or(String::new(), |(_, name)| format!(" of {name:?}"));
        panic!(
            "{method} was called with the pattern {pattern:?}, but {with:?}{of} matches the same \
             paths: remove one of them"
        );
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Returns the name of the pattern that is equal to the route that axum matched, or that matches the
    /// path.
    pub(crate) fn name(&self, route: Option<&str>, path: &str) -> Option<&Arc<str>> {
        let is_route = |text: &str| Some(text) == route;
        let same = self.texts.iter().find(|(text, _)| is_route(text)).map(|(_, name)| name);
        same.or_else(|| self.paths.at(path).ok().map(|found| found.value))
    }
}
