//! The live page in a real browser.

mod access;
mod away;
mod gateway;
mod hostile;
mod long;
mod looks;
mod native;
mod view;

use std::process::ExitCode;

use integration_tests::{Needs, run, test};

const BROWSER: &[Needs] = &[Needs::Browser];

fn main() -> ExitCode {
    run(vec![
        test("numbers_are_those_of_the_page_of_metrics", BROWSER, gateway::numbers_are_equal),
        test("curves_are_there_with_the_second_reading", BROWSER, gateway::curves_come_soon),
        test("an_outage_shows", BROWSER, gateway::an_outage_shows),
        test("problems_come_first", BROWSER, gateway::problems_come_first),
        test("a_service_that_goes_away_is_said_to_be_away", BROWSER, away::away_and_back),
        test("a_hidden_tab_asks_nothing", BROWSER, away::hidden),
        test("quantiles_are_those_of_native_buckets", BROWSER, native::quantiles),
        test("hostile_text_is_text", BROWSER, hostile::hostile_text_is_text),
        test("a_hundred_thousand_series_are_usable", BROWSER, long::many_series),
        test("thousands_of_families_are_usable", BROWSER, long::many_families),
        test(
            "families_that_are_not_followed_are_found",
            BROWSER,
            long::more_families_than_it_follows,
        ),
        test("a_service_with_its_own_names", BROWSER, hostile::names_of_its_own),
        test("every_control_is_reached_by_keyboard", BROWSER, access::keyboard),
        test("text_has_contrast", BROWSER, access::contrast),
        test("the_files_are_offered", BROWSER, access::files),
        test("it_looks_right_at_every_size", BROWSER, looks::screenshots),
    ])
}
