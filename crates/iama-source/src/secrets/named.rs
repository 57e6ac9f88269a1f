//! Values judged by the name they are given to: passwords, keys, tokens.

use super::assign::{Assigned, How};
use super::password;
use super::place::{Kind, Place};
use super::random::{entropy, is_random, is_run, is_stand_in, makeup};

/// What a name promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Password,
    Key,
    /// A token, which may be no more than a running number of some kind.
    Token,
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

/// Words that at the end of a name make it speak of something beside the secret.
const BESIDE: &str = "\
    id ids name names url uri urls path paths file files filename dir folder type types length len size field \
    fields header headers param params prefix suffix format regex regexp pattern error errors msg message messages \
    label help hint title description index version count limit expiry expires expiration ttl timeout policy \
    endpoint host scheme method algorithm alg sha sha1 sha256 md5 checksum digest fingerprint thumbprint \
    placeholder keys level class mode enabled required provider backend domain scope scopes status date time algo \
    curve alias arn selector signature nonce challenge verifier \
    last used form widget function callback handler manager store reset strength rules \
    min max";

/// Words that do so wherever they stand.
const AROUND: &str = "\
    public pub primary foreign sort cache partition csrf xsrf author authors authority monkey turkey hockey donkey \
    keyboard keyword keywords keypress keycode keydown keyup change request continuation next page grant lifecycle \
    action idempotency pagination sync tokenize tokenizer tokens compass bypass passed passing passes accessor \
    accessible accessibility validator validators hasher etag integrity";

/// What a name promises, if it promises a secret at all.
pub(super) fn class(name: &[u8]) -> Option<Class> {
    let words = words(name);
    let last = words.last().map_or("", String::as_str);
    let around = |word: &String| AROUND.split_ascii_whitespace().any(|other| other == word);
    if words.iter().any(around) || BESIDE.split_ascii_whitespace().any(|other| other == last) {
        return None;
    }
    let whole = words.concat();
    let has = |parts: &str| parts.split_ascii_whitespace().any(|part| whole.contains(part));
    if has(PASSWORDS) || words.iter().any(|word| matches!(word.as_str(), "pass" | "pw")) {
        return Some(Class::Password);
    }
    if has(KEYS) {
        return Some(Class::Key);
    }
    if last.ends_with("token") {
        return Some(Class::Token);
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
    number integer boolean bool any function value input name foobar default somepass mypassword passwort kennwort \
    anonymous guest nobody private public encrypted";

/// Whether a value that is given to a name is a secret.
pub(super) fn is_secret(text: &[u8], found: &Assigned, class: Class, place: Place) -> bool {
    let value = &text[found.value.clone()];
    let lower = value.to_ascii_lowercase();
    let known = NO_SECRETS.split_ascii_whitespace().any(|word| word.as_bytes() == lower);
    if value.len() < 3
        || value.len() > 512
        || known
        || (place.quotes && place.kind != Kind::Code && !found.quoted && class == Class::Password)
        || is_stand_in(value)
        || is_expression(value, found, place)
    {
        return false;
    }
    match class {
        Class::Password => !is_place(value) && password::is_password(text, found, place),
        Class::Token if is_uuid(value) => place.kind == Kind::Kept,
        Class::Key | Class::Token => {
            let long = value.len() >= 10 || place.kind == Kind::Kept;
            (is_key(value) && long && found.how != How::Blank) || kept(value, place)
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
    let phrase = makeup(value).signs > 3 && entropy(value) >= 3.8 && value.len() >= 20;
    place.kind == Kind::Kept
        && value.len() >= 6
        && (phrase || !value.contains(&b' '))
        && !is_place(value)
        && makeup(value).digits > 0
}

/// What a program computes, and what refers to something elsewhere.
fn is_expression(value: &[u8], found: &Assigned, place: Place) -> bool {
    if found.quoted {
        return false;
    }
    if found.how == How::Markup {
        return false;
    }
    let call = value.contains(&b'(') || value.contains(&b'[') || value.contains(&b'{');
    (call && place.kind != Kind::Kept) || matches!(value[0], b'$' | b'&' | b'|' | b'>' | b'=')
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

fn is_uuid(value: &[u8]) -> bool {
    let dashes = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    value.len() == 36
        && value
            .iter()
            .enumerate()
            .all(|(at, byte)| dashes(at) == (*byte == b'-') && (dashes(at) || byte.is_ascii_hexdigit()))
}

/// Of the letters that keys are written in, and made by chance.
fn is_key(value: &[u8]) -> bool {
    if value.len() >= 16 && value.iter().all(u8::is_ascii_digit) {
        return entropy(value) >= 2.5 && !is_run(value);
    }
    let letters =
        value.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_+/=.~:-!@#$%^&*|,()[]{}<>?;".contains(byte));
    let number = value.len() < 20 && value.starts_with(b"0x");
    // Paths of names, and patterns, as rules such as these are written in.
    let parts = ["::", "[a-", "[A-", "[0-", "-9]", "]("];
    let other = String::from_utf8_lossy(value);
    let pattern = parts.iter().any(|part| other.contains(part));
    letters && !number && !pattern && !is_place(value) && is_random(value)
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
            "page2_token",
            "key",
            "primary_key",
            "token_type",
            "author",
            "compass",
            "public_key",
        ];
        let found = names.map(|name| class(name.as_bytes()));
        let [password, key, token, weak] = [Class::Password, Class::Key, Class::Token, Class::Weak].map(Some);
        assert_eq!(found, [password, password, key, key, token, weak, None, None, None, None, None]);
    }
}
