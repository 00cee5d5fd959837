import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Node, Pod, PodSpec } from '#shared/kube/generated/types.ts'
import { startDockerCluster, type DockerCluster } from '#test/support/docker-cluster.ts'

/** What depends on the machine under a worker: it is given where the machine has it, and said in an event where not. */
let cluster: DockerCluster
const clusterName = `features-${process.pid}`
const worker = `slipway-${clusterName}-worker-1`
const inWorker = async (script: string): Promise<string> =>
  (await promisify(execFile)('docker', ['exec', worker, 'sh', '-c', script])).stdout.trim()

beforeAll(async () => {
  cluster = await startDockerCluster({ name: clusterName })
})
afterAll(() => cluster?.remove())

type Container = PodSpec['containers'][number]
async function create(name: string, script: string, more: Partial<Container> = {}, spec: Partial<PodSpec> = {}) {
  const container: Container = { name: 'main', image: 'busybox:1.36', command: ['sh', '-c', script], ...more }
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 0, containers: [container], ...spec },
  }
  const { code, stderr } = await cluster.kubectl.withInput(JSON.stringify(pod), 'create', '-f', '-')
  if (code !== 0) throw new Error(stderr)
}
const logOf = async (name: string): Promise<string> => {
  await cluster.kubectl.waitForValue(`pod/${name}`, '{.status.phase}', 'Succeeded')
  return (await cluster.kubectl.ok('logs', name)).trim()
}
const eventsOf = (name: string): Promise<string> =>
  cluster.kubectl.ok(
    ...['get', 'events', '--field-selector', `involvedObject.name=${name}`],
    ...['-o', 'jsonpath={range .items[*]}{.reason}: {.message}{"\\n"}{end}'],
  )
const said = (name: string, what: string | RegExp): Promise<void> =>
  expect.poll(() => eventsOf(name), { timeout: 60_000, interval: 500 }).toMatch(what)
const node = async (): Promise<Node> =>
  JSON.parse(await cluster.kubectl.ok('get', 'node', `${clusterName}-worker-1`, '-o', 'json')) as Node

test('the kernel ends pods in the order of their classes of service', async () => {
  const script = 'cat /proc/self/oom_score_adj'
  const amounts = { cpu: '50m', memory: '32Mi' }
  await Promise.all([
    create('guaranteed', script, { resources: { requests: amounts, limits: amounts } }),
    create('burstable', script, { resources: { requests: { memory: '32Mi' } } }),
    create('best-effort', script),
  ])
  const [guaranteed = 0, burstable = 0, bestEffort = 0] = await Promise.all(
    ['guaranteed', 'burstable', 'best-effort'].map(async (name) => Number(await logOf(name))),
  )
  // Where the machine lets nobody go below what the engine has, that is the least.
  const least = Number(await inWorker('cat /proc/$(pgrep -xo dockerd)/oom_score_adj'))
  expect([-997, least]).toContain(guaranteed)
  expect(burstable).toBeGreaterThan(900)
  expect(burstable).toBeLessThan(1_000)
  expect(bestEffort).toBe(1_000)
})

describe('huge pages', () => {
  test('are resources of the node in the sizes and amounts of the machine', async () => {
    const folders = await inWorker('for f in /sys/kernel/mm/hugepages/*; do echo "$f $(cat "$f/nr_hugepages")"; done')
    const sizes = folders.split('\n').filter((line) => line.includes('2048kB'))
    const { capacity = {} } = (await node()).status ?? {}
    if (sizes.length === 0) expect(capacity['hugepages-2Mi']).toBeUndefined()
    else expect(capacity['hugepages-2Mi']).toBe(/ 0$/.test(sizes[0] ?? '') ? '0' : expect.stringMatching(/Ki$/))
  })

  test('that the machine has not are said to whoever asks for them', async () => {
    const amounts = { cpu: '10m', memory: '16Mi', 'hugepages-2Mi': '64Gi' }
    await create('huge', 'true', { resources: { requests: amounts, limits: amounts } })
    await said('huge', /FailedScheduling: .*Insufficient hugepages-2Mi/)
    await create(
      'huge-volume',
      'true',
      { volumeMounts: [{ name: 'v', mountPath: '/v' }] },
      { volumes: [{ name: 'v', emptyDir: { medium: 'HugePages' } }] },
    ).catch(() => undefined)
    await said('huge-volume', /FailedMount: .*no hugepages resource is requested/)
  })
})

describe('what this machine does not have keeps a pod from starting, or is told', () => {
  test('AppArmor', async () => {
    await create('armoured', 'true', { securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } })
    await said('armoured', 'Cannot enforce AppArmor: AppArmor is not enabled on the host')
  })

  test('SELinux', async () => {
    await create('labelled', 'echo runs', { securityContext: { seLinuxOptions: { level: 's0:c1,c2' } } })
    expect(await logOf('labelled')).toBe('runs')
    await said('labelled', 'SELinux options')
  })

  test('the handler of a RuntimeClass', async () => {
    const runtimeClass = {
      apiVersion: 'node.k8s.io/v1',
      kind: 'RuntimeClass',
      metadata: { name: 'kata' },
      handler: 'kata',
    }
    await cluster.kubectl.withInput(JSON.stringify(runtimeClass), 'create', '-f', '-')
    await create('virtual', 'true', {}, { runtimeClassName: 'kata' })
    await said('virtual', /FailedCreatePodSandBox: .*no runtime for "kata" is configured/)
  })

  test('NFS, or its server', async () => {
    const volumes = [{ name: 'v', nfs: { server: '127.0.0.1', path: '/export' } }]
    await create('shares', 'true', { volumeMounts: [{ name: 'v', mountPath: '/v' }] }, { volumes })
    await said('shares', /FailedMount: .*NFS export 127\.0\.0\.1:\/export is not mounted by this kernel/)
  })
})

describe('user namespaces', () => {
  const apart: Partial<PodSpec> = { hostUsers: false }

  test('are given where the kernel maps what is in memory', async () => {
    const [major = 0, minor = 0] = (await inWorker('uname -r')).split('.').map(Number)
    const { runtimeHandlers } = (await node()).status ?? {}
    expect(runtimeHandlers?.find(({ name }) => name === '')?.features?.userNamespaces).toBe(
      major > 6 || (major === 6 && minor >= 3),
    )
  })

  test('have users of their own each, and files keep their owners', async () => {
    const script = [
      'cat /proc/self/uid_map',
      'touch /disk/f /memory/f /f; chown 12:34 /disk/f',
      'for f in /bin /f /disk/f /memory/f /secret/..data/k /var/run/secrets/kubernetes.io/serviceaccount/..data/token; do stat -c "%u:%g %a $f" $f; done',
      'cat /secret/k',
      'echo told > /dev/stdout',
    ].join('; ')
    await cluster.kubectl.ok('create', 'secret', 'generic', 'kept', '--from-literal=k=value ')
    const mounts = [
      { name: 'disk', mountPath: '/disk' },
      { name: 'memory', mountPath: '/memory' },
      { name: 'secret', mountPath: '/secret' },
    ]
    const volumes = [
      { name: 'disk', emptyDir: {} },
      { name: 'memory', emptyDir: { medium: 'Memory' } },
      { name: 'secret', secret: { secretName: 'kept', defaultMode: 0o440 } },
    ]
    const spec = { ...apart, volumes, securityContext: { fsGroup: 2_000 } }
    const names = ['apart-1', 'apart-2']
    await Promise.all(names.map((name) => create(name, script, { volumeMounts: mounts }, spec)))
    const maps = await Promise.all(
      names.map(async (name) => {
        const [map = '', ...rest] = (await logOf(name)).split('\n')
        expect(rest).toEqual([
          '0:0 755 /bin',
          '0:0 644 /f',
          '12:34 644 /disk/f',
          '0:2000 644 /memory/f',
          '0:2000 440 /secret/..data/k',
          '0:2000 640 /var/run/secrets/kubernetes.io/serviceaccount/..data/token',
          'value told',
        ])
        return map.trim().split(/ +/).map(Number)
      }),
    )
    expect(maps).toEqual(names.map(() => [0, expect.any(Number), 65_536]))
    const firsts = maps.map(([, first = 0]) => first)
    expect(new Set(firsts).size).toBe(2)
    for (const first of firsts) expect([first % 65_536, first >= 65_536]).toEqual([0, true])
  })

  test('are those of all the pod’s containers: init, sidecar, others, added ones and commands', async () => {
    const map = 'cut -c12-22 /proc/self/uid_map | tr -d " "'
    const main = { image: 'busybox:1.36', volumeMounts: [{ name: 'v', mountPath: '/v' }] }
    const spec: Partial<PodSpec> = {
      ...apart,
      shareProcessNamespace: true,
      volumes: [{ name: 'v', emptyDir: {} }],
      initContainers: [
        { ...main, name: 'init', command: ['sh', '-c', `${map} >> /v/maps`], securityContext: { runAsUser: 1_000 } },
        {
          ...main,
          name: 'sidecar',
          command: ['sh', '-c', `${map} >> /v/maps; exec sleep 1000`],
          restartPolicy: 'Always',
          readinessProbe: { exec: { command: ['test', '-w', '/v/maps'] } },
        },
      ],
    }
    await create('one', `${map} >> /v/maps; exec sleep 1000`, { volumeMounts: main.volumeMounts }, spec)
    await cluster.kubectl.ok('wait', '--for=condition=Ready', 'pod/one', '--timeout=90s')
    const inOne = (script: string): Promise<string> =>
      cluster.kubectl.ok('exec', 'one', '-c', 'main', '--', 'sh', '-c', script)
    await inOne(`${map} >> /v/maps`)
    await cluster.kubectl.ok('debug', 'one', '--image=busybox:1.36', '-c', 'added', '--', 'sh', '-c', map)
    await expect
      .poll(() => cluster.kubectl.ok('logs', 'one', '-c', 'added').catch(() => ''), { timeout: 60_000 })
      .toMatch(/^\d+\n$/)
    const all = [
      ...(await inOne('cat /v/maps')).trim().split('\n'),
      (await cluster.kubectl.ok('logs', 'one', '-c', 'added')).trim(),
    ]
    expect([all.length, new Set(all).size]).toEqual([5, 1])
    expect(await inOne('stat -c %u /proc/1')).toBe('0\n')
    await cluster.kubectl.ok('delete', 'pod', 'one')
  })

  test('serve, restart, and leave nothing behind', async () => {
    const nginx = { image: 'nginx:stable', command: ['nginx', '-g', 'daemon off;'], ports: [{ containerPort: 80 }] }
    await create('served', '', nginx, { ...apart, restartPolicy: 'Always' })
    await cluster.kubectl.ok('wait', '--for=condition=Ready', 'pod/served', '--timeout=90s')
    const address = await cluster.kubectl.ok('get', 'pod', 'served', '-o', 'jsonpath={.status.podIP}')
    await create('asks', `wget -qO- http://${address} | grep -c Welcome`, {}, apart)
    expect(await logOf('asks')).toBe('1')
    await cluster.kubectl.ok('exec', 'served', '--', 'sh', '-c', 'kill 1')
    await cluster.kubectl.waitForValue('pod/served', '{.status.containerStatuses[0].restartCount}', '1')
    await cluster.kubectl.waitForValue('pod/served', '{.status.containerStatuses[0].ready}', 'true')
    await cluster.kubectl.ok('delete', 'pod', 'served', 'asks', 'apart-1', 'apart-2')
    await expect.poll(() => inWorker('ls /run/slipway-roots'), { timeout: 20_000 }).toBe('')
  })

  test('whose mounts the file system cannot map are told', async () => {
    const volumes = [{ name: 'v', hostPath: { path: '/opt' } }]
    await create('unmapped', 'true', { volumeMounts: [{ name: 'v', mountPath: '/v' }] }, { ...apart, volumes })
    await said('unmapped', /Failed: .*support idmap mounts/)
    await cluster.kubectl.ok('delete', 'pod', 'unmapped')
    await expect.poll(() => inWorker('ls /run/slipway-roots'), { timeout: 20_000 }).toBe('')
  })
})

test('datagrams of a client go to the new pod of a Service from the same port', async () => {
  const program = (name: string, labels: object, script: string): object => ({
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels } },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'c', image: 'slipway/test-server:1', command: ['node', '-e', script] }],
    },
  })
  const start = async (object: object): Promise<void> => {
    const { code, stderr } = await cluster.kubectl.withInput(JSON.stringify(object), 'create', '-f', '-')
    if (code !== 0) throw new Error(stderr)
  }
  const answering = (name: string): Promise<void> =>
    start(
      program(
        name,
        { app: 'words' },
        `require('dgram').createSocket('udp4').on('message', function (_, from) { this.send('${name}', from.port, from.address) }).bind(7000)`,
      ),
    )
  const asking = `const socket = require('dgram').createSocket('udp4')
    socket.on('message', (data) => { console.log(String(data)); process.exit() })
    socket.bind(7123, () => socket.send('hello', 7000, 'words'))
    setTimeout(() => process.exit(), 1500)`
  /** The flow that the kernel remembers is that of port 7123. */
  const ask = async (): Promise<string> =>
    (await cluster.kubectl('exec', 'talker', '--', 'node', '-e', asking)).stdout.trim()
  await start({
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'words' } },
    spec: { selector: { app: 'words' }, ports: [{ port: 7000, protocol: 'UDP' }] },
  })
  await start(program('talker', {}, 'setInterval(() => {}, 1000)'))
  await answering('first')
  await expect.poll(ask, { timeout: 60_000, interval: 500 }).toBe('first')
  await answering('second')
  await cluster.kubectl.waitForValue('pod/second', '{.status.phase}', 'Running')
  await cluster.kubectl.ok('delete', 'pod', 'first', '--wait=true')
  await expect.poll(ask, { timeout: 20_000, interval: 500 }).toBe('second')
})

test('a pod that wants no links of Services has none in its environment', async () => {
  await create('linked', 'env')
  await create('unlinked', 'env', {}, { enableServiceLinks: false })
  expect(await logOf('linked')).toContain('WORDS_SERVICE_HOST=')
  const own = await logOf('unlinked')
  expect(own).not.toContain('WORDS_SERVICE_HOST=')
  // That of the API server stays.
  expect(own).toContain('KUBERNETES_SERVICE_HOST=')
})
