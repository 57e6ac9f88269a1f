//! What a person can decide, an endpoint for each.

pub(crate) mod acknowledge;
pub(crate) mod apply;
pub(crate) mod baseline_mode;
pub(crate) mod command;
pub(crate) mod continue_repair;
pub(crate) mod deep_fix;
pub(crate) mod deep_fix_confirm;
pub(crate) mod escalation_confirm;
pub(crate) mod escalation_decline;
pub(crate) mod fallback_action;
pub(crate) mod intervene;
pub(crate) mod mock_override;
pub(crate) mod named;
pub(crate) mod preflight_choice;
pub(crate) mod proposal_select;
pub(crate) mod quarantine;
pub(crate) mod resume_repair;
pub(crate) mod revert;
pub(crate) mod run_tests;
pub(crate) mod spec_approve;
pub(crate) mod spec_edit;
pub(crate) mod spec_words;
pub(crate) mod timeout_choice;
pub(crate) mod waive_seal;
