//! The URL of the database in a form that is safe for logs and errors.

/// Returns the URL without its password. For a server, the parameters are removed as well, because they may
/// contain a password. Text that is not a URL is not shown at all, because it may be the password.
pub(crate) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return if url.starts_with("sqlite:") { url.to_owned() } else { "…".to_owned() };
    };
    if scheme == "sqlite" {
        return url.to_owned();
    }
    let rest = rest.split_once('?').map_or(rest, |(rest, _)| rest);
    // A password that was not percent-encoded may contain an `@`.
    let (user, place) = match rest.rsplit_once('@') {
        Some((login, place)) => {
            let user = login.split_once(':').map_or(login, |(user, _)| user);
            (format!("{user}@"), place)
        }
        None => (String::new(), rest),
    };
    format!("{scheme}://{user}{place}")
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            ("postgres://gateway:s3cret@db:5432/gateway", "postgres://gateway@db:5432/gateway"),
            ("postgres://gateway:s3@cr:et/@db/gateway", "postgres://gateway@db/gateway"),
            ("postgres://:s3cret@db", "postgres://@db"),
            ("postgres://gateway@db/gateway?password=s3cret", "postgres://gateway@db/gateway"),
            ("postgres://db/gateway?user=a&password=s3cr@t", "postgres://db/gateway"),
            ("sqlite:///var/lib/gateway.db?mode=rwc", "sqlite:///var/lib/gateway.db?mode=rwc"),
            ("sqlite::memory:", "sqlite::memory:"),
            ("s3cret", "…"),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }
}
