//! Traces go to a collector by OTLP over HTTP, where one is set. It gets spans with ids and codes; what is logged, it does not get.
//! Spans are sent by a thread of its own: a collector that is away costs spans and nothing else.

use std::time::Duration;

use anyhow::{Context as _, Result};
use iama_api::Traces;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing::{Metadata, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use crate::config::TracesSettings;

/// How long a collector may take to accept spans.
const ACCEPT: Duration = Duration::from_secs(5);

/// How long the last spans may take when the server ends.
const LAST: Duration = Duration::from_secs(5);

/// What sends spans; nothing where no collector is set.
#[derive(Debug, Default)]
pub(crate) struct Sender(Option<SdkTracerProvider>);

impl Sender {
    /// To the collector that is set.
    pub(crate) fn new(settings: &TracesSettings) -> Result<Self> {
        let Some(endpoint) = &settings.endpoint else { return Ok(Self::default()) };
        // An error means that another part of the process was first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .with_headers(settings.headers()?)
            .with_timeout(ACCEPT)
            .build()
            .context("traces.endpoint cannot be used")?;
        let service = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource = Resource::builder().with_service_name("iama-server").with_attribute(service).build();
        let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(settings.ratio)));
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource);
        Ok(Self(Some(provider.with_sampler(sampler).build())))
    }

    /// What hears of spans. Events are lines of the log, and stay there.
    pub(crate) fn layer<S: Subscriber + for<'s> LookupSpan<'s>>(&self) -> Option<impl Layer<S> + use<S>> {
        let tracer = self.0.as_ref()?.tracer("iama-server");
        let layer = tracing_opentelemetry::layer().with_tracer(tracer).with_location(false).with_threads(false);
        Some(layer.with_filter(filter_fn(is_own_span)))
    }

    /// How traces come in and go on.
    pub(crate) fn traces(&self) -> Traces {
        if self.0.is_some() { Traces { adopt, carry } } else { Traces::default() }
    }

    /// Sends what was not sent yet.
    pub(crate) async fn end(self) {
        let Some(provider) = self.0 else { return };
        let ended = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(LAST)).await;
        if !matches!(ended, Ok(Ok(()))) {
            tracing::warn!("the last spans were not accepted");
        }
    }
}

/// Other crates put into their spans what they like.
fn is_own_span(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.target().starts_with("iama_")
}

fn adopt(span: &Span, parent: &str) {
    if let Some(parent) = read(parent) {
        // A span that has begun has its parent already.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent));
    }
}

fn carry(span: &Span) -> Option<String> {
    let context = span.context();
    let known = context.span().span_context().clone();
    let (trace, id, flags) = (known.trace_id(), known.span_id(), known.trace_flags().to_u8());
    known.is_valid().then(|| format!("00-{trace}-{id}-{flags:02x}"))
}

/// A `traceparent` of any version: later ones begin like the first.
fn read(text: &str) -> Option<SpanContext> {
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_whole = is(version, 2) && is(trace, 32) && is(span, 16) && is(flags, 2) && version != "ff";
    if !is_whole || (version == "00" && parts.next().is_some()) {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let context = SpanContext::new(trace, span, flags, true, TraceState::NONE);
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_is_read_as_w3c_has_it() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let read_ids = |text: &str| read(text).map(|known| (known.trace_id().to_string(), known.is_sampled()));
        assert_eq!(read_ids(good), Some(("4bf92f3577b34da6a3ce929d0e0e4736".to_owned(), true)));
        assert_eq!(read_ids(&good.replace("-01", "-00")).map(|(_, sampled)| sampled), Some(false));
        assert!(read(&format!("cc{}-more", &good[2..])).is_some(), "a later version may say more");
        let zeros = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
        for bad in ["", "00", zeros, &format!("{good}-more"), &good.to_uppercase(), &format!("ff{}", &good[2..])] {
            assert!(read(bad).is_none(), "{bad}");
        }
    }
}
