//! A setting of the builder that can be set for all families and for individual ones.

use std::sync::Arc;

use crate::family_spec::FamilySpec;

/// The values that were set for all families and for individual ones.
#[derive(Clone, Debug)]
pub(crate) struct Chosen<T: 'static> {
    of_all: Option<T>,
    of_one: Vec<(&'static FamilySpec, T)>,
    /// This is a function pointer, so that only programs that set something contain the code.
    find: fn(&Self, &str, &str, Option<T>) -> Option<T>,
}

impl<T: Clone> Chosen<T> {
    pub(crate) fn for_all(chosen: &mut Option<Arc<Self>>, value: T) {
        Self::change(chosen).of_all = Some(value);
    }

    pub(crate) fn for_one(chosen: &mut Option<Arc<Self>>, spec: &'static FamilySpec, value: T) {
        Self::change(chosen).of_one.push((spec, value));
    }

    fn change(chosen: &mut Option<Arc<Self>>) -> &mut Self {
        let nothing = || Self { of_all: None, of_one: Vec::new(), find: Self::find };
        Arc::make_mut(chosen.get_or_insert_with(|| Arc::new(nothing())))
    }

    /// Returns all values that were set.
    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.of_all.iter().chain(self.of_one.iter().map(|(_, value)| value))
    }

    /// Returns the values that were set for individual families.
    pub(crate) fn of_one(&self) -> &[(&'static FamilySpec, T)] {
        &self.of_one
    }

    fn find(&self, namespace: &str, name: &str, of_family: Option<T>) -> Option<T> {
        let mut last_first = self.of_one.iter().rev();
        let of_this = last_first.find(|(spec, _)| spec.exposed_name(namespace) == name);
        of_this.map(|(_, value)| value.clone()).or(of_family).or_else(|| self.of_all.clone())
    }
}

/// Returns the value for the family with this name: the last value that the builder sets for this family, else
/// the value of the family itself, else the value that the builder sets for all families.
pub(crate) fn of_family<T>(
    chosen: Option<&Chosen<T>>,
    namespace: &str,
    name: &str,
    of_family: Option<T>,
) -> Option<T> {
    match chosen {
        Some(chosen) => (chosen.find)(chosen, namespace, name, of_family),
        None => of_family,
    }
}
