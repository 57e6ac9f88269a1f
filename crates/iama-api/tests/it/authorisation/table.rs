//! Who may do what: a row for each operation of the document. A new operation needs a row here.

use iama_store::admins::AdminRole::{self, Engineer, SuperAdmin, Support};
use serde_json::{Value, json};

use crate::support::PASSWORD;

/// Whom an operation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    /// Everybody, signed in or not.
    Everybody,
    /// Whoever is signed in; it is about what is theirs.
    People,
    /// The owner of what the path names. To others it does not exist.
    Owner,
    /// Administrators of some roles.
    Admins(&'static [AdminRole]),
}

const ALL: For = For::Admins(&[SuperAdmin, Engineer, Support]);
const SUPER: For = For::Admins(&[SuperAdmin]);

/// The table, by the names of operations.
pub(super) const TABLE: &[(&str, For)] = &[
    ("getHealth", For::Everybody),
    ("getReadiness", For::Everybody),
    ("getMetrics", For::Everybody),
    ("getKeys", For::Everybody),
    // Accounts
    ("register", For::Everybody),
    ("login", For::Everybody),
    ("refresh", For::Everybody),
    ("logout", For::People),
    ("beginGithubSignIn", For::Everybody),
    ("beginGoogleSignIn", For::Everybody),
    ("finishOauthSignIn", For::Everybody),
    ("exchangeLoginCode", For::Everybody),
    ("beginDeviceSignIn", For::Everybody),
    ("finishDeviceSignIn", For::Everybody),
    ("getWaitingDevice", For::People),
    ("decideDeviceSignIn", For::People),
    ("getMe", For::People),
    ("giveConsent", For::People),
    ("getDisclosure", For::People),
    ("acceptDisclosure", For::People),
    ("changePassword", For::People),
    ("listSessions", For::People),
    ("endSession", For::Owner),
    // Jobs
    ("listJobs", For::People),
    ("createJob", For::People),
    ("getJob", For::Owner),
    ("cancelJob", For::Owner),
    ("startJob", For::Owner),
    ("forceTerminateJob", For::Owner),
    ("beat", For::Owner),
    ("readLogs", For::Owner),
    // Decisions and what is decided about
    ("choosePreflight", For::Owner),
    ("getPreflight", For::Owner),
    ("selectProposal", For::Owner),
    ("getProposals", For::Owner),
    ("getSpec", For::Owner),
    ("editSpec", For::Owner),
    ("previewSpec", For::Owner),
    ("approveSpec", For::Owner),
    ("overrideBaseline", For::Owner),
    ("acknowledgeUncovered", For::Owner),
    ("quarantineTests", For::Owner),
    ("mockTests", For::Owner),
    ("waiveSeal", For::Owner),
    ("confirmEscalation", For::Owner),
    ("declineEscalation", For::Owner),
    ("deepFix", For::Owner),
    ("confirmDeepFix", For::Owner),
    ("intervene", For::Owner),
    ("continueRepair", For::Owner),
    ("commandRepair", For::Owner),
    ("runTests", For::Owner),
    ("resumeRepair", For::Owner),
    ("chooseAfterTimeout", For::Owner),
    ("applyDelivery", For::Owner),
    ("revertDelivery", For::Owner),
    ("chooseFallback", For::Owner),
    ("getFallback", For::Owner),
    ("getDelivery", For::Owner),
    ("getEnterpriseReport", For::Owner),
    ("listArtifacts", For::Owner),
    ("listDecisions", For::Owner),
    ("getArtifact", For::Owner),
    // A machine at work
    ("getNews", For::Owner),
    ("listRequests", For::Owner),
    ("claimRequest", For::Owner),
    ("renewClaim", For::Owner),
    ("answerRequest", For::Owner),
    ("tellLines", For::Owner),
    ("answerApply", For::Owner),
    ("answerTests", For::Owner),
    ("decide", For::Owner),
    // Usage
    ("getSubscription", For::People),
    ("getUsage", For::People),
    ("getJobUsage", For::Owner),
    // Administration
    ("adminLogin", For::Everybody),
    ("adminLogout", ALL),
    ("adminMe", ALL),
    ("listAdmins", SUPER),
    ("createAdmin", SUPER),
    ("changeAdmin", SUPER),
    ("resetAdminPassword", SUPER),
    ("getConfig", For::Admins(&[SuperAdmin, Engineer])),
    ("putConfig", For::Admins(&[SuperAdmin, Engineer])),
    ("getConfigHistory", For::Admins(&[SuperAdmin, Engineer])),
    ("setKillSwitch", For::Admins(&[SuperAdmin, Engineer])),
    ("adjustQuota", For::Admins(&[SuperAdmin, Support])),
    ("getPlatformHealth", ALL),
];

/// A body that the operation takes; an empty object where none is needed, or where who may is told before the body is read.
pub(super) fn body(operation: &str, refresh: &str) -> Value {
    match operation {
        "register" => json!({ "email": "new@example.org", "password": PASSWORD, "consent": true }),
        "login" => json!({ "email": "owner@example.org", "password": PASSWORD }),
        "refresh" => json!({ "refresh_token": refresh }),
        "exchangeLoginCode" => {
            json!({ "code": "iama_lc_none", "code_verifier": "none", "return_to": "http://127.0.0.1:43210/" })
        }
        "finishDeviceSignIn" => json!({ "device_code": "iama_dc_none" }),
        "changePassword" => json!({ "current": PASSWORD, "new": PASSWORD }),
        "createJob" => json!({ "project": "shop", "language_pair": "python2-3", "execution_mode": "LOCAL_NATIVE" }),
        "adminLogin" => json!({ "email": "SUPER_ADMIN@example.org", "password": PASSWORD }),
        "createAdmin" => json!({ "email": "new@example.org", "role": "SUPPORT", "password": PASSWORD }),
        "resetAdminPassword" => json!({ "password": PASSWORD }),
        "putConfig" => json!({ "value": { "python2-3": true }, "version": 1 }),
        "setKillSwitch" => json!({ "scope": "GLOBAL", "active": true, "reason": "a test" }),
        "adjustQuota" => json!({ "credits": 10, "reason": "a test" }),
        _ => json!({}),
    }
}
