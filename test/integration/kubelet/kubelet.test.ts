import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ContainerStatus, Pod, PodSpec } from '#shared/kube/generated/types.ts'
import { startDockerCluster, type DockerCluster } from '../../support/docker-cluster.ts'

/** The kubelet of a real worker, over its real Docker Engine. One worker serves all tests here. */
let cluster: DockerCluster
/** Of its own: several runs may share an engine. */
const clusterName = `kubelet-${process.pid}`
const worker = `${clusterName}-worker-1`
const docker = (...args: string[]): Promise<{ stdout: string; stderr: string }> => promisify(execFile)('docker', args)
const inWorker = async (script: string): Promise<string> =>
  (await docker('exec', `slipway-${worker}`, 'sh', '-c', script)).stdout

beforeAll(async () => {
  cluster = await startDockerCluster({ name: clusterName })
})
afterAll(() => cluster?.remove())

const container = (
  script: string,
  more: Partial<PodSpec['containers'][number]> = {},
): PodSpec['containers'][number] => ({
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
  await apply(pod)
}
async function apply(...objects: unknown[]): Promise<void> {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
  const { code, stderr } = await cluster.kubectl.withInput(list, 'apply', '-f', '-')
  if (code !== 0) throw new Error(stderr)
}
const get = async (name: string): Promise<Pod> =>
  JSON.parse(await cluster.kubectl.ok('get', 'pod', name, '-o', 'json')) as Pod
const until = (name: string, path: string, value: string): Promise<void> =>
  cluster.kubectl.waitForValue(`pod/${name}`, `{${path}}`, value)
const ready = (name: string): Promise<string> =>
  cluster.kubectl.ok('wait', `pod/${name}`, '--for=condition=Ready', '--timeout=60s')
const statusOf = async (name: string): Promise<ContainerStatus | undefined> =>
  (await get(name)).status?.containerStatuses?.[0]
const conditionsOf = async (name: string): Promise<Record<string, string>> =>
  Object.fromEntries(((await get(name)).status?.conditions ?? []).map(({ type, status }) => [type, status]))

/** Runs a command as from a terminal whose user types nothing. */
async function inTerminal(command: string): Promise<{ code: number | null; output: string }> {
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env: { ...process.env, KUBECONFIG: join(cluster.dir, 'kubeconfig') },
  })
  let output = ''
  child.stdout.on('data', (chunk) => (output += String(chunk)))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output }
}

describe('what a container is given', () => {
  test('environment from every source, expanded in its order', async () => {
    await apply(
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'env' }, data: { COLOUR: 'red', SIZE: 'large' } },
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'env' }, stringData: { password: 'wave' } },
    )
    await create('env', {
      restartPolicy: 'Never',
      containers: [
        container('env; echo "args=$0 $1"', {
          args: ['$(COLOUR)', '$$(COLOUR)'],
          resources: { limits: { cpu: '500m', memory: '64Mi' } },
          envFrom: [{ configMapRef: { name: 'env' } }, { prefix: 'P_', secretRef: { name: 'env' } }],
          env: [
            { name: 'KEY', valueFrom: { secretKeyRef: { name: 'env', key: 'password' } } },
            { name: 'JOINED', value: '$(KEY)-$(SIZE)-$(NOBODY)' },
            { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
            { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
            { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
          ],
        }),
      ],
    })
    await until('env', '.status.phase', 'Succeeded')
    const printed = (await cluster.kubectl.ok('logs', 'env')).split('\n')
    const { status } = await get('env')
    expect(printed).toEqual(
      expect.arrayContaining([
        'COLOUR=red',
        'P_password=wave',
        'JOINED=wave-large-$(NOBODY)',
        'POD=env',
        `IP=${status?.podIP ?? ''}`,
        'MEMORY=64',
        'KUBERNETES_SERVICE_HOST=10.96.0.1',
        'args=red $(COLOUR)',
      ]),
    )
  })

  test('volumes: modes, live updates of a ConfigMap, subPath, memory of its size', async () => {
    await apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'files' }, data: { a: 'one', b: 'two' } })
    await create(
      'volumes',
      {
        securityContext: { fsGroup: 2000 },
        containers: [
          container('exec sleep 1000', {
            volumeMounts: [
              { name: 'files', mountPath: '/files' },
              { name: 'files', mountPath: '/etc/one', subPath: 'a' },
              { name: 'memory', mountPath: '/memory' },
              { name: 'about', mountPath: '/about' },
            ],
          }),
        ],
        volumes: [
          {
            name: 'files',
            configMap: {
              name: 'files',
              items: [
                { key: 'a', path: 'a', mode: 0o400 },
                { key: 'b', path: 'sub/b' },
              ],
            },
          },
          { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
          { name: 'about', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
        ],
      },
      { labels: { tide: 'low' } },
    )
    await ready('volumes')
    const run = (script: string): Promise<string> => cluster.kubectl.ok('exec', 'volumes', '--', 'sh', '-c', script)
    expect(await run('cat /files/a /files/sub/b /etc/one')).toBe('onetwoone')
    expect(await run('stat -Lc "%a %g" /files/a')).toBe('440 2000\n')
    expect(await run('df -k /memory | tail -1')).toMatch(/ 1024 /)
    expect(await run('cat /about/labels')).toBe('tide="low"')
    const before = await run('readlink /files/..data')

    await cluster.kubectl.ok('label', 'pod', 'volumes', 'tide=high', '--overwrite')
    await cluster.kubectl.ok('patch', 'configmap', 'files', '-p', '{"data":{"a":"changed"}}')
    await expect
      .poll(() => run('cat /files/a /about/labels'), { timeout: 90_000, interval: 1_000 })
      .toBe('changedtide="high"')
    expect(await run('readlink /files/..data')).not.toBe(before)
    expect(await run('cat /etc/one')).toBe('one')
  })

  test('a claim that is bound to a folder of the node', async () => {
    await apply(
      {
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: { name: 'kept' },
        spec: {
          capacity: { storage: '1Gi' },
          accessModes: ['ReadWriteOnce'],
          storageClassName: '',
          hostPath: { path: '/var/lib/kept' },
        },
      },
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'kept' },
        spec: {
          accessModes: ['ReadWriteOnce'],
          storageClassName: '',
          volumeName: 'kept',
          resources: { requests: { storage: '1Gi' } },
        },
      },
    )
    await create('claims', {
      restartPolicy: 'Never',
      containers: [container('echo cargo > /data/file', { volumeMounts: [{ name: 'd', mountPath: '/data' }] })],
      volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'kept' } }],
    })
    await until('claims', '.status.phase', 'Succeeded')
    await cluster.kubectl.ok('delete', 'pod', 'claims')
    expect(await inWorker('cat /var/lib/kept/file')).toBe('cargo\n')
  })

  test('users, capabilities and limits', async () => {
    await create('secured', {
      securityContext: { runAsUser: 1000, runAsGroup: 3000, supplementalGroups: [4000] },
      hostAliases: [{ ip: '192.0.2.7', hostnames: ['lighthouse'] }],
      hostname: 'pier',
      containers: [
        container('exec sleep 1000', {
          resources: { limits: { cpu: '250m', memory: '32Mi' } },
          securityContext: {
            readOnlyRootFilesystem: true,
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
          },
        }),
      ],
    })
    await ready('secured')
    const run = (script: string): Promise<string> => cluster.kubectl.ok('exec', 'secured', '--', 'sh', '-c', script)
    expect(await run('id -u; id -G; hostname; grep -E "NoNewPrivs|CapBnd" /proc/self/status')).toMatch(
      /^1000\n3000 4000\npier\nCapBnd:\s0+\nNoNewPrivs:\s1\n$/,
    )
    expect(await run('touch /file 2>&1 || true')).toContain('Read-only file system')
    expect(await run('grep lighthouse /etc/hosts')).toContain('192.0.2.7')
    expect(await run('cat /etc/resolv.conf')).toMatch(
      /search default\.svc\.cluster\.local.*\nnameserver 10\.96\.0\.10\n/,
    )
  })
})

describe('how a pod runs', () => {
  test('init containers in turn, a sidecar beside, then the rest', async () => {
    const log = { volumeMounts: [{ name: 'd', mountPath: '/d' }] }
    await create('inits', {
      restartPolicy: 'Never',
      initContainers: [
        container('echo first >> /d/log', { name: 'first', ...log }),
        container('echo sidecar >> /d/log; exec sleep 1000', { name: 'sidecar', restartPolicy: 'Always', ...log }),
        container('echo second >> /d/log', { name: 'second', ...log }),
      ],
      containers: [container('cat /d/log', log)],
      volumes: [{ name: 'd', emptyDir: {} }],
    })
    await until('inits', '.status.phase', 'Succeeded')
    expect(await cluster.kubectl.ok('logs', 'inits')).toBe('first\nsidecar\nsecond\n')
    const { status } = await get('inits')
    expect(status?.initContainerStatuses?.map(({ name, state }) => [name, state?.terminated !== undefined])).toEqual([
      ['first', true],
      ['sidecar', true],
      ['second', true],
    ])
  })

  test('a pod that ends tells its readiness, then stops its sidecars one by one, the last first', async () => {
    const note = (name: string) =>
      `trap 'sleep 1; echo ${name} >> /notes/order; exit 0' TERM; while :; do sleep 0.1; done`
    const notes = { volumeMounts: [{ name: 'notes', mountPath: '/notes' }] }
    await create('ends', {
      terminationGracePeriodSeconds: 60,
      initContainers: ['first', 'second'].map((name) =>
        container(note(name), { name, restartPolicy: 'Always', ...notes }),
      ),
      containers: [
        container(
          `trap 'rm /ready; sleep 5; echo main >> /notes/order; exit 0' TERM; touch /ready; while :; do sleep 0.1; done`,
          {
            readinessProbe: { exec: { command: ['test', '-e', '/ready'] }, periodSeconds: 1, failureThreshold: 1 },
            ...notes,
          },
        ),
      ],
      volumes: [{ name: 'notes', hostPath: { path: '/var/lib/notes', type: 'DirectoryOrCreate' } }],
    })
    await ready('ends')
    await cluster.kubectl.ok('delete', 'pod', 'ends', '--wait=false')
    await until('ends', '.status.containerStatuses[0].ready', 'false')
    expect((await statusOf('ends'))?.state?.running).toBeDefined()
    await cluster.kubectl.waitForDeletion('pod', 'ends')
    expect(await inWorker('cat /var/lib/notes/order')).toBe('main\nsecond\nfirst\n')
  })

  test('Ready follows the readiness probe; a failed liveness probe restarts', async () => {
    await create('probed', {
      containers: [
        container('touch /alive; exec sleep 1000', {
          readinessProbe: { exec: { command: ['test', '-e', '/ready'] }, periodSeconds: 1 },
          livenessProbe: { exec: { command: ['test', '-e', '/alive'] }, periodSeconds: 1, failureThreshold: 2 },
        }),
      ],
    })
    await until('probed', '.status.containerStatuses[0].started', 'true')
    expect(await conditionsOf('probed')).toMatchObject({ Ready: 'False', Initialized: 'True', PodScheduled: 'True' })
    await cluster.kubectl.ok('exec', 'probed', '--', 'touch', '/ready')
    await ready('probed')
    await cluster.kubectl.ok('exec', 'probed', '--', 'rm', '/alive')
    await until('probed', '.status.containerStatuses[0].restartCount', '1')
    await expect
      .poll(() => cluster.kubectl.ok('get', 'events', '--field-selector', 'involvedObject.name=probed'), {
        timeout: 10_000,
      })
      .toMatch(/Unhealthy.*Liveness probe failed[^]*Killing.*failed liveness probe, will be restarted/)
  })

  test('the end of a container is told: exit code, message, memory', async () => {
    await create('message', {
      restartPolicy: 'Never',
      containers: [container('echo from the file > /dev/termination-log; exit 7')],
    })
    await create('fallback', {
      restartPolicy: 'Never',
      containers: [container('echo from the log; exit 1', { terminationMessagePolicy: 'FallbackToLogsOnError' })],
    })
    await create('hungry', {
      restartPolicy: 'Never',
      containers: [
        container('exec dd if=/dev/zero of=/dev/null bs=64M', { resources: { limits: { memory: '16Mi' } } }),
      ],
    })
    for (const name of ['message', 'fallback', 'hungry']) await until(name, '.status.phase', 'Failed')
    expect((await statusOf('message'))?.state?.terminated).toMatchObject({
      exitCode: 7,
      reason: 'Error',
      message: 'from the file\n',
    })
    expect((await statusOf('fallback'))?.state?.terminated?.message).toBe('from the log\n')
    // The engine tells of the end first, and why a moment later.
    await until('hungry', '.status.containerStatuses[0].state.terminated.reason', 'OOMKilled')
    expect((await statusOf('hungry'))?.state?.terminated).toMatchObject({ exitCode: 137, reason: 'OOMKilled' })
  })

  test('a resize reaches the running container', async () => {
    const limits = { cpu: '200m', memory: '64Mi' }
    await create('resized', { containers: [container('exec sleep 1000', { resources: { requests: limits, limits } })] })
    await ready('resized')
    const wanted = { cpu: '300m', memory: '80Mi' }
    await cluster.kubectl.ok(
      'patch',
      'pod',
      'resized',
      '--subresource',
      'resize',
      '-p',
      JSON.stringify({ spec: { containers: [{ name: 'main', resources: { requests: wanted, limits: wanted } }] } }),
    )
    await until('resized', '.status.containerStatuses[0].resources.limits.memory', '80Mi')
    const files = 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null; true'
    expect(await cluster.kubectl.ok('exec', 'resized', '--', 'sh', '-c', files)).toBe(`${80 * 2 ** 20}\n`)
    expect((await statusOf('resized'))?.restartCount).toBe(0)
  })

  test('an ephemeral container sees the processes of its target', async () => {
    await create('debugged', { containers: [container('exec sleep 4321')] })
    await ready('debugged')
    await cluster.kubectl.ok(
      'debug',
      'debugged',
      '--image=busybox:1.36',
      '--container=look',
      '--target=main',
      '--profile=general',
      '--',
      'sh',
      '-c',
      'ps; sleep 1000',
    )
    await expect
      .poll(() => cluster.kubectl.ok('logs', 'debugged', '-c', 'look'), { timeout: 30_000 })
      .toContain('sleep 4321')
    expect((await get('debugged')).status?.ephemeralContainerStatuses?.[0]?.state?.running).toBeDefined()
  })

  test('a terminal in a container that ends at once ends with it', async () => {
    const runs = Array.from({ length: 8 }, (_, i) =>
      inTerminal(`kubectl run -it --rm quick-${i} --image=busybox:1.36 \
      --restart=Never -- sh -c 'echo quick; sleep 0.0${i}; exit 5'`),
    )
    for (const { code, output } of await Promise.all(runs)) {
      expect(output).toMatch(/pod "quick-\d" deleted/)
      expect(code).toBe(5)
    }
  })

  test('one container without an image does not hold the others up, nor the end of the pod', async () => {
    await create('half', {
      containers: [container('exec sleep 1000'), { name: 'lost', image: 'slipway.invalid/none:1' }],
    })
    await until('half', '.status.containerStatuses[?(@.name=="lost")].state.waiting.reason', 'ImagePullBackOff')
    expect((await get('half')).status?.containerStatuses?.find(({ name }) => name === 'main')?.ready).toBe(true)
    await cluster.kubectl.ok('delete', 'pod', 'half')
  })

  test('what is missing is said, and taken when it comes', async () => {
    await create('waits', {
      containers: [
        container('exec sleep 1000', {
          env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'later', key: 'a' } } }],
        }),
      ],
    })
    await until('waits', '.status.containerStatuses[0].state.waiting.reason', 'CreateContainerConfigError')
    expect((await statusOf('waits'))?.state?.waiting?.message).toBe('configmap "later" not found')
    await cluster.kubectl.ok('create', 'configmap', 'later', '--from-literal=a=b')
    await ready('waits')
  })
})

test('an HTTP hook has succeeded when it is answered, whatever the answer', async () => {
  await create('hook404', {
    initContainers: [
      container('exec httpd -f -p 8081 -h /tmp', {
        name: 'server',
        restartPolicy: 'Always',
        startupProbe: { tcpSocket: { port: 8081 }, periodSeconds: 1 },
      }),
    ],
    containers: [
      container('exec sleep 1000', { lifecycle: { postStart: { httpGet: { path: '/nope', port: 8081 } } } }),
    ],
  })
  await ready('hook404')
  expect((await statusOf('hook404'))?.restartCount).toBe(0)
})

describe('how a pod ends', () => {
  test('a second, shorter delete cuts the first one’s grace', async () => {
    await create('stubborn', {
      terminationGracePeriodSeconds: 600,
      containers: [container('trap "" TERM; touch /begun; while true; do sleep 1; done')],
    })
    await ready('stubborn')
    await cluster.kubectl.ok('exec', 'stubborn', '--', 'sh', '-c', 'until test -e /begun; do sleep 0.1; done')
    const { metadata } = await get('stubborn')
    await cluster.kubectl.ok('delete', 'pod', 'stubborn', '--wait=false')
    await cluster.kubectl.ok('delete', 'pod', 'stubborn', '--force', '--grace-period=0')
    await expect.poll(() => inWorker(`ls /var/lib/kubelet/pods | grep -c ${metadata.uid ?? ''} || true`)).toBe('0\n')
  })

  test('preStop runs before SIGTERM', async () => {
    await create('hooked', {
      terminationGracePeriodSeconds: 20,
      containers: [
        container('trap "echo term >> /d/log; exit 0" TERM; while true; do sleep 0.1; done', {
          lifecycle: { preStop: { exec: { command: ['sh', '-c', 'echo stop >> /d/log'] } } },
          volumeMounts: [{ name: 'd', mountPath: '/d' }],
        }),
      ],
      volumes: [{ name: 'd', hostPath: { path: '/var/lib/hooked', type: 'DirectoryOrCreate' } }],
    })
    await ready('hooked')
    await cluster.kubectl.ok('delete', 'pod', 'hooked')
    expect(await inWorker('cat /var/lib/hooked/log')).toBe('stop\nterm\n')
  })
})

describe('what runs beside the pods', () => {
  test('containerd looks for garbage every ten seconds, not four times a second', async () => {
    const settings = await inWorker('/usr/bin/containerd --config /run/docker/containerd/containerd.toml config dump')
    expect(settings).toMatch(/pause_threshold = 0\.0005$/m)
  })

  test('the young generation of the agent, and what it keeps of freed memory, are small', async () => {
    const variables = await inWorker("tr '\\0' '\\n' < /proc/$(pgrep -xo node)/environ")
    expect(variables).toMatch(/^NODE_OPTIONS=--max-semi-space-size=2$/m)
    expect(variables).toMatch(/^MALLOC_ARENA_MAX=2$/m)
  })
})

describe('the agent', () => {
  test('finds its pods again after a restart, running, ready and untouched', async () => {
    await create('calm', {
      containers: [
        container('exec sleep 1000', { readinessProbe: { exec: { command: ['true'] }, initialDelaySeconds: 4 } }),
      ],
    })
    await ready('calm')
    const before = await get('calm')
    await inWorker('pkill -TERM -f "node /opt/slipway/[a]gent.cjs"')
    await expect
      .poll(
        async () => {
          const { stdout, stderr } = await docker('logs', `slipway-${worker}`)
          return (stdout + stderr).split('the worker is ready').length
        },
        { timeout: 30_000 },
      )
      .toBeGreaterThan(2)
    const after = await get('calm')
    expect(after.status?.containerStatuses?.[0]?.containerID).toBe(before.status?.containerStatuses?.[0]?.containerID)
    expect(after.status?.conditions?.find(({ type }) => type === 'Ready')).toEqual(
      before.status?.conditions?.find(({ type }) => type === 'Ready'),
    )
  })
})
