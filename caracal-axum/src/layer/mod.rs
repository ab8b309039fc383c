//! The layers.

mod gateway;
mod http;
mod options;

use std::fmt;
use std::sync::{Arc, OnceLock};

use caracal_metrics_core::MetricsRegistry;
use tower_layer::Layer;

pub use self::gateway::GatewayMetricsLayer;
pub use self::http::HttpMetricsLayer;
use crate::asked::Asked;
use crate::options::Options;
use crate::recording::Recording;
use crate::service::MetricsService;
use crate::shared::Shared;

/// Counts requests, their durations and the requests in flight.
///
/// This is the common type of [`GatewayMetricsLayer`] and [`HttpMetricsLayer`]. The type parameter determines
/// which families are recorded: [`Gateway`](crate::Gateway) or [`Http`](crate::Http).
///
/// # Panics
///
/// Applying the layer to a service panics if one of your families in the registry has the name of one of the
/// layer's families, or if a constant label has the name of one of their labels. It also panics if the registry
/// aggregates `route` or `http_route`, because the gauge of open streams has this label. The message names both.
#[must_use = "a layer counts nothing until it is applied to a service"]
pub struct MetricsLayer<R: Recording> {
    /// Shared by clones, because a `Router` clones its layers for each route.
    made: Arc<Made<R>>,
}

/// The settings of a layer, and the state that its services share once there is one.
struct Made<R: Recording> {
    metrics: MetricsRegistry,
    settings: R::Settings,
    options: Options,
    asked: Asked<R>,
    shared: OnceLock<Arc<Shared<R>>>,
}

impl<R: Recording> Clone for Made<R> {
    /// Returns a copy for a layer with other settings. It shares nothing with the services of the original.
    fn clone(&self) -> Self {
        Self {
            metrics: self.metrics.clone(),
            settings: self.settings.clone(),
            options: self.options.clone(),
            asked: self.asked,
            shared: OnceLock::new(),
        }
    }
}

impl<R: Recording> Clone for MetricsLayer<R> {
    fn clone(&self) -> Self {
        Self { made: Arc::clone(&self.made) }
    }
}

impl<R: Recording> fmt::Debug for MetricsLayer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsLayer")
            .field("metrics", &self.made.metrics)
            .field("settings", &self.made.settings)
            .field("options", &self.made.options)
            .field("asked", &self.made.asked)
            .finish()
    }
}

impl<R: Recording> MetricsLayer<R> {
    /// Creates a layer that records into this registry.
    pub fn new(metrics: &MetricsRegistry) -> Self {
        let made = Made {
            metrics: metrics.clone(),
            settings: R::Settings::default(),
            options: Options::default(),
            asked: Asked::default(),
            shared: OnceLock::new(),
        };
        Self { made: Arc::new(made) }
    }

    /// Returns the same layer with changed settings.
    fn with(mut self, set: impl FnOnce(&mut Made<R>)) -> Self {
        let made = Arc::make_mut(&mut self.made);
        set(made);
        made.shared = OnceLock::new();
        self
    }
}

impl<S, R: Recording> Layer<S> for MetricsLayer<R> {
    type Service = MetricsService<S, R>;

    fn layer(&self, inner: S) -> Self::Service {
        let made = &self.made;
        let shared = made.shared.get_or_init(|| {
            let shared = Shared::new(&made.metrics, &made.settings, &made.options, made.asked);
            Arc::new(shared.unwrap_or_else(|error| panic!("{error}")))
        });
        MetricsService::new(inner, Arc::clone(shared))
    }
}
