import { execFile } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  CoreV1Api,
  Exec,
  KubeConfig,
  Log,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
} from '@kubernetes/client-node'
import { PassThrough, Writable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createKubectl, type Kubectl } from '../support/kubectl.ts'
import { runSlipway, slipwayUp, type Slipway } from '../support/slipway.ts'

/** The built app with three real workers, used with the real kubectl and client library. One cluster serves all tests here. */
const root = join(import.meta.dirname, '../..')
const sample = (name: string): string => join(root, 'resources/manifests/samples', `${name}.yaml`)
/** Of its own: several runs may share an engine. */
const cluster = `it-${process.pid}`
const docker = async (...args: string[]): Promise<string> => (await promisify(execFile)('docker', args)).stdout

let slipway: Slipway
let kubectl: Kubectl

beforeAll(async () => {
  slipway = await slipwayUp({ name: cluster, args: ['--workers', '3'], rm: false })
  kubectl = createKubectl(slipway.kubeconfig)
})
afterAll(async () => {
  await slipway?.run('delete', cluster)
  await slipway?.end()
})

const podsOf = async (namespace: string, selector: string): Promise<{ name: string; node: string; uid: string }[]> => {
  const list = JSON.parse(await kubectl.ok('get', 'pods', '-n', namespace, '-l', selector, '-o', 'json')) as {
    items: { metadata: { name: string; uid: string }; spec: { nodeName: string } }[]
  }
  return list.items.map(({ metadata, spec }) => ({ name: metadata.name, node: spec.nodeName, uid: metadata.uid }))
}

describe('up', () => {
  test('says on one line what a script needs', () => {
    expect(slipway.ready).toMatchObject({
      ready: true,
      name: cluster,
      workers: [`${cluster}-worker-1`, `${cluster}-worker-2`, `${cluster}-worker-3`],
    })
    expect(slipway.ready.server).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
    expect(slipway.ready.ui).toMatch(/^http:\/\/localhost:\d+\/\?token=/)
  })

  test('writes credentials for the owner alone, and puts none into the engine’s records', async () => {
    expect((await stat(slipway.kubeconfig)).mode & 0o777).toBe(0o600)
    const key = /client-key-data: (\S+)/.exec(await readFile(slipway.kubeconfig, 'utf8'))?.[1] ?? ''
    expect(key.length).toBeGreaterThan(100)
    const inspected = await docker('inspect', `slipway-${cluster}-worker-1`)
    expect(inspected).not.toContain('PRIVATE KEY')
    expect(inspected).not.toContain(key)
  })

  test('publishes nothing but one loopback port a worker', async () => {
    const ports = await docker('ps', '--filter', `label=slipway.dev/cluster=${cluster}`, '--format', '{{.Ports}}')
    for (const line of ports.trim().split('\n')) expect(line).toMatch(/^127\.0\.0\.1:\d+->10650\/tcp$/)
  })

  test('three nodes are Ready, each with a range of its own', async () => {
    const { items } = JSON.parse(await kubectl.ok('get', 'nodes', '-o', 'json')) as {
      items: { spec: { podCIDR: string }; status: { conditions: { type: string; status: string }[] } }[]
    }
    expect(items).toHaveLength(3)
    expect(new Set(items.map(({ spec }) => spec.podCIDR)).size).toBe(3)
    for (const { status } of items) expect(status.conditions.find(({ type }) => type === 'Ready')?.status).toBe('True')
  })

  test('a second process is told that the folder is in use', async () => {
    const { code, stderr } = await slipway.run('up', '--name', cluster, '--data', slipway.data)
    expect(code).toBe(1)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(stderr).toContain('another Slipway uses')
  })
})

describe('the guestbook', () => {
  beforeAll(async () => {
    await kubectl.ok('apply', '-f', sample('guestbook'))
    await kubectl.ok('rollout', 'status', '-n', 'guestbook', 'deployment/redis', '--timeout=60s')
    await kubectl.ok('rollout', 'status', '-n', 'guestbook', 'deployment/frontend', '--timeout=60s')
  })

  test('is spread over the workers', async () => {
    const pods = await podsOf('guestbook', 'tier=frontend')
    expect(new Set(pods.map(({ node }) => node)).size).toBe(3)
  })

  test('finds its parts by DNS, keeps an entry, and serves it from every replica', async () => {
    const [first] = await podsOf('guestbook', 'tier=frontend')
    const inside = (script: string): Promise<string> =>
      kubectl.ok('exec', '-n', 'guestbook', first?.name ?? '', '--', 'sh', '-c', script)
    expect(await inside('nslookup redis.guestbook.svc.cluster.local')).toContain(
      'Name:	redis.guestbook.svc.cluster.local',
    )
    await inside('wget -q -T 5 -O- "http://frontend/cgi-bin/guestbook?entry=ahoy"')
    const served = new Set<string>()
    for (let i = 0; i < 40 && served.size < 3; i++) {
      const page = await inside('wget -q -T 5 -O- http://frontend/cgi-bin/guestbook')
      expect(page).toContain('ahoy')
      served.add(/served by (\S+)/.exec(page)?.[1] ?? '')
    }
    expect(served.size).toBe(3)
  })

  test('keeps its entries when Redis moves to another worker', async () => {
    const [redis] = await podsOf('guestbook', 'tier=backend')
    await kubectl.ok('cordon', redis?.node ?? '')
    await kubectl.ok('delete', 'pod', '-n', 'guestbook', redis?.name ?? '')
    await kubectl.ok('rollout', 'status', '-n', 'guestbook', 'deployment/redis', '--timeout=60s')
    await kubectl.ok('uncordon', redis?.node ?? '')
    const [moved] = await podsOf('guestbook', 'tier=backend')
    expect(moved?.node).not.toBe(redis?.node)
    const script = 'redis-cli -a "$REDIS_PASSWORD" --no-auth-warning lrange entries 0 -1'
    expect(await kubectl.ok('exec', '-n', 'guestbook', moved?.name ?? '', '--', 'sh', '-c', script)).toBe('ahoy\n')
  })

  test('logs are followed, and previous ones refused where there are none', async () => {
    const [pod] = await podsOf('guestbook', 'tier=frontend')
    const follow = kubectl.start('logs', '-f', '-n', 'guestbook', pod?.name ?? '')
    await kubectl.ok(
      'exec',
      '-n',
      'guestbook',
      pod?.name ?? '',
      '--',
      'wget',
      '-q',
      '-O-',
      'http://127.0.0.1:8080/?mark',
    )
    await follow.output(/mark|127\.0\.0\.1/)
    await follow.stop()
    const { code, stderr } = await kubectl('logs', '-p', '-n', 'guestbook', pod?.name ?? '')
    expect(code).toBe(1)
    expect(stderr).toContain('previous terminated container')
  })

  test('exec hands back exit codes, and carries standard input', async () => {
    const [pod] = await podsOf('guestbook', 'tier=frontend')
    const { code } = await kubectl('exec', '-n', 'guestbook', pod?.name ?? '', '--', 'sh', '-c', 'exit 7')
    expect(code).toBe(7)
    const echoed = await kubectl.withInput(
      'over the tunnel',
      'exec',
      '-i',
      '-n',
      'guestbook',
      pod?.name ?? '',
      '--',
      'cat',
    )
    expect(echoed.stdout).toBe('over the tunnel')
    const missing = await kubectl('exec', '-n', 'guestbook', pod?.name ?? '', '--', 'no-such-program')
    expect(missing.code).not.toBe(0)
    expect(missing.stderr).toContain('executable file not found')
  })

  test('cp brings a file there and back', async () => {
    const [pod] = await podsOf('guestbook', 'tier=frontend')
    const at = `guestbook/${pod?.name ?? ''}:/tmp/license`
    await kubectl.ok('cp', join(root, 'LICENSE'), at)
    const back = join(slipway.data, 'license')
    await kubectl.ok('cp', at, back)
    expect(await readFile(back, 'utf8')).toBe(await readFile(join(root, 'LICENSE'), 'utf8'))
  })

  test('port-forward reaches the pod', async () => {
    const forward = kubectl.start('port-forward', '-n', 'guestbook', 'service/frontend', ':80')
    const port = /127\.0\.0\.1:(\d+)/.exec(await forward.output(/Forwarding from 127\.0\.0\.1:\d+/))?.[1] ?? ''
    const page = await fetch(`http://127.0.0.1:${port}/`)
    expect(await page.text()).toContain('Guestbook')
    await forward.stop()
  })

  test('scale, rolling update and undo', async () => {
    await kubectl.ok('scale', '-n', 'guestbook', 'deployment/frontend', '--replicas=5')
    await kubectl.ok('rollout', 'status', '-n', 'guestbook', 'deployment/frontend', '--timeout=60s')
    await kubectl.ok('set', 'env', '-n', 'guestbook', 'deployment/frontend', 'VERSION=2')
    await kubectl.ok('rollout', 'status', '-n', 'guestbook', 'deployment/frontend', '--timeout=90s')
    expect(await kubectl.ok('rollout', 'history', '-n', 'guestbook', 'deployment/frontend')).toMatch(/2\s+<none>/)
    await kubectl.ok('rollout', 'undo', '-n', 'guestbook', 'deployment/frontend')
    await kubectl.ok('rollout', 'status', '-n', 'guestbook', 'deployment/frontend', '--timeout=90s')
    const pods = await podsOf('guestbook', 'tier=frontend')
    expect(pods.length).toBeGreaterThanOrEqual(5)
  })
})

describe('the other samples', () => {
  test.each([
    ['web', ['wait', 'deployment/web', '--for=condition=Available', '--timeout=60s']],
    ['job', ['wait', 'job/count', '--for=condition=Complete', '--timeout=90s']],
    ['daemonset', ['rollout', 'status', 'daemonset/load', '--timeout=60s']],
    ['init-and-config', ['wait', 'pod/greeter', '--for=condition=Ready', '--timeout=60s']],
  ])('%s runs', async (name, wait) => {
    await kubectl.ok('apply', '-f', sample(name))
    await kubectl.ok(...wait)
  })

  test('what they print is theirs', async () => {
    expect(await kubectl.ok('logs', 'greeter')).toContain('Hello, harbour')
    expect(await kubectl.ok('logs', '-l', 'job-name=count', '--tail=-1')).toContain('piece 5: 3 of 3')
    await kubectl.ok(
      'delete',
      'deployment/web',
      'service/web',
      'job/count',
      'daemonset/load',
      'pod/greeter',
      '--timeout=60s',
    )
  })
})

describe('pods', () => {
  test('a crashing container is restarted with back-off, and its last log kept', async () => {
    await kubectl.ok('run', 'crash', '--image=busybox:1.36', '--', 'sh', '-c', 'echo last words; exit 3')
    await kubectl.waitForValue('pod/crash', '{.status.containerStatuses[0].state.waiting.reason}', 'CrashLoopBackOff')
    expect(await kubectl.ok('logs', '-p', 'crash')).toContain('last words')
    expect(
      await kubectl.ok(
        'get',
        'pod',
        'crash',
        '-o',
        'jsonpath={.status.containerStatuses[0].lastState.terminated.exitCode}',
      ),
    ).toBe('3')
    await kubectl.ok('delete', 'pod', 'crash')
  })

  test('an image that nobody has is said so', async () => {
    await kubectl.ok('run', 'lost', '--image=slipway.invalid/none:1')
    // The first reason is there for a moment only.
    const reason = '{.status.containerStatuses[0].state.waiting.reason}'
    await kubectl.waitForValue('pod/lost', reason, /^(ErrImagePull|ImagePullBackOff)$/)
    await expect
      .poll(() => kubectl.ok('get', 'events', '--field-selector=involvedObject.name=lost'), { timeout: 30_000 })
      .toContain('Failed to pull image "slipway.invalid/none:1"')
    await kubectl.ok('delete', 'pod', 'lost', '--wait=false')
  })

  test('reach the API server with their own token, and no further than their rights', async () => {
    await kubectl.ok('run', 'api', '--image=busybox:1.36', '--', 'sleep', '1000')
    await kubectl.ok('wait', 'pod/api', '--for=condition=Ready', '--timeout=60s')
    const token = await kubectl.ok('exec', 'api', '--', 'cat', '/var/run/secrets/kubernetes.io/serviceaccount/token')
    expect(token.split('.')).toHaveLength(3)
    const reached = await kubectl.ok(
      'exec',
      'api',
      '--',
      'sh',
      '-c',
      'echo | nc -w 3 $KUBERNETES_SERVICE_HOST $KUBERNETES_SERVICE_PORT && echo reached',
    )
    expect(reached).toContain('reached')
    const { stdout } = await kubectl('auth', 'can-i', 'list', 'secrets', '--as=system:serviceaccount:default:default')
    expect(stdout.trim()).toBe('no')
    await kubectl.ok('delete', 'pod', 'api', '--grace-period=1')
  })
})

describe('@kubernetes/client-node', () => {
  const config = (): KubeConfig => {
    const kc = new KubeConfig()
    kc.loadFromFile(slipway.kubeconfig)
    return kc
  }

  test('informer, logs, exec and patch', async () => {
    const kc = config()
    const api = kc.makeApiClient(CoreV1Api)
    const informer = makeInformer(kc, '/api/v1/namespaces/default/pods', () =>
      api.listNamespacedPod({ namespace: 'default' }),
    )
    const ready = new Promise<void>((resolve) =>
      informer.on('update', (pod) => {
        if (
          pod.metadata?.name === 'client' &&
          pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
        )
          resolve()
      }),
    )
    await informer.start()
    await api.createNamespacedPod({
      namespace: 'default',
      body: {
        metadata: { name: 'client' },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [{ name: 'c', image: 'busybox:1.36', command: ['sh', '-c', 'echo from the client; sleep 1000'] }],
        },
      },
    })
    await ready
    await informer.stop()

    const logs = new PassThrough()
    await new Log(kc).log('default', 'client', 'c', logs, { follow: false })
    let text = ''
    for await (const chunk of logs) text += (chunk as Buffer).toString()
    expect(text).toContain('from the client')

    let output = ''
    const out = new Writable({
      write(chunk: Buffer, _encoding, done) {
        output += chunk.toString()
        done()
      },
    })
    const status = await new Promise<{ status?: string }>((resolve, reject) => {
      new Exec(kc).exec('default', 'client', 'c', ['hostname'], out, null, null, false, resolve).catch(reject)
    })
    expect(status.status).toBe('Success')
    expect(output.trim()).toBe('client')

    const patched = await api.patchNamespacedPod(
      { namespace: 'default', name: 'client', body: { metadata: { labels: { patched: 'yes' } } } },
      setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch),
    )
    expect(patched.metadata?.labels?.patched).toBe('yes')
    await api.deleteNamespacedPod({ namespace: 'default', name: 'client' })
  })
})

describe('workers', () => {
  test('a killed worker is noticed, its pods come back elsewhere, and it returns', async () => {
    const [victim] = (await podsOf('guestbook', 'tier=frontend')).filter(({ node }) => node !== '')
    const node = victim?.node ?? ''
    await docker('kill', `slipway-${node}`)
    await kubectl.ok('wait', `node/${node}`, '--for=condition=Ready=Unknown', '--timeout=60s')
    await expect
      .poll(
        async () => {
          const list = JSON.parse(
            await kubectl.ok('get', 'pods', '-n', 'guestbook', '-l', 'tier=frontend', '-o', 'json'),
          ) as {
            items: { spec: { nodeName?: string }; status: { conditions?: { type: string; status: string }[] } }[]
          }
          return list.items.filter(
            ({ spec, status }) =>
              spec.nodeName !== node &&
              status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True'),
          ).length
        },
        { timeout: 90_000, interval: 500 },
      )
      .toBeGreaterThanOrEqual(5)
    expect((await slipway.run('worker', 'start', cluster, node)).code).toBe(0)
    await kubectl.ok('wait', `node/${node}`, '--for=condition=Ready=True', '--timeout=60s')
  })

  test('one more is added, and taken away', async () => {
    expect((await slipway.run('worker', 'add', cluster, `${cluster}-worker-4`)).code).toBe(0)
    expect(await kubectl.ok('get', 'nodes', '-o', 'name')).toContain(`node/${cluster}-worker-4`)
    expect((await slipway.run('worker', 'remove', cluster, `${cluster}-worker-4`)).code).toBe(0)
    expect(await kubectl.ok('get', 'nodes', '-o', 'name')).not.toContain(`node/${cluster}-worker-4`)
    expect(await docker('ps', '-aq', '--filter', `name=slipway-${cluster}-worker-4`)).toBe('')
  })
})

describe('a restart', () => {
  test('after SIGKILL: the same objects, the same pods, still running; watches recover', async () => {
    const before = await podsOf('guestbook', 'tier=frontend')
    const kc = new KubeConfig()
    kc.loadFromFile(slipway.kubeconfig)
    const api = kc.makeApiClient(CoreV1Api)
    const informer = makeInformer(kc, '/api/v1/namespaces/default/configmaps', () =>
      api.listNamespacedConfigMap({ namespace: 'default' }),
    )
    const seen = new Set<string>()
    let wake: () => void = () => undefined
    const restart = (): void => void setTimeout(() => void informer.start().catch(restart), 300)
    informer.on('add', (object) => {
      seen.add(object.metadata?.name ?? '')
      wake()
    })
    informer.on('error', restart)
    await informer.start()

    await slipway.end('SIGKILL')
    slipway = await slipwayUp({ name: cluster, data: slipway.data, rm: false })
    expect(slipway.ready.workers).toHaveLength(3)
    const after = await podsOf('guestbook', 'tier=frontend')
    expect(after.map(({ uid }) => uid).sort()).toEqual(before.map(({ uid }) => uid).sort())
    const restarts = await kubectl.ok(
      'get',
      'pods',
      '-n',
      'guestbook',
      '-l',
      'tier=frontend',
      '-o',
      'jsonpath={.items[*].status.containerStatuses[0].restartCount}',
    )
    expect(new Set(restarts.split(' '))).toEqual(new Set(['0']))

    await kubectl.ok('create', 'configmap', 'after-restart')
    while (!seen.has('after-restart')) await new Promise<void>((resolve) => (wake = resolve))
    await informer.stop()
  })
})

describe('the end', () => {
  test('deleting the namespace leaves nothing of the guestbook', async () => {
    const uids = (await podsOf('guestbook', 'tier')).map(({ uid }) => uid)
    expect(uids.length).toBeGreaterThan(0)
    await kubectl.ok('delete', 'namespace', 'guestbook', '--timeout=90s')
    expect((await kubectl('get', 'namespace', 'guestbook')).stderr).toContain('not found')
    for (const worker of [`slipway-${cluster}-worker-1`, `slipway-${cluster}-worker-2`, `slipway-${cluster}-worker-3`])
      await expect
        .poll(async () => {
          const folders = (await docker('exec', worker, 'ls', '/var/lib/kubelet/pods')).split('\n')
          return folders.filter((folder) => uids.includes(folder))
        })
        .toEqual([])
  })

  test('commands say in one line what is wrong', async () => {
    for (const [args, message] of [
      [['delete', 'nobody'], 'there is no cluster named "nobody"'],
      [['worker', 'stop', cluster, `${cluster}-worker-9`], `there is no worker named "${cluster}-worker-9"`],
      [['up', '--workers', '12'], '--workers takes a whole number from 0 to 9'],
      [['frobnicate'], 'unknown command'],
    ] as const) {
      const { code, stdout, stderr } = await runSlipway([...args], slipway.data)
      expect(code).toBe(1)
      expect(stdout).toBe('')
      expect(stderr.trim().split('\n')).toHaveLength(1)
      expect(stderr).toContain(message)
    }
  })

  test('delete leaves no container, volume or network', async () => {
    expect((await slipway.run('delete', cluster)).code).toBe(0)
    for (const kind of [
      ['ps', '-aq'],
      ['volume', 'ls', '-q'],
      ['network', 'ls', '-q'],
    ])
      expect(await docker(...kind, '--filter', `label=slipway.dev/cluster=${cluster}`)).toBe('')
    expect((await slipway.run('list')).stdout).not.toContain(`${cluster} `)
  })
})
