//! How long each kind of effect may take and how often it is tried before it counts as the platform's failure. The
//! machine hands these to nobody: shells read them.

use crate::effect::Effect;
use std::time::Duration;

/// Limits of one kind of effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Of one try.
    pub timeout: Duration,
    /// Tries, the first included.
    pub tries: u32,
    /// The pause before the second try; it doubles with each.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// How long a running effect may stay silent.
    pub silence: Option<Duration>,
}

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

const fn policy(timeout: Duration, tries: u32) -> RetryPolicy {
    RetryPolicy {
        timeout,
        tries,
        first_pause: Duration::from_secs(1),
        longest_pause: Duration::from_secs(30),
        silence: None,
    }
}

/// The limits of an effect. Test runs are tried once: the same code fails the same way, and their time-outs have rules
/// of their own.
pub fn retry_policy(effect: &Effect) -> RetryPolicy {
    match effect {
        Effect::AnalyseScope { .. } | Effect::BuildContext { .. } | Effect::WriteReport { .. } => policy(minutes(5), 3),
        Effect::Propose { .. } | Effect::DraftSpec { .. } | Effect::Quote { .. } => policy(minutes(3), 3),
        Effect::GeneratePatch { .. } | Effect::GenerateTests { .. } => {
            RetryPolicy { silence: Some(Duration::from_secs(90)), ..policy(minutes(30), 3) }
        }
        Effect::ApplyPatch { .. } | Effect::ApplyDelivery { .. } | Effect::RevertDelivery { .. } => {
            policy(minutes(2), 3)
        }
        Effect::RunTests { .. } | Effect::RunBaseline { .. } | Effect::RetestSelection { .. } => policy(minutes(15), 1),
        Effect::RunRecipes { .. } | Effect::MigrateTests => policy(minutes(30), 2),
        _ => policy(minutes(2), 5),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ArtifactId;

    #[test]
    fn tests_run_once_and_patches_are_retried() {
        let tests = retry_policy(&Effect::RunTests { time_factor: 1, without: Vec::new() });
        let apply = retry_policy(&Effect::ApplyPatch { patch: ArtifactId::from("p") });
        assert_eq!((tests.timeout.as_secs(), tests.tries), (900, 1));
        assert_eq!((apply.timeout.as_secs(), apply.tries), (120, 3));
    }
}
