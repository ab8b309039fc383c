//! A user's collector whose panics cost nobody else.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;

use crate::core::Core;

pub(crate) struct IsolatedCollector {
    collector: Box<dyn Collector>,
    core: Arc<Core>,
}

impl IsolatedCollector {
    pub(crate) fn new(collector: Box<dyn Collector>, core: Arc<Core>) -> Self {
        Self { collector, core }
    }
}

impl Collector for IsolatedCollector {
    fn desc(&self) -> Vec<&Desc> {
        self.collector.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        catch_unwind(AssertUnwindSafe(|| self.collector.collect())).unwrap_or_else(|_| {
            self.core.count_collection_error();
            Vec::new()
        })
    }
}
