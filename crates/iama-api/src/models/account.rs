//! What a call cost, and who pays for it.

use iama_engine::models::{Came, Declined};
use iama_job::{ModelClass, Tier};
use iama_model::{AuditEvent, Cache, Cost, Stage, Template, Usage};

/// What a call cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Account {
    /// All of it.
    pub(super) total: Cost,
    /// What the person pays: the request that brought the answer. Those that failed are the platform's.
    pub(super) charged: Cost,
}

impl Account {
    /// A call that brought something, or nothing.
    pub(super) fn of(audit: &AuditEvent, came: Option<&Came>) -> Self {
        let total = audit.tries.iter().filter_map(|tried| tried.cost).sum();
        let charged = if matches!(came, Some(Came::Answer { .. })) { Self::paid(audit) } else { Cost::ZERO };
        Self { total, charged }
    }

    /// What the request that brought an answer cost.
    pub(super) fn paid(audit: &AuditEvent) -> Cost {
        audit.tries.iter().filter(|tried| tried.outcome == "OK").filter_map(|tried| tried.cost).sum()
    }

    /// What the platform pays.
    pub(super) const fn absorbed(&self) -> Cost {
        self.total.minus(self.charged)
    }
}

/// The code of a call that is not made.
pub(super) fn code(declined: &Declined) -> &str {
    match declined {
        Declined::CapReached => "COST_CAP",
        Declined::Refused { code } => code,
    }
}

/// The event of a call for which nothing was sent.
pub(super) fn unsent(tier: Tier, stage: Stage, class: ModelClass, template: Template, outcome: &str) -> AuditEvent {
    AuditEvent {
        tier,
        stage,
        class,
        route: None,
        template,
        cache: Cache::Unknown,
        tokens: Usage::default(),
        estimated: false,
        cost: Some(Cost::ZERO),
        outcome: outcome.to_owned(),
        repaired: false,
        tries: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use iama_job::RouteName;
    use iama_model::{Answer, Stop, Try};

    use super::*;

    const CENT: Cost = Cost::from_microdollars(10_000);

    fn tried(outcome: &str) -> Try {
        let (route, tokens) = (RouteName::from("here/coder"), Usage::default());
        Try { route, worst_case: Some(CENT), cost: Some(CENT), tokens, estimated: false, outcome: outcome.to_owned() }
    }

    #[test]
    fn a_person_pays_for_the_answer_and_for_nothing_else() {
        let (template, text) = (Template::default(), String::new());
        let mut audit = unsent(Tier::Free, Stage::Repair, ModelClass::L1, template, "OK");
        audit.tries = vec![tried("OVERLOADED"), tried("OK")];
        let answer = Answer { text, stop: Stop::End, route: "here/coder".into(), usage: Usage::default() };
        let account = Account::of(&audit, Some(&Came::Answer { answer }));
        assert_eq!(account, Account { total: CENT.plus(CENT), charged: CENT });
        assert_eq!(account.absorbed(), CENT);
        let refused = Came::Declined { declined: Declined::Refused { code: "OUTPUT_CAP".to_owned() } };
        assert_eq!(Account::of(&audit, Some(&refused)).charged, Cost::ZERO);
    }
}
