//! However series were added and removed, and however many pages were read in the meantime, a page equals that
//! of a registry that never had anything else.

#[cfg(feature = "protobuf")]
#[path = "support/model.rs"]
mod model;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use caracal_metrics_core::adapter::{Instance, InstanceKind};
use caracal_metrics_core::{
    Counter, DurationHistogram, Family, Format, Gauge, MetricsRegistry, StatusCode, labels,
};
use proptest::prelude::*;

const UPSTREAM: InstanceKind = InstanceKind::new("upstream");

labels! {
    enum Way { Out => "out", In => "in", Around => "a\"round" }
    struct Sent<'a> { way: Way, from: &'a str, to: &'a str }
    struct Answer { status: StatusCode }
    struct Upstream<'a> { upstream: &'a str }
    struct Client<'a> { client: Option<&'a str> }
}

static SENT: Family<Counter, Sent<'_>> = Family::counter("sent_total", "Sent.");
static ANSWERS: Family<Counter, Answer> = Family::counter("answers_total", "Answers.");
static TOOK: Family<DurationHistogram, Sent<'_>> =
    Family::duration_histogram("took_seconds", "Took.").buckets(&[Duration::from_millis(5)]);
static CALLS: Family<Counter, Upstream<'_>> = Family::counter("calls_total", "Calls.");
static STATE: Family<Gauge, Upstream<'_>> = Family::gauge("state", "State.");
static SLOTS: Family<Gauge, Client<'_>> = Family::gauge("slots", "Slots.");

const NAMES: [&str; 6] =
    ["sent_total", "answers_total", "took_seconds", "calls_total", "state", "slots"];

type Set = (&'static str, String, String);

#[derive(Clone, Debug)]
enum Step {
    /// Counts into series whose last label is `stem` and a number in this range.
    Send {
        way: u8,
        stem: String,
        from: u32,
        count: u32,
    },
    Answer(u16),
    /// Records into the series that an instance with this name may have, too.
    Call(u8),
    SetSlots(Option<u8>),
    Attach(u8),
    Drop(u8),
    Read,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Text that formats escape, text that keys escape, and keys whose length takes more than one byte.
    let stem = prop_oneof![
        "1",
        "[ab1!\"\\\\\n\0\u{1}ü]{0,3}",
        Just("long".repeat(60)),
        Just(String::new())
    ];
    let one = prop_oneof![
        4 => (0..3_u8, stem, 0..400_u32, 1..300_u32)
            .prop_map(|(way, stem, from, count)| Step::Send { way, stem, from, count }),
        1 => (190..620_u16).prop_map(Step::Answer),
        2 => (0..4_u8).prop_map(Step::Call),
        1 => proptest::option::of(0..4_u8).prop_map(Step::SetSlots),
        2 => (0..4_u8).prop_map(Step::Attach),
        2 => (0..4_u8).prop_map(Step::Drop),
        3 => Just(Step::Read),
    ];
    proptest::collection::vec(one, 1..24)
}

fn way(number: u8) -> Way {
    [Way::Out, Way::In, Way::Around][usize::from(number)]
}

fn name(number: u8) -> String {
    format!("u\\{number}")
}

/// The expected records, and what is attached.
#[derive(Default)]
struct Books {
    sent: BTreeMap<Set, (u8, u64)>,
    answers: BTreeMap<u16, u64>,
    calls: BTreeMap<u8, u64>,
    slots: BTreeMap<Option<u8>, i64>,
    attached: BTreeMap<u8, Instance>,
}

fn registry() -> MetricsRegistry {
    MetricsRegistry::builder().const_label("zone", "z\n1").only_used_families().build().unwrap()
}

fn attach(metrics: &MetricsRegistry, number: u8) -> Instance {
    let name = name(number);
    let mut builder = metrics.attach(UPSTREAM, Some(&name)).unwrap();
    builder.series(&CALLS, Upstream { upstream: &name }).unwrap().inc_by(100);
    builder.series(&STATE, Upstream { upstream: &name }).unwrap().set(i64::from(number) + 10);
    builder.series(&SLOTS, Client { client: Some(&name) }).unwrap().set(7);
    builder.build()
}

fn send(metrics: &MetricsRegistry, (_, from, to): &Set, number: u8, count: u64) {
    let set = || Sent { way: way(number), from, to };
    metrics.family(&SENT).unwrap().inc_by(set(), count);
    let took = metrics.family(&TOOK).unwrap();
    (0..count).for_each(|_| took.observe(set(), Duration::from_millis(4)));
}

fn answer(metrics: &MetricsRegistry, status: u16, count: u64) {
    metrics.family(&ANSWERS).unwrap().inc_by(Answer { status: StatusCode::new(status) }, count);
}

fn call(metrics: &MetricsRegistry, number: u8, count: u64) {
    let name = name(number);
    metrics.family(&CALLS).unwrap().inc_by(Upstream { upstream: &name }, count);
    metrics.family(&STATE).unwrap().set(Upstream { upstream: &name }, count.cast_signed());
}

fn set_slots(metrics: &MetricsRegistry, number: Option<u8>, slots: i64) {
    let name = number.map(name);
    metrics.family(&SLOTS).unwrap().set(Client { client: name.as_deref() }, slots);
}

impl Books {
    fn take(&mut self, metrics: &MetricsRegistry, step: Step) {
        match step {
            Step::Send { way, stem, from, count } => {
                for number in from..from + count {
                    let text = ["out", "in", "a\"round"][usize::from(way)];
                    let set = (text, format!("{stem}{}", number % 3), format!("{stem}{number}"));
                    send(metrics, &set, way, 1);
                    self.sent.entry(set).or_insert((way, 0)).1 += 1;
                }
            }
            Step::Answer(status) => {
                answer(metrics, status, 1);
                *self.answers.entry(status).or_default() += 1;
            }
            Step::Call(number) => {
                let calls = self.calls.entry(number).or_default();
                *calls += 1;
                let name = name(number);
                metrics.family(&CALLS).unwrap().inc(Upstream { upstream: &name });
                let state = metrics.family(&STATE).unwrap();
                state.set(Upstream { upstream: &name }, calls.cast_signed());
            }
            Step::SetSlots(number) => {
                let slots = i64::from(number.unwrap_or(9));
                set_slots(metrics, number, slots);
                self.slots.insert(number, slots);
            }
            Step::Attach(number) => {
                self.attached.entry(number).or_insert_with(|| attach(metrics, number));
            }
            Step::Drop(number) => drop(self.attached.remove(&number)),
            Step::Read => drop(metrics.generate_metrics()),
        }
    }

    /// Returns a registry with these records. No page of it was read yet.
    fn replay(&self) -> (MetricsRegistry, Vec<Instance>) {
        let metrics = registry();
        register(&metrics);
        let attached = self.attached.keys().rev().map(|number| attach(&metrics, *number)).collect();
        for (set, (way, count)) in self.sent.iter().rev() {
            send(&metrics, set, *way, *count);
        }
        self.answers.iter().for_each(|(status, count)| answer(&metrics, *status, *count));
        self.calls.iter().for_each(|(number, count)| call(&metrics, *number, *count));
        self.slots.iter().for_each(|(number, slots)| set_slots(&metrics, *number, *slots));
        (metrics, attached)
    }

    /// Returns the samples of one family, written without any of our code.
    fn sent(&self) -> String {
        let escape =
            |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let mut text = "# HELP sent_total Sent.\n# TYPE sent_total counter\n".to_owned();
        for ((way, from, to), (_, count)) in &self.sent {
            let [way, from, to] = [way, from.as_str(), to].map(escape);
            let labels = format!(r#"way="{way}",from="{from}",to="{to}",zone="z\n1""#);
            writeln!(text, "sent_total{{{labels}}} {count}").unwrap();
        }
        text
    }

    /// Like [`sent`](Self::sent), for the family whose label can be left out.
    fn slots(&self) -> String {
        let mut slots = self.slots.clone();
        slots.entry(None).or_default();
        for number in self.attached.keys() {
            slots.insert(Some(*number), 7);
            slots.remove(&None);
        }
        let mut text = "# HELP slots Slots.\n# TYPE slots gauge\n".to_owned();
        for (number, value) in slots {
            let client = number.map(|number| format!(r#"client="u\\{number}","#));
            writeln!(text, r#"slots{{{}zone="z\n1"}} {value}"#, client.unwrap_or_default())
                .unwrap();
        }
        text
    }
}

fn register(metrics: &MetricsRegistry) {
    metrics.family(&SENT).unwrap();
    metrics.family(&ANSWERS).unwrap();
    metrics.family(&TOOK).unwrap();
    metrics.family(&CALLS).unwrap();
    metrics.family(&STATE).unwrap();
    metrics.family(&SLOTS).unwrap();
}

fn formats() -> impl Iterator<Item = Format> {
    [
        Format::Text,
        Format::OpenMetrics,
        #[cfg(feature = "protobuf")]
        Format::Protobuf,
    ]
    .into_iter()
}

fn named(metrics: &MetricsRegistry, format: Format, names: &[&str]) -> Vec<u8> {
    let mut page = Vec::new();
    metrics.encode_named(format, names, &mut page);
    page
}

/// Returns a page without the start times of its series, which only protobuf has.
fn without_start(format: Format, page: &[u8]) -> Vec<u8> {
    #[cfg(feature = "protobuf")]
    if format == Format::Protobuf {
        let mut families = model::families(page);
        let metrics = families.iter_mut().flat_map(|family| &mut family.metric);
        for metric in metrics {
            let counter = metric.counter.as_mut().map(|it| it.created_timestamp.take());
            let histogram = metric.histogram.as_mut().map(|it| it.created_timestamp.take());
            let start = counter.or(histogram);
            assert!(start.is_none_or(|start| start.is_some()), "{metric:?} has no start");
        }
        return families.iter().flat_map(prost::Message::encode_length_delimited_to_vec).collect();
    }
    let _ = format;
    page.to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn a_page_equals_that_of_a_registry_built_from_scratch(steps in steps()) {
        let metrics = registry();
        register(&metrics);
        let mut books = Books::default();
        for step in steps {
            books.take(&metrics, step);
        }
        let sent = String::from_utf8(named(&metrics, Format::Text, &["sent_total"])).unwrap();
        prop_assert_eq!(sent, books.sent());
        let slots = String::from_utf8(named(&metrics, Format::Text, &["slots"])).unwrap();
        prop_assert_eq!(slots, books.slots());
        let (other, _attached) = books.replay();
        for format in formats() {
            let page = named(&metrics, format, &NAMES);
            let of_other = named(&other, format, &NAMES);
            prop_assert!(without_start(format, &page) == without_start(format, &of_other), "{format:?}");
            let pieces = metrics.encode_in_pieces(format, &NAMES, 1000);
            prop_assert!(pieces.concat() == page, "{format:?} in pieces");
        }
    }
}
