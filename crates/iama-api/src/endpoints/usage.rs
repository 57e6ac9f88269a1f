//! What a person may use, and has used. Credits are never told: parts of the allowance are, and refactorings.

pub(crate) mod job;
pub(crate) mod subscription;
pub(crate) mod summary;

use iama_job::MilliCredits;

/// What part of a whole something is, in percent, to one decimal; nothing where there is no whole.
fn percent(of: MilliCredits, whole: MilliCredits) -> Option<f64> {
    let per_mille = u128::from(of.0) * 1_000 / u128::from(whole.0.max(1));
    let per_mille = u32::try_from(per_mille).unwrap_or(u32::MAX);
    (whole.0 > 0).then(|| f64::from(per_mille) / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_told_to_one_decimal() {
        let of = |part, whole| percent(MilliCredits(part), MilliCredits(whole));
        assert_eq!(of(1, 3), Some(33.3));
        assert_eq!(of(1_000_000, 1_000_000), Some(100.0));
        assert_eq!(of(0, 5), Some(0.0));
        assert_eq!(of(5, 0), None);
    }
}
