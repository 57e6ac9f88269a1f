//! Passwords: bcrypt, away from the threads that answer requests.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// The longest password that bcrypt tells from others, in bytes.
pub(crate) const LONGEST_BYTES: usize = 72;
/// The shortest password, in characters.
pub(crate) const SHORTEST_CHARS: usize = 10;

/// What is wrong with a new password.
pub fn faults(password: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if password.chars().count() < SHORTEST_CHARS {
        faults.push(format!("needs at least {SHORTEST_CHARS} characters"));
    }
    if password.len() > LONGEST_BYTES {
        faults.push(format!("is longer than {LONGEST_BYTES} bytes"));
    }
    if password.contains('\0') {
        faults.push("must not contain NUL".to_owned());
    }
    faults
}

/// Whether a text can be an address: mail alone shows whether it is one.
pub fn is_address(text: &str) -> bool {
    let plain = !text.chars().any(|character| character.is_whitespace() || character.is_control());
    let parts = text.split_once('@');
    let whole = parts.is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && !host.contains('@') && !host.starts_with('.') && !host.ends_with('.')
    });
    whole && plain && text.len() <= 254
}

/// Why a password cannot be checked or kept.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The library refused.
    #[error("bcrypt refused")]
    Bcrypt(#[from] bcrypt::BcryptError),
    /// The work was cut short.
    #[error("the work was cut short")]
    Cut,
}

/// Hashes and checks passwords, as many at once as there are processors.
#[derive(Debug, Clone)]
pub struct Passwords {
    cost: u32,
    places: Arc<Semaphore>,
    /// The hash of a password that nobody knows: an unknown account takes as long as a known one.
    nobody: Arc<str>,
}

impl Passwords {
    /// With a cost of bcrypt. Takes as long as one hash.
    pub fn new(cost: u32) -> Result<Self, PasswordError> {
        let mut unknown = [0; 32];
        getrandom::fill(&mut unknown).map_err(|_| PasswordError::Cut)?;
        let nobody = bcrypt::hash(hex::encode(unknown), cost)?.into();
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Ok(Self { cost, places: Arc::new(Semaphore::new(processors)), nobody })
    }

    /// The hash to keep.
    pub async fn hash(&self, password: &str) -> Result<String, PasswordError> {
        let (password, cost) = (password.to_owned(), self.cost);
        self.off_thread(move || Ok(bcrypt::non_truncating_hash(password, cost)?)).await
    }

    /// Whether a password is the one that was hashed. Without a hash it takes as long, and is not.
    pub async fn matches(&self, password: &str, hash: Option<&str>) -> Result<bool, PasswordError> {
        let known = hash.is_some();
        let (password, hash) = (password.to_owned(), hash.unwrap_or(&self.nobody).to_owned());
        if password.len() > LONGEST_BYTES {
            return Ok(false);
        }
        let same = self.off_thread(move || Ok(bcrypt::verify(password, &hash)?)).await?;
        Ok(same && known)
    }

    async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let _place = self.places.acquire().await.map_err(|_| PasswordError::Cut)?;
        tokio::task::spawn_blocking(work).await.map_err(|_| PasswordError::Cut)?
    }
}
