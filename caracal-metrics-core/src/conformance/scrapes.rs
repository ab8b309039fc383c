//! Checks of scrapes that run code of the application, or that run while things are attached and dropped.

use std::mem::ManuallyDrop;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::pages::{names, series, some};
use super::subject::{COLLECTION_TIMEOUT, FIRST, Subject, UserCode, registry};
use crate::attachment::{Instance, Sampled};
use crate::family::Family;
use crate::instance_kind::InstanceKind;
use crate::kinds::Gauge;
use crate::registry::MetricsRegistry;

crate::labels! {
    struct Neighbour<'a> { neighbour: &'a str }
}

const NEIGHBOUR: InstanceKind = InstanceKind::new("conformance neighbour");

/// A gauge of a thing that does not belong to the adapter.
static NEIGHBOURS: Family<Gauge, Neighbour<'_>> =
    Family::gauge("conformance_neighbours", "Things of another adapter.").shown_once_used();

/// On a slow machine, a page may take this much longer than the time for which it waits for user code.
const SLACK: Duration = Duration::from_secs(5);

/// The minimum and maximum number of things that are attached and dropped.
const ROUNDS: RangeInclusive<usize> = 20..=1_000;

/// How long things are attached and dropped, if the maximum number is not reached.
const STORM: Duration = Duration::from_millis(500);

/// Code that must not return waits at this gate until it is opened.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn wait(&self) {
        let (open, opened) = &*self.0;
        let open = open.lock().unwrap_or_else(PoisonError::into_inner);
        drop(opened.wait_while(open, |open| !*open));
    }

    fn open(&self) {
        let (open, opened) = &*self.0;
        *open.lock().unwrap_or_else(PoisonError::into_inner) = true;
        opened.notify_all();
    }
}

/// Opens a gate in any case, because threads wait at it.
struct OpensAtLast(Gate);

impl Drop for OpensAtLast {
    fn drop(&mut self) {
        self.0.open();
    }
}

fn neighbour(
    metrics: &MetricsRegistry,
    name: &str,
    sample: impl Fn() + Send + Sync + 'static,
) -> Result<Instance, String> {
    let text = |error: crate::AttachError| error.to_string();
    let mut builder = metrics.attach(NEIGHBOUR, Some(name)).map_err(text)?;
    let gauge = builder.sampled_gauge(&NEIGHBOURS, Neighbour { neighbour: name }).map_err(text)?;
    Ok(builder.on_scrape(move |gauges| {
        sample();
        gauges.set(gauge, 1);
        Sampled::Live
    }))
}

pub(super) fn contain_faults(subject: &Subject) -> Result<(), String> {
    next_to_faults(subject)?;
    let Some(attach) = &subject.with_user_code else { return Ok(()) };
    let gate = Gate::default();
    let _opens = OpensAtLast(gate.clone());
    let codes = [
        ("panics", UserCode::new(|| panic!("the application's code panics"))),
        ("does not return", UserCode::new(move || gate.wait())),
    ];
    for (what, code) in codes {
        let metrics = registry()?;
        let calm = neighbour(&metrics, "calm", || {})?;
        // It is never dropped: the drop may wait for the code, and the gate is opened later.
        let _thing = ManuallyDrop::new(attach(&metrics, FIRST, code).map_err(|error| error.text)?);
        let page = page_in_time(&metrics).map_err(|e| format!("user code {what}: {e}"))?;
        if !page.iter().any(|series| series.starts_with("conformance_neighbours{")) {
            return Err(format!("user code {what}, and the page lacks foreign families"));
        }
        drop(calm);
    }
    Ok(())
}

/// Checks a thing together with others whose samplers fail.
fn next_to_faults(subject: &Subject) -> Result<(), String> {
    let metrics = registry()?;
    let _thing = subject.attach_and_exercise(&metrics, FIRST)?;
    let alone = names(&metrics);
    let gate = Gate::default();
    let _opens = OpensAtLast(gate.clone());
    let _panics = neighbour(&metrics, "panics", || panic!("a neighbour panics"))?;
    let _waits = neighbour(&metrics, "waits", move || gate.wait())?;
    let page = page_in_time(&metrics)?;
    let has = |family: &String| page.iter().any(|s| s.starts_with(&format!("{family}{{")));
    let lost: Vec<_> = alone.iter().filter(|family| !has(family)).collect();
    if !lost.is_empty() {
        return Err(format!("other samplers fail, and the page lacks {}", some(lost)));
    }
    Ok(())
}

/// Returns the series of a page, which must be ready in time although code does not return.
fn page_in_time(metrics: &MetricsRegistry) -> Result<Vec<String>, String> {
    let (done, finished) = mpsc::channel();
    let metrics = metrics.clone();
    let spawned = thread::Builder::new().spawn(move || {
        let _ = done.send(series(&metrics.snapshot()).into_iter().collect());
    });
    spawned.map_err(|error| error.to_string())?;
    finished.recv_timeout(COLLECTION_TIMEOUT + SLACK).map_err(|_| {
        format!("there was no page within {:?}: it waits for the code", COLLECTION_TIMEOUT + SLACK)
    })
}

pub(super) fn may_meet_drops(subject: &Subject) -> Result<(), String> {
    let metrics = registry()?;
    let before = series(&metrics.snapshot());
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let pages = [(); 2].map(|()| {
            scope.spawn(|| {
                while !is_done.load(SeqCst) {
                    drop(metrics.snapshot());
                    drop(metrics.generate_metrics());
                }
            })
        });
        let mut result = Ok(());
        let begun = Instant::now();
        let is_over = |round| round >= *ROUNDS.start() && begun.elapsed() > STORM;
        for round in (0..*ROUNDS.end()).take_while(|round| !is_over(*round)) {
            let name = if round % 2 == 0 { FIRST } else { "second" };
            match subject.attach_and_exercise(&metrics, name) {
                Ok(thing) => drop(thing),
                Err(error) => {
                    result = Err(format!("while pages are written: {error}"));
                    break;
                }
            }
        }
        is_done.store(true, SeqCst);
        let pages = pages.map(thread::ScopedJoinHandle::join);
        if pages.iter().any(Result::is_err) {
            return Err("writing a page panicked".to_owned());
        }
        result
    })?;
    let owned = |name: &String| !subject.outlives(name.split('{').next().unwrap_or_default());
    let after = series(&metrics.snapshot());
    let left: Vec<_> = after.difference(&before).filter(|name| owned(name)).collect();
    if left.is_empty() { Ok(()) } else { Err(format!("the page still has {}", some(left))) }
}
