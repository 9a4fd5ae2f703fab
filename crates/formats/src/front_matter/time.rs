//! Points in time as people write them in front matter.

use jiff::{Timestamp, civil, tz::Offset};

/// A text in its parts: a day, a time of day where there is one, and an offset where there is one.
struct Written<'a> {
    civil: &'a str,
    /// The offset as written, with the white space before it.
    zone: &'a str,
}

fn parts(text: &str) -> Option<Written<'_>> {
    let text = text.trim();
    let clock = text.get(10..)?;
    let at = clock.find(['Z', 'z', '+', '-']).map_or(text.len(), |i| 10 + i);
    let civil = text[..at].trim_end();
    Some(Written { civil, zone: &text[civil.len()..] })
}

fn offset(zone: &str) -> Option<Offset> {
    let zone = zone.trim();
    if zone.is_empty() || zone.eq_ignore_ascii_case("z") {
        return Some(Offset::UTC);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits: String = zone[1..].chars().filter(|c| *c != ':').collect();
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = match digits.len() {
        2 => (digits.parse::<i32>().ok()?, 0),
        4 => (digits[..2].parse::<i32>().ok()?, digits[2..].parse::<i32>().ok()?),
        _ => return None,
    };
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

fn civil(text: &str) -> Option<civil::DateTime> {
    if text.len() == 10 {
        return text.parse::<civil::Date>().ok().map(|d| d.at(0, 0, 0, 0));
    }
    text.parse().ok()
}

/// Milliseconds since 1970; UTC where no zone is given. `None` before 1970.
pub(super) fn parse(text: &str) -> Option<u64> {
    let written = parts(text)?;
    let instant = offset(written.zone)?.to_timestamp(civil(written.civil)?).ok()?;
    u64::try_from(instant.as_millisecond()).ok()
}

/// A point in time written as another was: as precise, with the same separator and offset.
pub(super) fn like(written: &str, ms: u64) -> Option<String> {
    let parts = parts(written)?;
    let instant = Timestamp::from_millisecond(i64::try_from(ms).ok()?).ok()?;
    let at = offset(parts.zone)?.to_datetime(instant);
    let format = match parts.civil.len() {
        10 => "%Y-%m-%d",
        16 => "%Y-%m-%dT%H:%M",
        19 => "%Y-%m-%dT%H:%M:%S",
        _ => "%Y-%m-%dT%H:%M:%S.%3f",
    };
    let mut text = at.strftime(format).to_string();
    if let (Some(separator), true) = (parts.civil.get(10..11), text.len() > 10) {
        text.replace_range(10..11, separator);
    }
    Some(text + parts.zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_the_forms_people_use_and_written_back_in_the_same() {
        let cases = [
            ("2024-01-02", 1_704_153_600_000),
            ("2024-01-02T03:04", 1_704_164_640_000),
            ("2024-01-02 03:04:05", 1_704_164_645_000),
            ("2024-01-02T03:04:05Z", 1_704_164_645_000),
            ("2024-01-02T03:04:05.678Z", 1_704_164_645_678),
            ("2024-01-02T12:04:05+09:00", 1_704_164_645_000),
            ("2024-01-02 12:04:05 +0900", 1_704_164_645_000),
            ("2024-01-01T22:04:05-05", 1_704_164_645_000),
        ];
        for (text, ms) in cases {
            assert_eq!(parse(text), Some(ms), "{text}");
            assert_eq!(like(text, ms).as_deref(), Some(text));
        }
        assert_eq!(
            like("2024-01-02 12:04:05 +0900", 1_704_164_645_999 + 86_400_000).as_deref(),
            Some("2024-01-03 12:04:05 +0900")
        );
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "yesterday",
            "2024",
            "2024-13-01",
            "1960-01-01",
            "2024-01-02T25:00",
            "2024-01-02+",
            "日本語日本語日本語",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
