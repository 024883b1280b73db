//! Where answers may be sent: comparing the redirect URI of a request with those registered.
//!
//! The registered list is the only thing that stands between a code and an attacker, so the
//! comparison is of bytes, with two exceptions: entries an administrator declared as patterns, and
//! the port of loopback addresses.

use countersign_model::{Choice, Nested};
use regex::RegexBuilder;
use thiserror::Error;
use url::Url;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum MatchingMode {
    Strict,
    Regex,
}

/// One registered redirect URI.
#[derive(Debug, Clone, PartialEq, Eq, Nested)]
pub struct Registered {
    #[field(label = "Matching")]
    pub matching_mode: MatchingMode,
    #[field(label = "URL")]
    pub url: String,
}

/// Why a redirect URI is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RedirectRefusal {
    #[error("the request names no redirect URI")]
    Missing,
    #[error("the redirect URI is not registered")]
    Unregistered,
    #[error("the scheme of the redirect URI is not allowed")]
    ForbiddenScheme,
    /// Control characters, or (for patterns) parts that make a URL mean another host than it shows.
    #[error("the redirect URI is malformed")]
    Malformed,
}

/// Schemes that run or read something in the browser instead of reaching an application.
const FORBIDDEN_SCHEMES: [&str; 6] = ["javascript", "data", "vbscript", "file", "blob", "about"];
const MAX_PATTERN_BYTES: usize = 2_048;
const MAX_COMPILED_BYTES: usize = 256 * 1024;

/// Whether `uri` may receive the answer.
///
/// # Errors
/// Names what is wrong with it.
pub fn check(uri: &str, registered: &[Registered]) -> Result<(), RedirectRefusal> {
    if uri.is_empty() {
        return Err(RedirectRefusal::Missing);
    }
    if uri.bytes().any(|b| b.is_ascii_control()) {
        return Err(RedirectRefusal::Malformed);
    }
    let mut malformed = false;
    let matches = registered.iter().any(|entry| match entry.matching_mode {
        MatchingMode::Strict => entry.url == uri || same_loopback(&entry.url, uri),
        MatchingMode::Regex => {
            let hit = full_match(&entry.url, uri);
            // A pattern such as `https://.*\.example\.com/cb` also fits
            // `https://evil.test\.example.com/cb`: what a pattern lets through has to mean, to
            // every URL parser, what it seems to mean.
            malformed |= hit && !unambiguous(uri);
            hit && unambiguous(uri)
        }
    });
    if !matches {
        return Err(if malformed {
            RedirectRefusal::Malformed
        } else {
            RedirectRefusal::Unregistered
        });
    }
    if is_forbidden_scheme(uri) { Err(RedirectRefusal::ForbiddenScheme) } else { Ok(()) }
}

/// The scheme of a URI the way a browser finds it: blanks and control characters in front, and tabs
/// and line breaks anywhere, do not count.
pub fn scheme(uri: &str) -> String {
    let uri = uri.trim_start_matches(|c: char| c <= ' ');
    let name = uri.split_once(':').map_or("", |(name, _)| name);
    name.chars()
        .filter(|c| !matches!(c, '\t' | '\r' | '\n'))
        .collect::<String>()
        .to_ascii_lowercase()
}

pub fn is_forbidden_scheme(uri: &str) -> bool {
    FORBIDDEN_SCHEMES.contains(&scheme(uri).as_str())
}

/// Whether a pattern can be used at all: compiles, and within bounds.
pub fn is_valid_pattern(pattern: &str) -> bool {
    compile(pattern).is_some()
}

fn compile(pattern: &str) -> Option<regex::Regex> {
    if pattern.len() > MAX_PATTERN_BYTES {
        return None;
    }
    let build = |text: &str| RegexBuilder::new(text).size_limit(MAX_COMPILED_BYTES).build().ok();
    // Alone first: `a)|(b` compiles inside the brackets below, but would escape them.
    build(pattern)?;
    build(&format!(r"\A(?:{pattern})\z"))
}

/// The whole pattern against the whole address, and the pattern's server against the address's
/// server: in `https://.*\.example\.com/cb` the `.*` stands for a part of a name and not also for
/// `evil.test/`.
fn full_match(pattern: &str, uri: &str) -> bool {
    let pattern = &unescaped(pattern);
    let matches =
        |pattern: &str, text: &str| compile(pattern).is_some_and(|regex| regex.is_match(text));
    if !matches(pattern, uri) {
        return false;
    }
    let (flags, rest) = split_flags(pattern);
    let alternatives: Vec<String> =
        alternatives(rest).into_iter().map(|part| format!("{flags}{part}")).collect();
    let alternatives = if alternatives.iter().all(|part| is_valid_pattern(part)) {
        alternatives
    } else {
        vec![pattern.to_owned()]
    };
    alternatives.iter().any(|part| {
        let server = server_pattern(part)
            .map(|server| format!("{flags}{server}"))
            .filter(|server| is_valid_pattern(server));
        // Where a group that is repeated, say, holds the separator, nobody can say what the server
        // is.
        let is_unclear = server.is_none() && part.contains("://");
        matches(part, uri)
            && !is_unclear
            && server.is_none_or(|server| server_of(uri).is_some_and(|own| matches(&server, own)))
    })
}

/// Whether a pattern says more than one server, so that it and not the administrator decides where
/// answers go.
pub fn decides_the_server(pattern: &str) -> bool {
    let pattern = unescaped(pattern);
    let (_, rest) = split_flags(&pattern);
    alternatives(rest).iter().any(|part| match server_pattern(part) {
        // An unescaped dot stands for any letter: `app.example.com` is also `app-example.com`.
        Some(server) => {
            let plain = server.replace(r"\.", "").replace(r"\-", "");
            !plain.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b':'))
        }
        // An application on a device has a scheme of its own, and no server.
        None => part.split_once(':').is_none_or(|(scheme, _)| {
            let letters = |b: u8| b.is_ascii_alphanumeric() || b"+-.\\".contains(&b);
            scheme.is_empty() || scheme.starts_with("http") || !scheme.bytes().all(letters)
        }),
    })
}

/// Whether a pattern is for addresses of a host, whose name is in small letters. One that spells
/// nothing of a name out, as `.*`, is for nobody's in particular.
pub fn is_of_host(pattern: &str, host: &str) -> bool {
    let pattern = unescaped(pattern);
    let (flags, rest) = split_flags(&pattern);
    alternatives(rest).iter().filter_map(|part| server_pattern(part)).any(|server| {
        let plain = top_level(server);
        let port = plain.iter().find(|c| c.letter == ':');
        let name = port.map_or(Some(server), |colon| server.get(..colon.start));
        let spelled = plain
            .iter()
            .take_while(|c| c.letter != ':')
            .any(|c| !c.escaped && c.letter.is_alphanumeric());
        let regex = name.and_then(|name| compile(&format!("(?i){flags}{name}")));
        // The port may be in a group.
        let with_port = format!("{host}:443");
        spelled && regex.is_some_and(|regex| regex.is_match(host) || regex.is_match(&with_port))
    })
}

/// The same pattern with `://` as it is read, where somebody wrote `:\/\/`.
fn unescaped(pattern: &str) -> String {
    let mut plain = String::with_capacity(pattern.len());
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some(next @ (':' | '/')) => plain.push(next),
                next => {
                    plain.push('\\');
                    plain.extend(next);
                }
            },
            _ => plain.push(letter),
        }
    }
    plain
}

/// As many alternatives are looked at.
const MOST_ALTERNATIVES: usize = 64;

/// The alternatives of a pattern, those of groups that hold `://` among them: `(?:a://b|c://d)/cb`
/// is `a://b/cb` or `c://d/cb`.
fn alternatives(pattern: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut todo: Vec<String> = split(pattern, '|').into_iter().map(str::to_owned).collect();
    while let Some(part) = todo.pop() {
        match group_of_server(&part).filter(|_| found.len() + todo.len() < MOST_ALTERNATIVES) {
            Some((before, inner, after)) => {
                let opened = split(inner, '|').into_iter();
                todo.extend(opened.map(|inner| format!("{before}{inner}{after}")));
            }
            None => found.push(part),
        }
    }
    found
}

/// The first group that holds `://` and is there once, with what is before and after it.
fn group_of_server(pattern: &str) -> Option<(&str, &str, &str)> {
    let outside = |at: usize| top_level(pattern).iter().any(|letter| letter.start == at);
    let separator = pattern.find("://").filter(|at| !outside(*at))?;
    let (mut open, mut classes, mut groups) = (None, 0_usize, 0_usize);
    let mut letters = pattern.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => {
                letters.next();
            }
            '[' => classes += 1,
            ']' => classes = classes.saturating_sub(1),
            '(' if classes == 0 => {
                open = open.or(Some(at));
                groups += 1;
            }
            ')' if classes == 0 => {
                groups = groups.saturating_sub(1);
                if groups > 0 {
                    continue;
                }
                let start = open.take()?;
                if at < separator {
                    continue;
                }
                let after = pattern.get(at + 1..)?;
                let inner = pattern.get(start + 1..at)?;
                let inner = match inner.strip_prefix('?') {
                    None => inner,
                    Some(named) => named.strip_prefix(':').or_else(|| {
                        let name = named.trim_start_matches('P').strip_prefix('<')?;
                        Some(name.split_once('>')?.1)
                    })?,
                };
                let is_repeated = after.starts_with(['?', '*', '+', '{']);
                return (!is_repeated).then_some((pattern.get(..start)?, inner, after));
            }
            _ => {}
        }
    }
    None
}

/// Host and port of an address, as written.
fn server_of(uri: &str) -> Option<&str> {
    uri.split_once("://")?.1.split(['/', '?', '#']).next()
}

/// The part of a pattern between `://` and the next slash; `None` where these stand inside of
/// groups.
fn server_pattern(pattern: &str) -> Option<&str> {
    let plain = top_level(pattern);
    let separator =
        plain.windows(3).find(|three| three.iter().map(|c| c.letter).eq("://".chars()))?;
    let start = separator.last()?.end;
    let ends = |c: &&Letter| {
        c.start >= start && (matches!(c.letter, '/' | '#') || c.letter == '?' && c.escaped)
    };
    let end = plain.iter().find(ends).map_or(pattern.len(), |c| c.start);
    pattern.get(start..end)
}

/// `(?i)` and the like at the head of a pattern, and the rest.
fn split_flags(pattern: &str) -> (&str, &str) {
    let length = pattern.strip_prefix("(?").and_then(|rest| {
        let name = rest.split_once(')')?.0;
        name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-').then_some(name.len() + 3)
    });
    pattern.split_at(length.unwrap_or(0))
}

fn split(pattern: &str, at: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for cut in top_level(pattern).iter().filter(|c| c.letter == at && !c.escaped) {
        parts.extend(pattern.get(start..cut.start));
        start = cut.end;
    }
    parts.extend(pattern.get(start..));
    parts
}

/// A letter of a pattern that stands outside of groups and classes, with its place.
struct Letter {
    letter: char,
    start: usize,
    end: usize,
    escaped: bool,
}

fn top_level(pattern: &str) -> Vec<Letter> {
    let mut found = Vec::new();
    let (mut groups, mut classes) = (0_usize, 0_usize);
    let mut letters = pattern.char_indices();
    while let Some((start, letter)) = letters.next() {
        let (letter, end, escaped) = match letter {
            '\\' => match letters.next() {
                Some((at, next)) => (next, at + next.len_utf8(), true),
                None => break,
            },
            _ => (letter, start + letter.len_utf8(), false),
        };
        match letter {
            '[' if !escaped => classes += 1,
            ']' if !escaped => classes = classes.saturating_sub(1),
            '(' if !escaped && classes == 0 => groups += 1,
            ')' if !escaped && classes == 0 => groups = groups.saturating_sub(1),
            _ if classes == 0 && groups == 0 => found.push(Letter { letter, start, end, escaped }),
            _ => {}
        }
    }
    found
}

fn unambiguous(uri: &str) -> bool {
    let Ok(url) = Url::parse(uri) else { return false };
    let plain = !uri.contains('\\') && !uri.contains(char::is_whitespace);
    // Also an empty user name, which is none to this parser.
    let named = server_of(uri).is_some_and(|server| server.contains('@'));
    plain
        && !named
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none()
}

/// RFC 8252 7.3: native applications listen on a port the system gives them, so the port of a
/// loopback address is not compared. `localhost` is left out on purpose: it can be made to resolve
/// elsewhere.
fn same_loopback(registered: &str, uri: &str) -> bool {
    let parts = |text: &str| {
        let rest = text.strip_prefix("http://")?;
        let (host, rest) =
            ["127.0.0.1", "[::1]"].iter().find_map(|h| Some((*h, rest.strip_prefix(h)?)))?;
        let (port, tail) = match rest.strip_prefix(':') {
            Some(rest) => {
                rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()))
            }
            None => ("0", rest),
        };
        let ends = tail.is_empty() || tail.starts_with(['/', '?']);
        (ends && port.parse::<u16>().is_ok()).then(|| (host, tail.to_owned()))
    };
    parts(registered).is_some_and(|r| parts(uri) == Some(r))
}

#[cfg(test)]
mod tests {
    use super::RedirectRefusal::{ForbiddenScheme, Malformed, Missing, Unregistered};
    use super::*;

    fn strict(url: &str) -> Registered {
        Registered { matching_mode: MatchingMode::Strict, url: url.into() }
    }
    fn regex(url: &str) -> Registered {
        Registered { matching_mode: MatchingMode::Regex, url: url.into() }
    }

    #[test]
    fn a_pattern_that_leaves_the_server_open_is_known() {
        for closed in [
            r"https://app\.example\.com/.*",
            r"https?://app\.example\.com:8443/cb(/.*)?",
            "com.example.app:/.*",
            r"(?i)https:\/\/app\.example\.com\/cb",
            r"(https://a\.test|https://b\.test)/cb",
        ] {
            assert!(!decides_the_server(closed), "{closed}");
        }
        for open in [
            ".*",
            r"https://.*\.example\.com/cb",
            r"https?://[^/]+/cb",
            r"https://app\.example\.com/cb|.*",
            r"https://(a|b)\.example\.com/cb",
            "https://app.example.com/cb",
            ".*:/cb",
        ] {
            assert!(decides_the_server(open), "{open}");
        }
    }

    #[test]
    fn a_pattern_is_of_the_hosts_that_it_spells_out() {
        for (pattern, host, is_of) in [
            (r"https://app\.victim\.test/.*", "app.victim.test", true),
            (r"https:\/\/app\.victim\.test\/.*", "app.victim.test", true),
            ("https://app.victim.test/.*", "app.victim.test", true),
            (r"https://App\.Victim\.test", "app.victim.test", true),
            (r"(?i)https?://app\.victim\.test:8443/cb", "app.victim.test", true),
            (r"https://app\.victim\.test(:\d+)?/cb", "app.victim.test", true),
            (r"https://app\.victim\.test(:\d+)/cb", "app.victim.test", true),
            (r"https://.*\.victim\.test/cb", "app.victim.test", true),
            (r"https://[a-z]+\.victim\.test/cb", "app.victim.test", true),
            (r"https://a\.test/cb|https://app\.victim\.test/cb", "app.victim.test", true),
            (r"(https://a\.test|https://app\.victim\.test)/cb", "app.victim.test", true),
            (r"https://10\.0\.0\.1/cb", "10.0.0.1", true),
            (r"https://app\.victim\.test/.*", "app-victim.test", false),
            (r"https://app\.victim\.test/.*", "evil.app.victim.test", false),
            (r"https://app\.victim\.test/.*", "app.victim.test.evil", false),
            (r"https://a\.test/app\.victim\.test", "app.victim.test", false),
            (".*", "app.victim.test", false),
            ("https://.*/cb", "app.victim.test", false),
            (r"https://[^/]+:8443/cb", "app.victim.test", false),
            ("com.example.app:/.*", "com.example.app", false),
            ("**", "app.victim.test", false),
        ] {
            assert_eq!(is_of_host(pattern, host), is_of, "{pattern} {host}");
        }
    }

    #[test]
    fn strict_entries_are_compared_byte_by_byte() {
        let app = [strict("https://foo.example.com/cb")];
        let rows = [
            ("https://foo.example.com/cb", Ok(())),
            ("", Err(Missing)),
            ("https://foo.example.com/cb/", Err(Unregistered)),
            ("https://foo.example.com/CB", Err(Unregistered)),
            ("https://FOO.example.com/cb", Err(Unregistered)),
            ("https://foo.example.com:443/cb", Err(Unregistered)),
            ("https://foo.example.com/cb?x=1", Err(Unregistered)),
            ("https://foo.example.com/cb#x", Err(Unregistered)),
            ("https://fooaexample.com/cb", Err(Unregistered)),
            ("https://foo.example.com.evil.test/cb", Err(Unregistered)),
            ("https://foo.example.com@evil.test/cb", Err(Unregistered)),
            ("https://foo.example.com/cb\n", Err(Malformed)),
            (" https://foo.example.com/cb", Err(Unregistered)),
        ];
        for (uri, expected) in rows {
            assert_eq!(check(uri, &app), expected, "{uri}");
        }
        assert_eq!(
            check("http://local.invalidx", &[strict("http://local.invalid?")]),
            Err(Unregistered)
        );
        assert_eq!(
            check("https://first.example/cb", &[]),
            Err(Unregistered),
            "an empty list registers nothing"
        );
        for uri in ["foo://localhost", "com.example.app:/cb", "urn:ietf:wg:oauth:2.0:oob"] {
            assert_eq!(check(uri, &[strict(uri)]), Ok(()), "{uri}");
        }
    }

    #[test]
    fn schemes_that_act_in_the_browser_are_refused_even_when_registered() {
        for uri in [
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "blob:x",
            "about:blank",
            " javascript:x",
        ] {
            assert_eq!(check(uri, &[strict(uri)]), Err(ForbiddenScheme), "{uri}");
            assert_ne!(check(uri, &[regex(".*")]), Ok(()), "{uri}");
        }
        assert_eq!(scheme("\u{1} java\tscript\n:x"), "javascript");
    }

    /// O5: a group around the server hid it, so that `.*` stood for another server and a path.
    #[test]
    fn a_group_around_the_server_hides_nothing() {
        for pattern in [
            r"(https://.*\.example\.test)/cb",
            r"(?:https://.*\.example\.test|https://b\.test)/cb",
            r"(?P<server>https://.*\.example\.test)/cb",
            r"(?:(?:https|http)://(?:.*\.example\.test|b\.test))/cb",
            r"(https?://).*\.example\.test/cb",
            r"http(s://|://).*\.example\.test/cb",
            r"(https:\/\/.*\.example\.test)\/cb",
            r"(?i)(HTTPS://.*\.example\.test)/cb",
            r"((https://.*\.example\.test)/cb|https://c\.test/(a|b))",
        ] {
            let app = [regex(pattern)];
            assert_eq!(check("https://a.example.test/cb", &app), Ok(()), "{pattern}");
            for wrong in
                ["https://evil.test/.example.test/cb", "https://evil.test/?.example.test/cb"]
            {
                assert_eq!(check(wrong, &app), Err(Unregistered), "{pattern} {wrong}");
            }
        }
        let paths = [regex(r"(https://a\.test/.*|https://b\.test)")];
        for right in ["https://a.test/x/y", "https://b.test"] {
            assert_eq!(check(right, &paths), Ok(()), "{right}");
        }
        let unclear = [regex(r"(https://.*\.example\.test/cb)+")];
        assert_eq!(check("https://a.example.test/cb", &unclear), Err(Unregistered));
    }

    #[test]
    fn patterns_cover_the_whole_uri_and_let_no_disguise_through() {
        let app = [regex(r"https://.*\.example\.test/cb")];
        let rows = [
            ("https://a.example.test/cb", Ok(())),
            ("https://a.example.testx/cb", Err(Unregistered)),
            ("https://a.example.test/cbx", Err(Unregistered)),
            ("xhttps://a.example.test/cb", Err(Unregistered)),
            (r"https://evil.test\.example.test/cb", Err(Malformed)),
            ("https://user@evil.example.test/cb", Err(Malformed)),
            ("https://evil.test#.example.test/cb", Err(Unregistered)),
            ("https://evil.test/ .example.test/cb", Err(Unregistered)),
        ];
        for (uri, expected) in rows {
            assert_eq!(check(uri, &app), expected, "{uri}");
        }
        assert_eq!(check("https://a.test", &[regex("https://a.test)|(.*")]), Err(Unregistered));
        assert_eq!(
            check("+", &[regex("+")]),
            Err(Unregistered),
            "a pattern that does not compile matches nothing"
        );
        assert_eq!(check("https://b.test/", &[regex("**"), strict("https://b.test/")]), Ok(()));
        for (pattern, valid) in [
            ("**", false),
            ("(?=x)y", false),
            (r"https://a\.test/.*", true),
            ("a{9999}{9999}", false),
        ] {
            assert_eq!(is_valid_pattern(pattern), valid, "{pattern}");
        }
        assert!(!is_valid_pattern(&"a".repeat(MAX_PATTERN_BYTES + 1)));
    }

    #[test]
    fn a_pattern_s_wildcard_for_the_server_does_not_reach_into_the_path() {
        let rows = [
            (r"https://.*\.example\.com/cb", "https://evil.test/.example.com/cb", false),
            (r"https://.*\.example\.com/cb", "https://evil.test?.example.com/cb", false),
            (r"https://.*\.example\.com/cb", "https://evil.test:1/x.example.com/cb", false),
            (r"https://.*\.example\.com/cb", "https://a.b.example.com/cb", true),
            (r"https:\/\/.*\.example\.com\/cb", "https://evil.test/.example.com/cb", false),
            (r"https:\/\/.*\.example\.com\/cb", "https://a.example.com/cb", true),
            (r"https?://[^/]+\.example\.com(:\d+)?/.*", "http://a.example.com:81/x?y=1", true),
            (r"https://.*\.example\.com(/.*)?", "https://evil.test/.example.com/cb", false),
            (r"https://.*\.example\.com(/.*)?", "https://a.example.com/cb", true),
            (r"https://.*\.example\.com", "https://a.example.com", true),
            (r"https://a\.test/cb|https://.*\.b\.test/cb", "https://evil.test/.b.test/cb", false),
            (r"https://a\.test/cb|https://.*\.b\.test/cb", "https://x.b.test/cb", true),
            (r"(?i)https://.*\.Example\.com/cb", "https://a.EXAMPLE.com/cb", true),
            (r"(?i)https://.*\.Example\.com/cb", "https://evil.test/.example.com/cb", false),
            (r"https://(a|b)\.example\.com/cb\?x=.*", "https://b.example.com/cb?x=1", true),
            (r"com\.example\.app:/.*", "com.example.app:/cb", true),
        ];
        for (pattern, uri, allowed) in rows {
            assert_eq!(
                check(uri, &[regex(pattern)]),
                if allowed { Ok(()) } else { Err(Unregistered) },
                "{pattern} {uri}"
            );
        }
    }

    #[test]
    fn the_port_of_a_loopback_address_is_free() {
        let native = [strict("http://127.0.0.1/cb"), strict("http://[::1]:1234/cb")];
        for (uri, expected) in [
            ("http://127.0.0.1:51234/cb", Ok(())),
            ("http://[::1]:5/cb", Ok(())),
            ("http://127.0.0.1/cb", Ok(())),
            ("http://127.0.0.1:51234/other", Err(Unregistered)),
            ("http://127.0.0.1:99999/cb", Err(Unregistered)),
            ("http://127.0.0.1.evil.test/cb", Err(Unregistered)),
            ("http://127.0.0.1:80@evil.test/cb", Err(Unregistered)),
            ("https://127.0.0.1:51234/cb", Err(Unregistered)),
            ("http://localhost:1/cb", Err(Unregistered)),
        ] {
            assert_eq!(check(uri, &native), expected, "{uri}");
        }
        assert_eq!(
            check("http://localhost:5001/cb", &[strict("http://localhost:5000/cb")]),
            Err(Unregistered)
        );
    }
}
