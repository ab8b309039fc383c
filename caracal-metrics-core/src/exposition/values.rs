//! A page as values.

use super::foreign::ForeignFamily;
use super::foreign_metrics::{ForeignValue, whole};
use super::others::OtherFamilies;
use super::page::{Filter, Sink, walk};
use crate::series::{FamilyStore, HistogramSum, InFlight, Observed, Row, Rows, Value, Values};
use crate::snapshot::{Family, FamilySnapshot, FamilyType, Number, Snapshot, Sum};
use crate::state::State;
use crate::text::seconds;

/// Returns the values of a page.
pub(crate) fn snapshot(
    state: &State,
    filter: Filter<'_>,
    in_flight: &InFlight,
    others: Option<Box<dyn OtherFamilies>>,
) -> Snapshot {
    let namespace = state.settings().namespace.clone();
    let mut snapshot = Snapshot {
        families: Vec::new(),
        namespace,
        #[cfg(feature = "testing")]
        registered: crate::testing::Registered::of(state),
    };
    walk(state, filter, in_flight, others, &mut snapshot.families);
    snapshot
}

impl Sink for Vec<FamilySnapshot> {
    fn others_before(&mut self, others: &mut dyn OtherFamilies, name: Option<&str>) {
        for family in others.before(name) {
            let mut content = Family::default();
            add_foreign(family, &mut content);
            self.push(FamilySnapshot {
                name: family.name.clone(),
                kind: FamilyType::of_word(family.kind),
                help: family.help.clone(),
                unit: None,
                is_foreign: true,
                declared: Vec::new(),
                content,
            });
        }
    }

    fn ours(
        &mut self,
        store: &FamilyStore,
        rows: &Rows,
        values: &mut Values<'_>,
        others: Option<&mut dyn OtherFamilies>,
    ) {
        let description = &store.description;
        let mut content = Family::default();
        add_ours(store, rows, values, &mut content);
        for family in others.map_or(&[][..], |others| others.named(store.name())) {
            add_foreign(family, &mut content);
        }
        self.push(FamilySnapshot {
            name: description.name.clone(),
            kind: FamilyType::of_word(description.kind.as_str()),
            help: store.help().to_owned(),
            unit: description.unit.as_deref().map(str::to_owned),
            is_foreign: false,
            declared: description.labels.iter().map(|label| label.name.to_owned()).collect(),
            content,
        });
    }
}

fn add_ours(store: &FamilyStore, rows: &Rows, values: &mut Values<'_>, content: &mut Family) {
    let bounds = store.description.bounds.exposed();
    content.reserve(rows.series(), bounds.len());
    values.want_native();
    let is_histogram = store.kind().is_histogram();
    let mut labels = RowLabels::of(store);
    let mut rows = rows.cursor();
    while let Some(row) = rows.next() {
        labels.push(&row, content);
        if !is_histogram {
            content.push_number(number(values.read(row.cells)));
            continue;
        }
        // The exemplars are read before the value, so that the value contains their observations.
        let exemplars = store.exemplars.of(row.cells);
        let value =
            if exemplars.is_some() { values.read_now(row.cells) } else { values.read(row.cells) };
        let sum = match value {
            Value::Histogram(HistogramSum::Nanos(nanos)) => Sum::Nanos(nanos),
            Value::Histogram(HistogramSum::Float(sum)) => Sum::Float(sum),
            _ => Sum::Float(0.0),
        };
        let buckets = values.buckets();
        let count = buckets.iter().sum();
        let counts = buckets.iter().take(bounds.len()).scan(0, |count, observed| {
            *count += observed;
            Some(*count)
        });
        content.push_histogram(&bounds, counts, count, sum);
        if let Some(counts) = values.native() {
            content.push_native(counts);
        }
        for (bucket, kept) in exemplars.into_iter().flatten().enumerate() {
            let Some(kept) = kept else { continue };
            let labels = kept.labels().map(|(name, value)| (name.to_owned(), value.to_owned()));
            let observed = match kept.observed {
                Observed::Nanos(nanos) => seconds(nanos.into()),
                Observed::Float(value) => value,
            };
            content.push_exemplar(bucket, labels.collect(), observed, kept.since_epoch());
        }
    }
}

/// Adds the labels of rows, in the order of the rows.
struct RowLabels<'a> {
    store: &'a FamilyStore,
    /// The place in the key of the previous row at which the value of the last label begins. `usize::MAX` if
    /// the next row may differ from it in more than that value.
    last_value: usize,
}

impl<'a> RowLabels<'a> {
    fn of(store: &'a FamilyStore) -> Self {
        Self { store, last_value: usize::MAX }
    }

    #[inline]
    fn push(&mut self, row: &Row<'_>, content: &mut Family) {
        // Most rows differ from the previous one only in their last value.
        if row.is_plain && row.shared >= self.last_value {
            let place = self.store.description.labels.len() - 1;
            return content.push_labels_but(place, row.plain_value(self.last_value));
        }
        self.push_all(row, content);
    }

    #[inline(never)]
    fn push_all(&mut self, row: &Row<'_>, content: &mut Family) {
        content.push_labels(self.store.labels(row).into_iter());
        // In some families, each row has its own label names.
        let is_fixed = self.store.has_fixed_labels();
        self.last_value = if row.is_plain && is_fixed { row.last_value() } else { usize::MAX };
    }
}

/// Returns the value of a family that is not a histogram.
fn number(value: Value) -> Number {
    match value {
        Value::Counter(value) => Number::Counter(value),
        Value::FloatCounter(value) => Number::FloatCounter(value),
        Value::Gauge(value) => Number::Gauge(value),
        Value::FloatGauge(value) => Number::FloatGauge(value),
        Value::Histogram(_) => unreachable!("the caller checks the kind of the family"),
    }
}

fn add_foreign(family: &ForeignFamily, content: &mut Family) {
    family.for_each_metric(|metric| {
        content.push_labels(metric.labels.iter().map(|(name, value)| (name.as_str(), value)));
        match (metric.value, family.kind) {
            (ForeignValue::Number(value), "counter") => {
                content.push_number(Number::FloatCounter(value));
            }
            (ForeignValue::Number(value), "gauge") => {
                content.push_number(Number::FloatGauge(value));
            }
            (ForeignValue::Number(value), _) => content.push_number(Number::Untyped(value)),
            (ForeignValue::Steps(steps), "histogram") => {
                let is_finite = |(bound, _): &&(f64, &str)| bound.is_finite();
                let finite: Vec<_> = steps.pairs.iter().filter(is_finite).collect();
                let bounds: Vec<_> = finite.iter().map(|(bound, _)| *bound).collect();
                let counts = finite.iter().map(|(_, count)| whole(count));
                let sum = Sum::Float(steps.sum);
                content.push_histogram(&bounds, counts, steps.count, sum);
            }
            (ForeignValue::Steps(steps), _) => {
                let value = |text: &str| text.parse().unwrap_or(f64::NAN);
                let quantiles: Vec<_> =
                    steps.pairs.iter().map(|(quantile, text)| (*quantile, value(text))).collect();
                content.push_summary(&quantiles, steps.count, steps.sum);
            }
        }
    });
}
