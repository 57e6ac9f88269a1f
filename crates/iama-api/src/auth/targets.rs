//! Where a browser may bring a sign-in: to a program on the same machine, to the extension of VS Code, to a page that is
//! configured, or to our own page for devices. Nowhere else.

use url::{Host, Url};

use crate::endpoints::auth::device_begin::as_drawn;
use crate::error::{ApiError, ErrorCode};
use crate::settings::OauthSettings;

/// How rows tell our page for devices from addresses.
const DEVICE: &str = "device:";

/// The longest address.
const LONGEST: usize = 2_000;

/// Where a sign-in is brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// Whoever waits at an address, and has a verifier.
    Client(String),
    /// Our page on which a person signs a device in, whose code this is.
    Device(String),
}

impl Target {
    /// An address, as whoever waits there gave it.
    pub(crate) fn client(text: &str, settings: &OauthSettings) -> Result<Self, ApiError> {
        let refused = || ApiError::new(ErrorCode::ReturnRefused, "a sign-in is not handed to this address");
        let url = Url::parse(text).map_err(|_| refused())?;
        let plain = text.len() <= LONGEST
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none()
            && !text.chars().any(|letter| letter.is_control() || letter.is_whitespace());
        let known =
            is_program(&url) || is_known_extension(&url, settings) || settings.return_to.iter().any(|one| one == text);
        if plain && known { Ok(Self::Client(url.into())) } else { Err(refused()) }
    }

    /// Our page for a device.
    pub(crate) fn device(user_code: &str) -> Self {
        Self::Device(as_drawn(user_code).chars().take(20).collect())
    }

    /// As a row keeps it.
    pub(crate) fn kept(&self) -> String {
        match self {
            Self::Client(address) => address.clone(),
            Self::Device(user_code) => format!("{DEVICE}{user_code}"),
        }
    }

    /// From a row.
    pub(crate) fn read(kept: &str) -> Self {
        match kept.strip_prefix(DEVICE) {
            Some(user_code) => Self::Device(user_code.to_owned()),
            None => Self::Client(kept.to_owned()),
        }
    }
}

/// An address with more in its query.
pub(crate) fn with_query(address: &str, pairs: &[(&str, &str)]) -> Result<String, ApiError> {
    let mut url = Url::parse(address).map_err(|error| ApiError::internal(&error))?;
    url.query_pairs_mut().extend_pairs(pairs);
    Ok(url.into())
}

/// By number, since a name may lead elsewhere (RFC 8252, 8.3), and on any port but the one that is for everybody.
fn is_program(url: &Url) -> bool {
    let local = match url.host() {
        Some(Host::Ipv4(address)) => address.octets() == [127, 0, 0, 1],
        Some(Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    };
    url.scheme() == "http" && local && url.port().is_some_and(|port| port > 0)
}

fn is_known_extension(url: &Url, settings: &OauthSettings) -> bool {
    let named = url.host_str().filter(|_| url.port().is_none()).unwrap_or_default();
    ["vscode", "vscode-insiders"].contains(&url.scheme())
        && settings.extensions.iter().any(|known| known.eq_ignore_ascii_case(named))
}

/// Whether a text names an extension of VS Code.
pub(crate) fn is_extension(text: &str) -> bool {
    let word =
        |word: &str| !word.is_empty() && word.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
    text.split_once('.').is_some_and(|(publisher, name)| word(publisher) && word(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_taken(address: &str) -> bool {
        let settings = OauthSettings {
            return_to: vec!["https://app.example.org/signed-in".to_owned()],
            ..OauthSettings::default()
        };
        Target::client(address, &settings).is_ok()
    }

    #[test]
    fn a_sign_in_goes_to_the_same_machine_the_extension_or_a_page_that_is_configured() {
        for address in [
            "http://127.0.0.1:43210/",
            "http://127.0.0.1:43210/callback?window=1",
            "http://[::1]:43210/callback",
            "vscode://iama.iama/signed-in",
            "vscode://IAMA.iama/signed-in?windowId=3",
            "vscode-insiders://iama.iama/x",
            "https://app.example.org/signed-in",
        ] {
            assert!(is_taken(address), "{address}");
        }
    }

    #[test]
    fn and_nowhere_else() {
        for address in [
            "https://evil.example.org/",
            "http://127.0.0.1.evil.example.org:1/",
            "http://127.0.0.1@evil.example.org:80/",
            "http://127.0.0.1:80@evil.example.org/",
            "http://evil@127.0.0.1:4000/",
            "http://127.0.0.1/",
            "http://127.0.0.1:80/",
            "http://127.0.0.2:4000/",
            "http://localhost:4000/",
            "http://0.0.0.0:4000/",
            "https://127.0.0.1:4000/",
            "http://127.0.0.1:4000/#x",
            "http://127.0.0.1:4000/\r\nset-cookie: a=b",
            " http://127.0.0.1:4000/",
            "http:\\\\evil.example.org",
            "//evil.example.org",
            "/device",
            "device:BCDF-GHJK",
            "javascript:alert(1)",
            "data:text/html,x",
            "vscode://evil.iama/x",
            "vscode://iama.iama.evil/x",
            "vscode://iama.iama:1/x",
            "vscode://x@iama.iama/x",
            "vscode:iama.iama",
            "vscodium://iama.iama/x",
            "https://app.example.org/signed-in?next=x",
            "https://app.example.org/signed-in/more",
            "",
        ] {
            assert!(!is_taken(address), "{address}");
        }
    }

    #[test]
    fn what_is_kept_is_read_again() {
        for target in [Target::device(" bcdf ghjk"), Target::Client("vscode://iama.iama/x".to_owned())] {
            assert_eq!(Target::read(&target.kept()), target);
        }
    }

    #[test]
    fn a_query_is_added_to_the_one_that_is_there() {
        let added = with_query("vscode://iama.iama/x?windowId=3", &[("code", "a b&c")]).unwrap();
        assert_eq!(added, "vscode://iama.iama/x?windowId=3&code=a+b%26c");
    }
}
