import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startDockerCluster, type DockerCluster } from '../../support/docker-cluster.ts'

/** Devices by DRA on a real worker: a driver in a pod, claims that the scheduler allocates, and edits of containers by CDI. */
const run = promisify(execFile)
const driver = 'fake.slipway.dev'
const manifest = join(import.meta.dirname, '../../../resources/devices/devices.yaml')
let cluster: DockerCluster
let worker: string

beforeAll(async () => {
  cluster = await startDockerCluster({ name: `devices-${process.pid}` })
  ;[worker = ''] = cluster.workers
  await kubectl('apply', '-f', manifest)
  await cluster.kubectl.waitForValue('resourceslices', '{.items[*].spec.devices[*].name}', 'fake-0 fake-1')
})
afterAll(() => cluster?.remove())

const inWorker = async (...command: string[]): Promise<string> =>
  (await run('docker', ['exec', `slipway-${worker}`, ...command])).stdout.trim()
const kubectl = (...args: string[]): Promise<string> => cluster.kubectl.ok(...args)
const apply = async (...items: unknown[]): Promise<void> => {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
  const { code, stderr } = await cluster.kubectl.withInput(list, 'apply', '-f', '-')
  if (code !== 0) throw new Error(stderr)
}

const user = (name: string, command: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: {
    terminationGracePeriodSeconds: 0,
    restartPolicy: 'Never',
    containers: [
      {
        name: 'main',
        image: 'busybox:1.36',
        command: ['sh', '-c', command],
        resources: { claims: [{ name: 'gpu' }] },
      },
      { name: 'plain', image: 'busybox:1.36', command: ['sh', '-c', 'env'] },
    ],
    resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 'fake' }],
  },
})
const agentPid = (): Promise<string> => inWorker('pgrep', '-P', '1', '-x', 'node').catch(() => '')
const specs = async (): Promise<number> => Number(await inWorker('sh', '-c', 'ls /var/run/cdi | wc -l'))

test('the pod of the sample manifest gets a device', async () => {
  await cluster.kubectl.waitForValue('pod/claimant', '{.status.phase}', 'Succeeded')
  expect(await kubectl('logs', 'claimant')).toMatch(/DEVICE_FAKE_[01]=ready\n.* \/dev\/fake-[01]$/m)
  await kubectl('delete', 'pod', 'claimant')
})

test('containers get the devices that they claim, which are taken back when the pod has ended', async () => {
  await apply(user('job', 'env; stat -c %F /dev/fake-*; cat /device/node; echo no > /device/node'))
  await cluster.kubectl.waitForValue('pod/job', '{.status.containerStatuses[*].state.terminated.exitCode}', '1 0')
  const output = await kubectl('logs', 'job', '-c', 'main')
  expect(output).toMatch(/^DEVICE_FAKE_[01]=ready$/m)
  expect(output).toContain('character special file')
  expect(output).toContain('Read-only file system')
  const name = await kubectl('get', 'pod', 'job', '-o', 'jsonpath={.status.resourceClaimStatuses[0].resourceClaimName}')
  expect(output).toMatch(/^CLAIM=\S{36}$/m)
  expect(await kubectl('logs', 'job', '-c', 'plain')).not.toContain('DEVICE')
  await expect.poll(specs, { timeout: 10_000 }).toBe(0)
  // The claim of a pod that has ended is free again.
  await cluster.kubectl.waitForDeletion(`resourceclaim/${name}`)
})

test('a pod runs on through a restart of the agent, which takes its devices back later', async () => {
  await apply(user('service', 'sleep 1000'))
  await cluster.kubectl.waitForValue('pod/service', '{.status.containerStatuses[0].state.running.startedAt}', /./)
  const before = await kubectl('get', 'pod', 'service', '-o', 'jsonpath={.status.containerStatuses[0].containerID}')
  expect(await specs()).toBe(1)
  const pid = await agentPid()
  const told = await kubectl('get', 'resourceslices', '-o', 'jsonpath={.items[*].metadata.uid}')
  await inWorker('kill', '-9', pid)
  await expect.poll(agentPid, { timeout: 20_000 }).toMatch(new RegExp(`^(?!${pid}$)\\d+$`))
  // What earlier drivers told is forgotten, and told again by the one that runs: in an object of another uid.
  await cluster.kubectl.waitForValue('resourceslices', '{.items[*].metadata.uid}', new RegExp(`^(?!${told}$)\\S+$`))
  await kubectl('delete', 'pod', 'service')
  expect(before).toContain('docker://')
  await expect.poll(specs, { timeout: 10_000 }).toBe(0)
})

test('a pod whose driver is gone says so', async () => {
  await kubectl('delete', 'daemonset', 'device-driver', '-n', 'kube-system')
  await cluster.kubectl.waitForDeletion('pods', '-n', 'kube-system', '-l', 'app=device-driver')
  await apply(user('late', 'sleep 1000'))
  const about = ['--field-selector', 'involvedObject.name=late,reason=FailedPrepareDynamicResources']
  await expect
    .poll(() => kubectl('get', 'events', ...about, '-o', 'jsonpath={.items[*].message}'), { timeout: 20_000 })
    .toContain(`Failed to prepare dynamic resources: prepare dynamic resources: DRA driver ${driver} is not registered`)
  expect(
    await kubectl('get', 'pod', 'late', '-o', 'jsonpath={.status.containerStatuses[0].state.waiting.reason}'),
  ).toBe('ContainerCreating')
  await kubectl('delete', 'pod', 'late')
})
