//! A test kit for adapters.
//!
//! This module needs the feature `conformance`. Turn it on in your `dev-dependencies`. You describe how a thing
//! of your adapter is attached, and the kit attaches it, scrapes it and drops it:
//!
//! ```
//! # extern crate caracal_metrics_core as caracal_metrics;
//! use caracal_metrics::adapter::{Instance, InstanceKind, Sampled};
//! use caracal_metrics::conformance::Conformance;
//! use caracal_metrics::{AttachError, Counter, Family, Gauge, MetricsRegistry, labels};
//!
//! labels! { pub struct QueueName<'a> { queue: &'a str } }
//!
//! static JOBS: Family<Counter, QueueName<'_>> =
//!     Family::counter("queue_jobs_total", "Jobs put into the queue.").namespaced();
//! static DEPTH: Family<Gauge, QueueName<'_>> =
//!     Family::gauge("queue_depth", "Jobs that wait in the queue.").namespaced();
//!
//! struct ObservedQueue { jobs: Counter, _instance: Instance }
//!
//! fn attach(metrics: &MetricsRegistry, name: &str) -> Result<ObservedQueue, AttachError> {
//!     let mut builder = metrics.attach(InstanceKind::new("queue"), Some(name))?;
//!     let jobs = builder.series(&JOBS, QueueName { queue: name })?;
//!     let depth = builder.sampled_gauge(&DEPTH, QueueName { queue: name })?;
//!     let _instance = builder.on_scrape(move |gauges| {
//!         gauges.set(depth, 3);
//!         Sampled::Live
//!     });
//!     Ok(ObservedQueue { jobs, _instance })
//! }
//!
//! Conformance::of_instances("queue", attach)
//!     .families(&[JOBS.spec(), DEPTH.spec()])
//!     .exercise(|queue| queue.jobs.inc())
//!     .check();
//! ```
//!
//! [`Check`] lists the checks. Use `cargo hack --each-feature` to check that the features of a crate are
//! additive, because a program is built with one set of features.

mod attach;
mod families;
mod lifetime;
mod pages;
mod scrapes;
mod subject;
mod values;

use std::any::Any;
use std::fmt::{self, Write as _};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

pub use subject::UserCode;
use subject::{AttachFailure, Subject};

use crate::error::AttachError;
use crate::family_spec::FamilySpec;
use crate::registry::MetricsRegistry;

/// The default time limit of one check. It only ends checks that never return: all of them together take one or
/// two seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// Checks an adapter. The error describes the fault.
type Look = fn(&Subject) -> Result<(), String>;

/// A check of the kit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Check {
    /// When a thing is attached, the next page has series of it, before anything happens to the thing.
    SeriesAppearAtAttach,
    /// The page has exactly the families that the adapter declares.
    FamiliesAreDeclared,
    /// Each family has a help text that says more than its name. A family whose name ends in a base unit
    /// declares that unit.
    FamiliesHaveHelpAndUnit,
    /// The [linter](crate::testing::lint()) finds no problem.
    FamiliesPassTheLinter,
    /// When the last handle is dropped, the series leave the page.
    SeriesGoWithTheLastHandle,
    /// When the last handle is dropped, the name is free. The next thing with this name counts from 0.
    NameIsFreeAtDrop,
    /// A second thing with the same name is refused with [`AttachError::NameTaken`], and the first one stays.
    SecondAttachIsRefused,
    /// A thing that can't be attached, because a family is full or a name belongs to another family, leaves no
    /// series, family or name behind, regardless of where attaching it failed.
    FailedAttachLeavesNothing,
    /// If user code that a scrape runs panics or does not return, the page only lacks the values of the thing
    /// that it belongs to.
    FaultsStayWithTheirOwner,
    /// Values from outside create no more series, and no longer label values, than the registry allows.
    ValuesAreBounded,
    /// Things can be attached and dropped while pages are written.
    DropDuringScrapeIsSafe,
}

/// A check that failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure {
    /// The check.
    pub check: Check,
    /// The fault.
    pub found: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.check, self.found)
    }
}

/// An adapter to be checked. Attaching returns a `T`, which is dropped to detach.
#[must_use = "nothing is checked until you call `check` or `run`"]
pub struct Conformance<T> {
    subject: Subject,
    thing: PhantomData<fn(T)>,
    patience: Duration,
}

impl<T> fmt::Debug for Conformance<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conformance")
            .field("adapter", &self.subject.adapter)
            .finish_non_exhaustive()
    }
}

impl<T: 'static> Conformance<T> {
    /// Checks an adapter that observes things by name. `attach` creates a thing, attaches it under the name,
    /// and returns a value that keeps both alive.
    pub fn of_instances(
        adapter: impl Into<String>,
        attach: impl Fn(&MetricsRegistry, &str) -> Result<T, AttachError> + Send + Sync + 'static,
    ) -> Self {
        let attach = move |metrics: &MetricsRegistry, name: &str| match attach(metrics, name) {
            Ok(thing) => Ok(Box::new(thing) as Box<dyn Any>),
            Err(error) => Err(AttachFailure::of(error)),
        };
        Self::new(Subject::new(adapter.into(), true, Arc::new(attach)))
    }

    /// Checks an adapter without instances, such as a layer or a recorder. `make` creates one that records into
    /// the registry. Its series stay when it is dropped, so the checks of names and of removed series are left
    /// out.
    pub fn of_recorder<E: fmt::Display>(
        adapter: impl Into<String>,
        make: impl Fn(&MetricsRegistry) -> Result<T, E> + Send + Sync + 'static,
    ) -> Self {
        let attach = move |metrics: &MetricsRegistry, _: &str| match make(metrics) {
            Ok(thing) => Ok(Box::new(thing) as Box<dyn Any>),
            Err(error) => Err(AttachFailure::untyped(error.to_string())),
        };
        Self::new(Subject::new(adapter.into(), false, Arc::new(attach)))
    }

    fn new(subject: Subject) -> Self {
        Self { subject, thing: PhantomData, patience: PATIENCE }
    }

    /// Sets how long one check may take before it fails. Defaults to one minute.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Sets the families that are on the page after a thing was attached and exercised: all of them, and no
    /// others. Without this, [`Check::FamiliesAreDeclared`] is not checked.
    pub fn families(mut self, families: &[&'static FamilySpec]) -> Self {
        self.subject.families = Some(families.to_vec());
        self
    }

    /// Sets which of these families keep their series when the thing is dropped, because the series belong to
    /// the registry and not to the thing.
    pub fn outliving(mut self, families: &[&'static FamilySpec]) -> Self {
        self.subject.outliving = families.to_vec();
        self
    }

    /// Sets a closure that uses a thing, so that all of its families have series.
    pub fn exercise(mut self, exercise: impl Fn(&T) + Send + Sync + 'static) -> Self {
        self.subject.exercise = Arc::new(move |thing| {
            if let Some(thing) = thing.downcast_ref() {
                exercise(thing);
            }
        });
        self
    }

    /// Sets a closure that passes a value from outside to a thing, in each way in which it can become the value
    /// of a label: the name of a table, the path of a request.
    pub fn outside_values(mut self, bring: impl Fn(&T, &str) + Send + Sync + 'static) -> Self {
        self.subject.bring = Some(Arc::new(move |thing, value| {
            if let Some(thing) = thing.downcast_ref() {
                bring(thing, value);
            }
        }));
        self
    }

    /// Sets a closure that attaches a thing for which a scrape runs code of the application, such as a
    /// listener. The closure receives code to call in place of the application's. Without this,
    /// [`Check::FaultsStayWithTheirOwner`] checks the thing together with others that fail.
    pub fn user_code(
        mut self,
        attach: impl Fn(&MetricsRegistry, &str, UserCode) -> Result<T, AttachError>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.subject.with_user_code =
            Some(Arc::new(move |metrics, name, code| match attach(metrics, name, code) {
                Ok(thing) => Ok(Box::new(thing) as Box<dyn Any>),
                Err(error) => Err(AttachFailure::of(error)),
            }));
        self
    }

    /// Runs all checks and returns those that failed.
    #[must_use]
    pub fn run(self) -> Vec<Failure> {
        let subject = Arc::new(self.subject);
        let mut checks: Vec<(Check, Look)> = vec![
            (Check::SeriesAppearAtAttach, families::appear),
            (Check::FamiliesAreDeclared, families::are_declared),
            (Check::FamiliesHaveHelpAndUnit, families::have_help_and_unit),
            (Check::FamiliesPassTheLinter, families::pass_the_linter),
            (Check::FaultsStayWithTheirOwner, scrapes::contain_faults),
            (Check::ValuesAreBounded, values::are_bounded),
            (Check::DropDuringScrapeIsSafe, scrapes::may_meet_drops),
        ];
        if subject.has_instances {
            checks.extend([
                (Check::SeriesGoWithTheLastHandle, lifetime::series_go as _),
                (Check::NameIsFreeAtDrop, lifetime::name_is_free as _),
                (Check::SecondAttachIsRefused, attach::is_refused as _),
                (Check::FailedAttachLeavesNothing, attach::leaves_nothing as _),
            ]);
        }
        let failures = checks.into_iter().filter_map(|(check, look)| {
            let found = in_time(&subject, look, self.patience).err()?;
            Some(Failure { check, found })
        });
        failures.collect()
    }

    /// Runs all checks.
    ///
    /// # Panics
    ///
    /// Panics if a check failed. The message lists all failures.
    #[track_caller]
    pub fn check(self) {
        let adapter = self.subject.adapter.clone();
        let failures = self.run();
        if failures.is_empty() {
            return;
        }
        let mut message = format!("{adapter} fails {} checks\n", failures.len());
        for failure in failures {
            let _ = writeln!(message, "{failure}");
        }
        panic!("{message}");
    }
}

/// Runs a check on its own thread, because it may not return.
fn in_time(subject: &Arc<Subject>, look: Look, patience: Duration) -> Result<(), String> {
    let (done, finished) = mpsc::channel();
    let subject = Arc::clone(subject);
    let spawned = thread::Builder::new().name("conformance".to_owned()).spawn(move || {
        let found = catch_unwind(AssertUnwindSafe(|| look(&subject)));
        let _ = done.send(found.unwrap_or_else(|panic| Err(panic_text(&*panic))));
    });
    spawned.map_err(|error| format!("no thread can be started: {error}"))?;
    finished
        .recv_timeout(patience)
        .unwrap_or_else(|_| Err(format!("it did not return within {patience:?}: a deadlock?")))
}

fn panic_text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    format!("a panic: {}", text.unwrap_or("without a message"))
}
