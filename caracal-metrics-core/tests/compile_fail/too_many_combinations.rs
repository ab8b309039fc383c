use caracal_metrics_core::{Counter, Family, StatusCode, labels};

labels! {
    struct Call { first: StatusCode, second: StatusCode }
}

static CALLS: Family<Counter, Call> = Family::counter("calls_total", "Calls.");

fn main() {}
