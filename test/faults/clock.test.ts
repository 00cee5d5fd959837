import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createKubectl, type Kubectl } from '../support/kubectl.ts'
import { eventually, nothingLost, rawApi, type RawApi } from '../support/raw-api.ts'
import { newDataFolder, slipwayUp, type Slipway } from '../support/slipway.ts'

/** The machine's clock is set, or the machine has slept: the process's wall clock jumps while its timers go on. */

const hour = 3_600_000
const acknowledged = new Set<string>()
let clockFile: string
let slipway: Slipway
let api: RawApi
let kubectl: Kubectl

beforeAll(async () => {
  const data = await newDataFolder()
  clockFile = join(data, 'clock')
  writeFileSync(clockFile, '0')
  slipway = await slipwayUp({
    name: 'clock',
    data,
    args: ['--simulated', '3'],
    nodeFlags: ['--import', join(import.meta.dirname, '../support/skewed-clock.mjs')],
    env: { SLIPWAY_TEST_CLOCK: clockFile },
  })
  api = rawApi(slipway)
  kubectl = createKubectl(slipway.kubeconfig)
  await kubectl.ok('create', 'deployment', 'web', '--image=web', '--replicas=3')
  await kubectl.ok('rollout', 'status', 'deployment/web', '--timeout=60s')
})
afterAll(async () => {
  api?.close()
  await slipway?.end()
})

const setClock = (offset: number): void => {
  writeFileSync(clockFile, String(offset))
  slipway.process.kill('SIGUSR2')
}

async function readyPods(): Promise<number> {
  const status = await kubectl.ok('get', 'deployment', 'web', '-o', 'jsonpath={.status.readyReplicas}')
  return Number(status)
}

test.each<[string, number]>([
  ['an hour back', -hour],
  ['two hours ahead', 2 * hour],
  ['back to the true time', 0],
  ['sixty days ahead', 60 * 24 * hour],
  ['sixty days back', 0],
])('%s: writes go on, nodes and pods are Ready', async (name, offset) => {
  setClock(offset)
  await new Promise((resolve) => setTimeout(resolve, 3_000))
  const configMap = `at-${name.replaceAll(' ', '-')}`
  expect((await api.createConfigMap(configMap, 'v')).code).toBe(201)
  acknowledged.add(configMap)
  const created = await kubectl.ok('get', 'configmap', configMap, '-o', 'jsonpath={.metadata.creationTimestamp}')
  expect(Math.abs(Date.parse(created) - Date.now() - offset)).toBeLessThan(60_000)
  await nothingLost(api, { acknowledged })
  await eventually('the deployment has its pods', async () => (await readyPods()) === 3)
  // A controller that waits for a time that has moved away would not see this.
  await kubectl.ok('rollout', 'restart', 'deployment/web')
  await kubectl.ok('rollout', 'status', 'deployment/web', '--timeout=60s')
})
