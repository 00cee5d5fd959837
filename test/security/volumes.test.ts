import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Container, ContainerStatus, Pod, PodSpec, Volume } from '#shared/kube/generated/types.ts'
import { startDockerCluster, type DockerCluster } from '#test/support/docker-cluster.ts'

/** What pods can reach of their worker through volumes, on a real worker. One worker serves all tests here. */
let cluster: DockerCluster
/** Of its own: several runs may share an engine. */
const clusterName = `vol-${process.pid}`
const worker = `slipway-${clusterName}-worker-1`
const docker = async (...args: string[]): Promise<string> =>
  (await promisify(execFile)('docker', args, { maxBuffer: 2 ** 26 })).stdout
const inWorker = (script: string): Promise<string> => docker('exec', worker, 'sh', '-c', script)

beforeAll(async () => {
  cluster = await startDockerCluster({ name: clusterName })
})
afterAll(() => cluster?.remove())

async function apply(...objects: unknown[]): Promise<void> {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
  const { code, stderr } = await cluster.kubectl.withInput(list, 'apply', '-f', '-')
  if (code !== 0) throw new Error(stderr)
}
const create = (name: string, spec: PodSpec): Promise<void> =>
  apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { terminationGracePeriodSeconds: 0, restartPolicy: 'Never', ...spec },
  })
const get = async (name: string): Promise<Pod> =>
  JSON.parse(await cluster.kubectl.ok('get', 'pod', name, '-o', 'json')) as Pod
const statuses = async (name: string): Promise<ContainerStatus[]> => (await get(name)).status?.containerStatuses ?? []
const logs = (name: string, container: string): Promise<string> => cluster.kubectl.ok('logs', name, '-c', container)
const phase = (name: string, value: string): Promise<unknown> =>
  eventually(
    async () => (await get(name)).status ?? {},
    ({ phase: reached }) => reached === value,
  )
const remove = (name: string): Promise<string> =>
  cluster.kubectl.ok('delete', 'pod', name, '--grace-period=0', '--force', '--timeout=60s')
async function eventually<T>(read: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  for (const until = Date.now() + 90_000; ;) {
    const value = await read()
    if (holds(value)) return value
    if (Date.now() > until) throw new Error(`still ${JSON.stringify(value)}`)
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

type Mounts = NonNullable<Container['volumeMounts']>
const container = (name: string, script: string, volumeMounts: Mounts, more: Partial<Container> = {}): Container => ({
  name,
  image: 'busybox:1.36',
  command: ['sh', '-c', script],
  volumeMounts,
  ...more,
})
const emptyDir: Volume[] = [{ name: 'v', emptyDir: {} }]
const whole: Mounts = [{ name: 'v', mountPath: '/v' }]

describe('subPath', () => {
  test.each<[string, string]>([
    ['absolute', 'ln -s /etc /v/esc'],
    ['relative and escaping', 'ln -s ../../../../../../../../etc /v/esc'],
    ['a link to a link', 'ln -s two /v/esc; ln -s /etc /v/two'],
    ['through /proc/self/root', 'ln -s /proc/self/root/etc /v/esc'],
    ['to the agent’s descriptors', 'ln -s /proc/1/root/etc /v/esc'],
    ['absolute with .. after the volume', 'mkdir /v/d; ln -s d/../../../../../../../etc /v/esc'],
    ['dangling', 'ln -s /nowhere/at/all /v/esc'],
  ])('a link in a volume (%s) does not lead to the worker', async (shape, plant) => {
    const name = `esc-${shape.replace(/\W+/g, '-')}`
    const look = 'ls -la /x /x/slipway; cat /x/slipway/client.key'
    await create(name, {
      volumes: emptyDir,
      initContainers: [container('plant', plant, whole)],
      containers: [
        container('last', look, [{ name: 'v', mountPath: '/x', subPath: 'esc' }]),
        container('middle', look, [{ name: 'v', mountPath: '/x/slipway', subPath: 'esc/slipway' }]),
        container('expr', look, [{ name: 'v', mountPath: '/x', subPathExpr: '$(WHERE)' }], {
          env: [{ name: 'WHERE', value: 'esc' }],
        }),
      ],
    })
    const found = await eventually(
      () => statuses(name),
      (all) => all.length === 3 && all.every(({ state }) => state?.waiting?.reason === 'CreateContainerConfigError'),
    )
    for (const { state, name: of } of found)
      expect(state?.waiting?.message).toContain(`failed to prepare subPath for volumeMount "v" of container "${of}"`)
    await remove(name)
  })

  test('links that stay in the volume are followed', async () => {
    await create('inside', {
      volumes: emptyDir,
      initContainers: [
        container('plant', 'mkdir -p /v/a/b; echo mine > /v/a/b/f; ln -s a /v/l; ln -s ../a/b /v/a/m', whole),
      ],
      containers: [
        container('dir', 'cat /x/f', [{ name: 'v', mountPath: '/x', subPath: 'l/m' }]),
        container('file', 'cat /x', [{ name: 'v', mountPath: '/x', subPath: 'l/b/f' }]),
      ],
    })
    await phase('inside', 'Succeeded')
    expect(await Promise.all(['dir', 'file'].map((name) => logs('inside', name)))).toEqual(['mine\n', 'mine\n'])
    await remove('inside')
  })

  test('a link exchanged for a folder while containers start leads nowhere else', async () => {
    const swap =
      'mkdir -p /v/x/slipway; ln -s /etc /v/l; while :; do mv -T /v/x /v/d; mv -T /v/l /v/x; mv -T /v/x /v/l; mv -T /v/d /v/x; done'
    const names = Array.from({ length: 8 }, (_, index) => `c${index}`)
    await create('race', {
      restartPolicy: 'Always',
      volumes: emptyDir,
      initContainers: [container('swap', swap, whole, { restartPolicy: 'Always' })],
      containers: names.map((name) =>
        container(
          name,
          '[ -e /x/agent.json ] || [ -e /x/client.key ] || [ -e /x/slipway/client.key ] && echo ESCAPED; echo started; exit 1',
          [{ name: 'v', mountPath: '/x', subPath: Number(name.slice(1)) % 2 ? 'x/slipway' : 'x' }],
        ),
      ),
    })
    const seen = await eventually(
      () => statuses('race'),
      (all) => all.reduce((sum, { restartCount }) => sum + restartCount, 0) >= 12,
    )
    for (const { name } of seen) {
      const text = await cluster.kubectl('logs', 'race', '-c', name).then(({ stdout }) => stdout)
      expect(text).not.toContain('ESCAPED')
    }
    expect(await inWorker('ls -d /etc/slipway/new* /etc/x 2>/dev/null; true')).toBe('')
    await remove('race')
  })

  test('a new folder has the permissions and the group of its volume (fsGroup)', async () => {
    await create('mode', {
      securityContext: { runAsUser: 999, fsGroup: 555 },
      volumes: emptyDir,
      containers: [
        container('c', 'ls -lnd /x && touch /x/f && ls -ln /x/f', [
          { name: 'v', mountPath: '/x', subPath: 'deep/data' },
        ]),
      ],
    })
    await phase('mode', 'Succeeded')
    const [folder, file] = (await logs('mode', 'c')).split('\n').map((line) => line.split(/\s+/))
    expect([folder?.[0], folder?.[3], file?.[3]]).toEqual(['drwxrwsrwx', '555', '555'])
    await remove('mode')
  })

  test('nothing stays mounted after the pod, and what its claims and hostPaths name is kept', async () => {
    await inWorker('mkdir -p /var/kept && echo kept > /var/kept/file && mkdir -p /var/kept/sub')
    await create('mounts', {
      volumes: [...emptyDir, { name: 'h', hostPath: { path: '/var/kept', type: 'Directory' } }],
      containers: [
        container('c', 'cat /h/file; exec sleep 1000', [
          { name: 'v', mountPath: '/x', subPath: 'a' },
          { name: 'h', mountPath: '/h' },
          { name: 'h', mountPath: '/s', subPath: 'sub' },
        ]),
      ],
    })
    await phase('mounts', 'Running')
    const uid = (await get('mounts')).metadata.uid ?? ''
    const mounted = (): Promise<string> => inWorker(`grep -c ${uid}/volume-subpaths /proc/self/mountinfo || true`)
    expect((await mounted()).trim()).toBe('3')
    // An agent that starts anew still knows what to unmount.
    await inWorker(`kill -9 $(pgrep -f '^node /opt/slipway')`)
    await remove('mounts')
    await eventually(mounted, (count) => count.trim() === '0')
    await eventually(
      () => inWorker(`ls -d /var/lib/kubelet/pods/${uid} 2>/dev/null || echo gone`),
      (text) => text.trim() === 'gone',
    )
    expect(await inWorker('cat /var/kept/file; ls /var/kept')).toBe('kept\nfile\nsub\n')
  })
})

describe('hostPath', () => {
  test.each<[string, string]>([
    ['FileOrCreate', 'link'],
    ['FileOrCreate', 'dir/new'],
    ['DirectoryOrCreate', 'dir/new'],
    ['File', 'shadow'],
    ['Directory', 'dir'],
    ['', 'dir'],
  ])('type "%s" through a link that a pod made (%s) is refused, and makes nothing', async (type, path) => {
    const name = `host-${type.toLowerCase()}-${path.replace('/', '-')}`
    await inWorker(
      'mkdir -p /srv/shared /srv/target; chmod 777 /srv/shared; cd /srv/shared; ln -sfn ../target dir; ln -sfn ../target/f link; ln -sfn /etc/shadow shadow',
    )
    await create(name, {
      volumes: [{ name: 'h', hostPath: { path: `/srv/shared/${path}`, ...(type ? { type } : {}) } }],
      containers: [container('c', 'ls -la /h; cat /h', [{ name: 'h', mountPath: '/h' }])],
    })
    await eventually(
      () => cluster.kubectl.ok('get', 'events', '--field-selector', `involvedObject.name=${name}`),
      (text) => text.includes('FailedMount') && text.includes('symbolic link'),
    )
    expect(await inWorker('ls /srv/target')).toBe('')
    await remove(name)
  })

  test('links of the system itself are followed, and the whole node can be mounted', async () => {
    await create('system', {
      volumes: [
        { name: 'run', hostPath: { path: '/var/run', type: 'Directory' } },
        { name: 'root', hostPath: { path: '/' } },
      ],
      containers: [
        container('c', 'ls /r; ls /n/etc/slipway', [
          { name: 'run', mountPath: '/r' },
          { name: 'root', mountPath: '/n' },
        ]),
      ],
    })
    await phase('system', 'Succeeded')
    expect(await logs('system', 'c')).toMatch(/docker[^]*agent\.json/)
    await remove('system')
  })
})

describe('Secrets', () => {
  test('Secrets and tokens in volumes lie in memory, nowhere on the worker’s disks', async () => {
    const marker = `marker-${process.pid}-of-a-secret`
    await apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringData: { key: marker } })
    await create('secret', {
      volumes: [
        { name: 's', secret: { secretName: 's' } },
        { name: 'p', projected: { sources: [{ secret: { name: 's' } }] } },
      ],
      containers: [
        container(
          'c',
          'cat /s/key; for d in /s /p /var/run/secrets/kubernetes.io/serviceaccount; do stat -f -c %T $d; done; exec sleep 1000',
          [
            { name: 's', mountPath: '/s' },
            { name: 'p', mountPath: '/p' },
          ],
        ),
      ],
    })
    await phase('secret', 'Running')
    const printed = await eventually(
      () => logs('secret', 'c'),
      (text) => text.includes('tmpfs\ntmpfs\ntmpfs'),
    )
    expect(printed).toContain(marker)
    const found = await inWorker(
      `grep -rlFs ${marker} /var/lib/kubelet /var/lib/docker/containers /etc /var/log /opt --exclude='*-json.log*' --exclude-dir=memory || true`,
    )
    expect(found).toBe('')
    const memory = await inWorker('stat -f -c %T /var/lib/kubelet/memory; stat -c "%a %u:%g" /var/lib/kubelet/memory')
    expect(memory).toBe('tmpfs\n700 0:0\n')
    await remove('secret')
    await eventually(
      () => inWorker(`grep -rlFs ${marker} /var/lib/kubelet || true`),
      (text) => text === '',
    )
  })

  test('a token belongs to the user or the group of its pod', async () => {
    const look = 'stat -L -c "%a %u %g" /var/run/secrets/kubernetes.io/serviceaccount/token'
    await create('token-user', { securityContext: { runAsUser: 1000 }, containers: [container('c', look, [])] })
    await create('token-group', { securityContext: { fsGroup: 10000 }, containers: [container('c', look, [])] })
    await Promise.all(['token-user', 'token-group'].map((name) => phase(name, 'Succeeded')))
    expect(await logs('token-user', 'c')).toBe('600 1000 0\n')
    expect(await logs('token-group', 'c')).toBe('640 0 10000\n')
    await Promise.all(['token-user', 'token-group'].map(remove))
  })
})

describe('termination message', () => {
  /** The phase may be reported a moment before the message is. */
  const messageOf = (name: string): Promise<string> =>
    eventually(
      async () => (await statuses(name))[0]?.state?.terminated?.message ?? '',
      (message) => message !== '',
    )
  const agentKb = async (): Promise<number> =>
    Number(await inWorker(`awk '/VmRSS/ {print $2}' /proc/$(pgrep -f '^node /opt/slipway')/status`))

  test('of a sparse file of gigabytes only the end is read', async () => {
    const before = await agentKb()
    await create('sparse', {
      containers: [
        container('c', 'truncate -s 3G /dev/termination-log; printf "the last words" >> /dev/termination-log', []),
      ],
    })
    await phase('sparse', 'Succeeded')
    const message = await messageOf('sparse')
    expect(message.endsWith('the last words')).toBe(true)
    expect(Buffer.byteLength(message)).toBeLessThanOrEqual(4_096)
    expect((await agentKb()) - before).toBeLessThan(64 * 1024)
    await remove('sparse')
  })

  test('a user that is not root can leave one', async () => {
    await create('last-words', {
      securityContext: { runAsUser: 1000 },
      containers: [container('c', 'printf bye > /dev/termination-log', [])],
    })
    await phase('last-words', 'Succeeded')
    expect(await messageOf('last-words')).toBe('bye')
    await remove('last-words')
  })
})

describe('the worker', () => {
  test('no pod opens the host’s disks or changes its kernel, whatever its rights', async () => {
    const disk = (await promisify(execFile)('sh', ['-c', "awk 'NR>2 {print $1, $2; exit}' /proc/partitions"])).stdout
    const [major = '', minor = ''] = disk.trim().split(' ')
    expect(major).toMatch(/^\d+$/)
    const attempt = [
      'ls /dev | grep -E "^(sd|vd|nvme|xvd|loop|dm-|mem$|kmsg$|port$)" && echo LISTED',
      `mknod /tmp/disk b ${major} ${minor} && head -c 512 /tmp/disk >/dev/null && echo DISK`,
      'mknod /tmp/mem c 1 1; head -c 1 /tmp/mem >/dev/null && echo MEMORY',
      'mknod /tmp/port c 1 4; head -c 1 /tmp/port >/dev/null && echo PORT',
      'date -s "$(date "+%Y-%m-%d %H:%M:%S")" 2>&1 | grep -q "not permitted" || echo CLOCK',
      'dmesg -c >/dev/null && echo LOG',
      'grep CapBnd /proc/self/status; [ -c /dev/null ] && echo done',
    ].join('; ')
    await create('privileged', {
      hostPID: true,
      hostNetwork: true,
      containers: [container('c', attempt, [], { securityContext: { privileged: true } })],
    })
    await phase('privileged', 'Succeeded')
    const printed = await logs('privileged', 'c')
    expect(printed).toContain('done')
    expect(printed).not.toMatch(/LISTED|DISK|MEMORY|PORT|CLOCK|LOG/)
    const bounding = BigInt(`0x${/CapBnd:\s*(\w+)/.exec(printed)?.[1] ?? '0'}`)
    // SYS_MODULE, SYS_RAWIO, SYS_BOOT, SYS_TIME
    for (const bit of [16n, 17n, 22n, 25n]) expect(bounding & (1n << bit)).toBe(0n)
    await remove('privileged')
  })

  test('a pod that asks for a capability which the worker lacks runs without it, and is told', async () => {
    await create('clock', {
      containers: [
        container('c', 'grep CapPrm /proc/self/status', [], {
          securityContext: { capabilities: { add: ['NET_ADMIN', 'SYS_TIME'] } },
        }),
      ],
    })
    await phase('clock', 'Succeeded')
    const held = BigInt(`0x${/CapPrm:\s*(\w+)/.exec(await logs('clock', 'c'))?.[1] ?? '0'}`)
    expect([held & (1n << 12n), held & (1n << 25n)]).toEqual([1n << 12n, 0n])
    await eventually(
      () => cluster.kubectl.ok('get', 'events', '--field-selector', 'involvedObject.name=clock'),
      (text) => text.includes('SYS_TIME, which a worker does not have'),
    )
    await remove('clock')
  })

  test('no group opens its sockets', async () => {
    expect(await inWorker('stat -c "%a %u:%g" /run/slipway /run/slipway/docker.sock')).toBe('700 0:0\n600 0:0\n')
    expect(await inWorker('ls /var/run/docker.sock 2>&1; getent group docker; true')).toContain('No such file')
    const connect = `const n=require('net');const p=process.argv.slice(1);let left=p.length;for(const path of p){const s=n.connect(path);const done=(w)=>{console.log(path,w);s.destroy();--left||process.exit()};s.on('connect',()=>done('OPEN'));s.on('error',()=>done('refused'))}`
    const tried = await inWorker(
      `groups=$(cut -d: -f3 /etc/group | paste -sd, -); sockets=$(find /run /var/run /var/lib/docker /var/lib/kubelet -type s -not -path '*/pods/*'); [ -n "$sockets" ] && setpriv --reuid 65534 --regid 0 --groups $groups --inh-caps=-all node -e "${connect}" $sockets`,
    )
    expect(tried).toContain('/run/slipway/docker.sock refused')
    expect(tried).not.toContain('OPEN')
  })
})
