import { request } from 'node:http'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import type { Kubectl } from '../../support/kubectl.ts'
import type { Wire } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'
import { serverWithWorkers, temporaryFile } from '../support/server.ts'
import { busybox, nginx, redis } from '../support/workloads.ts'

const { api, kubectl: anywhere, namespace: newNamespace } = await serverWithWorkers()

interface Place {
  namespace: string
  core: string
  /** Runs in the namespace. */
  ok: Kubectl['ok']
  json(...args: string[]): Promise<Wire>
  /** Writes the object to a file and runs kubectl on it. */
  withFile(object: object | string, ...args: string[]): Promise<string>
}
async function place(): Promise<Place> {
  const namespace = await newNamespace()
  const ok: Kubectl['ok'] = (...args) => anywhere.ok('-n', namespace, ...args)
  return {
    namespace,
    core: `/api/v1/namespaces/${namespace}`,
    ok,
    json: async (...args) => JSON.parse(await ok(...args, '-o', 'json')),
    withFile: async (object, ...args) => {
      const path = await temporaryFile('object.yaml', typeof object === 'string' ? object : JSON.stringify(object))
      return ok(...args, '-f', path)
    },
  }
}

const redisController = (replicas: number): object => ({
  apiVersion: 'v1',
  kind: 'ReplicationController',
  metadata: { name: 'primary', labels: { app: 'redis', role: 'primary' } },
  spec: {
    replicas,
    selector: { app: 'redis', role: 'primary' },
    template: {
      metadata: { labels: { app: 'redis', role: 'primary' } },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name: 'redis', image: redis, ports: [{ name: 'redis-server', containerPort: 6379 }] }],
      },
    },
  },
})

/** Makes the controller and waits until its pods run. @returns their names */
async function redisPods(here: Place, replicas = 1): Promise<string[]> {
  await here.withFile(redisController(replicas), 'create')
  return runningPods(here, 'app=redis', replicas)
}

const runningPods = ({ json }: Place, selector: string, count: number): Promise<string[]> =>
  eventually(`${count} running pods of ${selector}`, async () => {
    const { items } = await json('get', 'pods', '-l', selector)
    const alive = items.filter(({ metadata }: Wire) => !metadata.deletionTimestamp)
    const running = alive.filter(({ status }: Wire) => status.containerStatuses?.[0]?.state?.running)
    return alive.length === count && running.length === count && running.map(({ metadata }: Wire) => metadata.name)
  })

test('[sig-cli] Kubectl client Guestbook application should create and stop a working application [Conformance]', async () => {
  const here = await place()
  const path = join(dirname(new URL(import.meta.url).pathname), 'guestbook.yaml')
  await here.ok('create', '-f', path)
  for (const name of ['primary', 'replica', 'frontend'])
    await here.ok('rollout', 'status', `deployment/${name}`, '--timeout=120s')
  const page = (query: string): Promise<string> =>
    api
      .ask('GET', `${here.core}/services/frontend/proxy/cgi-bin/guestbook?entry=${query}`)
      .then((answer) => answer.text)
  await page('TestEntry')
  await eventually('the entry is read from the replicas', async () => (await page('')).includes('TestEntry'))
  await here.ok('delete', '--grace-period=0', '--force', '-f', path)
  const kinds = 'deployments,services,configmaps,pods'
  await eventually(
    'nothing of it is left',
    async () => (await here.ok('get', kinds, '-l', 'app=guestbook', '-o', 'name')) === '',
  )
})

test('[sig-cli] Kubectl client Kubectl api-versions should check if v1 is in available api versions [Conformance]', async () => {
  expect((await anywhere.ok('api-versions')).split('\n')).toContain('v1')
})

test('[sig-cli] Kubectl client Kubectl cluster-info should check if Kubernetes control plane services is included in cluster-info [Conformance]', async () => {
  expect(await anywhere.ok('cluster-info')).toMatch(/Kubernetes control plane.* is running at .*https:\/\//)
})

test('[sig-cli] Kubectl client Kubectl describe should check if kubectl describe prints relevant information for rc and pods [Conformance]', async () => {
  const here = await place()
  const [pod = ''] = await redisPods(here)
  await here.ok('expose', 'rc', 'primary', '--name=primary', '--port=6379', '--target-port=redis-server')
  const expectDescribed = async (what: string[], ...lines: RegExp[]): Promise<void> => {
    const text = await here.ok('describe', ...what)
    for (const line of lines) expect(text).toMatch(line)
  }
  const namespace = new RegExp(`^Namespace:\\s+${here.namespace}$`, 'm')
  await expectDescribed(
    ['pod', pod],
    new RegExp(`^Name:\\s+${pod}$`, 'm'),
    namespace,
    /^Node:\s+\S+/m,
    /^Labels:\s+app=redis$/m,
    /role=primary/,
    /^Status:\s+Running$/m,
    /^IP:\s+\d+\./m,
    /^Controlled By:\s+ReplicationController\/primary$/m,
    /Image:\s+redis:7/,
    /State:\s+Running/,
    /QoS Class:\s+BestEffort/,
  )
  await expectDescribed(
    ['rc', 'primary'],
    /^Name:\s+primary$/m,
    namespace,
    /^Selector:\s+app=redis,role=primary$/m,
    /^Labels:\s+app=redis$/m,
    /^Annotations:\s+<none>$/m,
    /^Replicas:\s+1 current \/ 1 desired$/m,
    /^Pods Status:\s+1 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed$/m,
    /Image:\s+redis:7/,
    /^Events:/m,
  )
  await expectDescribed(
    ['service', 'primary'],
    /^Name:\s+primary$/m,
    namespace,
    /^Labels:\s+app=redis$/m,
    /^Selector:\s+app=redis,role=primary$/m,
    /^Type:\s+ClusterIP$/m,
    /^IP:\s+10\./m,
    /^Port:\s+<unset>\s+6379\/TCP$/m,
    /^Endpoints:\s+\d+\..*:6379$/m,
    /^Session Affinity:\s+None$/m,
  )
  const [node] = (await here.json('get', 'nodes')).items
  await expectDescribed(
    ['node', node.metadata.name],
    new RegExp(`^Name:\\s+${node.metadata.name}$`, 'm'),
    /^Labels:/m,
    /^Annotations:/m,
    /^CreationTimestamp:/m,
    /^Conditions:/m,
    /MemoryPressure\s+False/,
    /Ready\s+True/,
    /^Addresses:/m,
    /^Capacity:/m,
    /^System Info:/m,
    /Kubelet Version:\s+v1\./,
  )
  await expectDescribed(
    ['namespace', here.namespace],
    new RegExp(`^Name:\\s+${here.namespace}$`, 'm'),
    /^Labels:/m,
    /^Status:\s+Active$/m,
  )
})

test('[sig-cli] Kubectl client Kubectl diff should check if kubectl diff finds a difference for Deployments [Conformance]', async () => {
  const here = await place()
  const labels = { app: 'web' }
  const deployment = (image: string): object => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'web', image }] } },
    },
  })
  await here.withFile(deployment(nginx), 'create')
  const path = await temporaryFile('web.json', JSON.stringify(deployment(busybox)))
  const { code, stdout } = await anywhere('-n', here.namespace, 'diff', '-f', path)
  expect(code).toBe(1)
  expect(stdout).toMatch(new RegExp(`^-\\s+- image: ${nginx}$`, 'm'))
  expect(stdout).toMatch(new RegExp(`^\\+\\s+- image: ${busybox}$`, 'm'))
})

test('[sig-cli] Kubectl client Kubectl expose should create services for rc [Conformance]', async () => {
  const here = await place()
  await redisPods(here)
  const expectService = async (name: string, port: number): Promise<void> => {
    const { spec } = await here.json('get', 'service', name)
    expect(spec.ports).toEqual([expect.objectContaining({ port, targetPort: 6379 })])
    await eventually(`${name} has an endpoint at 6379`, async () => {
      const { subsets = [] } = await here.json('get', 'endpoints', name)
      return subsets[0]?.addresses?.length === 1 && subsets[0].ports[0].port === 6379
    })
  }
  await here.ok('expose', 'rc', 'primary', '--name=rm2', '--port=1234', '--target-port=6379')
  await expectService('rm2', 1234)
  await here.ok('expose', 'service', 'rm2', '--name=rm3', '--port=2345', '--target-port=6379')
  await expectService('rm3', 2345)
})

const sleeper = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { name } },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'sleeper', image: busybox, command: ['sleep', '3600'] }],
  },
})

test('[sig-cli] Kubectl client Kubectl label should update the label on a resource [Conformance]', async () => {
  const here = await place()
  await here.withFile(sleeper('pause'), 'create')
  await here.ok('wait', 'pod/pause', '--for=condition=Ready', '--timeout=60s')
  await here.ok('label', 'pods', 'pause', 'testing-label=testing-label-value')
  expect(await here.ok('get', 'pod', 'pause', '-L', 'testing-label')).toContain('testing-label-value')
  expect(await here.ok('get', 'pod', '-l', 'testing-label=testing-label-value', '-o', 'name')).toBe('pod/pause\n')
  await here.ok('label', 'pods', 'pause', 'testing-label-')
  expect(await here.ok('get', 'pod', 'pause', '-L', 'testing-label')).not.toContain('testing-label-value')
  expect(await here.ok('get', 'pod', '-l', 'testing-label=testing-label-value', '-o', 'name')).toBe('')
})

test('[sig-cli] Kubectl client Kubectl patch should add annotations for pods in rc [Conformance]', async () => {
  const here = await place()
  const pods = await redisPods(here, 2)
  for (const pod of pods) await here.ok('patch', 'pod', pod, '-p', '{"metadata":{"annotations":{"x":"y"}}}')
  const { items } = await here.json('get', 'pods', '-l', 'app=redis')
  expect(items).toHaveLength(2)
  for (const { metadata } of items) expect(metadata.annotations).toMatchObject({ x: 'y' })
})

test("[sig-cli] Kubectl client Kubectl replace should update a single-container pod's image [Conformance]", async () => {
  const here = await place()
  await here.ok('run', 'replaced', `--image=${nginx}`, '--labels=run=replaced')
  await runningPods(here, 'run=replaced', 1)
  const pod = await here.json('get', 'pod', 'replaced')
  pod.spec.containers[0].image = redis
  await here.withFile(pod, 'replace')
  const replaced = await here.json('get', 'pod', 'replaced')
  expect(replaced.spec.containers[0].image).toBe(redis)
  expect(replaced.metadata.uid).toBe(pod.metadata.uid)
  await here.withFile(sleeper('replaced'), 'replace', '--force', '--grace-period=0')
  const anew = await here.json('get', 'pod', 'replaced')
  expect(anew.metadata.uid).not.toBe(pod.metadata.uid)
  expect(anew.spec.containers[0].image).toBe(busybox)
})

test('[sig-cli] Kubectl client Kubectl run pod should create a pod from an image when restart is Never [Conformance]', async () => {
  const here = await place()
  await here.ok('run', 'once', '--restart=Never', `--image=${nginx}`)
  const { spec } = await here.json('get', 'pod', 'once')
  expect(spec.restartPolicy).toBe('Never')
  expect(spec.containers).toEqual([expect.objectContaining({ image: nginx })])
})

test('[sig-cli] Kubectl client Kubectl server-side dry-run should check if kubectl can dry-run update Pods [Conformance]', async () => {
  const here = await place()
  await here.ok('run', 'dry', `--image=${nginx}`, '--labels=run=dry')
  const patch = JSON.stringify({ spec: { containers: [{ name: 'dry', image: busybox }] } })
  const shown = await here.json('patch', 'pod', 'dry', '-p', patch, '--dry-run=server')
  expect(shown.spec.containers[0].image).toBe(busybox)
  expect((await here.json('get', 'pod', 'dry')).spec.containers[0].image).toBe(nginx)
})

test('[sig-cli] Kubectl client Kubectl version should check is all data is printed [Conformance]', async () => {
  const text = await anywhere.ok('version')
  expect(text).toMatch(/Client Version: .*v1\.\d+/)
  expect(text).toMatch(/Server Version: .*v1\.\d+/)
  const { clientVersion, serverVersion } = JSON.parse(await anywhere.ok('version', '-o', 'json'))
  for (const version of [clientVersion, serverVersion])
    for (const field of ['major', 'minor', 'gitVersion', 'gitCommit', 'buildDate', 'goVersion', 'platform'])
      expect([field, version[field]]).toEqual([field, expect.stringMatching(/./)])
})

test('[sig-cli] Kubectl client Proxy server should support proxy with --port 0 [Conformance]', async () => {
  const proxy = anywhere.start('proxy', '--port=0', '--disable-filter')
  try {
    const [, port = ''] = /127\.0\.0\.1:(\d+)/.exec(await proxy.output(/Starting to serve on 127\.0\.0\.1:\d+/)) ?? []
    const answer = await (await fetch(`http://127.0.0.1:${port}/api/`)).json()
    expect(answer.versions).toContain('v1')
  } finally {
    await proxy.stop()
  }
})

test('[sig-cli] Kubectl client Proxy server should support --unix-socket=/path [Conformance]', async () => {
  const socketPath = `${await temporaryFile('marker', '')}.socket`
  const proxy = anywhere.start('proxy', `--unix-socket=${socketPath}`)
  try {
    await proxy.output(/Starting to serve on/)
    const body = await new Promise<string>((resolve, reject) => {
      const asking = request({ socketPath, path: '/api', host: 'localhost' }, (answer) => resolve(text(answer)))
      asking.on('error', reject)
      asking.end()
    })
    expect(JSON.parse(body).versions).toContain('v1')
  } finally {
    await proxy.stop()
  }
})

const demo = (replicas: number): object => ({
  apiVersion: 'v1',
  kind: 'ReplicationController',
  metadata: { name: 'update-demo' },
  spec: {
    replicas,
    selector: { name: 'update-demo' },
    template: {
      metadata: { labels: { name: 'update-demo' } },
      spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'web', image: nginx }] },
    },
  },
})

test('[sig-cli] Kubectl client Update Demo should create and stop a replication controller [Conformance]', async () => {
  const here = await place()
  await here.withFile(demo(2), 'create')
  await runningPods(here, 'name=update-demo', 2)
  await here.withFile(demo(2), 'delete', '--grace-period=0', '--force')
  await runningPods(here, 'name=update-demo', 0)
  expect((await here.json('get', 'rc')).items).toEqual([])
})

test('[sig-cli] Kubectl client Update Demo should scale a replication controller [Conformance]', async () => {
  const here = await place()
  await here.withFile(demo(2), 'create')
  await runningPods(here, 'name=update-demo', 2)
  await here.ok('scale', 'rc', 'update-demo', '--replicas=1', '--timeout=1m')
  await runningPods(here, 'name=update-demo', 1)
  await here.ok('scale', 'rc', 'update-demo', '--replicas=2', '--timeout=1m')
  await runningPods(here, 'name=update-demo', 2)
})

test('[sig-cli] Kubectl logs logs should be able to retrieve and filter logs [Conformance]', async () => {
  const here = await place()
  const script = 'i=0; while [ $i -lt 20 ]; do echo "line $i of the log"; i=$((i+1)); done; sleep 3600'
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'logs' },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'generator', image: busybox, command: ['sh', '-c', script] }],
    },
  }
  await here.withFile(pod, 'create')
  const logs = (...args: string[]): Promise<string> => here.ok('logs', 'logs', 'generator', ...args)
  await eventually('the last line is there', async () => (await logs()).includes('line 19 of the log'))
  const all = await logs()
  expect(all.split('\n')).toHaveLength(21)
  expect(await logs('--tail=1')).toBe('line 19 of the log\n')
  expect(await logs('--limit-bytes=1')).toBe('l')
  const [stamp = '', ...rest] = (await logs('--tail=1', '--timestamps')).split(' ')
  expect(rest.join(' ')).toBe('line 19 of the log\n')
  expect(stamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/)
  expect(await logs('--since=24h')).toBe(all)
  await eventually('what is older than a second is left out', async () => (await logs('--since=1s')) === '')
})
