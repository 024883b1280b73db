//! Durations as administrators write them: `hours=1;minutes=30`.

use std::fmt;

use thiserror::Error;

/// A length of time in the original's text form; the text is kept as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duration {
    text: String,
    seconds: i64,
}

/// A text that is no duration.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{0} is not in the correct format of 'hours=3;minutes=1'.")]
pub struct DurationError(pub String);

impl Duration {
    /// Parses `unit=number` pairs joined by `;`. Units: microseconds, milliseconds, seconds,
    /// minutes, hours, days, weeks.
    ///
    /// # Errors
    /// Text of another form.
    pub fn parse(text: &str) -> Result<Duration, DurationError> {
        let wrong = || DurationError(text.to_owned());
        let mut microseconds: f64 = 0.0;
        for part in text.split(';').filter(|p| !p.trim().is_empty()) {
            let (unit, number) = part.split_once('=').ok_or_else(wrong)?;
            let factor = match unit.trim().to_ascii_lowercase().as_str() {
                "microseconds" => 1.0,
                "milliseconds" => 1e3,
                "seconds" => 1e6,
                "minutes" => 60e6,
                "hours" => 3_600e6,
                "days" => 86_400e6,
                "weeks" => 604_800e6,
                _ => return Err(wrong()),
            };
            let number: f64 = number.trim().parse().map_err(|_| wrong())?;
            microseconds += number * factor;
        }
        // A hundred thousand years is more than any validity and far from overflow.
        if text.trim().is_empty() || !microseconds.is_finite() || microseconds.abs() > 3.2e18 {
            return Err(wrong());
        }
        #[expect(clippy::cast_possible_truncation, reason = "bounded just above")]
        let seconds = (microseconds / 1e6).trunc() as i64;
        Ok(Duration { text: text.to_owned(), seconds })
    }

    /// Whole seconds; what is left of one is cut off.
    pub const fn seconds(&self) -> i64 {
        self.seconds
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// As people say it: `1 hour, 30 minutes`.
    pub fn words(&self) -> String {
        let part = |part: &str| {
            let (unit, number) = part.split_once('=')?;
            let (unit, number) = (unit.trim().to_lowercase(), number.trim());
            let unit = if number == "1" { unit.trim_end_matches('s') } else { &unit };
            Some(format!("{number} {unit}"))
        };
        self.text.split(';').filter_map(part).collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::str::FromStr for Duration {
    type Err = DurationError;
    fn from_str(text: &str) -> Result<Duration, DurationError> {
        Duration::parse(text)
    }
}

/// For defaults in declarations: `Duration::from("hours=1")`. Text that is no duration counts as
/// none at all.
impl From<&str> for Duration {
    fn from(text: &str) -> Duration {
        Duration::parse(text).unwrap_or(Duration { text: "seconds=0".to_owned(), seconds: 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_said_as_people_do() {
        for (text, words) in [
            ("hours=1;minutes=30", "1 hour, 30 minutes"),
            ("days=1.5", "1.5 days"),
            ("Weeks = 1;", "1 week"),
        ] {
            assert_eq!(Duration::parse(text).unwrap().words(), words);
        }
    }

    #[test]
    fn durations_add_up() {
        for (text, seconds) in [
            ("hours=1;minutes=30", 5400),
            ("seconds=0", 0),
            ("weeks=4", 2_419_200),
            ("minutes=-5", -300),
            ("days=1.5", 129_600),
        ] {
            assert_eq!(Duration::parse(text).unwrap().seconds(), seconds, "{text}");
        }
        for text in ["", "1h", "hours", "hours=x", "fortnights=1", "days=1e300"] {
            assert_eq!(Duration::parse(text), Err(DurationError(text.to_owned())), "{text}");
        }
    }
}
