//! What both kinds of layers can be asked for.

use std::borrow::Cow;
use std::sync::Arc;

use caracal_metrics_core::Exemplar;
use http::request::Parts;

use super::MetricsLayer;
use crate::recording::Recording;
use crate::route_name::assert_is_name;

impl<R: Recording> MetricsLayer<R> {
    /// Leaves requests to these paths out of everything, also of those in flight.
    ///
    /// A pattern is written as a route of axum's. It means the requests that this route matched,
    /// and for those whose path it matches: `/health` for that path alone, `/internal/{*path}` for all
    /// paths below.
    ///
    /// ```
    /// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_axum as axum; }
    /// use axum::{Router, http::Request, routing::get};
    /// use caracal_metrics::axum::GatewayMetricsLayer;
    /// use caracal_metrics::MetricsRegistry;
    /// # use tower::ServiceExt;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    ///
    /// let metrics = MetricsRegistry::new();
    /// let app: Router = Router::new()
    ///     .route("/health", get(async || "well"))
    ///     .layer(GatewayMetricsLayer::new(&metrics).ignore(["/health", "/internal/{*path}"]));
    ///
    /// for path in ["/health", "/internal/debug/pprof"] {
    ///     let request = Request::get(path).body(axum::body::Body::empty()).unwrap();
    ///     app.clone().oneshot(request).await.unwrap();
    /// }
    /// let page = String::from_utf8(metrics.generate_metrics()).unwrap();
    /// assert!(!page.contains("caracal_gateway_requests_total{"));
    /// # });
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if a pattern is not a valid route, or matches the same paths as another pattern.
    pub fn ignore<P: AsRef<str>>(self, patterns: impl IntoIterator<Item = P>) -> Self {
        self.with(|made| made.options.ignored.add("`ignore`", "ignored", patterns))
    }

    /// Counts requests to these paths under one route of this name.
    ///
    /// Patterns are those of [`ignore`](Self::ignore). Paths below a `nest_service` or a
    /// `fallback_service`, which axum says no route for, get one so. If axum matched no route, then
    /// requests that were answered with 404 still count as unmatched: they are what scanners ask for.
    ///
    /// For a [`GatewayMetricsLayer`](crate::GatewayMetricsLayer) that is about the families by route.
    ///
    /// ```
    /// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_axum as axum; }
    /// use caracal_metrics::axum::GatewayMetricsLayer;
    /// use caracal_metrics::MetricsRegistry;
    ///
    /// let layer = GatewayMetricsLayer::new(&MetricsRegistry::new())
    ///     .by_route()
    ///     .group("orders", ["/orders", "/orders/{id}"])
    ///     .group("assets", ["/assets/{*path}"]);
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if a pattern is not a valid route, if it matches the same paths as a pattern of another group,
    /// or if the name is empty or `unmatched`.
    pub fn group<P: AsRef<str>>(self, name: &str, patterns: impl IntoIterator<Item = P>) -> Self {
        assert_is_name("group", name);
        self.with(|made| made.options.groups.add("`group`", name, patterns))
    }

    /// Counts what these paths answer as streams, as event streams are. An answer whose status is not
    /// 2xx, or that has no body, stays a request.
    ///
    /// Patterns are those of [`ignore`](Self::ignore). `text/event-stream` needs none.
    ///
    /// ```
    /// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_axum as axum; }
    /// use caracal_metrics::axum::GatewayMetricsLayer;
    /// use caracal_metrics::MetricsRegistry;
    ///
    /// let layer = GatewayMetricsLayer::new(&MetricsRegistry::new())
    ///     .streams(["/exports/{id}/rows", "/logs/{*path}"]);
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if a pattern is not a valid route, or matches the same paths as another pattern.
    pub fn streams<P: AsRef<str>>(self, patterns: impl IntoIterator<Item = P>) -> Self {
        self.with(|made| made.options.streams.add("`streams`", "streams", patterns))
    }

    /// Adds a label of yours to the families by route, which it turns on: a tenant, a plan, a region.
    ///
    /// The closure is asked once for each request, before the service is called. So it can know what the
    /// request and layers outside of this one say, and its answer is there for requests that never
    /// got a response. Without an answer, the series has no such label. Values are bounded as those of
    /// all labels are: past the limit of the registry, records are counted under `aggregated`.
    ///
    /// ```
    /// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_axum as axum; }
    /// use axum::{Router, http::Request, routing::get};
    /// use caracal_metrics::axum::HttpMetricsLayer;
    /// use caracal_metrics::MetricsRegistry;
    /// # use tower::ServiceExt;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    ///
    /// let metrics = MetricsRegistry::new();
    /// let layer = HttpMetricsLayer::new(&metrics).label("tenant", |request| {
    ///     let tenant = request.headers.get("x-tenant")?;
    ///     Some(tenant.to_str().ok()?.to_owned())
    /// });
    /// let app: Router = Router::new().route("/", get(async || "hello")).layer(layer);
    ///
    /// let request = Request::get("/").header("x-tenant", "acme").body(axum::body::Body::empty());
    /// let response = app.oneshot(request.unwrap()).await.unwrap();
    /// axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    /// let page = String::from_utf8(metrics.generate_metrics()).unwrap();
    /// assert!(page.contains(r#"http_route="/",url_scheme="http",tenant="acme",le="0.005"} 1"#));
    /// # });
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if the layer already has three such labels, or one with this name. Applying the layer to a
    /// service panics if the name is not a valid label name, if the families already have a label of this
    /// name, or if another layer of the registry has other labels: all layers of a registry must have the
    /// same labels.
    pub fn label<F, V>(self, name: &'static str, value: F) -> Self
    where
        F: Fn(&Parts) -> Option<V> + Send + Sync + 'static,
        V: Into<Cow<'static, str>>,
    {
        let value = move |request: &Parts| value(request).map(Into::into);
        self.with(|made| {
            made.options.label(name, Arc::new(value));
            made.asked.labelled = Some(R::labelled);
        })
    }

    /// Takes the exemplar of a request from the request, where it is not the trace id of a
    /// `traceparent` header.
    ///
    /// The closure is asked before the service is called, inside of the layers around this one. Without
    /// an answer, the header is what counts. So with `tracing-opentelemetry`, put the layer inside of the
    /// one that makes the span:
    ///
    /// ```
    /// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_axum as axum; }
    /// use axum::{Router, routing::get};
    /// use caracal_metrics::axum::GatewayMetricsLayer;
    /// use caracal_metrics::{Exemplar, MetricsRegistry};
    /// use opentelemetry::trace::TraceContextExt;
    /// use tower_http::trace::TraceLayer;
    /// use tracing_opentelemetry::OpenTelemetrySpanExt;
    /// # use axum::{body::Body, http::Request};
    /// # use caracal_metrics::Format;
    /// # use opentelemetry::trace::TracerProvider;
    /// # use tower::ServiceExt;
    /// # use tracing_subscriber::layer::SubscriberExt;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let tracer = opentelemetry_sdk::trace::SdkTracerProvider::builder().build().tracer("test");
    /// # let spans = tracing_opentelemetry::layer().with_tracer(tracer);
    /// # let subscriber = tracing_subscriber::registry().with(spans);
    /// # let _default = tracing::subscriber::set_default(subscriber);
    ///
    /// let metrics = MetricsRegistry::new();
    /// let layer = GatewayMetricsLayer::new(&metrics).exemplar(|_| {
    ///     let context = tracing::Span::current().context();
    ///     let span = context.span().span_context().clone();
    ///     let id = span.is_sampled().then(|| span.trace_id().to_string())?;
    ///     Exemplar::new(&[("trace_id", &id)]).ok()
    /// });
    /// let spans = TraceLayer::new_for_http().make_span_with(|_: &_| tracing::info_span!("request"));
    /// let app: Router = Router::new().route("/", get(async || "hello")).layer(layer).layer(spans);
    /// # let request = Request::get("/").body(Body::empty()).unwrap();
    /// # let body = app.oneshot(request).await.unwrap().into_body();
    /// # axum::body::to_bytes(body, usize::MAX).await.unwrap();
    /// # let mut page = Vec::new();
    /// # metrics.encode(Format::OpenMetrics, &mut page);
    /// # assert!(String::from_utf8(page).unwrap().contains(r##" # {trace_id=""##));
    /// # });
    /// ```
    pub fn exemplar<F>(self, exemplar: F) -> Self
    where
        F: Fn(&Parts) -> Option<Exemplar> + Send + Sync + 'static,
    {
        self.with(|made| made.options.exemplar = Some(Arc::new(exemplar)))
    }

    /// Records the sizes of bodies: for requests, the bytes that the service has read; for responses,
    /// those that the server has taken to send. Neither counts heads.
    ///
    /// The families are `caracal_gateway_request_body_size_bytes` and
    /// `caracal_gateway_response_body_size_bytes`, by route and method, or for a
    /// [`HttpMetricsLayer`](crate::HttpMetricsLayer) `http_server_request_body_size_bytes` and
    /// `http_server_response_body_size_bytes`, with the labels of the duration. They are recorded when
    /// the response has ended. A request that ended without a response has no size of one.
    ///
    /// The size of a request is known where its body is axum's `Body`, as it is below a `Router`.
    ///
    /// ```
    /// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_axum as axum; }
    /// use axum::{Router, http::Request, routing::post};
    /// use caracal_metrics::axum::GatewayMetricsLayer;
    /// use caracal_metrics::MetricsRegistry;
    /// # use tower::ServiceExt;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    ///
    /// let metrics = MetricsRegistry::new();
    /// let app: Router = Router::new()
    ///     .route("/echo", post(async |body: String| body + "!"))
    ///     .layer(GatewayMetricsLayer::new(&metrics).body_sizes());
    ///
    /// let request = Request::post("/echo").body(axum::body::Body::from("hello")).unwrap();
    /// let response = app.oneshot(request).await.unwrap();
    /// axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    /// let labels = [("route", "/echo"), ("method", "POST")];
    /// let bytes = |name| metrics.sample(name, &labels);
    /// assert_eq!(bytes("caracal_gateway_request_body_size_bytes_sum"), Some(5.0));
    /// assert_eq!(bytes("caracal_gateway_response_body_size_bytes_sum"), Some(6.0));
    /// # });
    /// ```
    ///
    /// # Panics
    ///
    /// Applying the layer to a service panics if one of your families in the registry has one of the names.
    pub fn body_sizes(self) -> Self {
        self.with(|made| made.asked.sizes = Some(R::sizes))
    }

    /// Counts gRPC calls by service, method and `grpc-status`, and counts calls that the server is to
    /// blame for as errors of the server.
    ///
    /// A gRPC server answers nearly every call with the HTTP status 200, and says in `grpc-status` how the
    /// call ended: in the trailers, or in the head of a response without a body. The family is
    /// `caracal_gateway_grpc_requests_total`, or for a [`HttpMetricsLayer`](crate::HttpMetricsLayer)
    /// `http_server_grpc_requests_total`. The label `grpc_status` has the names of gRPC's codes in lower
    /// case:
    ///
    /// | call | `grpc_status` |
    /// |---|---|
    /// | the response says a code | `ok`, `not_found`, …; `unknown` for one that gRPC does not define |
    /// | its client went away | `cancelled` |
    /// | its service or body panicked or failed | `internal` |
    /// | the response says none | what clients make of the HTTP status: `unimplemented` for 404, `unavailable` for 429, 502, 503 and 504, `unknown` for 200, … |
    ///
    /// All other families of the layer see the status 500 in place of 200 where `grpc_status` is
    /// `unknown`, `deadline_exceeded`, `unimplemented`, `internal`, `unavailable` or `data_loss`, so that
    /// alerts on errors of the server see these calls. Other codes are answers, and stay at 200. A call
    /// that is counted as a [stream](Self::streams) was counted as a request with the status of its head.
    ///
    /// A call is a request whose content type is `application/grpc`, with or without a format behind it.
    /// That of gRPC-Web is another one. `service` and `method` are those of the path, and bounded as all
    /// labels are. Both are `unmatched` for calls that axum matched no route for and that are
    /// unimplemented, so that scanners make no series.
    ///
    /// ```
    /// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_axum as axum; }
    /// use axum::{Router, http::Request, routing::post};
    /// use caracal_metrics::axum::HttpMetricsLayer;
    /// use caracal_metrics::MetricsRegistry;
    /// # use tower::ServiceExt;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    ///
    /// let metrics = MetricsRegistry::new();
    /// // In a service with tonic: `Routes::new(…).into_axum_router()`.
    /// let app: Router = Router::new()
    ///     .route("/shop.Orders/{method}", post(async || [("grpc-status", "14")]))
    ///     .layer(HttpMetricsLayer::new(&metrics).grpc());
    ///
    /// let request = Request::post("/shop.Orders/Place").header("content-type", "application/grpc");
    /// let response = app.oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap();
    /// axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    /// let labels =
    ///     [("service", "shop.Orders"), ("method", "Place"), ("grpc_status", "unavailable")];
    /// assert_eq!(metrics.sample("http_server_grpc_requests_total", &labels), Some(1.0));
    /// # });
    /// ```
    ///
    /// # Panics
    ///
    /// Applying the layer to a service panics if one of your families in the registry has the same name.
    pub fn grpc(self) -> Self {
        self.with(|made| made.asked.grpc = Some(crate::recording::grpc::<R>))
    }

    /// Records the time to the first byte: from the call of the service to the head of its response,
    /// which is what a server sends first. A request that ended without a response has none.
    ///
    /// The family is `caracal_gateway_request_first_byte_seconds`, by route and method, or for a
    /// [`HttpMetricsLayer`](crate::HttpMetricsLayer) `http_server_first_byte_seconds`, by status code as
    /// well.
    ///
    /// ```
    /// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_axum as axum; }
    /// use axum::{Router, http::Request, routing::get};
    /// use caracal_metrics::axum::HttpMetricsLayer;
    /// use caracal_metrics::MetricsRegistry;
    /// # use tower::ServiceExt;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    ///
    /// let metrics = MetricsRegistry::new();
    /// let app: Router = Router::new()
    ///     .route("/", get(async || "hello"))
    ///     .layer(HttpMetricsLayer::new(&metrics).first_byte());
    ///
    /// let request = Request::get("/").body(axum::body::Body::empty()).unwrap();
    /// let response = app.oneshot(request).await.unwrap();
    /// // The body was not read yet.
    /// let page = String::from_utf8(metrics.generate_metrics()).unwrap();
    /// assert!(page.contains("http_server_first_byte_seconds_count{http_request_method=\"GET\","));
    /// # drop(response);
    /// # });
    /// ```
    ///
    /// # Panics
    ///
    /// Applying the layer to a service panics if one of your families in the registry has the same name.
    pub fn first_byte(self) -> Self {
        self.with(|made| made.asked.first_byte = Some(R::first_byte))
    }
}
