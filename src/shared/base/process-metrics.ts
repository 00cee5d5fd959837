/**
 * prom-client's metrics of a process, without the histogram of its event loop: that is filled by a timer of 10 ms, which has a
 * process that does nothing wake a hundred times a second. How late the loop is when somebody asks is told still.
 */
export const quietProcessMetrics = {
  /** For `collectDefaultMetrics`: twelve days, ms. */
  options: { eventLoopMonitoringPrecision: 2 ** 30 },
  /** What nothing is measured for then; to be removed from the registry. */
  unmeasured: ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'].map(
    (part) => `nodejs_eventloop_lag_${part}_seconds`,
  ),
}
