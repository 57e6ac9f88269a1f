//! What a call may hold and cost, for whoever writes prompts and has no routes of its own.

use std::collections::BTreeMap;

use iama_job::{Entitlement, ModelClass};
use serde::{Deserialize, Serialize};

use crate::config::Route;
use crate::cost::Cost;
use crate::gate::longest_answer;
use crate::prices::ModelPrice;
use crate::prompt::Prompt;
use crate::router::Router;
use crate::stage::Stage;

/// The terms of one class for one stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tariff {
    /// The longest prompt that the widest route takes beside its longest answer, in tokens.
    pub prompt_cap: u64,
    /// The routes that may serve, best first. None is named: who answers is told with the answer.
    pub routes: Vec<RouteTerms>,
}

/// The terms of one route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteTerms {
    /// The longest prompt with its answer, in tokens; no limit of its own if absent.
    pub context_tokens: Option<u64>,
    /// The longest answer, in tokens.
    pub output_tokens: u64,
    /// What it costs; nothing where nobody knows.
    pub price: Option<ModelPrice>,
}

impl Tariff {
    /// The most that one request with a prompt can cost, as [`Router::quote`] tells it: nothing where a route that takes the
    /// prompt has no price, or none takes it.
    pub fn worst_case(&self, prompt: &Prompt) -> Option<Cost> {
        let tokens = prompt.tokens();
        let takes = |route: &&RouteTerms| {
            route.context_tokens.is_none_or(|cap| tokens <= cap.saturating_sub(route.output_tokens))
        };
        let costs = self
            .routes
            .iter()
            .filter(takes)
            .map(|route| worst_case(route.price.as_ref(), route.context_tokens, route.output_tokens, prompt));
        costs.reduce(|one, other| Some(one?.max(other?))).flatten()
    }
}

impl Router {
    /// The terms of the classes that a job may use for a stage. Switches are no part of them: they are for the moment of a call.
    pub fn tariffs(&self, entitlement: &Entitlement, stage: Stage) -> BTreeMap<ModelClass, Tariff> {
        let open = stage.classes().iter().filter(|class| entitlement.route(**class).is_ok());
        let terms = open.map(|class| {
            let routes: Vec<RouteTerms> = self.table().routes_for(stage, *class).map(terms).collect();
            (*class, Tariff { prompt_cap: self.prompt_cap(entitlement, stage, *class), routes })
        });
        terms.filter(|(_, tariff)| !tariff.routes.is_empty()).collect()
    }
}

fn terms(route: &Route) -> RouteTerms {
    RouteTerms {
        context_tokens: route.context_tokens,
        output_tokens: longest_answer(route, u64::MAX),
        price: route.pricing.known().cloned(),
    }
}

/// The most that a request can cost.
pub(crate) fn worst_case(
    price: Option<&ModelPrice>,
    context_tokens: Option<u64>,
    output_tokens: u64,
    prompt: &Prompt,
) -> Option<Cost> {
    let tokens = prompt.most_tokens().min(context_tokens.unwrap_or(u64::MAX));
    Some(price?.worst_case(tokens, output_tokens))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::config::{Keys, Origin, read};
    use crate::prompt::{Form, Template};
    use crate::router::Call;
    use crate::session::Session;

    /// What the terms say that a call of L1 can cost, and what the router that they come from says.
    fn told(routes: &[Value], prompt_bytes: usize) -> (Option<Cost>, Option<Cost>) {
        let provider = json!({"here": {"kind": "openai-compatible", "base-url": "http://127.0.0.1:9/v1"}});
        let settings = json!({"provider": provider, "route": routes});
        let router = Router::live(read(&settings, Origin::User, Keys::Unneeded, &|_| None).unwrap()).unwrap();
        let entitlement = Entitlement::local(router.table().snapshot());
        let terms = router.tariffs(&entitlement, Stage::Repair);
        let terms: BTreeMap<ModelClass, Tariff> =
            serde_json::from_str(&serde_json::to_string(&terms).unwrap()).unwrap();
        let prompt = Prompt { task: "t".repeat(prompt_bytes), ..Prompt::default() };
        let call = Call {
            session: &Session::new(None, Cost::ZERO),
            entitlement: &entitlement,
            stage: Stage::Repair,
            class: ModelClass::L1,
            quote: None,
            prompt: &prompt,
            form: &Form::Text,
            template: &Template::default(),
            output_tokens: u64::MAX,
            live: false,
        };
        let own = router.quote(&call).ok().and_then(|quote| quote.worst_case);
        assert_eq!(terms[&ModelClass::L1].prompt_cap, router.prompt_cap(&entitlement, Stage::Repair, ModelClass::L1));
        assert!(!terms.contains_key(&ModelClass::L2), "nothing serves it");
        (terms[&ModelClass::L1].worst_case(&prompt), own)
    }

    #[test]
    fn terms_tell_the_price_that_their_router_tells() {
        let route = |model: &str, more: Value| {
            let mut route = json!({"class": "L1", "provider": "here", "model": model, "output-tokens": 1000});
            route.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            route
        };
        let cheap = route("cheap", json!({"price": {"input": 1.0, "output": 2.0}, "context-tokens": 4000}));
        let dear = route("dear", json!({"price": {"input": 3.0, "output": 9.0}}));
        let unknown = route("unknown", json!({"unpriced": true}));
        let both = [cheap.clone(), dear.clone()];
        let (alone, other, half) = ([cheap.clone()], [dear], [cheap, unknown]);
        for routes in [&alone[..], &both, &other, &half] {
            for bytes in [10, 3_000, 9_000, 60_000] {
                let (terms, own) = told(routes, bytes);
                assert_eq!(terms, own, "{routes:?} {bytes}");
            }
        }
        assert_eq!(told(&alone, 60_000).0, None, "no route takes it");
    }
}
