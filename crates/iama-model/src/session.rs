//! What the calls of one job share: the places for L1 calls and the money.

use std::sync::{Mutex, PoisonError};

use iama_job::ModelClass;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::cost::Cost;
use crate::gate::Refusal;

/// L1 calls of one session at the same time.
pub const L1_AT_ONCE: usize = 3;

/// A session.
#[derive(Debug)]
pub struct Session {
    l1: Semaphore,
    cap: Option<Cost>,
    spent: Mutex<Cost>,
}

impl Session {
    /// A session that may spend `cap`, and of which `spent` is known from earlier: unanswered calls at their worst case.
    pub fn new(cap: Option<Cost>, spent: Cost) -> Self {
        Self { l1: Semaphore::new(L1_AT_ONCE), cap, spent: Mutex::new(spent) }
    }

    /// What was spent, calls in flight at their worst case.
    pub fn spent(&self) -> Cost {
        *self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) const fn is_capped(&self) -> bool {
        self.cap.is_some()
    }

    /// A place for a call of this class; waits for one if need be.
    pub(crate) async fn place(&self, class: ModelClass) -> Option<SemaphorePermit<'_>> {
        if class == ModelClass::L1 { self.l1.acquire().await.ok() } else { None }
    }

    /// Sets the worst case of a call aside.
    pub(crate) fn reserve(&self, worst_case: Cost) -> Result<Reservation<'_>, Refusal> {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        let left = self.cap.map(|cap| cap.minus(*spent));
        if let Some(left) = left.filter(|left| worst_case > *left) {
            return Err(Refusal::CostCap { worst_case, left });
        }
        *spent = spent.plus(worst_case);
        Ok(Reservation { session: self, worst_case })
    }
}

/// Money set aside. It stays spent unless the real cost becomes known.
#[must_use]
pub(crate) struct Reservation<'s> {
    session: &'s Session,
    worst_case: Cost,
}

impl Reservation<'_> {
    /// Puts the real cost in the place of the worst case.
    pub(crate) fn settle(self, actual: Cost) {
        let mut spent = self.session.spent.lock().unwrap_or_else(PoisonError::into_inner);
        *spent = spent.minus(self.worst_case).plus(actual);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CENT: Cost = Cost::from_microdollars(10_000);

    #[test]
    fn the_worst_case_is_set_aside_until_the_cost_is_known() {
        let session = Session::new(Some(CENT.plus(CENT)), Cost::ZERO);
        let first = session.reserve(CENT).unwrap();
        let second = session.reserve(CENT).unwrap();
        let refused = session.reserve(CENT).err();
        assert_eq!(refused, Some(Refusal::CostCap { worst_case: CENT, left: Cost::ZERO }));
        first.settle(Cost::ZERO);
        drop(second);
        assert_eq!(session.spent(), CENT);
        assert!(session.reserve(CENT).is_ok());
    }
}
