//! Series leave the page if nothing is recorded into them for some time, and return with their totals.

use std::time::Duration;

use caracal_metrics_core::adapter::{InstanceKind, RuntimeFamily};
use caracal_metrics_core::testing::Clock;
use caracal_metrics_core::{
    BuildError, Counter, DurationHistogram, Family, FamilyCardinality, FloatCounter, FloatGauge,
    Gauge, HideError, Histogram, Metric, MetricsRegistry, StatusCode, labels,
};

const HOUR: Duration = Duration::from_secs(3600);
const SCRAPE: Duration = Duration::from_secs(60);

labels! {
    struct Order<'a> { tenant: &'a str }
    struct Paid<'a> { card: bool, tenant: &'a str }
    struct Three<'a> { first: &'a str, second: &'a str, third: &'a str }
    struct Answer { code: StatusCode }
    struct Named<'a> { name: Option<&'a str> }
}

static ORDERS: Family<Counter, Order<'_>> = Family::counter("orders_total", "Orders.");

fn hiding(after: Duration) -> (MetricsRegistry, Clock) {
    let clock = Clock::new();
    let builder = MetricsRegistry::builder().only_used_families().clock(clock);
    (builder.hide_idle_series(after).build().unwrap(), clock)
}

/// Lets time pass, with a scrape every minute.
fn pass(m: &MetricsRegistry, clock: Clock, time: Duration) {
    let mut left = time;
    while !left.is_zero() {
        let step = left.min(SCRAPE);
        clock.advance(step);
        left -= step;
        let _page = m.generate_metrics();
    }
}

fn orders_of(m: &MetricsRegistry, tenant: &str) -> Option<f64> {
    m.sample("orders_total", &[("tenant", tenant)])
}

fn cardinality(m: &MetricsRegistry, family: &str) -> FamilyCardinality {
    m.cardinality().into_iter().find(|it| it.metric == family).unwrap()
}

#[test]
fn an_idle_series_leaves_the_page_and_returns_with_its_total() {
    let (m, clock) = hiding(HOUR);
    let orders = m.family(&ORDERS).unwrap();
    orders.inc_by(Order { tenant: "acme" }, 5);
    pass(&m, clock, HOUR);
    assert_eq!(orders_of(&m, "acme"), Some(5.0), "not before the time has passed");
    pass(&m, clock, HOUR / 4 + 2 * SCRAPE);
    assert_eq!(orders_of(&m, "acme"), None, "not later than documented");
    assert_eq!(cardinality(&m, "orders_total").hidden, 1);
    assert_eq!(cardinality(&m, "orders_total").counted, 0);
    orders.inc(Order { tenant: "acme" });
    assert_eq!(orders_of(&m, "acme"), Some(6.0), "on the page that starts after the record");
    assert_eq!(cardinality(&m, "orders_total").hidden, 0);
    pass(&m, clock, 2 * HOUR);
    assert_eq!(orders_of(&m, "acme"), None, "it is hidden again");
}

#[test]
fn a_series_that_is_recorded_stays() {
    let (m, clock) = hiding(HOUR);
    let orders = m.family(&ORDERS).unwrap();
    let mut minutes = 0_u32;
    while minutes < 24 * 60 {
        // This is the end of the allowed range.
        minutes += 59;
        orders.inc(Order { tenant: "slow" });
        orders.inc(Order { tenant: "slow" });
        for _ in 0..59 {
            clock.advance(SCRAPE);
            orders.inc(Order { tenant: "quick" });
            assert!(orders_of(&m, "slow").is_some() && orders_of(&m, "quick").is_some());
        }
    }
}

#[test]
fn every_kind_is_hidden_and_returns() {
    static TIMES: Family<DurationHistogram, Paid<'_>> =
        Family::duration_histogram("times_seconds", "Times.").buckets(&[HOUR]);
    static SIZES: Family<Histogram, Order<'_>> =
        Family::histogram("sizes", "Sizes.").buckets(&[1.0]);
    static EUROS: Family<FloatCounter, Three<'_>> = Family::float_counter("euros_total", "Euros.");
    static DEPTH: Family<Gauge, Order<'_>> = Family::gauge("depth", "Depth.");
    static LOAD: Family<FloatGauge, Order<'_>> = Family::float_gauge("load", "Load.");

    let (m, clock) = hiding(HOUR);
    let times = m.family(&TIMES).unwrap();
    let sizes = m.family(&SIZES).unwrap();
    let euros = m.family(&EUROS).unwrap();
    let (depth, load) = (m.family(&DEPTH).unwrap(), m.family(&LOAD).unwrap());
    let tenant = "a tenant whose name is longer than a chunk of sixteen bytes";
    let record = || {
        times.observe(Paid { card: true, tenant }, Duration::from_secs(1));
        sizes.observe(Order { tenant }, 0.5);
        euros.inc_by(Three { first: "a", second: "b", third: tenant }, 1.5);
        depth.add(Order { tenant }, 2);
        load.add(Order { tenant }, 0.25);
    };
    let read = || {
        let paid = [("card", "true"), ("tenant", tenant)];
        [
            m.sample("times_seconds_sum", &paid),
            m.sample("sizes_count", &paid[1..]),
            m.sample("euros_total", &[("first", "a"), ("second", "b"), ("third", tenant)]),
            m.sample("depth", &paid[1..]),
            m.sample("load", &paid[1..]),
        ]
    };
    record();
    pass(&m, clock, HOUR);
    assert_eq!(read(), [1.0, 1.0, 1.5, 2.0, 0.25].map(Some));
    pass(&m, clock, HOUR / 2);
    assert_eq!(read(), [None; 5]);
    record();
    assert_eq!(read(), [2.0, 2.0, 3.0, 4.0, 0.5].map(Some));
}

#[test]
fn a_gauge_that_is_set_to_its_own_value_stays() {
    static DEPTH: Family<Gauge, Order<'_>> = Family::gauge("depth", "Depth.");
    let (m, clock) = hiding(HOUR);
    let depth = m.family(&DEPTH).unwrap();
    for _ in 0..20 {
        depth.set(Order { tenant: "acme" }, 7);
        depth.set(Order { tenant: "acme" }, 7);
        pass(&m, clock, HOUR / 2);
        assert_eq!(m.sample("depth", &[("tenant", "acme")]), Some(7.0));
    }
    pass(&m, clock, HOUR);
    assert_eq!(m.sample("depth", &[("tenant", "acme")]), None);
}

#[test]
fn a_handle_a_timer_and_a_guard_keep_their_series() {
    static TIMES: Family<DurationHistogram, Order<'_>> =
        Family::duration_histogram("times_seconds", "Times.").buckets(&[HOUR]);
    static RUNNING: Family<Gauge, Order<'_>> = Family::gauge("running", "Running.");

    let (m, clock) = hiding(HOUR);
    let (orders, times) = (m.family(&ORDERS).unwrap(), m.family(&TIMES).unwrap());
    let running = m.family(&RUNNING).unwrap();
    let tenant = [("tenant", "acme")];
    let read = || {
        let names = ["orders_total", "times_seconds_count", "running"];
        names.map(|name| m.sample(name, &tenant))
    };
    let handle = orders.with(Order { tenant: "acme" });
    let started = times.start_timer(Order { tenant: "acme" });
    let guard = running.track(Order { tenant: "acme" });
    pass(&m, clock, 10 * HOUR);
    assert_eq!(read(), [0.0, 0.0, 1.0].map(Some));
    handle.inc();
    drop(started);
    drop(guard);
    assert_eq!(read(), [1.0, 1.0, 0.0].map(Some));
    let other = handle.clone();
    drop(handle);
    pass(&m, clock, HOUR);
    assert_eq!(read(), [1.0, 1.0, 0.0].map(Some));
    pass(&m, clock, HOUR / 2);
    assert_eq!(read(), [Some(1.0), None, None], "the clone is a handle");
    drop(other);
    pass(&m, clock, 2 * HOUR);
    assert_eq!(read(), [None; 3]);

    // A handle of a hidden series shows it, and it stays.
    let again = orders.with(Order { tenant: "acme" });
    assert_eq!(read()[0], Some(1.0));
    pass(&m, clock, 5 * HOUR);
    again.inc();
    assert_eq!(read()[0], Some(2.0));
}

#[test]
fn an_attached_instance_keeps_what_was_recorded() {
    static SENT: Family<Counter, Named<'_>> = Family::counter("sent_total", "Sent.");
    const QUEUE: InstanceKind = InstanceKind::new("queue");
    let (m, clock) = hiding(HOUR);
    let sent = m.family(&SENT).unwrap();
    let read = || m.sample("sent_total", &[("name", "mail")]);
    let mail = || Named { name: Some("mail") };
    sent.inc_by(mail(), 5);
    pass(&m, clock, 2 * HOUR);
    assert_eq!(read(), None);

    // Hidden records are part of the sum from the start, so the sum never jumps.
    let mut builder = m.attach(QUEUE, Some("mail")).unwrap();
    let handle = builder.series(&SENT, mail()).unwrap();
    let instance = builder.build();
    assert_eq!(read(), Some(5.0));
    handle.inc();
    pass(&m, clock, 5 * HOUR);
    assert_eq!(read(), Some(6.0));
    assert_eq!(sent.hide(mail()), Err(HideError::InUse { metric: "sent_total".to_owned() }));
    drop(instance);
    assert_eq!(read(), Some(5.0));
    pass(&m, clock, 2 * HOUR);
    assert_eq!(read(), None);
}

#[test]
fn series_that_an_instance_shows_again_have_their_places() {
    static SENT: Family<Counter, Named<'_>> =
        Family::counter("sent_total", "Sent.").max_values("name", 1);
    const QUEUE: InstanceKind = InstanceKind::new("queue");
    let (m, clock) = hiding(HOUR);
    let sent = m.family(&SENT).unwrap();
    let read = |name: &str| m.sample("sent_total", &[("name", name)]);
    for name in ["post", "mail"] {
        sent.inc(Named { name: Some(name) });
        pass(&m, clock, 2 * HOUR);
    }
    let mut builder = m.attach(QUEUE, Some("mail")).unwrap();
    let _handle = builder.series(&SENT, Named { name: Some("mail") }).unwrap();
    let _instance = builder.build();
    assert_eq!([read("post"), read("mail")], [None, Some(1.0)], "the other one stays hidden");
    let now = cardinality(&m, "sent_total");
    assert_eq!(
        (now.counted, now.hidden),
        (2, 1),
        "both the instance and the returned series have a place"
    );
    sent.inc(Named { name: Some("third") });
    assert_eq!([read("third"), read("aggregated")], [None, Some(1.0)], "the label is full");
}

#[test]
fn closed_labels_and_initial_series_stay() {
    static ANSWERS: Family<Counter, Answer> = Family::counter("answers_total", "Answers.");
    static SENT: Family<Counter, Named<'_>> = Family::counter("sent_total", "Sent.");
    let (m, clock) = hiding(HOUR);
    m.family(&ANSWERS).unwrap().inc(Answer { code: StatusCode::new(404) });
    m.family(&SENT).unwrap().inc(Named { name: Some("mail") });
    pass(&m, clock, 3 * HOUR);
    assert_eq!(m.sample("answers_total", &[("code", "404")]), Some(1.0));
    assert_eq!(m.sample("sent_total", &[]), Some(0.0));
    assert_eq!(m.sample("sent_total", &[("name", "mail")]), None);
}

#[test]
fn freed_places_are_reused_and_series_without_a_place_are_folded() {
    let clock = Clock::new();
    let builder = MetricsRegistry::builder().hide_idle_series(HOUR).clock(clock);
    let m = builder.max_series(&ORDERS, 2).build().unwrap();
    let orders = m.family(&ORDERS).unwrap();
    orders.inc(Order { tenant: "a" });
    orders.inc(Order { tenant: "b" });
    orders.inc(Order { tenant: "c" });
    assert_eq!(orders_of(&m, "aggregated"), Some(1.0));
    pass(&m, clock, 2 * HOUR);
    orders.inc(Order { tenant: "c" });
    orders.inc(Order { tenant: "d" });
    // The family is full.
    orders.inc(Order { tenant: "a" });
    let read = |tenants: &[&str]| tenants.iter().map(|it| orders_of(&m, it)).collect::<Vec<_>>();
    assert_eq!(read(&["a", "b", "c", "d"]), [None, None, Some(1.0), Some(1.0)]);
    assert_eq!(orders_of(&m, "aggregated"), Some(2.0));
    let limited = m.sample("caracal_metrics_series_limited_total", &[("metric", "orders_total")]);
    assert_eq!(limited, Some(2.0));
    // A marked series keeps its place.
    pass(&m, clock, HOUR / 2);
    orders.inc(Order { tenant: "c" });
    assert_eq!(read(&["c", "d", "aggregated"]), [Some(2.0), Some(1.0), Some(2.0)]);
    orders.hide(Order { tenant: "d" }).unwrap();
    orders.inc(Order { tenant: "a" });
    assert_eq!(read(&["a", "b", "c", "d"]), [Some(2.0), None, Some(2.0), None]);
}

#[test]
fn a_family_keeps_ten_times_its_limit() {
    let clock = Clock::new();
    let builder = MetricsRegistry::builder().hide_idle_series(HOUR).clock(clock);
    let m = builder.max_series(&ORDERS, 3).build().unwrap();
    let orders = m.family(&ORDERS).unwrap();
    for tenant in 0..40 {
        orders.inc(Order { tenant: &tenant.to_string() });
        pass(&m, clock, 2 * HOUR);
    }
    let now = cardinality(&m, "orders_total");
    assert_eq!((now.counted, now.hidden), (0, 30));
    assert_eq!(orders_of(&m, "aggregated"), Some(10.0));
    assert_eq!(now.last_merged.last().unwrap()[0].1, "39");
    orders.inc(Order { tenant: "7" });
    assert_eq!(orders_of(&m, "7"), Some(2.0), "a label set that is kept still returns");
}

#[test]
fn hiding_returns_why_a_series_stays() {
    let (m, _) = hiding(HOUR);
    let orders = m.family(&ORDERS).unwrap();
    let metric = || "orders_total".to_owned();
    let hide = |tenant| orders.hide(Order { tenant });
    assert_eq!(hide("acme"), Err(HideError::Unknown { metric: metric() }));
    let handle = orders.with(Order { tenant: "acme" });
    assert_eq!(hide("acme"), Err(HideError::InUse { metric: metric() }));
    drop(handle);
    assert_eq!(hide("acme"), Ok(()));
    assert_eq!(hide("acme"), Ok(()));
    orders.inc(Order { tenant: "" });
    assert_eq!(hide(""), Err(HideError::Permanent { metric: metric() }));

    let plain = MetricsRegistry::new();
    let orders: Metric<Counter, Order<'static>> = plain.family(&ORDERS).unwrap();
    orders.inc(Order { tenant: "acme" });
    let error = orders.hide(Order { tenant: "acme" }).unwrap_err();
    assert_eq!(error, HideError::NotConfigured { metric: metric() });
    assert!(error.to_string().contains("hide_idle_series"), "{error}");
}

#[test]
fn a_family_can_have_its_own_idle_time() {
    const AFTER_4_HOURS: Duration = Duration::from_secs(4 * 3600);
    static LATER: Family<Counter, Order<'_>> =
        Family::counter("later_total", "Later.").hide_idle_series(AFTER_4_HOURS);
    static NEVER: Family<Counter, Order<'_>> = Family::counter("never_total", "Never.");
    let clock = Clock::new();
    let builder = MetricsRegistry::builder().clock(clock);
    let m = builder.hide_idle_series_of(&ORDERS, HOUR).build().unwrap();
    m.family(&ORDERS).unwrap().inc(Order { tenant: "acme" });
    m.family(&LATER).unwrap().inc(Order { tenant: "acme" });
    m.family(&NEVER).unwrap().inc(Order { tenant: "acme" });
    let read = || {
        let names = ["orders_total", "later_total", "never_total"];
        names.map(|name| m.sample(name, &[("tenant", "acme")]).is_some())
    };
    pass(&m, clock, 2 * HOUR);
    assert_eq!(read(), [false, true, true]);
    pass(&m, clock, 6 * HOUR);
    assert_eq!(read(), [false, false, true]);
    let refused = MetricsRegistry::builder().hide_idle_series(Duration::ZERO).build();
    assert!(matches!(refused, Err(BuildError::NoIdleTime)));
}

/// The builder's setting for a family takes precedence over the setting of the family, which takes precedence
/// over the builder's setting for all.
#[test]
fn the_most_specific_idle_time_applies() {
    const AFTER_4_HOURS: Duration = Duration::from_secs(4 * 3600);
    static LATER: Family<Counter, Order<'_>> =
        Family::counter("later_total", "Later.").hide_idle_series(AFTER_4_HOURS);
    static SOON: Family<Counter, Order<'_>> =
        Family::counter("soon_total", "Soon.").hide_idle_series(AFTER_4_HOURS);
    let clock = Clock::new();
    let builder = MetricsRegistry::builder().clock(clock).hide_idle_series(10 * HOUR);
    let m = builder.hide_idle_series_of(&SOON, HOUR).build().unwrap();
    for family in [&ORDERS, &LATER, &SOON] {
        m.family(family).unwrap().inc(Order { tenant: "acme" });
    }
    let read = || {
        let names = ["orders_total", "later_total", "soon_total"];
        names.map(|name| m.sample(name, &[("tenant", "acme")]).is_some())
    };
    pass(&m, clock, 2 * HOUR);
    assert_eq!(read(), [true, true, false]);
    pass(&m, clock, 4 * HOUR);
    assert_eq!(read(), [true, false, false]);
    pass(&m, clock, 8 * HOUR);
    assert_eq!(read(), [false; 3]);
}

/// Each thread keeps the counter and the histogram together. Both leave and return together.
#[test]
fn series_that_are_recorded_together_return_together() {
    static TIMES: Family<DurationHistogram, Order<'_>> =
        Family::duration_histogram("times_seconds", "Times.").buckets(&[HOUR]);
    let (m, clock) = hiding(HOUR);
    let (orders, times) = (m.family(&ORDERS).unwrap(), m.family(&TIMES).unwrap());
    let tenant = "acme";
    let record = || {
        let second = Duration::from_secs(1);
        orders.inc_and_observe(Order { tenant }, &times, Order { tenant }, second);
    };
    for round in 1..=5 {
        for _ in 0..100 {
            record();
        }
        let both = || {
            let count = m.sample("times_seconds_count", &[("tenant", tenant)]);
            (orders_of(&m, tenant), count)
        };
        let expected = Some(f64::from(round) * 100.0);
        assert_eq!(both(), (expected, expected));
        pass(&m, clock, 2 * HOUR);
        assert_eq!(both(), (None, None));
    }
}

#[test]
fn a_label_gives_the_places_of_hidden_values_to_others() {
    static CALLS: Family<Counter, Three<'_>> =
        Family::counter("calls_total", "Calls.").max_values("second", 2);
    let (m, clock) = hiding(HOUR);
    let calls = m.family(&CALLS).unwrap();
    let call = |first, second| calls.inc(Three { first, second, third: "x" });
    let read = |first, second| {
        m.sample("calls_total", &[("first", first), ("second", second), ("third", "x")])
    };
    call("a", "1");
    call("b", "1");
    call("a", "2");
    call("a", "3");
    assert_eq!(read("a", "aggregated"), Some(1.0));
    // A handle of the folded series keeps it on the page.
    let folded = calls.with(Three { first: "a", second: "4", third: "x" });
    for _ in 0..10 {
        pass(&m, clock, HOUR / 4);
        call("b", "1");
    }
    call("a", "3");
    call("c", "2");
    assert_eq!(read("a", "3"), Some(1.0), "2 has freed its place");
    assert_eq!(read("c", "aggregated"), Some(1.0));
    assert_eq!(read("b", "1"), Some(11.0));
    pass(&m, clock, 2 * HOUR);
    folded.inc();
    assert_eq!(read("a", "aggregated"), Some(2.0));
    assert_eq!(read("c", "aggregated"), None);
    call("a", "2");
    call("a", "1");
    assert_eq!([read("a", "2"), read("a", "1")], [Some(2.0); 2]);
    call("a", "5");
    assert_eq!(read("a", "5"), None, "those that returned have their places again");
    assert_eq!(read("a", "aggregated"), Some(3.0));
}

#[test]
fn the_page_shows_how_full_families_are() {
    let clock = Clock::new();
    let builder = MetricsRegistry::builder().hide_idle_series(HOUR).clock(clock);
    let m = builder.max_series(&ORDERS, 50).build().unwrap();
    let orders = m.family(&ORDERS).unwrap();
    let read = || {
        ["caracal_metrics_series", "caracal_metrics_series_limit"]
            .map(|name| m.sample(name, &[("metric", "orders_total")]))
    };
    assert_eq!(read(), [None; 2], "a family without series needs no line");
    for tenant in 0..60 {
        orders.inc(Order { tenant: &tenant.to_string() });
    }
    assert_eq!(read(), [Some(50.0); 2]);
    pass(&m, clock, 2 * HOUR);
    assert_eq!(read(), [Some(0.0), Some(50.0)]);
}

#[test]
fn a_family_that_is_declared_at_run_time_hides_its_idle_series() {
    let clock = Clock::new();
    let builder = MetricsRegistry::builder().clock(clock).max_series_per_family(2);
    let m = builder.hide_idle_series(HOUR).build().unwrap();
    let calls = RuntimeFamily::<Counter>::counter("plugin_calls_total", "Calls of plugins.");
    let calls = m.runtime_family(calls).unwrap();
    let call = |plugin: &str| calls.with(&[("plugin", plugin)]).unwrap().inc();
    let sample = |plugin: &str| m.sample("plugin_calls_total", &[("plugin", plugin)]);
    let cardinality = || {
        let all = m.cardinality();
        all.into_iter().find(|family| family.metric == "plugin_calls_total").unwrap()
    };
    for plugin in ["mail", "chat", "search"] {
        call(plugin);
    }
    assert_eq!(
        (sample("mail"), sample("search"), sample("aggregated")),
        (Some(1.0), None, Some(1.0))
    );
    let full = cardinality();
    assert_eq!((full.counted, full.hidden, full.merged), (2, 0, 1));
    assert_eq!(full.last_merged, [[("plugin".to_owned(), "search".to_owned())]]);
    assert_eq!((full.labels[0].label.as_str(), full.labels[0].values), ("plugin", 3));

    pass(&m, clock, HOUR * 3);
    assert_eq!((sample("mail"), sample("chat"), sample("aggregated")), (None, None, Some(1.0)));
    let idle = cardinality();
    assert_eq!((idle.counted, idle.hidden), (0, 2));

    call("mail");
    let held = calls.with(&[("plugin", "chat")]).unwrap();
    pass(&m, clock, HOUR * 3);
    assert_eq!((sample("mail"), sample("chat")), (None, Some(1.0)));
    drop(held);
    call("mail");
    assert_eq!(sample("mail"), Some(3.0));
}
