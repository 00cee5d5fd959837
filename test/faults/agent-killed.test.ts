import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Pod } from '#shared/kube/generated/types.ts'
import { startDockerCluster, type DockerCluster } from '#test/support/docker-cluster.ts'

let cluster: DockerCluster
let worker: string
beforeAll(async () => {
  cluster = await startDockerCluster({ name: `killed-${process.pid}` })
  worker = cluster.workers[0] ?? ''
  const manifest = JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [
            {
              name: 'c',
              image: 'busybox:1.36',
              command: ['sh', '-c', 'date +%s%N >> /data/starts; exec sleep 100000'],
              volumeMounts: [{ name: 'data', mountPath: '/data' }],
            },
          ],
          volumes: [{ name: 'data', emptyDir: {} }],
        },
      },
    },
  })
  const { code, stderr } = await cluster.kubectl.withInput(manifest, 'apply', '-f', '-')
  expect(stderr).toBe('')
  expect(code).toBe(0)
  await allReady()
})
afterAll(() => cluster?.remove())

async function onWorker(...command: string[]): Promise<string> {
  const docker = await cluster.engine.connect()
  const exec = await docker.getContainer(`slipway-${worker}`).exec({ Cmd: command, AttachStdout: true })
  const stream = await exec.start({})
  let output = ''
  stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  await once(stream, 'end')
  return output
}
async function allReady(): Promise<void> {
  await cluster.kubectl.ok('rollout', 'status', 'deployment/web', '--timeout=90s')
  await cluster.kubectl.ok('wait', 'node', '--all', '--for=condition=Ready', '--timeout=60s')
}
/** What an agent must not lose: the pods, their containers and their addresses. */
async function pods(): Promise<{ uid: string; ip: string; id: string; restarts: number }[]> {
  const { items } = JSON.parse(await cluster.kubectl.ok('get', 'pods', '-l', 'app=web', '-o', 'json')) as {
    items: Pod[]
  }
  return items
    .map(({ metadata, status }) => ({
      uid: metadata.uid ?? '',
      ip: status?.podIP ?? '',
      id: status?.containerStatuses?.[0]?.containerID ?? '',
      restarts: status?.containerStatuses?.[0]?.restartCount ?? 0,
    }))
    .sort((a, b) => a.uid.localeCompare(b.uid))
}
const agentPid = async (): Promise<string> => (await onWorker('pgrep', '-P', '1', '-x', 'node')).replace(/\D/g, '')

/** Sandboxes on the worker by the uid of their pod, or `warm-…` for those that wait for one; and what has an address. */
async function inventory(): Promise<{ sandboxes: { id: string; uid: string; state: string }[]; addresses: string[] }> {
  const script = `require('http').get(
    { socketPath: process.env.DOCKER_HOST.replace('unix://', ''), path: '/containers/json?all=1' },
    (answer) => {
      let text = ''
      answer.on('data', (piece) => (text += piece))
      answer.on('end', () => {
        const sandboxes = JSON.parse(text)
          .filter(({ Labels }) => Labels['io.kubernetes.container.kind'] === 'sandbox')
          .map(({ Id, Names, State }) => ({ id: Id, uid: Names[0].split('_').at(-1), state: State }))
        const leases = JSON.parse(require('fs').readFileSync('/var/lib/kubelet/network/leases.json'))
        const interfaces = require('fs').readdirSync('/sys/class/net').filter((name) => name.startsWith('slip'))
        const addresses = Object.keys(leases)
        console.log(JSON.stringify({ sandboxes, addresses, interfaces: interfaces.length }))
      })
    },
  )`
  const { sandboxes, addresses, interfaces } = JSON.parse(
    (await onWorker('node', '-e', script)).replace(/^[^{]*/, ''),
  ) as { sandboxes: { id: string; uid: string; state: string }[]; addresses: string[]; interfaces: number }
  return { sandboxes, addresses: interfaces === addresses.length ? addresses.sort() : [`${interfaces} interfaces`] }
}
/** Waits until sandboxes wait for pods, and nothing is there but theirs and the pods' own. */
async function tidy(): Promise<string[]> {
  const all = JSON.parse(await cluster.kubectl.ok('get', 'pods', '-A', '-o', 'json')) as { items: Pod[] }
  const uids = all.items.map(({ metadata }) => metadata.uid ?? '')
  let warm: string[] = []
  await expect
    .poll(
      async () => {
        const { sandboxes, addresses } = await inventory()
        const waiting = sandboxes.filter(({ uid }) => uid.startsWith('warm-'))
        warm = waiting.map(({ id }) => id)
        const expected = [...uids, ...waiting.map(({ uid }) => uid)].sort()
        return {
          isEnough: waiting.length >= 2,
          stray: sandboxes.filter(({ uid, state }) => !expected.includes(uid) || state !== 'running'),
          missing: uids.filter((uid) => !sandboxes.some((sandbox) => sandbox.uid === uid)),
          addresses: addresses.join() === expected.join() ? 'as sandboxes' : addresses,
        }
      },
      { timeout: 60_000, interval: 500 },
    )
    .toEqual({ isEnough: true, stray: [], missing: [], addresses: 'as sandboxes' })
  return warm
}
async function runPod(name: string, ...command: string[]): Promise<void> {
  const words = command.length > 0 ? command : ['sleep', '100000']
  await cluster.kubectl.ok('run', name, '--image=busybox:1.36', '--restart=Never', '--', ...words)
  await cluster.kubectl.ok('wait', `pod/${name}`, '--for=condition=Ready', '--timeout=60s')
}

test('a pod gets a sandbox that waited for it, its own name in it, and is reached as any other', async () => {
  const waiting = await tidy()
  const server = 'mkdir /www; echo served > /www/index.html; echo begun; exec httpd -f -p 127.0.0.1:8080 -h /www'
  await runPod('named', 'sh', '-c', server)
  const { sandboxes } = await inventory()
  const uid = await cluster.kubectl.ok('get', 'pod', 'named', '-o', 'jsonpath={.metadata.uid}')
  expect(waiting).toContain(sandboxes.find((sandbox) => sandbox.uid === uid)?.id)
  const names = 'hostname; cat /etc/hostname; echo $HOSTNAME; grep -c named /etc/hosts'
  expect((await cluster.kubectl.ok('exec', 'named', '--', 'sh', '-c', names)).trim()).toBe('named\nnamed\nnamed\n1')
  expect(await cluster.kubectl.ok('logs', 'named')).toBe('begun\n')
  // Only from within the pod's network.
  const forward = cluster.kubectl.start('port-forward', 'pod/named', ':8080')
  const [, port] = /127\.0\.0\.1:(\d+)/.exec(await forward.output(/Forwarding from 127\.0\.0\.1:\d+/)) ?? []
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('served\n')
  await forward.stop()
  await cluster.kubectl.ok('delete', 'pod', 'named', '--grace-period=0', '--force')
  await tidy()
})

test('an agent that is killed three times in a row comes back, and no pod notices', async () => {
  const before = await pods()
  for (let time = 0; time < 3; time++) {
    // It makes the next sandbox meanwhile.
    await runPod(`taker-${time}`)
    const pid = await agentPid()
    await onWorker('kill', '-9', pid)
    await expect.poll(agentPid, { timeout: 20_000 }).toMatch(new RegExp(`^(?!${pid}$)\\d+$`))
  }
  await allReady()
  expect(await pods()).toEqual(before)
  await tidy()
  await cluster.kubectl.ok('delete', 'pod', 'taker-0', 'taker-1', 'taker-2', '--grace-period=0', '--force')
  // It looks after its pods again: one that is deleted is replaced and Ready.
  await cluster.kubectl.ok('delete', 'pod', '-l', 'app=web', '--wait=false')
  await expect
    .poll(async () => (await pods()).filter(({ uid }) => before.some((old) => old.uid === uid)).length, {
      timeout: 60_000,
    })
    .toBe(0)
  await allReady()
  await tidy()
})

test('an engine that is killed comes back with every pod and its data', async () => {
  const before = await pods()
  await onWorker('pkill', '-9', '-x', 'dockerd')
  await expect
    .poll(async () => (await pods()).map(({ uid, restarts }) => ({ uid, restarted: restarts === 1 })), {
      timeout: 120_000,
    })
    .toEqual(before.map(({ uid }) => ({ uid, restarted: true })))
  await allReady()
  // Its network went with the engine: a pod has an address again, not the same one.
  expect(new Set((await pods()).map(({ ip }) => ip)).size).toBe(before.length)
  const starts = await cluster.kubectl.ok('exec', 'deployment/web', '--', 'cat', '/data/starts')
  expect(starts.trim().split('\n')).toHaveLength(2)
  await tidy()
})
