//! Checks of things that can't be attached.

use std::any::Any;

use prometheus::{IntCounter, IntGauge};

use super::pages::{families, names, series, some};
use super::subject::{FIRST, Subject, exposed, registry, registry_of};
use crate::registry::MetricsRegistry;
use crate::snapshot::FamilyType;

/// A thing has fewer series of one family than this.
const MOST_SERIES: usize = 16;

pub(super) fn is_refused(subject: &Subject) -> Result<(), String> {
    let metrics = registry()?;
    let _thing = subject.attach_and_exercise(&metrics, FIRST)?;
    let before = series(&metrics.snapshot());
    match subject.try_attach(&metrics, FIRST) {
        Ok(_) => return Err(format!("two things are attached under the name {FIRST:?}")),
        Err(error) if !error.is_name_taken => {
            return Err(format!(
                "it is refused, but not with AttachError::NameTaken: {}",
                error.text
            ));
        }
        Err(_) => {}
    }
    let after = series(&metrics.snapshot());
    if let lost @ [_, ..] = &before.difference(&after).collect::<Vec<_>>()[..] {
        return Err(format!("refusing the second thing removed {}", some(lost.iter().copied())));
    }
    Ok(())
}

pub(super) fn leaves_nothing(subject: &Subject) -> Result<(), String> {
    // The loop limits one family at a time, with every possible limit, so that attaching fails at that family.
    for spec in subject.families.iter().flatten() {
        for limit in 1..=MOST_SERIES {
            let metrics = registry_of(|builder| builder.max_series_of(spec, limit))?;
            let name = exposed(spec);
            let others = fill(subject, &metrics);
            fails_clean(subject, &metrics)
                .map_err(|left| format!("with {limit} series of {name}: {left}"))?;
            if !others.is_empty() {
                break;
            }
        }
    }
    let metrics = registry()?;
    let thing = subject.attach_and_exercise(&metrics, FIRST)?;
    let snapshot = metrics.snapshot();
    let taken: Vec<_> = families(&snapshot).map(|f| (f.name().to_owned(), f.kind())).collect();
    drop(thing);
    for (name, kind) in taken {
        let metrics = registry()?;
        if take_name(&metrics, &name, kind) {
            fails_clean(subject, &metrics)
                .map_err(|left| format!("with a foreign family named {name}: {left}"))?;
        }
    }
    Ok(())
}

/// Attaches things until there is no room for another one.
fn fill(subject: &Subject, metrics: &MetricsRegistry) -> Vec<Box<dyn Any>> {
    let names = (0..=MOST_SERIES).map(|place| format!("other-{place}"));
    let things = names.map(|name| subject.try_attach(metrics, &name));
    things.map_while(Result::ok).take(if subject.has_instances { usize::MAX } else { 1 }).collect()
}

/// Returns an error if a thing can't be attached to this registry but leaves something behind.
fn fails_clean(subject: &Subject, metrics: &MetricsRegistry) -> Result<(), String> {
    let state = || (names(metrics), series(&metrics.snapshot()));
    let (families, before) = state();
    let Err(first) = subject.try_attach(metrics, FIRST) else { return Ok(()) };
    let (families_after, after) = state();
    let left: Vec<_> =
        families_after.difference(&families).chain(after.difference(&before)).collect();
    if !left.is_empty() {
        return Err(format!(
            "it could not be attached ({}), but left {} behind",
            first.text,
            some(left)
        ));
    }
    match subject.try_attach(metrics, FIRST) {
        Ok(_) => Err(format!(
            "it could not be attached ({}), but the second attempt succeeded",
            first.text
        )),
        Err(second) if second.text != first.text => Err(format!(
            "it could not be attached ({}), and the second attempt failed for another reason ({})",
            first.text, second.text
        )),
        Err(_) => Ok(()),
    }
}

/// Gives this name to a family of another type. Returns whether the name was free.
fn take_name(metrics: &MetricsRegistry, name: &str, kind: FamilyType) -> bool {
    let help = "A foreign family.";
    let registered = if kind == FamilyType::Gauge {
        IntCounter::new(name, help).map(|it| metrics.register(Box::new(it)))
    } else {
        IntGauge::new(name, help).map(|it| metrics.register(Box::new(it)))
    };
    matches!(registered, Ok(Ok(())))
}
