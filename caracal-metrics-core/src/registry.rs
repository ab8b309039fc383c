use std::sync::Arc;
use crate::series::FamilyStore;
#[derive(Clone, Debug)]
pub struct MetricsRegistry { pre: Arc<[Arc<FamilyStore>]> }
impl MetricsRegistry { #[inline] pub(crate) fn preregistered(&self) -> &[Arc<FamilyStore>] { &self.pre } }
