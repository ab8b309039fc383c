//! The contents of error messages: what is wrong, and how to correct it.

use caracal_metrics_core::adapter::InstanceKind;
use caracal_metrics_core::{Exemplar, MetricsRegistry};

#[track_caller]
fn says(error: impl std::error::Error, parts: &[&str]) {
    let message = error.to_string();
    for part in parts {
        assert!(message.contains(part), "{part:?} is missing: {message}");
    }
}

#[test]
fn settings() {
    let build = |name: &str| MetricsRegistry::builder().const_label(name, "x").build().unwrap_err();
    says(
        build("agent_id"),
        &["\"agent_id\"", "a family of the catalogue has", "choose another name"],
    );
    // No family of the catalogue has this label.
    says(build("le"), &["\"le\"", "histograms", "choose another name"]);
    says(build("quantile"), &["\"quantile\"", "summaries", "choose another name"]);
    says(build("1st"), &["\"1st\"", "use letters"]);
}

#[test]
fn instances() {
    let metrics = MetricsRegistry::new();
    let attach = |name| metrics.attach(InstanceKind::new("cache"), name);
    says(attach(Some("")).unwrap_err(), &["cache", "empty", "choose a name"]);
    let taken = attach(Some("sessions")).unwrap();
    says(attach(Some("sessions")).unwrap_err(), &["cache", "\"sessions\"", "choose another name"]);
    drop(taken);
}

#[test]
fn exemplars() {
    let long = "x".repeat(126);
    let error = Exemplar::new(&[("id", &long), ("n", "1")]).unwrap_err();
    says(error, &["130 characters", "128 are allowed", "leave out a label"]);
}
