//! Checks of the families of an adapter.

use std::collections::BTreeSet;

use super::pages::{families, names, series, some};
use super::subject::{FIRST, Subject, exposed, registry};
use crate::testing::lint_snapshot;

/// The base units that a name can end in.
const UNITS: [&str; 2] = ["seconds", "bytes"];

pub(super) fn appear(subject: &Subject) -> Result<(), String> {
    let metrics = registry()?;
    let before = series(&metrics.snapshot());
    let thing = subject.attach(&metrics, FIRST)?;
    if !subject.has_instances {
        // The families of a recorder may depend on what it records.
        (subject.exercise)(&*thing);
    }
    let after = series(&metrics.snapshot());
    if after.is_subset(&before) {
        return Err("a thing was attached, but the page has no new series".to_owned());
    }
    Ok(())
}

pub(super) fn are_declared(subject: &Subject) -> Result<(), String> {
    let Some(declared) = &subject.families else { return Ok(()) };
    let declared: BTreeSet<_> = declared.iter().map(|spec| exposed(spec)).collect();
    let metrics = registry()?;
    let _thing = subject.attach_and_exercise(&metrics, FIRST)?;
    let found = names(&metrics);
    let missing: Vec<_> = declared.difference(&found).collect();
    if !missing.is_empty() {
        return Err(format!("declared, but not on the page: {}", some(missing)));
    }
    let undeclared: Vec<_> = found.difference(&declared).collect();
    if !undeclared.is_empty() {
        return Err(format!("on the page, but not declared: {}", some(undeclared)));
    }
    Ok(())
}

pub(super) fn have_help_and_unit(subject: &Subject) -> Result<(), String> {
    let metrics = registry()?;
    let _thing = subject.attach_and_exercise(&metrics, FIRST)?;
    for family in families(&metrics.snapshot()) {
        let (name, help) = (family.name(), family.help().trim());
        let base = name.strip_suffix("_total").unwrap_or(name);
        let words = |text: &str| {
            text.split(|c: char| !c.is_alphanumeric()).collect::<String>().to_lowercase()
        };
        // The name starts with the namespace.
        if help.is_empty() || words(base).ends_with(&words(help)) {
            return Err(format!("the help text of {name} says no more than its name: {help:?}"));
        }
        let unit = UNITS.into_iter().find(|unit| base.ends_with(&format!("_{unit}")));
        if let Some(unit) = unit.filter(|unit| family.unit() != Some(unit)) {
            return Err(format!("{name} does not declare the unit {unit:?}"));
        }
    }
    Ok(())
}

pub(super) fn pass_the_linter(subject: &Subject) -> Result<(), String> {
    let metrics = registry()?;
    let _thing = subject.attach_and_exercise(&metrics, FIRST)?;
    let problems: Vec<_> =
        lint_snapshot(&metrics.snapshot()).iter().map(ToString::to_string).collect();
    if problems.is_empty() { Ok(()) } else { Err(problems.join("; ")) }
}
