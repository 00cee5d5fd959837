import { writeFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'

/**
 * Loaded into the measured process with `--import`: how late its event loop comes to a timer. Each SIGUSR2 writes what was
 * seen since the one before into the file SLIPWAY_LOOP_REPORT, in ms, and begins anew.
 */
const resolution = 5
const delay = monitorEventLoopDelay({ resolution })
const report = process.env['SLIPWAY_LOOP_REPORT']
if (report) {
  delay.enable()
  process.on('SIGUSR2', () => {
    // The histogram holds the time between two looks, which is the resolution when nothing is late.
    const late = (nanoseconds: number): number => Number(Math.max(0, nanoseconds / 1e6 - resolution).toFixed(1))
    writeFileSync(
      report,
      JSON.stringify({ p50: late(delay.percentile(50)), p99: late(delay.percentile(99)), max: late(delay.max) }),
    )
    delay.reset()
  })
}
