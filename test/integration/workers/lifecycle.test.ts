import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WorkStep } from '#main/cluster/workers/steps/run-steps.ts'
import { silentWork, startDockerCluster, testEngine, type DockerCluster } from '#test/support/docker-cluster.ts'

let cluster: DockerCluster
/** Of its own: several runs may share an engine. */
const clusterName = `life-${process.pid}`
const first = `${clusterName}-worker-1`
const second = `${clusterName}-worker-2`
const third = `${clusterName}-worker-3`
const shortLived = `short-lived-${process.pid}`
const calledOff = `called-off-${process.pid}`

beforeAll(async () => {
  cluster = await startDockerCluster({ name: clusterName, count: 2 })
  await applied(`
apiVersion: v1
kind: Pod
metadata: {name: steady}
spec:
  nodeName: ${first}
  terminationGracePeriodSeconds: 0
  containers:
    - name: steady
      image: busybox:1.36
      command: [sh, -c, 'date +%s%N > /data/started; exec sleep 100000']
      volumeMounts: [{name: data, mountPath: /data}]
  volumes: [{name: data, emptyDir: {}}]
`)
  await ready('steady')
})
afterAll(() => cluster?.remove())

async function applied(manifest: string): Promise<void> {
  const { code, stderr } = await cluster.kubectl.withInput(manifest, 'apply', '-f', '-')
  expect(stderr).toBe('')
  expect(code).toBe(0)
}
const ready = (pod: string): Promise<string> =>
  cluster.kubectl.ok('wait', `pod/${pod}`, '--for=condition=Ready', '--timeout=60s')
/** Until a worker that has come back says so, its pods look as they did before. */
async function restarted(times: number): Promise<void> {
  await cluster.kubectl.waitForValue('pod/steady', '{.status.containerStatuses[0].restartCount}', String(times))
  await ready('steady')
}
const inSteady = (...command: string[]): Promise<string> => cluster.kubectl.ok('exec', 'steady', '--', ...command)
/** Runs a command in the first worker itself. */
async function onFirst(...command: string[]): Promise<string> {
  const docker = await cluster.engine.connect()
  const exec = await docker.getContainer(`slipway-${first}`).exec({ Cmd: command, AttachStdout: true })
  const stream = await exec.start({})
  let output = ''
  stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  await once(stream, 'end')
  return output
}
const stateOf = (name: string): { state: string; ready: boolean } | undefined => {
  const worker = cluster.cluster.workers().find((each) => each.name === name)
  return worker && { state: worker.state, ready: worker.ready }
}
/** Resolves once a worker looks as wanted. */
function seen(name: string, wanted: { state?: string; ready?: boolean }): Promise<void> {
  return new Promise((resolve) => {
    const stop = cluster.cluster.onWorkersChanged(() => check())
    const check = (): void => {
      const now = stateOf(name)
      if (wanted.state !== undefined && now?.state !== wanted.state) return
      if (wanted.ready !== undefined && now?.ready !== wanted.ready) return
      void stop()
      resolve()
    }
    check()
  })
}

test('workers are nodes with addresses of their own, published on loopback alone', async () => {
  const docker = await cluster.engine.connect()
  for (const name of cluster.workers) {
    expect(stateOf(name)).toEqual({ state: 'running', ready: true })
    const { HostConfig, NetworkSettings, Config } = await docker.getContainer(`slipway-${name}`).inspect()
    expect(Object.values(NetworkSettings.Ports).flatMap((bound) => bound?.map(({ HostIp }) => HostIp))).toEqual([
      '127.0.0.1',
    ])
    expect(HostConfig.Privileged).toBe(false)
    expect(JSON.stringify([Config.Env, Config.Cmd, Config.Entrypoint])).not.toMatch(/PRIVATE KEY/)
  }
})

test('keys lie in the worker readable by root alone', async () => {
  const output = await onFirst('stat', '-c', '%a %U', '/etc/slipway/client.key', '/etc/slipway/server.key')
  expect(output.match(/600 root/g)).toHaveLength(2)
})

test('a restart of the app finds its workers, and pods never notice', async () => {
  const started = await inSteady('cat', '/data/started')
  await cluster.reopen()
  expect(stateOf(first)).toEqual({ state: 'running', ready: true })
  expect(await inSteady('cat', '/data/started')).toBe(started)
})

test('a paused worker goes on where it was', async () => {
  const started = await inSteady('cat', '/data/started')
  await cluster.cluster.pauseWorker(first)
  await seen(first, { state: 'paused' })
  await cluster.cluster.unpauseWorker(first)
  await seen(first, { state: 'running', ready: true })
  expect(await inSteady('cat', '/data/started')).toBe(started)
})

test('a killed worker is seen at once, and comes back with its pods and their data', async () => {
  const started = await inSteady('cat', '/data/started')
  await inSteady('sh', '-c', 'echo kept > /data/note')
  await cluster.cluster.killWorker(first)
  await seen(first, { state: 'dead', ready: false })
  await cluster.cluster.startWorker(first)
  await restarted(1)
  expect(await inSteady('cat', '/data/note')).toBe('kept\n')
  expect(await inSteady('cat', '/data/started')).not.toBe(started)
})

test('an engine that dies inside a worker is started anew, and its pods with it', async () => {
  await onFirst('pkill', '-9', 'dockerd')
  await restarted(2)
  expect(await inSteady('cat', '/data/note')).toBe('kept\n')
})

test('stopped workers that come back in another order, under other addresses, join again', async () => {
  await Promise.all([cluster.cluster.stopWorker(first), cluster.cluster.stopWorker(second)])
  await Promise.all([seen(first, { state: 'stopped' }), seen(second, { state: 'stopped' })])
  await cluster.cluster.startWorker(second)
  await cluster.cluster.startWorker(first)
  await applied(`
apiVersion: v1
kind: Pod
metadata: {name: other, labels: {app: other}}
spec:
  nodeName: ${second}
  terminationGracePeriodSeconds: 0
  containers:
    - {name: other, image: 'busybox:1.36', command: [sh, -c, 'mkdir /www; echo here > /www/index.html; exec httpd -f -h /www']}
`)
  await ready('other')
  await restarted(3)
  const ip = await cluster.kubectl.ok('get', 'pod', 'other', '-o', 'jsonpath={.status.podIP}')
  expect(await inSteady('timeout', '8', 'wget', '-qO-', `http://${ip}/`)).toBe('here\n')
})

test('workers are added to a running cluster and removed from it', async () => {
  await cluster.cluster.addWorkers([third], silentWork())
  expect(stateOf(third)).toEqual({ state: 'running', ready: true })
  await cluster.cluster.removeWorker(third, silentWork())
  expect(stateOf(third)).toBeUndefined()
  expect(await cluster.kubectl.ok('get', 'nodes', '-o', 'name')).toBe(`node/${first}\nnode/${second}\n`)
  expect(await remains(`slipway.dev/worker=${third}`)).toEqual([])
})

test('a worker that cannot live ends the recipe with its last words, and nothing stays', async () => {
  // Too little memory for an engine.
  const failed = startDockerCluster({ name: shortLived, memoryBytes: 8 * 2 ** 20 })
  await expect(failed).rejects.toThrow(`${shortLived}-worker-1`)
  expect(await remains(`slipway.dev/cluster=${shortLived}`)).toEqual([])
})

describe('a recipe that is called off', () => {
  test.each(['create', 'start', 'connect', 'ready'])('at "%s" leaves nothing behind', async (step) => {
    const cancel = new AbortController()
    const work = silentWork(cancel.signal)
    const failed = startDockerCluster({
      name: calledOff,
      count: 2,
      work: {
        ...work,
        progress(seenStep: WorkStep) {
          work.progress(seenStep)
          if (seenStep.id === step && seenStep.state === 'running') cancel.abort(new Error('called off'))
        },
      },
    })
    await expect(failed).rejects.toThrow('called off')
    expect(work.steps.get('create')?.state).toBe('undone')
    expect(await remains(`slipway.dev/cluster=${calledOff}`)).toEqual([])
  })
})

/** Names of all containers, volumes and networks with a label. */
async function remains(label: string): Promise<string[]> {
  const docker = await testEngine().connect()
  const filters = { label: [label] }
  const [containers, { Volumes: volumes }, networks] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listVolumes({ filters }),
    docker.listNetworks({ filters }),
  ])
  return [
    ...containers.map(({ Id }) => Id),
    ...(volumes ?? []).map(({ Name }) => Name),
    ...networks.map(({ Name }) => Name),
  ]
}
