//! Results that a real Prometheus computes from native buckets, compared with the observations
//! themselves.

#![expect(clippy::cast_sign_loss, reason = "durations and ranks are not negative")]

mod queries;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use caracal_metrics::axum::MetricsEndpoint;
use caracal_metrics::{DurationHistogram, Family, MetricsRegistry, Resolution, labels};
use integration_tests::{Needs, Prometheus, run, test};

labels! { struct Data<'a> { data: &'a str } }
static TOOK: Family<DurationHistogram, Data<'_>> =
    Family::duration_histogram("took_seconds", "Took.").buckets(&[
        Duration::from_millis(5),
        Duration::from_millis(50),
        Duration::from_millis(500),
    ]);

/// The default: each bound is 2^(1/8) times the previous one.
const SCHEMA: i32 = 3;

fn main() -> ExitCode {
    let needs = &[Needs::Prometheus];
    run(vec![
        test(
            "prometheus_agrees_with_the_observations",
            needs,
            prometheus_agrees_with_the_observations,
        ),
        test("monitoring_works_with_native_storage", needs, queries::with_native_storage),
        test("monitoring_works_with_classic_storage", needs, queries::with_classic_storage),
    ])
}

/// The ratio of two neighbouring bounds.
fn base() -> f64 {
    2_f64.powf(2_f64.powi(-SCHEMA))
}

/// The bound with this index. It is exact if it is a power of two.
fn bound(index: i32) -> f64 {
    let of_an_octave = 1 << SCHEMA;
    let fraction = f64::from(index.rem_euclid(of_an_octave)) / f64::from(of_an_octave);
    2_f64.powi(index.div_euclid(of_an_octave)) * fraction.exp2()
}

/// Returns numbers between 0 and 1, which are the same in each run.
fn uniform(seed: u64) -> impl Iterator<Item = f64> {
    let mut state = seed;
    std::iter::from_fn(move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Some(((state >> 11) as f64 + 0.5) / (1_u64 << 53) as f64)
    })
}

/// Normally distributed numbers, by the Box-Muller method.
fn normal(seed: u64) -> impl Iterator<Item = f64> {
    let (radius, angle) = (uniform(seed), uniform(seed.wrapping_add(1)));
    radius.zip(angle).map(|(r, a)| (-2.0 * r.ln()).sqrt() * (std::f64::consts::TAU * a).cos())
}

/// The data sets by name, in nanoseconds.
fn data() -> Vec<(&'static str, Vec<u64>)> {
    let log_normal = normal(1).map(|n| (20e6 * (0.8 * n).exp()) as u64);
    let bimodal = normal(3).zip(uniform(5)).map(|(n, hit)| {
        let middle = if hit < 0.9 { 80e3 } else { 300e6 };
        (middle * (0.2 * n).exp()) as u64
    });
    // The bounds in two octaves of microseconds, two of milliseconds and two of seconds, and their
    // neighbours.
    let bounds = [-160, -72, 0].into_iter().flat_map(|first| first..first + 16);
    let bounds = bounds.flat_map(|index| {
        let bound = (bound(index) * 1e9).floor() as u64;
        [bound - 1, bound, bound + 1]
    });
    vec![
        ("log-normal", log_normal.take(20_000).collect()),
        ("bimodal", bimodal.take(20_000).collect()),
        ("constant", vec![123_456_789; 1_000]),
        ("bounds", bounds.collect()),
    ]
}

struct Scraped {
    prometheus: Prometheus,
}

impl Scraped {
    async fn value(&self, expression: &str) -> Result<f64> {
        let samples = self.prometheus.query(expression).await?;
        let [sample] = &samples[..] else { bail!("{expression}: {samples:?}") };
        Ok(sample.value)
    }

    async fn check(&self, name: &str, mut nanos: Vec<u64>) -> Result<()> {
        nanos.sort_unstable();
        let count = nanos.len() as f64;
        let selector = format!("took_seconds{{data=\"{name}\"}}");
        let of = async |function: &str| self.value(&format!("{function}{selector})")).await;
        ensure!(of("histogram_count(").await? == count);
        let sum = nanos.iter().sum::<u64>() as f64 / 1e9;
        ensure!(of("histogram_sum(").await? == sum);

        for quantile in [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999] {
            let computed = of(&format!("histogram_quantile({quantile}, ")).await?;
            // Prometheus uses the bucket that contains the observation of this rank.
            let rank = (quantile * count).ceil().max(1.0) as usize;
            let exact = nanos[rank - 1] as f64 / 1e9;
            ensure!(
                exact / base() <= computed && computed <= exact * base(),
                "{quantile} of {name}: {computed}, and of the observations {exact}"
            );
        }

        // At a bound of the buckets, nothing is interpolated.
        for index in -170..24 {
            let bound = bound(index);
            let computed = of(&format!("histogram_fraction(0, {bound:?}, ")).await?;
            let below = nanos.iter().filter(|nanos| **nanos as f64 / 1e9 <= bound).count();
            let exact = below as f64 / count;
            ensure!(
                (computed - exact).abs() < 1e-9,
                "up to {bound} of {name}: {computed}, and of the observations {exact}"
            );
        }
        Ok(())
    }
}

async fn prometheus_agrees_with_the_observations() -> Result<()> {
    let metrics = MetricsRegistry::builder().native_histograms(Resolution::default()).build()?;
    let took = metrics.family(&TOOK)?;
    for (name, nanos) in data() {
        for nanos in nanos {
            took.observe(Data { data: name }, Duration::from_nanos(nanos));
        }
    }
    let server = MetricsEndpoint::new(&metrics).serve("127.0.0.1:0").await?;
    let flags = ["--enable-feature=native-histograms"];
    let prometheus = Prometheus::scraping_with_flags(server.local_addr(), &flags).await?;
    let all = data().len();
    let counts = "histogram_count(took_seconds)";
    prometheus.wait_until(counts, |samples| samples.len() == all).await?;
    let scraped = Scraped { prometheus };
    for (name, nanos) in data() {
        scraped.check(name, nanos).await.with_context(|| format!("of the data {name}"))?;
    }
    server.shutdown().await?;
    Ok(())
}
