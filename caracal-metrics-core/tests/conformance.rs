//! The conformance kit finds no fault in a correct adapter, and finds each fault that is added to a copy of it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use caracal_metrics_core::adapter::{Gauges, Instance, InstanceKind, Sampled};
use caracal_metrics_core::conformance::{Check, Conformance, UserCode};
use caracal_metrics_core::{
    AttachError, Counter, DurationHistogram, Family, FloatGauge, Gauge, MetricsRegistry, labels,
};
use tokio::sync::Semaphore;

const SEMAPHORE: InstanceKind = InstanceKind::new("semaphore");

labels! {
    struct SemaphoreName<'a> { semaphore: &'a str }
    struct Caller<'a> { semaphore: &'a str, caller: &'a str }
}

static PERMITS: Family<Gauge, SemaphoreName<'_>> =
    Family::gauge("semaphore_permits_available", "Permits that nobody holds.")
        .namespaced()
        .shown_once_used();
static ACQUIRED: Family<Counter, SemaphoreName<'_>> =
    Family::counter("semaphore_acquired_total", "Permits that were given out.")
        .namespaced()
        .shown_once_used();
static HOLD: Family<DurationHistogram, SemaphoreName<'_>> =
    Family::duration_histogram("semaphore_hold_duration_seconds", "Time that a permit is held.")
        .namespaced()
        .shown_once_used()
        .buckets(&[Duration::from_millis(1), Duration::from_secs(1)]);
static CALLERS: Family<Counter, Caller<'_>> =
    Family::counter("semaphore_calls_total", "Permits by who asked for them.")
        .namespaced()
        .shown_once_used();

// The families that faults add.
static UNDECLARED: Family<Counter> =
    Family::counter("semaphore_extra_total", "A family that nobody knows of.").namespaced();
static SHORT_HELP: Family<Counter> =
    Family::counter("semaphore_closed_total", "Semaphore closed.").namespaced();
static NO_UNIT: Family<FloatGauge> =
    Family::float_gauge("semaphore_age_seconds", "Time since it was made.").namespaced();
static MILLISECONDS: Family<Gauge> =
    Family::gauge("semaphore_wait_milliseconds", "The longest wait.").namespaced();

/// The fault of a copy of the adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    ShowsNothingAtFirst,
    HasAnotherFamily,
    LacksAFamily,
    SaysNothingInHelp,
    LacksTheUnit,
    CountsMilliseconds,
    LeaksTheInstance,
    FreesTheNameLater,
    CountsOnWithTheNext,
    AcceptsANameTwice,
    RefusesWithAnotherError,
    RegistersBeforeItFails,
    LeavesTheNameTaken,
    WaitsInThePage,
    BringsValuesUnbounded,
    LocksWhileItDetaches,
}

struct Observed {
    semaphore: Arc<Semaphore>,
    acquired: Counter,
    hold: DurationHistogram,
    name: String,
    metrics: MetricsRegistry,
    fault: Fault,
    instance: Mutex<Option<Instance>>,
    callers: Option<prometheus::IntCounterVec>,
    detaching: Arc<Mutex<()>>,
    /// How often a page has requested the lock.
    entered: Arc<AtomicU64>,
}

fn wrap(
    metrics: &MetricsRegistry,
    name: &str,
    fault: Fault,
    code: Option<UserCode>,
) -> Result<Observed, AttachError> {
    static UNIQUE: AtomicU64 = AtomicU64::new(0);
    static LEAKED: Mutex<Vec<(Instance, Arc<Semaphore>)>> = Mutex::new(Vec::new());
    static CALLERS_OF_OTHERS: OnceLock<prometheus::IntCounterVec> = OnceLock::new();
    if fault == Fault::RegistersBeforeItFails {
        metrics.family(&ACQUIRED)?.inc(SemaphoreName { semaphore: "all" });
    }
    let attached_as = match fault {
        Fault::AcceptsANameTwice => format!("{name}-{}", UNIQUE.fetch_add(1, Relaxed)),
        _ => name.to_owned(),
    };
    let begun = metrics.attach(SEMAPHORE, Some(&attached_as));
    let mut builder = match begun {
        Err(_) if fault == Fault::RefusesWithAnotherError => {
            return Err(AttachError::EmptyName { kind: SEMAPHORE });
        }
        begun => begun?,
    };
    let label = SemaphoreName { semaphore: &attached_as };
    let acquired = if fault == Fault::CountsOnWithTheNext {
        metrics.family(&ACQUIRED)?.with(label)
    } else {
        builder.series(&ACQUIRED, label)?
    };
    let hold = match builder.series(&HOLD, label) {
        Err(error) if fault == Fault::LeavesTheNameTaken => {
            LEAKED.lock().unwrap().push((builder.build(), Arc::new(Semaphore::new(2))));
            return Err(error);
        }
        hold => hold?,
    };
    let permits = builder.sampled_gauge(&PERMITS, label)?;
    let semaphore = Arc::new(Semaphore::new(2));
    let detaching = Arc::new(Mutex::new(()));
    let (observed, lock) = (Arc::downgrade(&semaphore), Arc::clone(&detaching));
    let entered = Arc::new(AtomicU64::new(0));
    let entries = Arc::clone(&entered);
    let sample = move |gauges: &Gauges<'_>| {
        let Some(semaphore) = observed.upgrade() else { return Sampled::Gone };
        if let Some(code) = &code {
            code.call();
        }
        if fault == Fault::LocksWhileItDetaches {
            entries.fetch_add(1, SeqCst);
            drop(lock.lock());
        }
        gauges.set(permits, semaphore.available_permits() as u64);
        Sampled::Live
    };
    let inline = [Fault::WaitsInThePage, Fault::LocksWhileItDetaches].contains(&fault);
    let instance = match fault {
        Fault::ShowsNothingAtFirst => None,
        _ if inline => Some(builder.on_scrape_inline(sample)),
        _ => Some(builder.on_scrape(sample)),
    };
    match fault {
        Fault::HasAnotherFamily => drop(metrics.family(&UNDECLARED)?),
        Fault::SaysNothingInHelp => drop(metrics.family(&SHORT_HELP)?),
        Fault::LacksTheUnit => metrics.family(&NO_UNIT)?.set(1.0),
        Fault::CountsMilliseconds => metrics.family(&MILLISECONDS)?.set(1),
        Fault::LeaksTheInstance => {
            let instance = instance.clone().unwrap();
            LEAKED.lock().unwrap().push((instance, Arc::clone(&semaphore)));
        }
        _ => {}
    }
    let callers = (fault == Fault::BringsValuesUnbounded).then(|| {
        let callers = CALLERS_OF_OTHERS.get_or_init(|| {
            let options = prometheus::Opts::new("semaphore_callers_total", "Calls by caller.");
            prometheus::IntCounterVec::new(options, &["caller"]).unwrap()
        });
        let _ = metrics.register(Box::new(callers.clone()));
        callers.clone()
    });
    let (name, metrics, instance) = (attached_as, metrics.clone(), Mutex::new(instance));
    Ok(Observed {
        semaphore,
        acquired,
        hold,
        name,
        metrics,
        fault,
        instance,
        callers,
        detaching,
        entered,
    })
}

impl Observed {
    fn acquire(&self) {
        let _permit = self.semaphore.try_acquire().unwrap();
        self.acquired.inc();
        if self.fault != Fault::LacksAFamily {
            self.called_by("test");
        }
        self.hold.observe(Duration::from_millis(2));
    }

    fn called_by(&self, caller: &str) {
        let callers = self.metrics.family(&CALLERS).unwrap();
        callers.inc(Caller { semaphore: &self.name, caller });
        if let Some(callers) = &self.callers {
            callers.with_label_values(&[caller]).inc();
        }
    }
}

impl Observed {
    /// Makes a page request the lock, if one is being written at this moment.
    fn wait_for_a_page(&self) {
        let (begun, before) = (std::time::Instant::now(), self.entered.load(SeqCst));
        while self.fault == Fault::LocksWhileItDetaches
            && self.entered.load(SeqCst) == before
            && begun.elapsed() < Duration::from_millis(100)
        {
            thread::yield_now();
        }
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        let instance = self.instance.get_mut().unwrap().take();
        if self.fault == Fault::FreesTheNameLater {
            static LATER: OnceLock<std::sync::mpsc::Sender<Instance>> = OnceLock::new();
            let later = LATER.get_or_init(|| {
                let (later, instances) = std::sync::mpsc::channel();
                thread::spawn(move || {
                    for instance in instances {
                        thread::sleep(Duration::from_millis(300));
                        drop::<Instance>(instance);
                    }
                });
                later
            });
            if let Some(instance) = instance {
                later.send(instance).unwrap();
            }
        } else {
            let _detaching = self.detaching.lock();
            self.wait_for_a_page();
            drop(instance);
        }
    }
}

fn kit(fault: Fault) -> Conformance<Observed> {
    Conformance::of_instances("semaphore", move |metrics, name| wrap(metrics, name, fault, None))
        .families(&[PERMITS.spec(), ACQUIRED.spec(), HOLD.spec(), CALLERS.spec()])
        .outliving(&[CALLERS.spec()])
        .exercise(Observed::acquire)
        .outside_values(Observed::called_by)
        .user_code(move |metrics, name, code| wrap(metrics, name, fault, Some(code)))
}

#[test]
fn a_sound_adapter_passes() {
    kit(Fault::None).check();
}

fn is_found_as(fault: Fault, check: Check) {
    let failures = kit(fault).patience(Duration::from_secs(15)).run();
    let found: BTreeSet<_> = failures.iter().map(|failure| failure.check).collect();
    let all: Vec<_> = failures.iter().map(ToString::to_string).collect();
    assert!(found.contains(&check), "{fault:?}: {all:?}");
    // The kit finds the actual fault, and does not list everything.
    assert!(found.len() <= 4, "{fault:?}: {all:?}");
}

macro_rules! faults {
    ($($test:ident: $fault:ident => $check:ident;)*) => { $(
        #[test]
        fn $test() {
            is_found_as(Fault::$fault, Check::$check);
        }
    )* };
}

faults! {
    series_that_come_later: ShowsNothingAtFirst => SeriesAppearAtAttach;
    a_family_that_is_not_declared: HasAnotherFamily => FamiliesAreDeclared;
    a_family_that_is_missing: LacksAFamily => FamiliesAreDeclared;
    a_help_text_that_says_nothing: SaysNothingInHelp => FamiliesHaveHelpAndUnit;
    a_unit_that_is_missing: LacksTheUnit => FamiliesHaveHelpAndUnit;
    a_unit_that_is_no_base_unit: CountsMilliseconds => FamiliesPassTheLinter;
    an_instance_that_leaks: LeaksTheInstance => SeriesGoWithTheLastHandle;
    a_name_that_is_freed_late: FreesTheNameLater => NameIsFreeAtDrop;
    counts_of_the_last_owner: CountsOnWithTheNext => NameIsFreeAtDrop;
    a_name_that_is_given_out_twice: AcceptsANameTwice => SecondAttachIsRefused;
    a_refusal_of_another_type: RefusesWithAnotherError => SecondAttachIsRefused;
    a_family_of_a_failed_attach: RegistersBeforeItFails => FailedAttachLeavesNothing;
    a_name_of_a_failed_attach: LeavesTheNameTaken => FailedAttachLeavesNothing;
    a_page_that_waits_for_user_code: WaitsInThePage => FaultsStayWithTheirOwner;
    values_without_a_bound: BringsValuesUnbounded => ValuesAreBounded;
    a_lock_that_a_page_waits_for: LocksWhileItDetaches => DropDuringScrapeIsSafe;
}

#[test]
fn the_message_names_the_adapter_and_the_checks() {
    let failed = std::panic::catch_unwind(|| kit(Fault::CountsMilliseconds).check()).unwrap_err();
    let message = failed.downcast_ref::<String>().unwrap();
    assert!(message.starts_with("semaphore fails "), "{message}");
    let found = "FamiliesPassTheLinter: conformance_semaphore_wait_milliseconds: use base unit \
                 \"seconds\" instead of \"milliseconds\": rename it to \
                 conformance_semaphore_wait_seconds and convert the values";
    assert!(message.contains(found), "{message}");
}

#[test]
fn a_recorder_has_no_names() {
    let make = |metrics: &MetricsRegistry| metrics.family(&CALLERS);
    Conformance::of_recorder("calls", make)
        .families(&[CALLERS.spec()])
        .exercise(|calls| calls.inc(Caller { semaphore: "s", caller: "test" }))
        .outside_values(|calls, caller| calls.inc(Caller { semaphore: "s", caller }))
        .check();
}
