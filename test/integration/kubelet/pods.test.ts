import { execFile } from 'node:child_process'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ContainerStatus, Pod, PodSpec } from '#shared/kube/generated/types.ts'
import { startDockerCluster, type DockerCluster } from '../../support/docker-cluster.ts'

/** What users and Kubernetes' own program ask of a node, on a real worker. One worker serves all tests here. */
let cluster: DockerCluster
const clusterName = `pods-${process.pid}`
const worker = `${clusterName}-worker-1`
const inWorker = async (script: string): Promise<string> =>
  (await promisify(execFile)('docker', ['exec', `slipway-${worker}`, 'sh', '-c', script])).stdout

beforeAll(async () => {
  cluster = await startDockerCluster({ name: clusterName, featureGates: { ContainerStopSignals: true } })
})
afterAll(() => cluster?.remove())

type Container = PodSpec['containers'][number]
const container = (script: string, more: Partial<Container> = {}): Container => ({
  name: 'main',
  image: 'busybox:1.36',
  command: ['sh', '-c', script],
  ...more,
})

async function create(name: string, spec: PodSpec, metadata: Partial<Pod['metadata']> = {}): Promise<void> {
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, ...metadata },
    spec: { terminationGracePeriodSeconds: 0, ...spec },
  }
  const { code, stderr } = await cluster.kubectl.withInput(JSON.stringify(pod), 'create', '-f', '-')
  if (code !== 0) throw new Error(stderr)
}
const once = (script: string, more: Partial<Container> = {}, spec: Partial<PodSpec> = {}): PodSpec => ({
  restartPolicy: 'Never',
  containers: [container(script, more)],
  ...spec,
})
const get = async (name: string): Promise<Pod> =>
  JSON.parse(await cluster.kubectl.ok('get', 'pod', name, '-o', 'json')) as Pod
const until = (name: string, path: string, value: string): Promise<void> =>
  cluster.kubectl.waitForValue(`pod/${name}`, `{${path}}`, value)
const ended = async (name: string, phase = 'Succeeded'): Promise<string> => {
  await until(name, '.status.phase', phase)
  return cluster.kubectl.ok('logs', name)
}
const statusOf = async (name: string): Promise<ContainerStatus | undefined> =>
  (await get(name)).status?.containerStatuses?.[0]
const eventsOf = (name: string): Promise<string> =>
  cluster.kubectl.ok(
    'get',
    'events',
    '--field-selector',
    `involvedObject.name=${name}`,
    '-o',
    'jsonpath={range .items[*]}{.reason}: {.message}{"\\n"}{end}',
  )
const said = (name: string, what: string): Promise<void> =>
  expect.poll(() => eventsOf(name), { timeout: 20_000 }).toContain(what)

describe('what a container is given', () => {
  test('variables that another has left in a file, which it cannot see', async () => {
    const fileKeyRef = { volumeName: 'left', path: 'deep/env', key: 'ADDRESS' }
    const left = (name: string, more: object): NonNullable<Container['env']> => [
      { name, valueFrom: { fileKeyRef: { ...fileKeyRef, ...more } } },
    ]
    const writes = (script: string): Partial<PodSpec> => ({
      volumes: [{ name: 'left', emptyDir: {} }],
      initContainers: [container(script, { name: 'writes', volumeMounts: [{ name: 'left', mountPath: '/left' }] })],
    })
    const file = `mkdir /left/deep; printf "# left\\nADDRESS='db\\nexample' # two lines\\n" > /left/deep/env`
    await create(
      'told',
      once(
        'echo "$A|${B-unset}"; ls / | grep left; true',
        {
          env: [...left('A', {}), ...left('B', { key: 'NONE', optional: true })],
        },
        writes(file),
      ),
    )
    await create('untold', once('true', { env: left('A', { key: 'NONE' }) }, writes(file)))
    // A link could lead to the node's own files.
    await create(
      'misled',
      once('true', { env: left('A', {}) }, writes('mkdir /left/deep; ln -s /etc/shadow /left/deep/env')),
    )
    expect(await ended('told')).toBe('db\nexample|unset\n')
    for (const [name, message] of [
      ['untold', 'environment variable key "NONE" not found in file "deep/env"'],
      ['misled', 'environment variable file "deep/env" not found in volume "left"'],
    ] as const) {
      await until(name, '.status.containerStatuses[0].state.waiting.reason', 'CreateContainerConfigError')
      expect((await statusOf(name))?.state?.waiting?.message).toBe(message)
    }
  })

  test('mounts that are read-only with what is mounted beneath, or without', async () => {
    await inWorker('mkdir -p /var/lib/kubelet/tree/inner && mount -t tmpfs inner /var/lib/kubelet/tree/inner')
    const volumes = [{ name: 'v', hostPath: { path: '/var/lib/kubelet/tree' } }]
    const mount = (name: string, more: object) => ({ name: 'v', mountPath: `/${name}`, readOnly: true, ...more })
    const volumeMounts = [mount('all', { recursiveReadOnly: 'Enabled' }), mount('top', {})]
    const script = 'for f in /all /all/inner /top /top/inner; do touch $f/x 2>/dev/null && echo $f; done; true'
    await create('trees', once(script, { volumeMounts }, { volumes }))
    expect(await ended('trees')).toBe('/top/inner\n')
    expect((await statusOf('trees'))?.volumeMounts).toEqual([
      { name: 'v', mountPath: '/all', readOnly: true, recursiveReadOnly: 'Enabled' },
      { name: 'v', mountPath: '/top', readOnly: true, recursiveReadOnly: 'Disabled' },
      expect.objectContaining({ mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true }),
    ])
  })

  test('a hostname of the pod’s own choice', async () => {
    const spec = once(
      'hostname; hostname -f; cat /etc/hostname',
      {},
      { hostnameOverride: 'db.example.org', subdomain: 'x' },
    )
    await create('named', spec)
    expect(await ended('named')).toBe('db.example.org\n'.repeat(3))
  })

  test('the files of an image as a volume', async () => {
    const volumes = [{ name: 'v', image: { reference: 'busybox:1.36' } }]
    const mount = {
      volumeMounts: [
        { name: 'v', mountPath: '/v' },
        { name: 'v', mountPath: '/s', subPath: 'bin' },
      ],
    }
    await create('image-volume', once('ls -d /v/bin /s/sh; touch /v/x 2>&1 || true', mount, { volumes }))
    expect(await ended('image-volume')).toMatch(/^\/s\/sh\n\/v\/bin\n.*Read-only file system\n$/)
    await create(
      'no-image',
      once('true', mount, { volumes: [{ name: 'v', image: { reference: 'slipway.invalid/no:1' } }] }),
    )
    await until('no-image', '.status.containerStatuses[0].state.waiting.reason', 'ImagePullBackOff')
  })

  test('an environment of 500 KB', async () => {
    const value = '{"k":"v é/&=%"} '.repeat(6_000)
    const env = Array.from({ length: 5 }, (_, i) => ({ name: `V${i}`, value }))
    await create('environment', once('echo ${#V0} ${#V4}', { env }))
    const [first, last] = (await ended('environment')).trim().split(' ')
    // The shell may count bytes or characters.
    expect([String(value.length), String(Buffer.byteLength(value))]).toContain(first)
    expect(last).toBe(first)
  })

  test('paths of the node around and inside the engine’s folder', async () => {
    const paths = ['/', '/var', '/var/lib', '/var/lib/docker/containers']
    await create(
      'collector',
      once(
        'ls -d /h0/var /h1/lib /h2/docker && ls /h3 | head -1',
        { volumeMounts: paths.map((_, i) => ({ name: `h${i}`, mountPath: `/h${i}`, readOnly: true })) },
        { volumes: paths.map((path, i) => ({ name: `h${i}`, hostPath: { path } })) },
      ),
    )
    expect(await ended('collector')).toContain('/h2/docker')
    await cluster.kubectl.ok('debug', `node/${worker}`, '--image=busybox:1.36', '--', 'ls', '/host')
    const list = 'jsonpath={range .items[*]}{.metadata.name}{"\\n"}{end}'
    const debugger_ = (await cluster.kubectl.ok('get', 'pods', '-o', list))
      .split('\n')
      .find((name) => name.startsWith('node-debugger'))
    expect(await ended(debugger_ ?? '')).toMatch(/^var$/m)
  })

  test('a new folder of a subPath with the mode and the group of its volume', async () => {
    await create(
      'subfolder',
      once(
        'stat -c "%a %g" /x && touch /x/f && echo written',
        { volumeMounts: [{ name: 'v', mountPath: '/x', subPath: 'data' }] },
        { securityContext: { runAsUser: 999, fsGroup: 555 }, volumes: [{ name: 'v', emptyDir: {} }] },
      ),
    )
    expect(await ended('subfolder')).toBe('2777 555\nwritten\n')
  })

  test('a subPathExpr, once the annotation that it uses is there', async () => {
    const env = [{ name: 'FOLDER', valueFrom: { fieldRef: { fieldPath: "metadata.annotations['folder']" } } }]
    await create('expression', {
      containers: [
        container('exec sleep 1000', {
          env,
          volumeMounts: [{ name: 'v', mountPath: '/x', subPathExpr: '$(FOLDER)/a' }],
        }),
      ],
      volumes: [{ name: 'v', emptyDir: {} }],
    })
    await until('expression', '.status.containerStatuses[0].state.waiting.reason', 'CreateContainerConfigError')
    await cluster.kubectl.ok('annotate', 'pod', 'expression', 'folder=mended')
    await cluster.kubectl.ok('wait', 'pod/expression', '--for=condition=Ready', '--timeout=60s')
  })

  test('a hosts file and a termination message of its own', async () => {
    await create(
      'own-files',
      once(
        'cat /etc/hosts; echo said > /tmp/said; exit 0',
        {
          terminationMessagePath: '/tmp/said',
          securityContext: { runAsUser: 1000 },
          volumeMounts: [{ name: 'v', mountPath: '/etc/hosts' }],
        },
        { volumes: [{ name: 'v', hostPath: { path: '/etc/hostname', type: 'File' } }] },
      ),
    )
    expect(await ended('own-files')).not.toContain('Kubernetes-managed')
    expect((await statusOf('own-files'))?.state?.terminated?.message).toBe('said\n')
  })

  test.each<[string, PodSpec['securityContext'], string]>([
    ['token-user', { runAsUser: 1000 }, '600 1000 0'],
    ['token-group', { fsGroup: 2000 }, '640 0 2000'],
    ['token-both', { runAsUser: 1000, fsGroup: 2000 }, '640 1000 2000'],
    ['token-root', {}, '644 0 0'],
  ])('a token for its user and group: %s', async (name, securityContext, expected) => {
    const path = '/var/run/secrets/kubernetes.io/serviceaccount/token'
    await create(
      name,
      once(`stat -Lc "%a %u %g" ${path} && test -r ${path}`, {}, { securityContext: { ...securityContext } }),
    )
    expect(await ended(name)).toBe(`${expected}\n`)
  })

  test('a resolv.conf as its spec says, and an event for what does not fit', async () => {
    const searches = Array.from({ length: 33 }, (_, i) => `s${i}.example`)
    const dnsConfig = { nameservers: ['192.0.2.1'], searches, options: [{ name: 'ndots', value: '2' }] }
    await create(
      'resolver',
      once(
        'cat /etc/resolv.conf',
        {},
        { dnsPolicy: 'None', dnsConfig: { ...dnsConfig, searches: searches.slice(0, 32) } },
      ),
    )
    expect(await ended('resolver')).toBe(
      `search ${searches.slice(0, 32).join(' ')}\nnameserver 192.0.2.1\noptions ndots:2\n`,
    )
    await create('resolver-long', once('cat /etc/resolv.conf', {}, { dnsConfig: { searches: searches.slice(0, 31) } }))
    expect(await ended('resolver-long')).toContain('svc.cluster.local')
    await said('resolver-long', 'DNSConfigForming: Search Line limits were exceeded')
  })

  test('a seccomp profile of the worker’s folder, or no start', async () => {
    const secured = (localhostProfile: string): Partial<Container> => ({
      securityContext: { seccompProfile: { type: 'Localhost', localhostProfile } },
    })
    await create('unprofiled', once('true', secured('nope.json')))
    await until('unprofiled', '.status.containerStatuses[0].state.waiting.reason', 'CreateContainerError')
    const profile = JSON.stringify({
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }],
    })
    await inWorker(
      `mkdir -p /var/lib/kubelet/seccomp && printf %s '${profile}' > /var/lib/kubelet/seccomp/no-mkdir.json`,
    )
    await create('profiled', once('mkdir /tmp/x 2>&1 || grep Seccomp: /proc/self/status', secured('no-mkdir.json')))
    expect(await ended('profiled')).toMatch(/not permitted\nSeccomp:\s+2/)
  })
})

describe('what a pod’s status says', () => {
  test('a second init container waits as PodInitializing when the first fails', async () => {
    await create('inits', {
      initContainers: [container('exit 1', { name: 'first' }), container('true', { name: 'second' })],
      containers: [container('true')],
    })
    await until('inits', '.status.initContainerStatuses[0].restartCount', '1')
    const { status } = await get('inits')
    expect(status?.initContainerStatuses?.[1]?.state?.waiting?.reason).toBe('PodInitializing')
    expect(status?.containerStatuses?.[0]?.state?.waiting?.reason).toBe('PodInitializing')
  })

  test('readiness waits for a gate', async () => {
    await create('gated', {
      readinessGates: [{ conditionType: 'example.com/open' }],
      containers: [container('exec sleep 1000')],
    })
    await until('gated', '.status.conditions[?(@.type=="ContainersReady")].status', 'True')
    expect(
      await cluster.kubectl.ok('get', 'pod', 'gated', '-o', 'jsonpath={.status.conditions[?(@.type=="Ready")].reason}'),
    ).toBe('ReadinessGatesNotReady')
    const open = { status: { conditions: [{ type: 'example.com/open', status: 'True' }] } }
    await cluster.kubectl.ok('patch', 'pod', 'gated', '--subresource=status', '-p', JSON.stringify(open))
    await cluster.kubectl.ok('wait', 'pod/gated', '--for=condition=Ready', '--timeout=30s')
  })

  test('a resize by replace is carried out', async () => {
    const limits = { cpu: '100m', memory: '32Mi' }
    await create('replaced', { containers: [container('exec sleep 1000', { resources: { limits } })] })
    await cluster.kubectl.ok('wait', 'pod/replaced', '--for=condition=Ready', '--timeout=60s')
    const pod = await get('replaced')
    const wanted = { cpu: '200m', memory: '48Mi' }
    const [main] = pod.spec?.containers ?? []
    if (main) main.resources = { limits: wanted, requests: wanted }
    const { code, stderr } = await cluster.kubectl.withInput(
      JSON.stringify(pod),
      'replace',
      '--subresource=resize',
      '-f',
      '-',
    )
    expect([code, stderr]).toEqual([0, ''])
    await until('replaced', '.status.containerStatuses[0].resources.limits.memory', '48Mi')
    const files = 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null; true'
    expect(await cluster.kubectl.ok('exec', 'replaced', '--', 'sh', '-c', files)).toBe(`${48 * 2 ** 20}\n`)
  })

  test('a resize beyond the node is infeasible, and given up', async () => {
    const small = { cpu: '100m', memory: '32Mi' }
    await create('infeasible', { containers: [container('exec sleep 1000', { resources: { limits: small } })] })
    await cluster.kubectl.ok('wait', 'pod/infeasible', '--for=condition=Ready', '--timeout=60s')
    const resize = (limits: Record<string, string>): Promise<string> => {
      const spec = { containers: [{ name: 'main', resources: { limits, requests: limits } }] }
      return cluster.kubectl.ok('patch', 'pod', 'infeasible', '--subresource=resize', '-p', JSON.stringify({ spec }))
    }
    await resize({ ...small, cpu: '512' })
    await until('infeasible', '.status.conditions[?(@.type=="PodResizePending")].reason', 'Infeasible')
    expect(await statusOf('infeasible')).toMatchObject({ allocatedResources: small, resources: { limits: small } })
    await resize({ ...small, cpu: '150m' })
    await until('infeasible', '.status.containerStatuses[0].resources.limits.cpu', '150m')
    expect((await get('infeasible')).status?.conditions?.map(({ type }) => type)).not.toContain('PodResizePending')
  })

  test('the resources of the pod as a whole are enforced, resized and told', async () => {
    const resources = { requests: { cpu: '100m', memory: '32Mi' }, limits: { cpu: '200m', memory: '64Mi' } }
    const script = 'trap exit TERM; while :; do sleep 0.2; done'
    await create('whole', { resources, containers: [container(script), container(script, { name: 'other' })] })
    await until('whole', '.status.phase', 'Running')
    const { metadata, status } = await get('whole')
    expect(status).toMatchObject({ qosClass: 'Burstable', allocatedResources: resources.requests, resources })
    // On either version of control groups.
    const group = `kubepods/burstable/pod${metadata.uid}`
    const files = `/sys/fs/cgroup/memory/${group}/memory.limit_in_bytes /sys/fs/cgroup/${group}/memory.max`
    const limit = async (): Promise<string> => (await inWorker(`cat ${files} 2>/dev/null || true`)).trim()
    expect(await limit()).toBe(String(64 * 2 ** 20))
    const next = { spec: { resources: { limits: { cpu: '300m', memory: '96Mi' } } } }
    await cluster.kubectl.ok('patch', 'pod', 'whole', '--subresource=resize', '-p', JSON.stringify(next))
    await until('whole', '.status.resources.limits.memory', '96Mi')
    expect(await limit()).toBe(String(96 * 2 ** 20))
    // Beyond what the pod has, whichever container asks for it.
    const eat = await cluster.kubectl('exec', 'whole', '-c', 'other', '--', 'sh', '-c', 'tail -c 200m /dev/zero')
    expect(eat.code).not.toBe(0)
    expect((await statusOf('whole'))?.restartCount).toBe(0)
    await cluster.kubectl.ok('delete', 'pod', 'whole')
    await expect.poll(limit).toBe('')
  })

  test('an image name that cannot be parsed is InvalidImageName', async () => {
    await create('misnamed', once('true', { image: 'Upper/Case:1' }))
    await until('misnamed', '.status.containerStatuses[0].state.waiting.reason', 'InvalidImageName')
  })

  test('a rule restarts a container of a pod that is never restarted', async () => {
    await create('rules', {
      restartPolicy: 'Never',
      containers: [
        container('test -e /x/again && exit 3; touch /x/again; exit 42', {
          restartPolicy: 'Never',
          restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }],
          volumeMounts: [{ name: 'v', mountPath: '/x' }],
        }),
      ],
      volumes: [{ name: 'v', emptyDir: {} }],
    })
    await until('rules', '.status.phase', 'Failed')
    expect(await statusOf('rules')).toMatchObject({
      restartCount: 1,
      state: { terminated: { exitCode: 3 } },
      lastState: { terminated: { exitCode: 42 } },
    })
  })

  test('a rule restarts all containers of a pod, in the same sandbox, init containers first', async () => {
    const mount = { volumeMounts: [{ name: 'v', mountPath: '/v' }] }
    await create('all-again', {
      restartPolicy: 'Never',
      volumes: [{ name: 'v', emptyDir: {} }],
      initContainers: [container('echo init >> /v/log', { ...mount, name: 'init' })],
      containers: [
        container('[ $(wc -l < /v/log) -gt 1 ] && exit 0; sleep 1; exit 7', {
          ...mount,
          restartPolicy: 'Never',
          restartPolicyRules: [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [7] } }],
        }),
        container('[ $(wc -l < /v/log) -gt 1 ] && exit 0; sleep 1d', { ...mount, name: 'beside' }),
      ],
    })
    await until('all-again', '.status.phase', 'Succeeded')
    const { status } = await get('all-again')
    const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
    expect(all.map(({ name, restartCount }) => [name, restartCount])).toEqual([
      ['init', 1],
      ['main', 1],
      ['beside', 1],
    ])
  })
})

describe('a pod that the node does not run', () => {
  test.each<[string, Partial<PodSpec>, string, string]>([
    [
      'cpu',
      { containers: [container('true', { resources: { requests: { cpu: '512' } } })] },
      'OutOfcpu',
      'requested: 512000',
    ],
    [
      'memory',
      { containers: [container('true', { resources: { requests: { memory: '64Ti' } } })] },
      'OutOfmemory',
      'memory',
    ],
    ['system', { os: { name: 'windows' } }, 'PodOSNotSupported', 'OS field'],
    ['selector', { nodeSelector: { nobody: 'has-it' } }, 'NodeAffinity', "didn't match Pod's node affinity/selector"],
    [
      'sysctl',
      { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '9000' }] } },
      'SysctlForbidden',
      'not allowlisted',
    ],
  ])('%s', async (what, spec, reason, message) => {
    const name = `refused-${what}`
    await create(name, { nodeName: worker, containers: [container('true')], ...spec })
    await until(name, '.status.reason', reason)
    const { status } = await get(name)
    expect(status).toMatchObject({ phase: 'Failed' })
    expect(status?.message).toContain('Pod was rejected: ')
    expect(status?.message).toContain(message)
    expect(status?.containerStatuses).toBeUndefined()
    await said(name, `${reason}: `)
  })

  test('a safe sysctl is set', async () => {
    const sysctls = [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '81' }]
    await create(
      'sysctl',
      once('cat /proc/sys/net/ipv4/ip_unprivileged_port_start', {}, { securityContext: { sysctls } }),
    )
    expect(await ended('sysctl')).toBe('81\n')
  })
})

test('pods that use more disk than they may are evicted', async () => {
  const write = (path: string): string => `dd if=/dev/zero of=${path} bs=1M count=20 2>/dev/null; exec sleep 1000`
  const mount = { volumeMounts: [{ name: 'e', mountPath: '/e' }] }
  const limits = { 'ephemeral-storage': '10Mi' }
  await Promise.all([
    create('sized', {
      containers: [container(write('/e/f'), mount)],
      volumes: [{ name: 'e', emptyDir: { sizeLimit: '5Mi' } }],
    }),
    create('roomy', {
      containers: [container(write('/e/f'), mount)],
      volumes: [{ name: 'e', emptyDir: { sizeLimit: '50Mi' } }],
    }),
    create('rooted', { containers: [container(write('/root-file'), { resources: { limits } })] }),
  ])
  const messages = {
    sized: 'Usage of EmptyDir volume "e" exceeds the limit "5Mi". ',
    rooted: 'Pod ephemeral local storage usage exceeds the total limit of containers 10Mi. ',
  }
  for (const [name, message] of Object.entries(messages)) {
    await until(name, '.status.phase', 'Failed')
    expect((await get(name)).status).toMatchObject({ reason: 'Evicted', message })
    await said(name, `Evicted: ${message.trim()}`)
  }
  expect((await get('roomy')).status?.phase).toBe('Running')
})

test('a container that names its stop signal is ended by it, and says so', async () => {
  const wait = 'trap "echo told; exit 7" USR1; trap "exit 1" TERM QUIT; echo ready; while :; do sleep 0.05; done'
  const named = container(wait, { lifecycle: { stopSignal: 'SIGUSR1' } })
  await create('signalled', {
    os: { name: 'linux' },
    terminationGracePeriodSeconds: 30,
    restartPolicy: 'Never',
    containers: [named],
  })
  await expect.poll(() => cluster.kubectl.ok('logs', 'signalled').catch(() => ''), { timeout: 20_000 }).toBe('ready\n')
  await until('signalled', '.status.containerStatuses[0].stopSignal', 'SIGUSR1')
  const follower = cluster.kubectl.start('logs', '-f', 'signalled')
  await cluster.kubectl.ok('delete', 'pod', 'signalled', '--wait=false')
  expect(await follower.output(/told/)).toBe('ready\ntold\n')
})

test('who follows a log loses no line while its files come and go', async () => {
  // The engine keeps three files of 10 MB and fills one in less than a second.
  const script =
    'trap exit TERM; x=$(head -c 8000 /dev/zero | tr "\\0" x); echo 0 ready; until [ -e /go ]; do sleep 0.1; done; for i in $(seq 8000); do echo "$i $x"; done'
  await create('rotating', once(script))
  await until('rotating', '.status.phase', 'Running')
  const follower = cluster.kubectl.start('logs', '-f', 'rotating')
  // The iterator keeps lines from its creation on: those that come before are lost.
  const lines = createInterface({ input: follower.child.stdout })[Symbol.asyncIterator]()
  expect((await lines.next()).value).toBe('0 ready')
  await cluster.kubectl.ok('exec', 'rotating', '--', 'touch', '/go')
  let last = 0
  for await (const line of lines) expect(Number(line.slice(0, line.indexOf(' ')))).toBe(++last)
  expect(last).toBe(8_000)
})
