//! Checks of what a dropped thing leaves behind.

use super::pages::{families, series, some};
use super::subject::{FIRST, Subject, registry};
use crate::snapshot::{SeriesValue, Snapshot};

/// Returns the series on this page that belong to the thing.
fn owned(subject: &Subject, snapshot: &Snapshot) -> Vec<String> {
    let stays = |name: &String| {
        let family = name.split('{').next().unwrap_or_default();
        subject.outlives(family)
    };
    series(snapshot).into_iter().filter(|name| !stays(name)).collect()
}

pub(super) fn series_go(subject: &Subject) -> Result<(), String> {
    let metrics = registry()?;
    let before = owned(subject, &metrics.snapshot());
    let thing = subject.attach_and_exercise(&metrics, FIRST)?;
    let other = subject.attach_and_exercise(&metrics, "second")?;
    let _ = metrics.snapshot();
    drop(thing);
    let now = metrics.snapshot();
    let first: Vec<_> = families(&now)
        .filter(|family| !subject.outlives(family.name()))
        .flat_map(|family| family.series().map(move |series| (family.name(), series)))
        .filter(|(_, series)| series.labels().any(|(_, value)| value == FIRST))
        .map(|(family, series)| format!("{family}{:?}", series.labels().collect::<Vec<_>>()))
        .collect();
    if !first.is_empty() {
        return Err(format!("dropped, but still on the page: {}", some(&first)));
    }
    drop(other);
    let after = owned(subject, &metrics.snapshot());
    let left: Vec<_> = after.iter().filter(|name| !before.contains(name)).collect();
    if !left.is_empty() {
        return Err(format!("all things are dropped, but the page still has {}", some(left)));
    }
    Ok(())
}

pub(super) fn name_is_free(subject: &Subject) -> Result<(), String> {
    let metrics = registry()?;
    // The thing is attached but not used, so this is what it counts by itself at first.
    let fresh = subject.attach(&metrics, FIRST)?;
    let at_first = totals(subject, &metrics.snapshot());
    drop(fresh);
    let mut last: Vec<(String, f64)> = Vec::new();
    let of = |totals: &[(String, f64)], series: &str| {
        totals.iter().find(|(name, _)| name == series).map_or(0.0, |(_, total)| *total)
    };
    for _ in 0..3 {
        let thing = subject.attach(&metrics, FIRST)?;
        for (series, total) in &totals(subject, &metrics.snapshot()) {
            let (first, last) = (of(&at_first, series), of(&last, series));
            // A thing may count more by itself this time, but seldom as much as when it is used.
            if last > first && *total >= last {
                return Err(format!(
                    "{series} starts at {total}, which includes counts of its previous owner"
                ));
            }
        }
        (0..10).for_each(|_| (subject.exercise)(&*thing));
        last = totals(subject, &metrics.snapshot());
        drop(thing);
    }
    Ok(())
}

/// Returns the counters and histograms that belong to the thing, with their counts.
fn totals(subject: &Subject, snapshot: &Snapshot) -> Vec<(String, f64)> {
    let owned = families(snapshot).filter(|family| !subject.outlives(family.name()));
    let all = owned.flat_map(|family| {
        family.series().filter_map(move |series| match series.value() {
            value @ (SeriesValue::Counter(_) | SeriesValue::Histogram(_)) => {
                let labels: Vec<_> = series.labels().collect();
                Some((format!("{}{labels:?}", family.name()), value.as_f64()))
            }
            _ => None,
        })
    });
    all.collect()
}
