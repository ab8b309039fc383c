//! The rules of promlint for units.

use super::names::has_word;
use super::{Report, Rule};

/// Units and their base units.
const UNITS: [(&str, &str); 24] = [
    ("amperes", "amperes"),
    ("bytes", "bytes"),
    ("celsius", "celsius"),
    ("grams", "grams"),
    ("joules", "joules"),
    ("kelvin", "kelvin"),
    ("meters", "meters"),
    ("metres", "metres"),
    ("seconds", "seconds"),
    ("volts", "volts"),
    ("minutes", "seconds"),
    ("hours", "seconds"),
    ("days", "seconds"),
    ("weeks", "seconds"),
    ("kelvins", "kelvin"),
    ("fahrenheit", "celsius"),
    ("rankine", "celsius"),
    ("inches", "meters"),
    ("yards", "meters"),
    ("miles", "meters"),
    ("bits", "bytes"),
    ("calories", "joules"),
    ("pounds", "grams"),
    ("ounces", "grams"),
];

const PREFIXES: [&str; 18] = [
    "pico", "nano", "micro", "milli", "centi", "deci", "deca", "hecto", "kilo", "kibi", "mega",
    "mibi", "giga", "gibi", "tera", "tebi", "peta", "pebi",
];

const ABBREVIATIONS: [&str; 14] =
    ["s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "pb", "m", "h", "d"];

pub(super) fn check(report: &mut Report<'_>) {
    let name = report.family.name().to_owned();
    // One problem, as in promlint: the first unit decides.
    let unit = name.split('_').find_map(|word| Some((word, base_unit(word)?)));
    if let Some((unit, base)) = unit.filter(|(unit, base)| unit != base) {
        let text = format!("use base unit {base:?} instead of {unit:?}");
        let words: Vec<_> = name.split('_').map(|w| if w == unit { base } else { w }).collect();
        let remedy = format!("rename it to {} and convert the values", words.join("_"));
        report.add(Rule::BaseUnit, text, remedy);
    }
    let lower = name.to_lowercase();
    if let Some(short) = ABBREVIATIONS.iter().find(|short| has_word(&lower, short)) {
        let text = "metric names should not contain abbreviated units";
        let remedy = format!("write a base unit, such as `seconds`, instead of {short:?}");
        report.add(Rule::AbbreviatedUnit, text, remedy);
    }
}

/// Returns the base unit of a word, if the word is a unit.
fn base_unit(word: &str) -> Option<&'static str> {
    let of = |word: &str| UNITS.iter().find(|(unit, _)| *unit == word).map(|(_, base)| *base);
    let mut prefixed = PREFIXES.iter().filter_map(|prefix| word.strip_prefix(prefix));
    of(word).or_else(|| prefixed.find_map(of))
}
