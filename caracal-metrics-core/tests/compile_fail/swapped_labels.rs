use caracal_metrics_core::{Counter, Family, MetricsRegistry, labels};

labels! {
    enum Payment { Card => "card", Invoice => "invoice" }
    struct Order<'a> { payment: Payment, tenant: &'a str }
    struct Visit<'a> { tenant: &'a str }
}

static ORDERS: Family<Counter, Order<'_>> = Family::counter("orders_total", "Orders placed.");

fn main() {
    let orders = MetricsRegistry::new().family(&ORDERS).unwrap();
    orders.inc(Order { payment: "acme", tenant: Payment::Card });
}
