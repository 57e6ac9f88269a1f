//! What each tier grants. The server seeds `dynamic_configs` from here; a job keeps the values that it started with.

use crate::codes::codes;
use crate::ids::MilliCredits;
use crate::policy::waterfall::ModelClass;

codes! {
    /// Who pays for a job. `LOCAL` is sold to nobody: the user's own machine and keys.
    pub enum Tier {
        Local = "LOCAL",
        Free = "FREE",
        Plus = "PLUS",
        Pro = "PRO",
        Max = "MAX",
        Enterprise = "ENTERPRISE",
    }
}

codes! {
    /// How much a person wants to see. Segment A is spared jargon and raw git, and guarded more; B are experts.
    pub enum Segment {
        A = "A",
        B = "B",
    }
}

/// One row of the tier table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TierGrant {
    /// The tier.
    pub tier: Tier,
    /// Tokens of one context pack.
    pub context_tokens: u32,
    /// Jobs that may start in a day.
    pub jobs_a_day: u32,
    /// Credits granted a month.
    pub credits_a_month: u32,
    /// Credits that must remain for a job to start; `None` for Free, which only the daily count limits.
    pub credits_to_start: Option<MilliCredits>,
    /// The strongest model class.
    pub strongest: ModelClass,
    /// The class of a deep fix, if the tier has it.
    pub deep_fix: Option<ModelClass>,
    /// Whether an expert's spec may approve itself.
    pub fast_track: bool,
    /// Whether the analysis ends in a management report.
    pub analysis_report: bool,
}

const GATE: Option<MilliCredits> = Some(MilliCredits::credits(10));

/// The tiers on sale, weakest first.
pub const TIERS: [TierGrant; 5] = [
    TierGrant {
        tier: Tier::Free,
        context_tokens: 128_000,
        jobs_a_day: 3,
        credits_a_month: 0,
        credits_to_start: None,
        strongest: ModelClass::L1,
        deep_fix: None,
        fast_track: false,
        analysis_report: false,
    },
    TierGrant {
        tier: Tier::Plus,
        context_tokens: 128_000,
        jobs_a_day: 10,
        credits_a_month: 1_000,
        credits_to_start: GATE,
        strongest: ModelClass::L2,
        deep_fix: None,
        fast_track: false,
        analysis_report: false,
    },
    TierGrant {
        tier: Tier::Pro,
        context_tokens: 200_000,
        jobs_a_day: 30,
        credits_a_month: 3_000,
        credits_to_start: GATE,
        strongest: ModelClass::L2,
        deep_fix: Some(ModelClass::L2),
        fast_track: true,
        analysis_report: false,
    },
    TierGrant {
        tier: Tier::Max,
        context_tokens: 200_000,
        jobs_a_day: 100,
        credits_a_month: 10_000,
        credits_to_start: GATE,
        strongest: ModelClass::L3,
        deep_fix: Some(ModelClass::L3),
        fast_track: true,
        analysis_report: false,
    },
    TierGrant {
        tier: Tier::Enterprise,
        context_tokens: 1_000_000,
        jobs_a_day: 1_000,
        credits_a_month: 100_000,
        credits_to_start: GATE,
        strongest: ModelClass::L3,
        deep_fix: Some(ModelClass::L3),
        fast_track: true,
        analysis_report: true,
    },
];

/// The local grant: nothing is counted; the configured routes decide.
pub const LOCAL: TierGrant = TierGrant {
    tier: Tier::Local,
    context_tokens: 200_000,
    jobs_a_day: u32::MAX,
    credits_a_month: 0,
    credits_to_start: None,
    strongest: ModelClass::L3,
    deep_fix: Some(ModelClass::L3),
    fast_track: true,
    analysis_report: false,
};

impl Tier {
    /// What the tier grants.
    pub const fn grant(self) -> TierGrant {
        match self {
            Self::Local => LOCAL,
            Self::Free => TIERS[0],
            Self::Plus => TIERS[1],
            Self::Pro => TIERS[2],
            Self::Max => TIERS[3],
            Self::Enterprise => TIERS[4],
        }
    }

    /// The weakest tier on sale that has `class`.
    pub const fn needed_for(class: ModelClass) -> Self {
        match class {
            ModelClass::L0 | ModelClass::L1 => Self::Free,
            ModelClass::L2 => Self::Plus,
            ModelClass::L3 => Self::Max,
        }
    }
}

/// Why a job may not start, or go back to work, for want of quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuotaDenial {
    /// The day's jobs are used up.
    DailyJobs {
        /// Jobs allowed in a day.
        limit: u32,
    },
    /// Too few credits remain.
    Credits {
        /// What must remain.
        needed: MilliCredits,
    },
}

/// What a tier may start, as it is configured now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaLimits {
    /// Jobs that may start in a day.
    pub jobs_a_day: u32,
    /// Credits that must remain for a job to start; nothing where only the daily count limits.
    pub credits_to_start: Option<MilliCredits>,
}

impl TierGrant {
    /// What the tier may start, unless it is configured otherwise.
    pub const fn quota(&self) -> QuotaLimits {
        QuotaLimits { jobs_a_day: self.jobs_a_day, credits_to_start: self.credits_to_start }
    }
}

/// The two-layer gate: the daily count first, then the credits that remain (Free has the first layer only).
pub fn quota_gate(limits: &QuotaLimits, jobs_today: u32, remaining: MilliCredits) -> Result<(), QuotaDenial> {
    if jobs_today >= limits.jobs_a_day {
        return Err(QuotaDenial::DailyJobs { limit: limits.jobs_a_day });
    }
    match limits.credits_to_start {
        Some(needed) if remaining < needed => Err(QuotaDenial::Credits { needed }),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tier_finds_its_own_row() {
        let rows: Vec<Tier> = Tier::ALL.iter().map(|tier| tier.grant().tier).collect();
        assert_eq!(rows, Tier::ALL);
    }

    #[test]
    fn the_weakest_tier_with_a_class_is_the_first_row_that_grants_it() {
        for class in [ModelClass::L1, ModelClass::L2, ModelClass::L3] {
            let first = TIERS.iter().find(|row| row.strongest >= class).map(|row| row.tier);
            assert_eq!(Some(Tier::needed_for(class)), first, "{class}");
        }
    }

    fn gate(tier: Tier, jobs_today: u32, remaining: MilliCredits) -> Result<(), QuotaDenial> {
        quota_gate(&tier.grant().quota(), jobs_today, remaining)
    }

    #[test]
    fn free_is_gated_by_the_daily_count_only() {
        assert_eq!(gate(Tier::Free, 2, MilliCredits(0)), Ok(()));
        assert_eq!(gate(Tier::Free, 3, MilliCredits(0)), Err(QuotaDenial::DailyJobs { limit: 3 }));
    }

    #[test]
    fn paid_tiers_need_ten_credits_left() {
        let needed = MilliCredits::credits(10);
        assert_eq!(gate(Tier::Pro, 0, MilliCredits(9_999)), Err(QuotaDenial::Credits { needed }));
        assert_eq!(gate(Tier::Pro, 0, needed), Ok(()));
        assert_eq!(gate(Tier::Pro, 30, needed), Err(QuotaDenial::DailyJobs { limit: 30 }));
    }
}
