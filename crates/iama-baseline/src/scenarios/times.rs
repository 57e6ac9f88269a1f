//! Moments of the run itself. A date or time in an output is only left out when it lies around the run: any other one is what
//! the program has to say.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Seconds by which a time of day may lie before or after the run.
const SLACK: i64 = 2;

/// The seconds of a day.
const DAY: i64 = 86_400;

/// When a scenario ran, in seconds since 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Span {
    /// Its beginning.
    pub(crate) from: i64,
    /// Its end.
    pub(crate) to: i64,
}

/// How a moment may be written; the named parts say when it is.
static FORMS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let clock = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?(?:[AP]M|Z|UTC|GMT|[+-]\d{2}:?\d{2}))?";
    let (day, month) = (r"(?P<d>\d{1,2})", "(?P<mon>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*");
    let week = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*";
    let forms = [
        format!(r"\b(?P<y>\d{{4}})[-/](?P<m>\d{{2}})[-/](?P<d>\d{{2}})(?:[T ]{clock})?\b"),
        format!(r"\b(?:{week},? )?{day}[ /-]{month}[ /-](?P<y>\d{{4}})(?:[ :]{clock}\b)?"),
        format!(r"\b(?:{week},? )?{month} +{day}(?:,)? (?:{clock} )?(?:UTC |GMT )?(?P<y>\d{{4}})\b"),
        format!(r"\b(?P<m>\d{{2}})/(?P<d>\d{{2}})/(?P<y>\d{{4}}|\d{{2}})(?: {clock}\b)?"),
        r"\b(?P<epoch>\d{10})(?:\.\d+)?\b".to_owned(),
        r"\b(?P<milli>\d{10})\d{3}\b".to_owned(),
        r"\b(?P<hour>\d{2}):(?P<minute>\d{2}):(?P<second>\d{2})(?:[.,]\d+)?\b".to_owned(),
    ];
    forms.iter().filter_map(|form| Regex::new(form).ok()).collect()
});

/// Replaces moments around the run; says how many.
pub(super) fn replace(text: &str, span: Span) -> (String, usize) {
    let mut count = 0;
    let mut text = text.to_owned();
    for form in FORMS.iter() {
        let replaced = form.replace_all(&text, |found: &Captures<'_>| {
            if is_near(found, span) {
                count += 1;
                return "<time>".to_owned();
            }
            found[0].to_owned()
        });
        text = replaced.into_owned();
    }
    (text, count)
}

fn is_near(found: &Captures<'_>, span: Span) -> bool {
    let number = |name: &str| found.name(name).and_then(|part| part.as_str().parse::<i64>().ok());
    if let Some(at) = number("epoch").or_else(|| number("milli")) {
        return (span.from - DAY..=span.to + DAY).contains(&at);
    }
    if let (Some(hour), Some(minute), Some(second)) = (number("hour"), number("minute"), number("second")) {
        let at = hour * 3600 + minute * 60 + second;
        let since = (at - span.from.rem_euclid(DAY) + SLACK).rem_euclid(DAY);
        return since <= span.to - span.from + 2 * SLACK;
    }
    let month = number("m").or_else(|| found.name("mon").and_then(|name| month(name.as_str())));
    let (Some(year), Some(month), Some(day)) = (number("y"), month, number("d")) else { return false };
    let year = if year < 100 { year + 2000 } else { year };
    let (first, last) = (span.from.div_euclid(DAY) - 1, span.to.div_euclid(DAY) + 1);
    // Where only numbers are written, either may be the month.
    let swapped = found.name("mon").is_none() && found.name("y").is_some_and(|year| year.start() > 0);
    let near = |month, day| days(year, month, day).is_some_and(|at| (first..=last).contains(&at));
    near(month, day) || (swapped && near(day, month))
}

fn month(name: &str) -> Option<i64> {
    const NAMES: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    NAMES.find(name).and_then(|at| i64::try_from(at / 3 + 1).ok())
}

/// Days from 1970 to a day of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years begin in March here, so that the leap day is the last one.
    let year = if month <= 2 { year - 1 } else { year };
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(year.div_euclid(400) * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-22 19:14:44 UTC.
    const RUN: Span = Span { from: 1_795_374_884, to: 1_795_374_886 };

    #[test]
    fn days_are_counted_over_leap_years() {
        let found = [(1970, 1, 1), (2000, 2, 29), (2026, 11, 22), (1969, 12, 31)].map(|(y, m, d)| days(y, m, d));
        assert_eq!(found, [Some(0), Some(11_016), Some(20_779), Some(-1)]);
        assert_eq!(days(2026, 13, 1), None);
    }

    #[test]
    fn moments_of_the_run_are_left_out_in_every_usual_form() {
        for text in [
            "2026-11-22",
            "2026-11-22 19:14:44",
            "2026-11-22T19:14:45.123456Z",
            "2026-11-22 19:14:44,123",
            "Sun, 22 Nov 2026 19:14:44 GMT",
            "22/Nov/2026 19:14:44",
            "Sun Nov 22 19:14:44 2026",
            "11/22/26",
            "11/22/2026 19:14:44",
            "1795374884",
            "1795374884.52",
            "1795374884123",
            "19:14:46",
        ] {
            assert_eq!(replace(&format!("[{text}]"), RUN), ("[<time>]".to_owned(), 1), "{text}");
        }
    }

    #[test]
    fn other_dates_and_times_are_what_the_program_says() {
        for text in ["2024-02-29 19:14:44x", "Sun, 22 Nov 2020 GMT", "1234567890", "12:00:00", "2026-13-22", "17:14"] {
            assert_eq!(replace(text, RUN), (text.to_owned(), 0), "{text}");
        }
    }
}
