//! Why a provider did not say who somebody is.

/// Why a provider did not say who somebody is. Nothing in it is secret.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It does not answer, or not now.
    #[error("the provider cannot be reached")]
    Away(#[source] reqwest::Error),
    /// It answers that it cannot.
    #[error("the provider answers with {0}")]
    Failing(u16),
    /// It does not take the code: used, too old, or of another client or verifier.
    #[error("the provider refused the code with {0}")]
    Refused(String),
    /// It answers something else than it has to.
    #[error("the provider's {0} cannot be understood")]
    Odd(&'static str),
    /// An answer that says it comes from somebody else.
    #[error("the answer names another issuer")]
    Issuer,
    /// An ID token that proves nothing.
    #[error("the ID token is not valid: {0}")]
    IdToken(IdTokenFault),
}

impl Fault {
    /// Whether it may be otherwise in a moment.
    pub const fn is_away(&self) -> bool {
        matches!(self, Self::Away(_) | Self::Failing(_))
    }
}

/// What is wrong with an ID token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenFault {
    /// It is none, or lacks a claim.
    #[error("it cannot be read")]
    Malformed,
    /// It is not signed, or in a way that is not taken.
    #[error("its algorithm is not taken")]
    Algorithm,
    /// None of the provider's keys signed it.
    #[error("its key is none of the provider's")]
    Key,
    /// The signature is not right.
    #[error("its signature is wrong")]
    Signature,
    /// Somebody else issued it.
    #[error("another issuer issued it")]
    Issuer,
    /// It is for somebody else.
    #[error("it is for another client")]
    Audience,
    /// It was good once.
    #[error("it has expired")]
    Expired,
    /// It was issued in the future.
    #[error("it is from the future")]
    Future,
    /// It answers another question.
    #[error("its nonce is another one")]
    Nonce,
}
