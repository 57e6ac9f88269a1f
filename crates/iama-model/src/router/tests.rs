use std::time::Duration;

use serde_json::json;

use super::*;
use crate::audit::Cache;
use crate::config::{Keys, Kind, Origin, read};
use crate::fake::{Fake, Reply, Step, frames};

mod cancelling;
mod counting;
mod falling_back;
mod recording;
mod streams;

/// A form, a model that has a price, and where the form is served.
const FORMS: [(Kind, &str, &str); 3] =
    [(Kind::Anthropic, "claude-sonnet-4-5", ""), (Kind::Openai, "gpt-5", "/v1"), (Kind::Gemini, "gemini-2.5-pro", "")];

fn kind_name(kind: Kind) -> String {
    serde_json::to_value(kind).unwrap().as_str().unwrap().to_owned()
}

/// A table with one route for each server, all of the same class.
fn table(class: &str, servers: &[(&str, Kind, &str, String)]) -> RouteTable {
    let providers: serde_json::Map<String, serde_json::Value> = servers
        .iter()
        .map(|(name, kind, _, url)| {
            let provider =
                json!({"kind": kind_name(*kind), "base-url": url, "key-env": "KEY", "headers": {"x-team": "blue"}});
            ((*name).to_owned(), provider)
        })
        .collect();
    let routes: Vec<_> =
        servers.iter().map(|(name, _, model, _)| json!({"class": class, "provider": name, "model": model})).collect();
    let settings = json!({"provider": providers, "route": routes});
    read(&settings, Origin::User, Keys::Needed, &|name| (name == "KEY").then(|| "sk-secret-1234".to_owned())).unwrap()
}

fn one(kind: Kind, model: &str, url: String) -> RouteTable {
    table("L1", &[("p", kind, model, url)])
}

struct Setting {
    session: Session,
    prompt: Prompt,
    template: Template,
    form: Form,
}

impl Setting {
    fn new() -> Self {
        let prompt = Prompt {
            system: "Rules.".into(),
            interfaces: "def f(): ...".into(),
            spec: "Given, when, then.".into(),
            task: "Rewrite.".into(),
            again: Vec::new(),
        };
        let session = Session::new(Some(Cost::from_microdollars(100_000_000)), Cost::ZERO);
        Self { session, prompt, template: Template::of("rewrite/1", "…"), form: Form::Text }
    }

    async fn call(&self, router: &Router, live: bool, cancel: &CancellationToken) -> (Done, Vec<String>) {
        let mut heard = Vec::new();
        let mut listener = |progress: Progress<'_>| {
            heard.push(match progress {
                Progress::Text(text) => text.to_owned(),
                Progress::Dispatch { route, worst_case } => format!("→ {route} {}", worst_case.unwrap()),
                Progress::Thinking => "…".to_owned(),
                Progress::Pause(pause) => format!("pause {} ms", pause.as_millis()),
            });
        };
        let entitlement = Entitlement::local(router.table().snapshot());
        let call = Call {
            session: &self.session,
            entitlement: &entitlement,
            stage: Stage::RefactorGeneration,
            class: ModelClass::L1,
            quote: None,
            prompt: &self.prompt,
            form: &self.form,
            template: &self.template,
            output_tokens: 1_000,
            live,
        };
        let done = router.call(&call, cancel, &mut listener).await;
        (done, heard)
    }

    async fn simply(&self, router: &Router) -> Done {
        self.call(router, false, &CancellationToken::new()).await.0
    }
}

fn whole(kind: Kind, texts: &[&str]) -> Vec<String> {
    match kind {
        Kind::Anthropic => frames::anthropic(texts, "end_turn"),
        Kind::Openai | Kind::OpenaiCompatible => frames::openai(texts, "stop"),
        Kind::Gemini => frames::gemini(texts, "STOP"),
    }
}

fn code(done: &Done) -> &'static str {
    done.result.as_ref().map_or_else(Failure::code, |_| "OK")
}
