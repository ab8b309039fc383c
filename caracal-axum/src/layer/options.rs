//! The options of both kinds of layers.

use std::borrow::Cow;
use std::sync::Arc;

use caracal_metrics_core::Exemplar;
use http::request::Parts;

use super::MetricsLayer;
use crate::recording::Recording;
use crate::route_name::assert_is_name;

impl<R: Recording> MetricsLayer<R> {
    /// Excludes requests to these paths from all metrics, including the requests in flight.
    ///
    /// A pattern is written like a route of axum. It applies to requests for which axum matched this route,
    /// and to requests whose path it matches. `/health` matches only that path. `/internal/{*path}` matches
    /// all paths below `/internal/`. In a nested router, the route of a request begins with the path of the
    /// nesting, but its path does not: nested at `/v1`, a request to `/v1/health` has the path `/health`.
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

    /// Counts requests to these paths under one route with this name.
    ///
    /// The patterns are the same as in [`ignore`](Self::ignore). Use this method to name paths below a
    /// `nest_service` or a `fallback_service`, for which axum does not report a route. If axum matched no
    /// route, requests that were answered with 404 still count as unmatched, because they are usually those
    /// of scanners.
    ///
    /// For a [`GatewayMetricsLayer`](crate::GatewayMetricsLayer), this method affects only the families by
    /// route.
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

    /// Counts responses to requests to these paths as streams, like event streams. A response whose status is
    /// not 2xx, or that has no body, still counts as a request.
    ///
    /// The patterns are the same as in [`ignore`](Self::ignore). Responses of type `text/event-stream` are
    /// recognized without a pattern.
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

    /// Adds your own label, such as a tenant, a plan or a region, to the family
    /// `http_server_request_duration_seconds`. With `GatewayMetricsLayer`, it adds the label to the requests and
    /// their duration by route, and enables these families. Other families do not get the label.
    ///
    /// The closure is called once for each request, before the service. It can therefore use everything that
    /// the request and the layers outside of this one provide, and its value also applies to requests without
    /// a response. If it returns `None`, the series does not have the label. The values are limited like
    /// those of all labels: when a family has reached its limit, further records are counted under
    /// `aggregated`.
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

    /// Determines the exemplar of a request, instead of using the trace id of the `traceparent` header.
    ///
    /// The closure is called before the service, inside of the layers around this one. If it returns `None`,
    /// the header is used. With `tracing-opentelemetry`, put this layer inside of the layer that creates the
    /// span:
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

    /// Records the sizes of bodies. For requests, these are the bytes that the service has read. For
    /// responses, these are the bytes that the server has taken to send. Neither includes headers.
    ///
    /// The families are `caracal_gateway_request_body_size_bytes` and
    /// `caracal_gateway_response_body_size_bytes`, by route and method. For an
    /// [`HttpMetricsLayer`](crate::HttpMetricsLayer), they are `http_server_request_body_size_bytes` and
    /// `http_server_response_body_size_bytes`, with the labels of the duration. They are recorded when the
    /// response has ended. If a request ended without a response, no response size is recorded.
    ///
    /// The size of a request is known if its body has axum's type `Body`, as in every `Router`.
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

    /// Counts gRPC calls by service, method and `grpc-status`, and counts calls with a server error as errors
    /// of the server.
    ///
    /// A gRPC server answers nearly every call with the HTTP status 200, and reports in `grpc-status` how the
    /// call ended, either in the trailers or in the head of a response without a body. The family is
    /// `caracal_gateway_grpc_requests_total`. For an [`HttpMetricsLayer`](crate::HttpMetricsLayer), it is
    /// `http_server_grpc_requests_total`. The label `grpc_status` has the names of gRPC's codes in lower
    /// case:
    ///
    /// | the call | `grpc_status` |
    /// |---|---|
    /// | has a code in its response | `ok`, `not_found`, …; `unknown` for a code that gRPC does not define |
    /// | was abandoned by its client | `cancelled` |
    /// | has a service or body that panicked or failed | `internal` |
    /// | has no code in its response | the code that clients derive from the HTTP status: `unimplemented` for 404, `unavailable` for 429, 502, 503 and 504, `unknown` for 200, … |
    ///
    /// If `grpc_status` is `unknown`, `deadline_exceeded`, `unimplemented`, `internal`, `unavailable` or
    /// `data_loss`, all other families of the layer record the status 500 instead of 200, so that alerts on
    /// server errors include these calls. Calls with other codes keep the status 200. A call that is counted
    /// as a [stream](Self::streams) has the status of its head in all families. The time to the
    /// [first byte](Self::first_byte) always has the status of the head, because it is recorded before the
    /// trailers.
    ///
    /// A call is a request whose content type is `application/grpc`, optionally followed by a format.
    /// gRPC-Web has another content type and is not counted. `service` and `method` come from the path, and
    /// are limited like all labels. Both are `unmatched` if axum matched no route and the call is
    /// unimplemented, so that scanners do not create series.
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
    /// // In a service with tonic, use `Routes::new(…).into_axum_router()`.
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

    /// Records the time to the first byte: the time from the call of the service to the head of its response,
    /// which a server sends first. It is not recorded for requests that ended without a response.
    ///
    /// The family is `caracal_gateway_request_first_byte_seconds`, by route and method. For an
    /// [`HttpMetricsLayer`](crate::HttpMetricsLayer), it is `http_server_first_byte_seconds`, also by status
    /// code.
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
    /// // The body has not been read yet.
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
