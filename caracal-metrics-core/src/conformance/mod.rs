//! For authors of adapters: a kit that an adapter has to pass.
//!
//! The feature `conformance` turns it on; turn it on in your `dev-dependencies`. You say how a thing of
//! your adapter's is attached, and the kit attaches, drops and scrapes it:
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
//! [`Check`] lists what it looks at. That the features of a crate are additive is for `cargo hack
//! --each-feature` to show, since a program has one set of features.

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

/// How long one check may take by default. It is for what never ends: all of them together take a second
/// or two.
const PATIENCE: Duration = Duration::from_secs(60);

/// Looks at an adapter, and says what is wrong.
type Look = fn(&Subject) -> Result<(), String>;

/// What the kit looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Check {
    /// A thing that was attached has series on the next page, before anything happens to it.
    SeriesAppearAtAttach,
    /// The page has exactly the families that the adapter says it has.
    FamiliesAreDeclared,
    /// Each family has a help text that says more than its name, and one whose name ends in a base unit
    /// declares that unit.
    FamiliesHaveHelpAndUnit,
    /// The [linter](crate::testing::lint()) finds nothing.
    FamiliesPassTheLinter,
    /// When the last handle is dropped, the series leave the page.
    SeriesGoWithTheLastHandle,
    /// When the last handle is dropped, the name is free, and who takes it next counts from 0.
    NameIsFreeAtDrop,
    /// A second thing of the same name is refused with
    /// [`AttachError::NameTaken`], and the first one stays.
    SecondAttachIsRefused,
    /// A thing that can't be attached, because a family is full or a name belongs to another one, leaves
    /// no series, no family and no name behind, wherever attaching it ended.
    FailedAttachLeavesNothing,
    /// User code that a scrape runs, and that panics or does not return, costs the page the thing's own
    /// values and nothing else.
    FaultsStayWithTheirOwner,
    /// Values from outside make neither more series nor longer labels than the registry allows.
    ValuesAreBounded,
    /// Things may come and go while pages are written.
    DropDuringScrapeIsSafe,
}

/// A check that failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure {
    /// What was looked at.
    pub check: Check,
    /// What was found.
    pub found: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.check, self.found)
    }
}

/// An adapter that is to pass the kit. `T` is what attaching gives: what is dropped to detach.
#[must_use = "nothing is looked at until `check` or `run`"]
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
    /// An adapter that observes things by name. `attach` makes a thing, attaches it under the name, and
    /// returns what keeps both.
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

    /// An adapter without instances, such as a layer or a recorder: `make` makes one that records into
    /// the registry. Its series stay when it is dropped, so what the kit knows of names and of taking
    /// back is not looked at.
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

    /// How long one check may take before it fails. Defaults to a minute.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The families that the page has once a thing was attached and exercised: all of them, and no other.
    /// Without this, [`Check::FamiliesAreDeclared`] is not looked at.
    pub fn families(mut self, families: &[&'static FamilySpec]) -> Self {
        self.subject.families = Some(families.to_vec());
        self
    }

    /// Those of them whose series stay when the thing is dropped, since they are the registry's and not
    /// the thing's.
    pub fn outliving(mut self, families: &[&'static FamilySpec]) -> Self {
        self.subject.outliving = families.to_vec();
        self
    }

    /// Makes something happen to a thing, so that all of its families have series.
    pub fn exercise(mut self, exercise: impl Fn(&T) + Send + Sync + 'static) -> Self {
        self.subject.exercise = Arc::new(move |thing| {
            if let Some(thing) = thing.downcast_ref() {
                exercise(thing);
            }
        });
        self
    }

    /// Brings a value from outside to a thing, in each way that may become the value of a label: the name
    /// of a table, the path of a request.
    pub fn outside_values(mut self, bring: impl Fn(&T, &str) + Send + Sync + 'static) -> Self {
        self.subject.bring = Some(Arc::new(move |thing, value| {
            if let Some(thing) = thing.downcast_ref() {
                bring(thing, value);
            }
        }));
        self
    }

    /// Attaches a thing of which a scrape runs code of the application's, such as a listener. `attach` is
    /// given code to call in its place. Without this, [`Check::FaultsStayWithTheirOwner`] looks at the
    /// thing next to others that fail.
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

    /// Looks at everything, and says what failed.
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

    /// Looks at everything.
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

/// Runs a check on a thread of its own, since it may not return.
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
