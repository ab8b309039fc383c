//! Tests what another thread can do while a series is becoming findable.

use std::sync::mpsc::{Receiver, channel};

use super::seam::Moment;
use crate::{Counter, Family, MetricsRegistry, StatusCode, labels};

/// Reads a page before the change is made and after it. After the change, also records and reads another page.
/// Returns the value of the sample on the last page, for each moment.
fn interleave(
    m: &MetricsRegistry,
    sample: (&'static str, &'static [(&'static str, &'static str)]),
    record: fn(&MetricsRegistry),
) -> Receiver<(Moment, Option<f64>)> {
    let (sender, receiver) = channel();
    let other = m.clone();
    let families = m.instances().state().families();
    let store = families.find(sample.0).expect("the family is registered");
    store.changes.seam.put(move |moment| {
        let read = || other.sample(sample.0, sample.1);
        let mut value = read();
        if moment == Moment::AfterTheChange {
            record(&other);
            value = read();
        }
        sender.send((moment, value)).unwrap();
    });
    receiver
}

#[test]
fn a_label_set_is_on_the_next_page_once_a_record_has_returned() {
    const NAME: &str = "caracal_gateway_replay_blocks_total";
    let m = MetricsRegistry::new();
    for i in 0..100 {
        m.record_replay_block(&format!("reason-{i}"));
    }
    let record = |m: &MetricsRegistry| m.record_replay_block("new");
    let seen = interleave(&m, (NAME, &[("reason", "new")]), record);
    record(&m);
    assert_eq!(seen.try_recv(), Ok((Moment::BeforeTheChange, None)));
    assert_eq!(seen.try_recv(), Ok((Moment::AfterTheChange, Some(1.0))));
    assert_eq!(m.sample(NAME, &[("reason", "new")]), Some(2.0));
}

labels! {
    struct Answer { status_code: StatusCode }
}

static ANSWERS: Family<Counter, Answer> = Family::counter("answers_total", "Answers.");

#[test]
fn closed_labels_are_on_the_next_page_once_a_record_has_returned() {
    const NAME: &str = "answers_total";
    const NOT_FOUND: Answer = Answer { status_code: StatusCode::new(404) };
    let m = MetricsRegistry::new();
    let answers = m.family(&ANSWERS).unwrap();
    let record = |m: &MetricsRegistry| m.family(&ANSWERS).unwrap().inc(NOT_FOUND);
    let seen = interleave(&m, (NAME, &[("status_code", "404")]), record);
    answers.inc(NOT_FOUND);
    assert_eq!(seen.try_recv(), Ok((Moment::BeforeTheChange, None)));
    assert_eq!(seen.try_recv(), Ok((Moment::AfterTheChange, Some(1.0))));
    assert_eq!(m.sample(NAME, &[("status_code", "404")]), Some(2.0));
}
