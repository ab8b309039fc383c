// The families that the overview shows. `*` is the namespace of the registry.

const NAMES = {
  gatewayRequests: '*_gateway_requests_total',
  gatewayDuration: '*_gateway_request_duration_seconds',
  gatewayInFlight: '*_gateway_requests_in_flight',
  gatewayRoutes: '*_gateway_route_requests_total',
  httpDuration: 'http_server_request_duration_seconds',
  httpActive: 'http_server_active_requests',
  poolSize: '*_database_connection_pool_size',
  poolOpen: '*_database_connection_pool_open',
  poolIdle: '*_database_connection_pool_idle',
  poolUsed: '*_database_connection_pool_checked_out',
  poolPending: '*_database_connection_pool_pending',
  poolAcquire: '*_database_connection_pool_acquire_duration_seconds',
  breakerState: '*_circuit_breaker_state',
  breakerChanges: '*_circuit_breaker_state_changes_total',
  cacheHits: '*_cache_hits_total',
  cacheMisses: '*_cache_misses_total',
  cacheSize: '*_cache_size',
  cacheRemovals: '*_cache_removals_total',
  policyCacheHits: '*_policy_cache_hits_total',
  policyCacheMisses: '*_policy_cache_misses_total',
  policyCacheSize: '*_policy_cache_size',
  policyCacheEvictions: '*_policy_cache_evictions_total',
  tokioBusy: '*_tokio_worker_busy_seconds_total',
  tokioWorkers: '*_tokio_workers',
  tokioTasks: '*_tokio_alive_tasks',
  tokioDelay: '*_tokio_scheduling_delay_seconds',
  tokioQueue: '*_tokio_global_queue_depth',
  seriesLimited: '*_metrics_series_limited_total',
  collectionErrors: '*_metrics_collection_errors_total',
  processCpu: 'process_cpu_seconds_total',
  processMemory: 'process_resident_memory_bytes',
  processFiles: 'process_open_fds',
  processMaxFiles: 'process_max_fds',
  processThreads: 'process_threads',
};

// Labels for whose values the page keeps a history.
const FOLLOWED = new Set([
  'status_code', 'http_response_status_code', 'route', 'http_route', 'cache', 'cause',
]);

/** Returns the family with a role, if the service has it and it has a series. */
function family(role) {
  const found = store.families.get(NAMES[role].replace('*', store.namespace));
  return found && found.count > 0 ? found : undefined;
}
