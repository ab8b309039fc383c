//! Relations between the families of a page that hold whatever has happened.

use anyhow::{Result, ensure};
use integration_tests::Page;

/// The states of a breaker, at the index of their value in the gauge.
const STATES: [&str; 3] = ["closed", "open", "half_open"];

/// Everything that entered is still there, or has left. For a page with no request in flight.
pub(crate) fn balanced(page: &Page) -> Result<()> {
    breaker_walked_to_its_state(page)?;
    cache_holds_what_was_loaded(page)?;
    connections_were_asked_for(page)
}

/// The transitions are one walk from closed to the state of the gauge: the breaker entered each state
/// as often as it left it, except for the first and the last state.
fn breaker_walked_to_its_state(page: &Page) -> Result<()> {
    const CHANGES: &str = "caracal_circuit_breaker_state_changes_total";
    let shown = page.value("caracal_circuit_breaker_state", &[("name", "database")]);
    for (number, state) in STATES.into_iter().enumerate() {
        let there = page.sum(CHANGES, &[("to_state", state)]);
        let left = page.sum(CHANGES, &[("from_state", state)]);
        let began = f64::from(u8::from(state == "closed"));
        let ended = f64::from(u8::from(shown == number as f64));
        ensure!(began + there == left + ended, "{state}: {there} in, {left} out, shown: {shown}");
    }
    Ok(())
}

/// Every entry that was inserted into a cache is there or was removed. Evictions are removals.
fn cache_holds_what_was_loaded(page: &Page) -> Result<()> {
    const REMOVALS: &str = "caracal_cache_removals_total";
    const POLICY: (&str, &str) = ("cache", "policy");
    const NONCES: (&str, &str) = ("cache", "nonces");
    let loads = "caracal_cache_load_duration_seconds_count";
    let loaded = page.value(loads, &[POLICY, ("result", "success")]);
    let missed = page.value("caracal_policy_cache_misses_total", &[]);
    let attempts = page.sum(loads, &[POLICY]);
    ensure!(attempts == missed, "{missed} policies missed, {attempts} loads");
    // Each miss of a nonce inserts it.
    let remembered = page.value("caracal_cache_misses_total", &[NONCES]);
    let policy_evictions = "caracal_policy_cache_evictions_total";
    for (cache, put, size, evictions) in [
        (
            POLICY,
            loaded,
            page.value("caracal_policy_cache_size", &[]),
            page.value(policy_evictions, &[]),
        ),
        (
            NONCES,
            remembered,
            page.value("caracal_cache_size", &[NONCES]),
            page.value("caracal_cache_evictions_total", &[NONCES]),
        ),
    ] {
        let removed = page.sum(REMOVALS, &[cache]);
        ensure!(put == size + removed, "{cache:?}: {put} put, {size} there, {removed} removed");
        let cause = |cause| page.value(REMOVALS, &[cache, ("cause", cause)]);
        let evicted = cause("expired") + cause("size");
        ensure!(evictions == evicted, "{cache:?}: {evictions} evictions, {evicted} by cause");
    }
    Ok(())
}

/// Each caller that did not get a connection has timed out, and no connection was held without a
/// request for it.
fn connections_were_asked_for(page: &Page) -> Result<()> {
    let pool = |what| page.value(&format!("caracal_database_connection_pool_{what}"), &[]);
    let errors =
        page.value("caracal_database_connection_errors_total", &[("error_type", "pool_timeout")]);
    let timeouts = pool("acquire_timeouts_total");
    ensure!(timeouts == errors, "{timeouts} timeouts, {errors} errors of that type");
    let (waits, holds) =
        (pool("acquire_duration_seconds_count"), pool("hold_duration_seconds_count"));
    ensure!(holds <= waits, "{holds} connections held of {waits} asked for");
    Ok(())
}
