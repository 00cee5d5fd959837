import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createKubectl, type Kubectl } from '../support/kubectl.ts'
import { containersIn } from '../support/worker-containers.ts'
import { newDataFolder, slipwayUp, type Slipway } from '../support/slipway.ts'

/** The clock of machine and worker is set: of the app and of the agent, whose timers go on, as with a real clock. */
const run = promisify(execFile)
const hour = 3_600_000
const skew = join(import.meta.dirname, '../support/skewed-clock.mjs')
let clockFile: string
let slipway: Slipway
let kubectl: Kubectl
let worker: string

const inWorker = async (script: string, ...args: string[]): Promise<string> =>
  (await run('docker', ['exec', worker, 'sh', '-c', script, 'sh', ...args])).stdout.trim()
const agentPid = (): Promise<string> => inWorker('pgrep -P 1 -x node || true')

beforeAll(async () => {
  const data = await newDataFolder()
  clockFile = join(data, 'clock')
  writeFileSync(clockFile, '0')
  slipway = await slipwayUp({
    name: `clock-${process.pid}`,
    data,
    args: ['--workers', '1'],
    nodeFlags: ['--import', skew],
    env: { SLIPWAY_TEST_CLOCK: clockFile },
  })
  kubectl = createKubectl(slipway.kubeconfig)
  worker = `slipway-${slipway.ready.workers[0] ?? ''}`
  // The agent with the same clock: its own program behind the one that moves the time.
  const script = (await readFile(skew, 'utf8')).replace(/^import .*$/m, "const { readFileSync } = require('fs')")
  const pid = await agentPid()
  await inWorker(
    'cd /opt/slipway && { printf "%s\n" "$1"; cat agent.cjs; } > next && mv next agent.cjs && kill -TERM "$2"',
    `(() => {${script.replace('process.env.SLIPWAY_TEST_CLOCK', "'/tmp/clock'")}})()`,
    pid,
  )
  await vi.waitUntil(async () => ![pid, ''].includes(await agentPid()), { timeout: 20_000, interval: 100 })
  await kubectl.ok('run', 'steady', '--image=busybox:1.36', '--', 'sleep', '100000')
  await kubectl.ok('wait', 'pod/steady', '--for=condition=Ready', '--timeout=60s')
})
afterAll(() => slipway?.end())

async function setClock(offset: number): Promise<void> {
  writeFileSync(clockFile, String(offset))
  slipway.process.kill('SIGUSR2')
  await inWorker('echo "$1" > /tmp/clock; kill -USR2 "$(pgrep -P 1 -x node)"', String(offset))
}

/** Uses the API as its own account, with the token of its volume. */
const asks = [
  'wget -q -O - --no-check-certificate',
  '--header "Authorization: Bearer $(cat /var/run/secrets/kubernetes.io/serviceaccount/token)"',
  'https://kubernetes.default/api/v1/namespaces/default/pods/steady',
].join(' ')
const startOf = (pod: string): Promise<string> =>
  kubectl.ok('get', 'pod', pod, '-o', 'jsonpath={.status.containerStatuses[0].containerID} {.status.phase}')

test.each<[string, number]>([
  ['an hour back', -hour],
  ['two hours ahead', 2 * hour],
  ['back to the true time', 0],
  ['sixty days ahead', 60 * 24 * hour],
  ['sixty days back', 0],
])('%s: the node and its pods stay, new ones run, tokens are renewed', async (name, offset) => {
  const before = await startOf('steady')
  await setClock(offset)
  const pod = name.replaceAll(' ', '-')
  await kubectl.ok('run', pod, '--image=busybox:1.36', '--restart=Never', '--', 'true')
  await kubectl.waitForValue(`pod/${pod}`, '{.status.phase}', 'Succeeded')
  await kubectl.ok('wait', 'node', '--all', '--for=condition=Ready', '--timeout=30s')
  const told = await kubectl.ok('get', 'pod', pod, '-o', 'jsonpath={.status.startTime}')
  expect(Math.abs(Date.parse(told) - Date.now() - offset)).toBeLessThan(60_000)
  // The API server answers 403, not 401, to a token that it knows.
  await expect
    .poll(async () => (await kubectl('exec', 'steady', '--', 'sh', '-c', `${asks} 2>&1`)).stdout, {
      timeout: 100_000,
      interval: 2_000,
    })
    .toContain('403 Forbidden')
  // What it means to wait for is not a time that has moved away.
  await kubectl.ok('delete', 'pod', pod, '--timeout=60s')
  expect(await startOf('steady')).toBe(before)
})

test('a pod that is deleted leaves nothing behind, whatever the clock was when it came', async () => {
  await kubectl.ok('delete', 'pod', 'steady', '--grace-period=1', '--timeout=60s')
  const left = async (): Promise<string[]> => [
    ...(await inWorker('ls /var/lib/kubelet/pods')).split('\n').filter(Boolean),
    // Sandboxes that wait for a pod stay.
    ...(await containersIn(slipway.ready.workers[0] ?? '')).filter((name) => !name.includes('_warm-')),
  ]
  await expect.poll(left, { timeout: 20_000 }).toEqual([])
})
