import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { createKubeletMetrics } from './kubelet-metrics.ts'

const run = promisify(execFile)

test.each([
  ['an agent', './kubelet-metrics.ts', "createKubeletMetrics({ node: 'n', version: 'v1', now: Date.now })"],
  ['an API server', '../../../main/cluster/apiserver/observability/metrics.ts', 'createMetrics({})'],
])('the metrics of %s do not wake its process', async (_who, file, call) => {
  const program = `
    import * as metrics from ${JSON.stringify(join(import.meta.dirname, file))}
    metrics.${call}
    const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
    await wait(500)
    const before = process.resourceUsage().voluntaryContextSwitches
    await wait(2_000)
    console.log(process.resourceUsage().voluntaryContextSwitches - before)`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program])
  // A timer of 10 ms makes two hundred.
  expect(Number(stdout)).toBeLessThan(100)
})

test('how late its event loop is is told, and nothing that is not measured', async () => {
  const metrics = createKubeletMetrics({ node: 'n', version: 'v1', now: Date.now })
  const text = await metrics.text({ pods: [], volumes: new Map(), others: '' })
  expect(text).toMatch(/^nodejs_eventloop_lag_seconds \d/m)
  expect(text).not.toContain('nodejs_eventloop_lag_p99_seconds')
})
