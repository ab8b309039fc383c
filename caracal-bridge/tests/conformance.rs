//! The conformance kit for adapters.

use caracal_bridge::RecorderBuilder;
use caracal_bridge::families::FACADE_REFUSED_RECORDS;
use caracal_metrics_core::conformance::Conformance;
use metrics::{Unit, counter, describe_histogram, gauge, histogram, with_local_recorder};

#[test]
fn the_recorder_passes() {
    Conformance::of_recorder("bridge", |metrics| RecorderBuilder::new(metrics).build())
        .exercise(|recorder| {
            with_local_recorder(recorder, || {
                describe_histogram!("took", Unit::Seconds, "Time of a job.");
                counter!("jobs", "queue" => "mail").increment(1);
                counter!("jobs").absolute(7);
                gauge!("depth").set(1.0);
                histogram!("took", "queue" => "mail").record(0.5);
                // Refused.
                gauge!("jobs").set(1.0);
            });
        })
        .outside_values(|recorder, value| {
            with_local_recorder(recorder, || {
                counter!("jobs", "queue" => value.to_owned()).increment(1);
                gauge!("depth", "queue" => value.to_owned()).set(1.0);
                histogram!("took", "queue" => value.to_owned()).record(0.5);
                gauge!(format!("jobs_{value}_total")).set(1.0);
                counter!(format!("jobs_{value}")).increment(1);
            });
        })
        .check();
}

#[test]
fn what_is_set_aside_is_declared() {
    Conformance::of_recorder("bridge", |metrics| RecorderBuilder::new(metrics).build())
        .families(&[FACADE_REFUSED_RECORDS.spec()])
        .exercise(|recorder| with_local_recorder(recorder, || counter!("").increment(1)))
        .check();
}
