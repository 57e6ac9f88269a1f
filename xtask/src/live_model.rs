//! The router against a small model that really runs, in the forms that `llama-server` speaks. It shows that transport, cancel,
//! caches and schemas hold outside of doubles; nothing of what the model says is judged.

use anyhow::{Context as _, Result, anyhow, ensure};
use iama_job::{Entitlement, ModelClass};
use iama_model::config::{Keys, Origin, read};
use iama_model::{
    Call, CancellationToken, Cost, Done, Form, Listener, Prompt, RouteTable, Router, Session, Stage, Template,
};
use serde_json::json;

mod checks;
mod peer;
mod relay;

use peer::Model;

/// A form of the wire, where the server has it, and where it counts tokens of requests in that form.
pub(super) struct Wire {
    kind: &'static str,
    path: &'static str,
    counts: &'static str,
    /// Whether a schema is sent along and enforced.
    schema: bool,
    /// Whether the router has the provider count what is near a cap.
    counting: bool,
}

const WIRES: [Wire; 3] = [
    Wire {
        kind: "openai-compatible",
        path: "/v1",
        counts: "/v1/chat/completions/input_tokens",
        schema: true,
        counting: false,
    },
    Wire { kind: "openai", path: "/v1", counts: "/v1/chat/completions/input_tokens", schema: true, counting: false },
    Wire { kind: "anthropic", path: "", counts: "/v1/messages/count_tokens", schema: false, counting: true },
];

/// Runs every check in every form and prints a line for each. Fails when one does not hold.
pub(crate) fn run() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let model = Model::start()?;
    let (mut checks, mut wrong) = (0, 0);
    let mut seen = |wire: &Wire, check: &str, seen: Result<String>| {
        let (word, figures) = seen.map_or_else(|problem| ("WRONG", format!("{problem:#}")), |figures| ("ok", figures));
        println!("{word:6} {:18} {check:21} {figures}", wire.kind);
        checks += 1;
        wrong += usize::from(word == "WRONG");
    };
    for wire in &WIRES {
        seen(wire, "streaming", runtime.block_on(checks::streams(&model, wire)));
        seen(wire, "cancel between words", runtime.block_on(checks::cancelled_between_words(&model, wire)));
        seen(wire, "cancel before words", runtime.block_on(checks::cancelled_before_words(&model, wire)));
        seen(wire, "cache", runtime.block_on(checks::cached(&model, wire)));
        if wire.schema {
            seen(wire, "schema", runtime.block_on(checks::planned(&model, wire)));
        }
        seen(wire, "token count", checks::counted(&model, wire));
        seen(wire, "near the cap", runtime.block_on(checks::near_the_cap(&model, wire)));
    }
    ensure!(wrong == 0, "{wrong} of {checks} checks do not hold");
    println!("{checks} checks hold");
    Ok(())
}

/// A router with one route to the model, and what its calls share.
struct Asker {
    router: Router,
    session: Session,
    entitlement: Entitlement,
}

impl Asker {
    /// `url` is where the server is, or a relay before it; `window` has the longest prompt and the longest answer, in tokens.
    fn new(wire: &Wire, url: &str, window: u64) -> Result<Self> {
        let router = Router::live(table(wire, url, window)?).context("no router")?;
        let entitlement = Entitlement::local(router.table().snapshot());
        Ok(Self { router, session: Session::new(None, Cost::ZERO), entitlement })
    }

    fn call<'a>(&'a self, prompt: &'a Prompt, form: &'a Form, template: &'a Template, longest: u64) -> Call<'a> {
        Call {
            session: &self.session,
            entitlement: &self.entitlement,
            stage: Stage::Proposal,
            class: ModelClass::L1,
            quote: None,
            prompt,
            form,
            template,
            output_tokens: longest,
            live: true,
        }
    }

    async fn ask(
        &self,
        prompt: &Prompt,
        longest: u64,
        cancel: &CancellationToken,
        listener: &mut Listener<'_>,
    ) -> Done {
        let template = Template::of("live-model/1", "");
        let call = self.call(prompt, &Form::Text, &template, longest);
        self.router.call(&call, cancel, listener).await
    }
}

/// The prices are such that a mistaken kind of token costs something else.
fn table(wire: &Wire, url: &str, window: u64) -> Result<RouteTable> {
    let settings = json!({
        "provider": {"llama": {"kind": wire.kind, "base-url": format!("{url}{}", wire.path), "key-env": "KEY"}},
        "route": [{
            "class": "L1", "provider": "llama", "model": "small", "context-tokens": window,
            "price": {"input": 3.0, "output": 15.0, "cache-read": 0.3},
        }],
    });
    let key = |name: &str| (name == "KEY").then(|| "none".to_owned());
    read(&settings, Origin::User, Keys::Needed, &key).map_err(|faults| anyhow!("{faults:?}"))
}
