//! Providers of identities in the test's hand: what they say, and what they were asked.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use iama_api::settings::{ClientSecret, ClientSecrets, GithubSettings, GoogleSettings, OauthSettings};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::support::NOW;

pub(crate) const CLIENT: &str = "iama-test";
pub(crate) const SECRET: &str = "client-secret-of-the-test";
/// What providers hand out; none of it may be found anywhere.
pub(crate) const PROVIDER_TOKEN: &str = "provider-access-token-of-the-test";
const CALLBACK: &str = "http://127.0.0.1:8700/api/v1/auth/oauth/callback";

fn rsa() -> (EncodingKey, Jwk) {
    use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
    let pair = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let pem = pem::encode(&pem::Pem::new("PRIVATE KEY", der.as_ref()));
    let key = EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
    let jwk = Jwk::from_encoding_key(&key, Algorithm::RS256).unwrap();
    (key, jwk)
}

/// The provider's own key, and one of somebody else.
pub(crate) static KEYS: LazyLock<[(EncodingKey, Jwk); 2]> = LazyLock::new(|| [rsa(), rsa()]);

/// The public half of a key, by a name.
pub(crate) fn public(which: usize, kid: &str) -> Jwk {
    let mut jwk = KEYS[which].1.clone();
    jwk.common.key_id = Some(kid.to_owned());
    jwk
}

/// What a provider was asked for by a browser.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) state: String,
    pub(crate) challenge: String,
    pub(crate) nonce: Option<String>,
}

/// What the providers say. A test changes what it wants to.
pub(crate) struct Says {
    /// What is asked for with each code that was given and not used.
    codes: BTreeMap<String, Question>,
    pub(crate) github_user: Value,
    pub(crate) github_emails: Value,
    /// Laid over the claims of the next ID token; `null` takes one away.
    pub(crate) claims: Value,
    /// The key that signs, and what it is called.
    pub(crate) signer: (usize, &'static str),
    /// Instead of a signed token.
    pub(crate) token: Option<fn(&Value) -> String>,
    pub(crate) keys: Vec<Jwk>,
    /// Whether every request fails.
    pub(crate) failing: bool,
    /// Whether an issuer is named in every answer.
    pub(crate) names_itself: bool,
}

/// Providers on a port of their own.
#[derive(Clone)]
pub(crate) struct Fake {
    pub(crate) url: String,
    pub(crate) says: Arc<Mutex<Says>>,
}

impl Fake {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let says = Says {
            codes: BTreeMap::new(),
            github_user: json!({ "id": 1815, "login": "ada", "name": "Ada Lovelace" }),
            github_emails: json!([
                { "email": "other@example.org", "primary": false, "verified": true },
                { "email": "Ada@Example.org", "primary": true, "verified": true },
            ]),
            claims: json!({}),
            signer: (0, "first"),
            token: None,
            keys: vec![public(0, "first")],
            failing: false,
            names_itself: false,
        };
        let fake = Self { url, says: Arc::new(Mutex::new(says)) };
        let routes = Router::new()
            .route("/github/token", post(github_token))
            .route("/api/user", get(github_user))
            .route("/api/user/emails", get(github_emails))
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/keys", get(keys))
            .route("/token", post(google_token))
            .with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        fake
    }

    pub(crate) fn says(&self, change: impl FnOnce(&mut Says)) {
        change(&mut self.says.lock().unwrap());
    }

    pub(crate) fn settings(&self) -> (OauthSettings, ClientSecrets) {
        let url = &self.url;
        let client_secret = ClientSecret { env: Some("NOT_READ_HERE".to_owned()), file: None };
        let github = GithubSettings {
            client_id: Some(CLIENT.to_owned()),
            client_secret: client_secret.clone(),
            authorize_url: format!("{url}/github/authorize"),
            token_url: format!("{url}/github/token"),
            api_url: format!("{url}/api/"),
            issuer: format!("{url}/github"),
        };
        let google = GoogleSettings { client_id: Some(CLIENT.to_owned()), client_secret, issuer: url.clone() };
        let secrets = ClientSecrets { github: Some(SECRET.to_owned()), google: Some(SECRET.to_owned()) };
        (OauthSettings { github, google, ..OauthSettings::default() }, secrets)
    }

    /// Somebody says yes in the browser. Gives the code, once the address was all right.
    pub(crate) fn agree(&self, address: &str) -> (String, Question) {
        let url = Url::parse(address).unwrap();
        let asked: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        assert_eq!((asked["response_type"].as_str(), asked["client_id"].as_str()), ("code", CLIENT));
        assert_eq!((asked["redirect_uri"].as_str(), asked["code_challenge_method"].as_str()), (CALLBACK, "S256"));
        assert!(!address.contains(SECRET));
        let question = Question {
            state: asked["state"].clone(),
            challenge: asked["code_challenge"].clone(),
            nonce: asked.get("nonce").cloned(),
        };
        let code = format!("code-for-{}", question.state);
        self.says(|says| drop(says.codes.insert(code.clone(), question.clone())));
        (code, question)
    }

    /// What is asked for with a code: it is good once, and for who has the secret and the verifier.
    fn redeem(&self, form: &BTreeMap<String, String>) -> Result<Question, &'static str> {
        let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        if (field("client_id"), field("client_secret"), field("redirect_uri")) != (CLIENT, SECRET, CALLBACK) {
            return Err("invalid_client");
        }
        let question = self.says.lock().unwrap().codes.remove(field("code")).ok_or("invalid_grant")?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(field("code_verifier")));
        if challenge == question.challenge { Ok(question) } else { Err("invalid_grant") }
    }

    fn is_failing(&self) -> bool {
        self.says.lock().unwrap().failing
    }
}

type Told = (StatusCode, Json<Value>);

fn told(status: StatusCode, body: Value) -> Told {
    (status, Json(body))
}

fn failed() -> Told {
    told(StatusCode::BAD_GATEWAY, json!("away"))
}

/// As GitHub does: errors with status 200.
async fn github_token(State(fake): State<Fake>, Form(form): Form<BTreeMap<String, String>>) -> Told {
    if fake.is_failing() {
        return failed();
    }
    match fake.redeem(&form) {
        Ok(_) => told(StatusCode::OK, json!({ "access_token": PROVIDER_TOKEN, "token_type": "bearer", "scope": "" })),
        Err(_) => told(StatusCode::OK, json!({ "error": "bad_verification_code", "error_description": "no" })),
    }
}

fn shown(fake: &Fake, headers: &HeaderMap, body: impl FnOnce(&Says) -> Value) -> Told {
    if headers["authorization"] != format!("Bearer {PROVIDER_TOKEN}") {
        return told(StatusCode::UNAUTHORIZED, json!({}));
    }
    let body = body(&fake.says.lock().unwrap());
    told(StatusCode::OK, body)
}

async fn github_user(State(fake): State<Fake>, headers: HeaderMap) -> Told {
    shown(&fake, &headers, |says| says.github_user.clone())
}

async fn github_emails(State(fake): State<Fake>, headers: HeaderMap) -> Told {
    shown(&fake, &headers, |says| says.github_emails.clone())
}

async fn metadata(State(fake): State<Fake>) -> Told {
    if fake.is_failing() {
        return failed();
    }
    let url = &fake.url;
    let names_itself = fake.says.lock().unwrap().names_itself;
    told(
        StatusCode::OK,
        json!({
            "issuer": url, "authorization_endpoint": format!("{url}/authorize"), "token_endpoint": format!("{url}/token"),
            "jwks_uri": format!("{url}/keys"), "authorization_response_iss_parameter_supported": names_itself,
        }),
    )
}

async fn keys(State(fake): State<Fake>) -> Told {
    told(StatusCode::OK, json!({ "keys": fake.says.lock().unwrap().keys }))
}

async fn google_token(State(fake): State<Fake>, Form(form): Form<BTreeMap<String, String>>) -> Told {
    if fake.is_failing() {
        return failed();
    }
    let question = match fake.redeem(&form) {
        Ok(question) => question,
        Err(error) => return told(StatusCode::BAD_REQUEST, json!({ "error": error })),
    };
    let says = fake.says.lock().unwrap();
    let mut claims = json!({
        "iss": fake.url, "aud": CLIENT, "sub": "1906", "nonce": question.nonce,
        "iat": NOW.unix_timestamp(), "exp": NOW.unix_timestamp() + 3_600,
        "email": "grace@example.org", "email_verified": true, "name": "Grace Hopper",
    });
    for (name, value) in says.claims.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    let token = match says.token {
        Some(make) => make(&claims),
        None => signed(says.signer.0, says.signer.1, &claims),
    };
    told(
        StatusCode::OK,
        json!({ "access_token": PROVIDER_TOKEN, "token_type": "Bearer", "expires_in": 3_600, "id_token": token }),
    )
}

/// An ID token.
pub(crate) fn signed(which: usize, kid: &str, claims: &Value) -> String {
    let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::RS256) };
    jsonwebtoken::encode(&header, claims, &KEYS[which].0).unwrap()
}
