//! Times in Django's letters, and in words. English, in UTC, as the original's server has them.

use countersign_model::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

const MONTHS: [(&str, &str); 12] = [
    ("January", "Jan."),
    ("February", "Feb."),
    ("March", "March"),
    ("April", "April"),
    ("May", "May"),
    ("June", "June"),
    ("July", "July"),
    ("August", "Aug."),
    ("September", "Sept."),
    ("October", "Oct."),
    ("November", "Nov."),
    ("December", "Dec."),
];

const DAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// How a time is shown that no filter shapes.
pub(super) const DATE_AND_TIME: &str = "DATETIME_FORMAT";
pub(super) const DATE: &str = "DATE_FORMAT";
pub(super) const TIME: &str = "TIME_FORMAT";

pub(super) fn civil(at: Timestamp) -> Option<DateTime> {
    let instant = jiff::Timestamp::from_second(at.seconds()).ok()?;
    Some(instant.to_zoned(TimeZone::UTC).datetime())
}

/// A time by a format such as `D d M Y H:i`.
pub(super) fn format(at: Timestamp, pattern: &str) -> String {
    let Some(time) = civil(at) else { return at.iso() };
    let pattern = match pattern {
        DATE_AND_TIME => "N j, Y, P",
        DATE => "N j, Y",
        TIME => "P",
        "SHORT_DATE_FORMAT" => "m/d/Y",
        "SHORT_DATETIME_FORMAT" => "m/d/Y P",
        "MONTH_DAY_FORMAT" => "F j",
        "YEAR_MONTH_FORMAT" => "F Y",
        other => other,
    };
    let (mut out, mut letters) = (String::new(), pattern.chars());
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => out.extend(letters.next()),
            letter => match part(letter, at, time) {
                Some(part) => out.push_str(&part),
                None => out.push(letter),
            },
        }
    }
    out
}

fn part(letter: char, at: Timestamp, time: DateTime) -> Option<String> {
    let (month, short) = *MONTHS.get(usize::try_from(time.month()).ok()?.checked_sub(1)?)?;
    let monday = time.weekday().to_monday_zero_offset();
    let day = *DAYS.get(usize::try_from(monday).ok()?)?;
    let first = |text: &str| text.chars().take(3).collect::<String>();
    let hour = match time.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    let minutes = if time.minute() == 0 { String::new() } else { format!(":{:02}", time.minute()) };
    let half = |before: &'static str, after: &'static str| {
        if time.hour() < 12 { before } else { after }.to_owned()
    };
    Some(match letter {
        'a' => half("a.m.", "p.m."),
        'A' => half("AM", "PM"),
        'b' => first(month).to_lowercase(),
        'c' => format(at, "Y-m-d\\TH:i:s+00:00"),
        'd' => format!("{:02}", time.day()),
        'D' => first(day),
        'e' | 'T' => "UTC".to_owned(),
        'E' | 'F' => month.to_owned(),
        'f' => format!("{hour}{minutes}"),
        'g' => hour.to_string(),
        'G' => time.hour().to_string(),
        'h' => format!("{hour:02}"),
        'H' => format!("{:02}", time.hour()),
        'i' => format!("{:02}", time.minute()),
        'I' | 'Z' => "0".to_owned(),
        'j' => time.day().to_string(),
        'l' => day.to_owned(),
        'L' => if time.date().in_leap_year() { "True" } else { "False" }.to_owned(),
        'm' => format!("{:02}", time.month()),
        'M' => first(month),
        'n' => time.month().to_string(),
        'N' => short.to_owned(),
        'o' => time.date().iso_week_date().year().to_string(),
        'O' => "+0000".to_owned(),
        'P' => match (time.hour(), time.minute()) {
            (0, 0) => "midnight".to_owned(),
            (12, 0) => "noon".to_owned(),
            _ => format!("{hour}{minutes} {}", half("a.m.", "p.m.")),
        },
        'r' => format(at, "D, d M Y H:i:s O"),
        's' => format!("{:02}", time.second()),
        'S' => match (time.day() / 10, time.day() % 10) {
            (1, _) => "th",
            (_, 1) => "st",
            (_, 2) => "nd",
            (_, 3) => "rd",
            _ => "th",
        }
        .to_owned(),
        't' => time.date().days_in_month().to_string(),
        'u' => "000000".to_owned(),
        'U' => at.seconds().to_string(),
        'w' => time.weekday().to_sunday_zero_offset().to_string(),
        'W' => time.date().iso_week_date().week().to_string(),
        'y' => format!("{:02}", time.year().rem_euclid(100)),
        'Y' => format!("{:04}", time.year()),
        'z' => time.date().day_of_year().to_string(),
        _ => return None,
    })
}

/// Two neighbouring units, as `1 day, 3 hours`; with spaces that break no line, as Django's.
pub(super) fn lasting(seconds: i64) -> String {
    const UNITS: [(i64, &str); 6] = [
        (365 * 86_400, "year"),
        (30 * 86_400, "month"),
        (7 * 86_400, "week"),
        (86_400, "day"),
        (3600, "hour"),
        (60, "minute"),
    ];
    let Some(at) = UNITS.iter().position(|(length, _)| seconds >= *length) else {
        return count(0, "minute");
    };
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (length, unit) in UNITS.iter().skip(at).take(2) {
        let number = rest / length;
        rest %= length;
        if number == 0 {
            break;
        }
        parts.push(count(number, unit));
    }
    parts.join(", ")
}

fn count(number: i64, unit: &str) -> String {
    format!("{number}\u{a0}{unit}{}", if number == 1 { "" } else { "s" })
}

/// `30 minutes from now`, `an hour ago`.
pub(super) fn natural(seconds: i64) -> String {
    let (length, side) =
        if seconds < 0 { (seconds.saturating_neg(), "ago") } else { (seconds, "from now") };
    let words = match length {
        0 => return "now".to_owned(),
        1 => "a second".to_owned(),
        2..60 => count(length, "second"),
        60..120 => "a minute".to_owned(),
        120..3600 => count(length / 60, "minute"),
        3600..7200 => "an hour".to_owned(),
        7200..86_400 => count(length / 3600, "hour"),
        _ => lasting(length),
    };
    format!("{words} {side}")
}

/// `today`, `tomorrow`, `yesterday`, else the date by the format.
pub(super) fn natural_day(at: Timestamp, now: Timestamp, pattern: &str) -> String {
    match at.seconds().div_euclid(86_400) - now.seconds().div_euclid(86_400) {
        0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        -1 => "yesterday".to_owned(),
        _ => format(at, pattern),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_by_djangos_letters() {
        let at = Timestamp::parse("2026-11-27T15:05:09Z").unwrap();
        for (pattern, text) in [
            (DATE_AND_TIME, "Nov. 27, 2026, 3:05 p.m."),
            (DATE, "Nov. 27, 2026"),
            ("D d M Y H:i:s", "Fri 27 Nov 2026 15:05:09"),
            ("l, jS F y", "Friday, 27th November 26"),
            ("Y-m-d\\TH:i e", "2026-11-27T15:05 UTC"),
            ("c", "2026-11-27T15:05:09+00:00"),
            ("g:i A, h a, G", "3:05 PM, 03 p.m., 15"),
            ("n/j N b z t L W o w", "11/27 Nov. nov 331 30 False 48 2026 5"),
            ("r", "Fri, 27 Nov 2026 15:05:09 +0000"),
            ("U", "1795791909"),
        ] {
            assert_eq!(format(at, pattern), text, "{pattern}");
        }
        assert_eq!(
            format(Timestamp::parse("2024-01-01T00:00:00Z").unwrap(), "P jS L"),
            "midnight 1st True"
        );
        assert_eq!(format(Timestamp::parse("2024-01-01T12:00:00Z").unwrap(), "P"), "noon");
    }

    #[test]
    fn lengths_of_time_are_words() {
        let plain = |text: String| text.replace('\u{a0}', " ");
        for (seconds, words) in [
            (0, "now"),
            (1, "a second from now"),
            (59, "59 seconds from now"),
            (-60, "a minute ago"),
            (1800, "30 minutes from now"),
            (3600, "an hour from now"),
            (-7200, "2 hours ago"),
            (86_400 + 3 * 3600, "1 day, 3 hours from now"),
            (8 * 86_400, "1 week, 1 day from now"),
            (7 * 86_400 + 3600, "1 week from now"),
        ] {
            assert_eq!(plain(natural(seconds)), words);
        }
        assert_eq!(plain(lasting(30)), "0 minutes");
    }
}
