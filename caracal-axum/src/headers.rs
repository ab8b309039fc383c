//! Looks up a header that most requests do not have.

use http::header::{HeaderMap, HeaderName, HeaderValue};

/// Up to this number of header names, comparing all of them takes less time than computing the hash of one.
const FEW: usize = 24;

/// Returns the first two values of a header.
pub(crate) fn first_two<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> (Option<&'a HeaderValue>, Option<&'a HeaderValue>) {
    if headers.keys_len() > FEW {
        let mut values = headers.get_all(name).iter();
        return (values.next(), values.next());
    }
    let mut values = headers.iter().filter(|(of, _)| *of == name).map(|(_, value)| value);
    (values.next(), values.next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_two_values_are_found_among_few_and_many_headers() {
        let sought = HeaderName::from_static("traceparent");
        for others in [0, 1, FEW - 2, FEW - 1, FEW, FEW + 1, 100] {
            for values in 0..4_usize {
                let mut headers = HeaderMap::new();
                for other in 0..others {
                    let name = HeaderName::try_from(format!("x-other-{other}")).unwrap();
                    headers.append(name, HeaderValue::from_static("other"));
                    if let Some(value) = ["one", "two", "three"][..values].get(other) {
                        headers.append(&sought, HeaderValue::from_static(value));
                    }
                }
                for value in &["one", "two", "three"][..values][others.min(values)..] {
                    headers.append(&sought, HeaderValue::from_static(value));
                }
                let expected = |place: usize| ["one", "two", "three"][..values].get(place).copied();
                let (first, second) = first_two(&headers, &sought);
                let text =
                    |value: Option<&HeaderValue>| value.map(|it| it.to_str().unwrap().to_owned());
                assert_eq!(text(first).as_deref(), expected(0), "{others} {values}");
                assert_eq!(text(second).as_deref(), expected(1), "{others} {values}");
            }
        }
    }
}
