//! How many inferences a client may have, in all and a day.
//!
//! A day is one of UTC. Nothing here reads a clock: whoever runs a party brings one, see [`Clock`]. A clock that is set back
//! gives nothing again; one that was ahead keeps the count of that day until the day is over.

use std::fmt;
use std::sync::Arc;

/// How many inferences, at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Limit {
    /// Nothing is said: a default applies, or there is no limit.
    #[default]
    Unset,
    /// As many as one likes, whatever the default is.
    Unlimited,
    /// This many.
    Most(u64),
}

impl Limit {
    /// This limit, or the default if there is none.
    const fn or(self, default: Self) -> Self {
        match self {
            Limit::Unset => default,
            limit => limit,
        }
    }

    /// The number, if there is one.
    pub const fn most(self) -> Option<u64> {
        match self {
            Limit::Most(most) => Some(most),
            Limit::Unset | Limit::Unlimited => None,
        }
    }

    /// Reads a number of at least 1, or `unlimited`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "unlimited" => Some(Limit::Unlimited),
            // Signs are no digits.
            _ if !text.bytes().all(|byte| byte.is_ascii_digit()) => None,
            _ => text.parse().ok().filter(|most| *most > 0).map(Limit::Most),
        }
    }
}

/// How many inferences a client may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// In all.
    pub total: Limit,
    /// On one day.
    pub day: Limit,
}

impl Quota {
    /// This quota, with `default` for what it does not say.
    pub const fn or(self, default: &Self) -> Self {
        Self { total: self.total.or(default.total), day: self.day.or(default.day) }
    }

    /// Whether one more inference is left of it on `today`, after `total` in all and `on_day` on that day.
    ///
    /// # Errors
    /// [`UsedUp`] if not.
    pub const fn check(&self, total: u64, on_day: u64, today: Day) -> Result<(), UsedUp> {
        match (self.total, self.day) {
            (Limit::Most(most), _) if total >= most => Err(UsedUp::Total(most)),
            (_, Limit::Most(most)) if on_day >= most => Err(UsedUp::Day { most, again: today.next() }),
            _ => Ok(()),
        }
    }
}

/// A quota that has no inference left: which limit, and what to do. Devices keep 88 characters of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsedUp {
    /// For good.
    #[error("{0} in all: whoever runs the server can raise it")]
    Total(u64),
    /// For a day.
    #[error("{most} a day: again on {again} UTC")]
    Day {
        /// How many it may have a day.
        most: u64,
        /// The next day.
        again: Day,
    },
}

/// A day of UTC, by the number of days since 1 January 1970. Written as `2026-11-27`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub u32);

impl Day {
    /// The day of so many seconds since the beginning of 1970 in UTC.
    pub const fn of(seconds: u64) -> Self {
        let days = seconds / 86_400;
        Self(if days > u32::MAX as u64 { u32::MAX } else { days as u32 })
    }

    const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// Year, month and day of the proleptic Gregorian calendar: `civil_from_days` of Howard Hinnant's "chrono-Compatible
    /// Low-Level Date Algorithms". Years begin in March there, so that leap days are last.
    const fn date(self) -> [u32; 3] {
        let days = self.0 as u64 + 719_468;
        let (era, of_era) = (days / 146_097, days % 146_097);
        let years = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * years + years / 4 - years / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        [(years + era * 400 + carry) as u32, month as u32, day as u32]
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [year, month, day] = self.date();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

type Read = dyn Fn() -> Day + Send + Sync;

/// Tells the day.
#[derive(Clone, Default)]
pub struct Clock(Option<Arc<Read>>);

impl Clock {
    /// A clock that is read by `read`. By default there is none, and it is the same day for ever.
    pub fn new(read: impl Fn() -> Day + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(read)))
    }

    /// What day it is.
    pub fn today(&self) -> Day {
        self.0.as_ref().map_or(Day(0), |read| read())
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_dates() {
        let date = |seconds: u64| Day::of(seconds).to_string();
        assert_eq!([0, 86_399, 86_400].map(date), ["1970-01-01", "1970-01-01", "1970-01-02"]);
        // `date -u -d @SECONDS +%F` of GNU coreutils.
        let known = [(951_782_399, "2000-02-28"), (951_782_400, "2000-02-29"), (951_868_800, "2000-03-01")];
        known.iter().for_each(|(seconds, text)| assert_eq!(date(*seconds), *text));
        assert_eq!([1_798_761_599, 1_798_761_600].map(date), ["2026-12-31", "2027-01-01"]);
        assert_eq!([4_107_542_399, 4_107_542_400].map(date), ["2100-02-28", "2100-03-01"]);
        assert_eq!(Day::of(u64::MAX), Day(u32::MAX));
        assert_eq!(Day(u32::MAX).to_string(), "11761191-01-20");
    }

    #[test]
    fn limits_are_read_strictly() {
        assert_eq!(Limit::parse("17"), Some(Limit::Most(17)));
        assert_eq!(Limit::parse("unlimited"), Some(Limit::Unlimited));
        for text in ["", "0", "00", "-1", "+1", "1.5", "1e3", "1,000", "Unlimited", "18446744073709551616"] {
            assert_eq!(Limit::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_not_said_is_the_default() {
        let default = Quota { total: Limit::Most(9), day: Limit::Most(3) };
        assert_eq!(Quota::default().or(&default), default);
        let own = Quota { total: Limit::Unlimited, day: Limit::Unset };
        let quota = own.or(&default);
        assert_eq!((quota.total.most(), quota.day.most()), (None, Some(3)));
        assert_eq!(quota.check(u64::MAX, 2, Day(5)), Ok(()));
        assert_eq!(quota.check(0, 3, Day(5)), Err(UsedUp::Day { most: 3, again: Day(6) }));
        assert_eq!(default.check(9, 3, Day(5)), Err(UsedUp::Total(9)));
        assert_eq!(Quota::default().check(u64::MAX, u64::MAX, Day(5)), Ok(()));
    }
}
