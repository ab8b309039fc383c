use caracal_metrics_core::{Counter, Family, labels};

labels! {
    struct Nine {
        a: bool, b: bool, c: bool, d: bool, e: bool, f: bool, g: bool, h: bool, i: bool,
    }
}

static CALLS: Family<Counter, Nine> = Family::counter("calls_total", "Calls.");

fn main() {}
