//! The scopes of names.

use std::collections::HashMap;

/// The names that are defined at one place of a text. An inner scope may define a name again.
#[derive(Debug, Default)]
pub(super) struct Scope {
    /// How many times each name is defined.
    given: HashMap<String, usize>,
    /// The names in the order of their definitions.
    order: Vec<String>,
}

/// The beginning of an inner scope.
#[derive(Debug)]
pub(super) struct Mark(usize);

impl Scope {
    pub(super) fn mark(&self) -> Mark {
        Mark(self.order.len())
    }

    /// Removes the names that were defined since the mark.
    pub(super) fn leave(&mut self, mark: &Mark) {
        for name in self.order.drain(mark.0..) {
            if let Some(times) = self.given.get_mut(&name) {
                *times -= 1;
                if *times == 0 {
                    self.given.remove(&name);
                }
            }
        }
    }

    pub(super) fn give(&mut self, name: String) {
        *self.given.entry(name.clone()).or_default() += 1;
        self.order.push(name);
    }

    pub(super) fn has(&self, name: &str) -> bool {
        !self.given.is_empty() && self.given.contains_key(&name.to_lowercase())
    }
}
