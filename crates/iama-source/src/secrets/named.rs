//! Values judged by the name they are given to: passwords, keys, tokens.

use super::assign::{Assigned, How};
use super::place::{Kind, Place};
use super::random::{entropy, is_random, is_run, is_stand_in, makeup, wordiness};

/// What a name promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Password,
    Key,
    /// A name that may mean something else.
    Weak,
}

/// Words that lead to a name worth a look.
pub(super) const WORDS: &[&str] =
    &["pass", "pwd", "secret", "token", "key", "auth", "cred", "contrase", "api", "access", "_pw", "bearer"];

const PASSWORDS: &str = "\
    passw passphrase passcode pwd contrase userpass dbpass ftppass adminpass rootpass keypass storepass \
    requirepass masterpass";

const KEYS: &str = "\
    secret apikey authkey servicekey accountkey dbkey databasekey privkey privatekey clientkey accesskey \
    encryptionkey encryptkey signingkey signaturekey masterkey licensekey sharedkey authtoken accesstoken \
    refreshtoken bearertoken apitoken sessiontoken securitytoken deploytoken bottoken usertoken oauth jwtkey \
    hmackey apppass consumerkey appkey applicationkey integrationkey hookkey sshkey userkey cryptkey aeskey \
    deploykey storagekey";

/// Words that make a name speak of something beside the secret.
const BESIDE: &str = "\
    public pub id ids name names url uri urls path paths file files filename dir folder type types length len size \
    field fields header headers param params prefix suffix format regex regexp pattern error errors msg message \
    messages label help hint title description index version count limit expiry expires expiration ttl timeout \
    policy endpoint host scheme method algorithm alg keyboard keyword keywords keypress keycode keydown keyup \
    author authors authority monkey turkey hockey donkey primary foreign sort cache partition sha sha1 sha256 md5 \
    checksum digest fingerprint thumbprint etag integrity csrf xsrf placeholder tokenize tokenizer tokens keys \
    level class mode enabled required provider backend domain scope scopes status date time algo curve alias \
    compass bypass passed passing passes accessor accessible accessibility arn selector change request \
    continuation next page grant lifecycle action idempotency pagination sync last used hasher validator \
    validators form widget function callback handler manager store reset strength rules min max";

/// What a name promises, if it promises a secret at all.
pub(super) fn class(name: &[u8]) -> Option<Class> {
    let words = words(name);
    if words.iter().any(|word| BESIDE.split_ascii_whitespace().any(|beside| beside == word)) {
        return None;
    }
    let whole = words.concat();
    let has = |parts: &str| parts.split_ascii_whitespace().any(|part| whole.contains(part));
    let last = words.last().map_or("", String::as_str);
    if has(PASSWORDS) || words.iter().any(|word| matches!(word.as_str(), "pass" | "pw")) {
        return Some(Class::Password);
    }
    if has(KEYS) || last.ends_with("token") {
        return Some(Class::Key);
    }
    let weak = ["key", "auth", "credential", "credentials", "cred", "creds", "token", "api", "access", "bearer"];
    (words.iter().any(|word| weak.contains(&word.as_str())) || last.ends_with("key")).then_some(Class::Weak)
}

/// The words of a name in lower case: split at signs, and where a capital follows a small letter.
fn words(name: &[u8]) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = 0_u8;
    for byte in name {
        let parts = !byte.is_ascii_alphanumeric() && *byte < 0x80;
        if parts || (byte.is_ascii_uppercase() && before.is_ascii_lowercase()) {
            words.push(String::new());
        }
        if let (false, Some(word)) = (parts, words.last_mut()) {
            word.push(char::from(byte.to_ascii_lowercase()));
        }
        before = *byte;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Words that are given to such names and are no secrets.
const NO_SECRETS: &str = "\
    password passwd pass pwd secret token key none null nil true false string str text required optional hidden \
    test user username admin empty unknown prompt ask yes no basic bearer oauth plain env vault file self object \
    number integer boolean bool any function value input name default somepass mypassword passwort kennwort \
    anonymous guest nobody private public encrypted";

/// Whether a value that is given to a name is a secret.
pub(super) fn is_secret(text: &[u8], found: &Assigned, class: Class, place: Place) -> bool {
    let value = &text[found.value.clone()];
    let lower = value.to_ascii_lowercase();
    let known = NO_SECRETS.split_ascii_whitespace().any(|word| word.as_bytes() == lower);
    if value.len() < 3
        || value.len() > 512
        || known
        || (place.quotes && !found.quoted && class == Class::Password)
        || is_stand_in(value)
        || is_expression(value, found, place)
    {
        return false;
    }
    match class {
        Class::Password => is_password(value, found, place),
        Class::Key => {
            is_key(value) && (value.len() >= 10 || place.kind == Kind::Kept) && found.how != How::Blank
                || kept(value, place)
        }
        Class::Weak => {
            let made = makeup(value);
            let long = if place.kind == Kind::Code { 20 } else { 16 };
            is_key(value)
                && value.len() >= long
                && made.changes >= 2
                && made.signs < 4
                && matches!(found.how, How::Sign | How::Markup)
        }
    }
}

/// A file that is kept for secrets hardly holds anything else under such a name.
fn kept(value: &[u8], place: Place) -> bool {
    place.kind == Kind::Kept
        && value.len() >= 6
        && !value.contains(&b' ')
        && !is_place(value)
        && makeup(value).digits > 0
}

/// What a program computes, and what refers to something elsewhere.
fn is_expression(value: &[u8], found: &Assigned, place: Place) -> bool {
    if found.quoted {
        return false;
    }
    let call = value.contains(&b'(') || value.contains(&b'[') || value.contains(&b'{');
    (call && place.kind != Kind::Kept)
        || matches!(value[0], b'$' | b'&' | b'*' | b'@' | b'!' | b'-' | b'|' | b'>' | b'=')
}

/// A path, an address or a file name.
fn is_place(value: &[u8]) -> bool {
    let shown = String::from_utf8_lossy(value);
    let end = shown.rsplit('.').next().unwrap_or("");
    let file = matches!(
        end,
        "py" | "json"
            | "pem"
            | "key"
            | "txt"
            | "xml"
            | "yaml"
            | "yml"
            | "crt"
            | "conf"
            | "cfg"
            | "js"
            | "html"
            | "com"
            | "org"
            | "net"
            | "io"
    );
    shown.contains("://")
        || shown.starts_with(['/', '.', '~'])
        || shown.starts_with("arn:")
        || file
        || shown.contains("\\\\")
}

/// Of the letters that keys are written in, and made by chance.
fn is_key(value: &[u8]) -> bool {
    let letters = value.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_+/=.~:-!@#$%^&*|,".contains(byte));
    letters && !is_place(value) && is_random(value)
}

fn is_password(value: &[u8], found: &Assigned, place: Place) -> bool {
    let made = makeup(value);
    if is_place(value) || made.others > 0 || value.contains(&b'\\') && place.kind == Kind::Code {
        return false;
    }
    let lower = value.to_ascii_lowercase();
    let speaks = ["passw", "secret", "token"]
        .iter()
        .any(|word| lower.windows(word.len()).any(|window| window == word.as_bytes()));
    let blank = value.iter().any(u8::is_ascii_whitespace);
    let plain = value.iter().filter(|byte| !matches!(byte, b'_' | b'.' | b'-')).count();
    let signs = plain > usize::try_from(made.upper + made.lower + made.digits).unwrap_or(usize::MAX);
    let classes = u32::from(made.upper > 0) + u32::from(made.lower > 0) + u32::from(made.digits > 0) + u32::from(signs);
    let strong =
        !blank && value.len() >= 8 && classes >= 3 && made.digits > 0 && entropy(value) >= 2.7 && !is_run(value);
    match place.kind {
        Kind::Kept => found.how != How::Blank || !blank,
        Kind::Settings if place.words => false,
        Kind::Settings => {
            !blank
                && found.how != How::Blank
                && value.len() >= 5
                && (made.digits + made.signs > 0 || wordiness(value).is_none_or(|words| words < 5.0))
                && made.upper + made.lower > 0
                && !place.test
        }
        Kind::Other => {
            !blank
                && !speaks
                && found.how != How::Blank
                && (is_random(value) || strong)
                && !place.test
                && (found.quoted || made.changes > 0)
        }
        Kind::Code if place.test || speaks => false,
        Kind::Code => {
            !blank && found.quoted && (strong && wordiness(value).is_none_or(|words| words < 6.4) || is_random(value))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_promise_passwords_keys_or_nothing() {
        let names = [
            "db_password",
            "DB_PASS",
            "stripeApiKey",
            "AUTH_TOKEN",
            "key",
            "primary_key",
            "token_type",
            "author",
            "compass",
            "public_key",
        ];
        let found = names.map(|name| class(name.as_bytes()));
        let [password, key, weak] = [Class::Password, Class::Key, Class::Weak].map(Some);
        assert_eq!(found, [password, password, key, key, weak, None, None, None, None, None]);
    }
}
