use caracal_metrics_core::{Counter, Family};

static ORDERS: Family<Counter> =
    Family::counter("orders_total", "Orders placed.").buckets(&[std::time::Duration::ZERO]);

fn main() {}
