//! Points in time: microseconds since 1970 in UTC, as stored.

use serde::{Deserialize, Serialize};

/// Microseconds since the Unix epoch, UTC.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
/// A moment: microseconds since 1970, in UTC.
pub struct Timestamp(pub i64);

impl Timestamp {
    /// So many seconds after 1970.
    pub const fn from_seconds(seconds: i64) -> Timestamp {
        Timestamp(seconds.saturating_mul(1_000_000))
    }

    /// Whole seconds, as JWT claims and HTTP use them.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// So many seconds later, or earlier when negative.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// ISO 8601 with `Z`; microseconds only when they are not zero, as the original writes times.
    pub fn iso(self) -> String {
        let Ok(instant) = jiff::Timestamp::from_microsecond(self.0) else {
            return "9999-12-31T23:59:59Z".to_owned();
        };
        let format = if self.0.rem_euclid(1_000_000) == 0 {
            "%Y-%m-%dT%H:%M:%SZ"
        } else {
            "%Y-%m-%dT%H:%M:%S%.6fZ"
        };
        instant.strftime(format).to_string()
    }

    /// Reads ISO 8601 with an offset; a time without offset counts as UTC.
    pub fn parse(text: &str) -> Option<Timestamp> {
        let instant = text.parse::<jiff::Timestamp>().ok();
        let instant = instant.or_else(|| {
            let civil = text.parse::<jiff::civil::DateTime>().ok()?;
            civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|z| z.timestamp())
        });
        instant.map(|i| Timestamp(i.as_microsecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_the_original_writes_them() {
        assert_eq!(Timestamp::from_seconds(0).iso(), "1970-01-01T00:00:00Z");
        assert_eq!(Timestamp(1).iso(), "1970-01-01T00:00:00.000001Z");
        assert_eq!(
            Timestamp::parse("2026-11-23T10:00:00+02:00").map(Timestamp::iso),
            Some("2026-11-23T08:00:00Z".into())
        );
        assert_eq!(
            Timestamp::parse("2026-11-23T10:00:00").map(Timestamp::iso),
            Some("2026-11-23T10:00:00Z".into())
        );
        assert_eq!(Timestamp::parse("yesterday"), None);
    }
}
