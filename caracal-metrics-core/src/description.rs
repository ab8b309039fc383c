//! A family in a registry, checked and with its full name.

use std::borrow::Cow;
use std::time::Duration;

use crate::engine::MAX_BOUNDS;
use crate::family_error::FamilyError;
use crate::family_spec::{Buckets, FamilyKind, FamilySpec};
use crate::labels::{LabelSpec, LabelValues};
use crate::text::{is_label_name, is_metric_name};

/// The upper bounds of a histogram's buckets.
#[derive(Clone, Debug, PartialEq)]
pub enum Bounds {
    None,
    Nanos(Box<[u64]>),
    Floats(Box<[f64]>),
}

impl Bounds {
    pub(crate) fn of(buckets: Buckets) -> Self {
        match buckets {
            Buckets::None => Self::None,
            Buckets::Durations(bounds) => Self::Nanos(bounds.iter().copied().map(nanos).collect()),
            Buckets::Floats(bounds) => Self::Floats(bounds.into()),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::Nanos(bounds) => bounds.len(),
            Self::Floats(bounds) => bounds.len(),
        }
    }

    /// Returns whether a family of this kind has such bounds.
    pub(crate) fn are_of(&self, kind: FamilyKind) -> bool {
        match self {
            Self::None => !kind.is_histogram(),
            Self::Nanos(_) => kind == FamilyKind::DurationHistogram,
            Self::Floats(_) => kind == FamilyKind::Histogram,
        }
    }

    /// Returns whether there are buckets for negative numbers.
    pub(crate) fn are_negative(&self) -> bool {
        matches!(self, Self::Floats(bounds) if bounds.first().is_some_and(|bound| *bound < 0.0))
    }

    /// Returns the bounds in the unit on the page: seconds for durations.
    pub(crate) fn exposed(&self) -> Vec<f64> {
        match self {
            Self::None => Vec::new(),
            Self::Nanos(bounds) => bounds.iter().map(|nanos| *nanos as f64 / 1e9).collect(),
            Self::Floats(bounds) => bounds.to_vec(),
        }
    }
}

/// Parses the labels of a series from their text, `name="value",…`.
pub(crate) type ReadLabels = fn(&str) -> Vec<(Cow<'static, str>, Cow<'static, str>)>;

/// The description of a family.
#[derive(Clone, Debug)]
pub(crate) struct Description {
    pub(crate) name: String,
    pub(crate) kind: FamilyKind,
    pub(crate) help: Cow<'static, str>,
    pub(crate) unit: Option<Cow<'static, str>>,
    pub(crate) labels: Cow<'static, [LabelSpec]>,
    pub(crate) bounds: Bounds,
    /// Set for a family that is declared at run time. Its series have their own labels, so `labels` is empty.
    /// This is a function pointer, so that the linker leaves the parser out of a program without such families.
    pub(crate) series_labels: Option<ReadLabels>,
}

impl Description {
    /// Returns the description of a constant, with other buckets if the registry has some for it.
    pub(crate) fn of(spec: &FamilySpec, namespace: &str, buckets: Option<Bounds>) -> Self {
        Self {
            name: spec.exposed_name(namespace),
            kind: spec.kind,
            help: spec.help.into(),
            unit: spec.unit.map(Cow::Borrowed),
            labels: spec.labels.into(),
            bounds: buckets.unwrap_or_else(|| Bounds::of(spec.buckets)),
            series_labels: None,
        }
    }

    /// Renames labels. Each pair contains the name in the source and the name on the page.
    pub(crate) fn rename_labels(&mut self, names: &[(&str, &'static str)]) {
        for (from, to) in names {
            if let Some(at) = self.labels.iter().position(|label| label.name == *from) {
                self.labels.to_mut()[at].name = to;
            }
        }
    }

    /// Checks whether such a family is allowed on the page, with these labels on every series.
    pub(crate) fn check(&self, const_labels: &[&[(String, String)]]) -> Result<(), FamilyError> {
        self.check_name()?;
        if self.help.is_empty() {
            return Err(FamilyError::EmptyHelp { name: self.name.clone() });
        }
        self.check_labels(const_labels)?;
        self.check_bounds()
    }

    /// Returns an open label that is among the aggregated ones.
    pub(crate) fn aggregated_label(&self, aggregated: &[String]) -> Option<&'static str> {
        let open = self.labels.iter().filter(|label| label.values.is_open());
        open.map(|label| label.name).find(|label| aggregated.iter().any(|name| name == label))
    }

    fn check_name(&self) -> Result<(), FamilyError> {
        let name = || self.name.clone();
        if !is_metric_name(&self.name) {
            return Err(FamilyError::InvalidName { name: name() });
        }
        let base = if self.kind.as_str() == "counter" {
            let base = self.name.strip_suffix("_total");
            let base = base.ok_or_else(|| FamilyError::CounterWithoutTotal { name: name() })?;
            if !is_metric_name(base) {
                return Err(FamilyError::InvalidName { name: name() });
            }
            base
        } else {
            for suffix in ["_total", "_bucket", "_sum", "_count"] {
                // A name that is only known at run time comes from a library, whose user can't change it. It is
                // refused if another family needs it.
                if self.name.ends_with(suffix) && self.series_labels.is_none() {
                    let kind = self.kind.as_str();
                    return Err(FamilyError::ReservedSuffix { name: name(), kind, suffix });
                }
            }
            &self.name
        };
        match &self.unit {
            Some(unit) if !base.strip_suffix(&**unit).is_some_and(|b| b.ends_with('_')) => {
                Err(FamilyError::MissingUnit { name: name(), unit: unit.to_string() })
            }
            _ => Ok(()),
        }
    }

    fn check_labels(&self, const_labels: &[&[(String, String)]]) -> Result<(), FamilyError> {
        for (place, spec) in self.labels.iter().enumerate() {
            let (name, label) = (self.name.clone(), spec.name.to_owned());
            if !is_label_name(&label) {
                return Err(FamilyError::InvalidLabelName { name, label });
            }
            if label == "le" || label == "quantile" {
                return Err(FamilyError::ReservedLabelName { name, label });
            }
            if self.labels[..place].iter().any(|other| other.name == label) {
                return Err(FamilyError::DuplicateLabelName { name, label });
            }
            if const_labels.iter().copied().flatten().any(|(other, _)| *other == label) {
                return Err(FamilyError::ConstLabel { name, label });
            }
            if let LabelValues::Closed(values) = spec.values {
                let twice = (1..values.len()).find(|at| values[..*at].contains(&values[*at]));
                if let Some(at) = twice {
                    let value = values[at];
                    return Err(FamilyError::DuplicateLabelValue { name, label, value });
                }
            }
        }
        Ok(())
    }

    /// Checks whether a histogram can have such bounds.
    pub(crate) fn check_bounds(&self) -> Result<(), FamilyError> {
        if !self.kind.is_histogram() {
            return Ok(());
        }
        let name = || self.name.clone();
        let bounds = self.bounds.exposed();
        if bounds.is_empty() {
            return Err(FamilyError::NoBuckets { name: name() });
        }
        if bounds.len() > MAX_BOUNDS {
            let bounds = bounds.len();
            return Err(FamilyError::TooManyBuckets { name: name(), bounds, most: MAX_BOUNDS });
        }
        let (rule, mut before) = match self.bounds {
            Bounds::Floats(_) => ("ascending and finite", f64::NEG_INFINITY),
            _ => ("positive and ascending", 0.0),
        };
        for bound in bounds {
            // `bound <= before` would be false for NaN.
            if !(bound > before && bound.is_finite()) {
                return Err(FamilyError::InvalidBound { name: name(), rule, bound, before });
            }
            before = bound;
        }
        Ok(())
    }

    /// Returns how this family and another one with the same name differ: the properties of this one, and those
    /// of the other one.
    pub(crate) fn difference(&self, other: &Self) -> Option<(String, String)> {
        let labels = |description: &Self| {
            if description.series_labels.is_some() {
                return "labels that differ from series to series".to_owned();
            }
            let names: Vec<_> = description.labels.iter().map(|label| label.name).collect();
            format!("the labels [{}]", names.join(", "))
        };
        let parts: [fn(&Self) -> String; 4] = [
            |d| format!("the type {:?}", d.kind),
            |d| format!("the help {:?}", d.help),
            |d| d.unit.as_ref().map_or("no unit".to_owned(), |unit| format!("the unit {unit:?}")),
            |d| format!("the buckets {:?}", d.bounds.exposed()),
        ];
        let differing = parts.iter().map(|part| (part(self), part(other)));
        differing.chain([(labels(self), labels(other))]).find(|(own, other)| own != other).or_else(
            || {
                let values = |d: &Self| format!("the label values {:?}", d.labels);
                (self.labels != other.labels).then(|| (values(self), values(other)))
            },
        )
    }
}

/// Saturates. This avoids the 128 bits of [`Duration::as_nanos`], whose arithmetic would cost a record more
/// than its cell.
#[inline]
pub(crate) fn nanos(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1_000_000_000).saturating_add(duration.subsec_nanos().into())
}
