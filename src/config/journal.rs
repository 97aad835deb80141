//! When the journal is verified and signed, and what happens when it is not intact.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::notifications::{Around, path, secret};
use super::reader::Reader;
use crate::model::{Invalid, KeySource};
use crate::service::{JournalSettings, MIN_RETENTION_DAYS};

/// 0 means never.
pub(super) fn journal(reader: &mut Reader, around: &Around<'_>) -> JournalSettings {
    let defaults = JournalSettings::default();
    let Some(mut section) = reader.section("journal") else { return defaults };
    let mut every = |name: &str, unit: u64, default: Option<Duration>| match section.count(name, 0..=525_600) {
        Some(0) => None,
        Some(count) => Some(Duration::from_secs(count * unit)),
        None => default,
    };
    let verify_every = every("verify_every_minutes", 60, defaults.verify_every);
    let verify_all_every = every("verify_all_every_hours", 3_600, defaults.verify_all_every);
    let checkpoint_every = every("checkpoint_every_minutes", 60, defaults.checkpoint_every);
    let mut kept = |name: &str, range: RangeInclusive<u64>| section.count(name, range);
    let least = u64::from(MIN_RETENTION_DAYS);
    let keep_days = kept("keep_days", least..=36_500).and_then(|days| u32::try_from(days).ok());
    let keep_records = kept("keep_records", 100_000..=1_000_000_000_000);
    let on_failure = |word: &str| match word {
        "stop elevation" => Ok(true),
        "alert" => Ok(false),
        other => {
            Err(Invalid::new("on_failure", format!("is {}", Invalid::quote(other)), "`stop elevation` or `alert`"))
        }
    };
    let settings = JournalSettings {
        verify_at_start: section.flag("verify_at_start").unwrap_or(defaults.verify_at_start),
        verify_every,
        verify_all_every,
        checkpoint_every,
        stop_on_failure: section.parsed("on_failure", on_failure).unwrap_or(defaults.stop_on_failure),
        checkpoint_folder: path(&mut section, "checkpoint_folder", around),
        keep_days,
        keep_records,
        signing_key: secret(&mut section, "signing_key", around).map_or(KeySource::BesideStore, KeySource::Given),
    };
    section.finish();
    settings
}
