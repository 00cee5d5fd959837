import { execFile } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { defaultPodCidr, defaultServiceCidr, withIpv6 } from '#shared/kube/cluster-ranges.ts'
import type { Node, Pod, Service } from '#shared/kube/generated/types.ts'
import { startDockerCluster, type DockerCluster } from '#test/support/docker-cluster.ts'
import { arrivedFrom } from '#test/support/pod-packets.ts'

/** Of its own: several runs may share an engine. */
const clusterName = `dual-${process.pid}`
const serve = "mkdir /www; hostname > /www/index.html; exec httpd -f -p '[::]:8080' -h /www"
const manifest = `
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: web
          image: busybox:1.36
          command: [sh, -c, "${serve}"]
          ports: [{containerPort: 8080, hostPort: 8088, name: http}]
          readinessProbe: {httpGet: {path: /, port: http}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: both}
spec:
  type: NodePort
  ipFamilyPolicy: RequireDualStack
  selector: {app: web}
  ports: [{port: 80, targetPort: http, nodePort: 30090}]
---
apiVersion: v1
kind: Service
metadata: {name: six}
spec: {ipFamilies: [IPv6], selector: {app: web}, ports: [{port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: four}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: heads}
spec: {clusterIP: None, ipFamilyPolicy: PreferDualStack, selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: nobody}
spec: {ipFamilies: [IPv6], selector: {app: nobody}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: host}
spec:
  nodeName: ${clusterName}-worker-1
  hostNetwork: true
  terminationGracePeriodSeconds: 0
  containers: [{name: client, image: 'busybox:1.36', command: [sleep, '100000']}]
---
apiVersion: v1
kind: Pod
metadata: {name: client, labels: {role: client}}
spec:
  nodeName: ${clusterName}-worker-1
  terminationGracePeriodSeconds: 0
  containers:
    - name: client
      image: busybox:1.36
      command: [sleep, '100000']
      env: [{name: IPS, valueFrom: {fieldRef: {fieldPath: status.podIPs}}}]
`
let cluster: DockerCluster
let web: Pod[]

beforeAll(async () => {
  const ranges = { podCidr: withIpv6(defaultPodCidr, 'pods'), serviceCidr: withIpv6(defaultServiceCidr, 'services') }
  cluster = await startDockerCluster({ name: clusterName, count: 2, ranges })
  expect((await cluster.kubectl.withInput(manifest, 'apply', '-f', '-')).stderr).toBe('')
  await cluster.kubectl.ok('rollout', 'status', 'daemonset/web', '--timeout=90s')
  await cluster.kubectl.ok('wait', 'pod/client', 'pod/host', '--for=condition=Ready', '--timeout=90s')
  web = await items<Pod>('pods', '-l', 'app=web')
})
afterAll(() => cluster?.remove())

async function items<T>(...args: string[]): Promise<T[]> {
  return (JSON.parse(await cluster.kubectl.ok('get', ...args, '-o', 'json')) as { items: T[] }).items
}
const inClient = (command: string) => cluster.kubectl('exec', 'client', '--', 'sh', '-c', command)
const fetched = async (host: string): Promise<string> =>
  (await inClient(`timeout 4 wget -qO- http://${host}/`)).stdout.trim()
const fetchedOften = async (host: string): Promise<string[]> => {
  const { stdout } = await inClient(`for i in $(seq 20); do timeout 4 wget -qO- http://${host}/; done`)
  return [...new Set(stdout.trim().split('\n'))].sort()
}
const names = (): string[] => web.map(({ metadata }) => metadata?.name ?? '').sort()
const on = (worker: number): { name: string; ips: string[]; hostIps: string[] } => {
  const pod = web.find(({ spec }) => spec?.nodeName === `${clusterName}-worker-${worker}`)
  return {
    name: pod?.metadata?.name ?? '',
    ips: (pod?.status?.podIPs ?? []).map(({ ip }) => ip),
    hostIps: (pod?.status?.hostIPs ?? []).map(({ ip }) => ip),
  }
}
const inWorker = (command: string): Promise<string> =>
  new Promise((resolve) =>
    execFile('docker', ['exec', `slipway-${cluster.workers[0] ?? ''}`, 'sh', '-c', command], (_, out) => resolve(out)),
  )
const spec = async (name: string): Promise<NonNullable<Service['spec']>> =>
  (JSON.parse(await cluster.kubectl.ok('get', 'service', name, '-o', 'json')) as Service).spec ?? {}
const isIpv6 = (text: string | undefined): boolean => text?.includes(':') === true

test('nodes and pods have an address of each family, and say so', async () => {
  for (const { spec: own, status } of await items<Node>('nodes')) {
    expect(own?.podCIDRs?.map(isIpv6)).toEqual([false, true])
    const internal = status?.addresses
      ?.filter(({ type }) => type === 'InternalIP')
      .map(({ address }) => isIpv6(address))
    expect(internal).toEqual([false, true])
  }
  expect(on(1).ips.map(isIpv6)).toEqual([false, true])
  expect(on(1).hostIps.map(isIpv6)).toEqual([false, true])
  expect((await inClient('echo $IPS')).stdout).toMatch(/^10\.244\.[\d.]+,fd00:10:244:[\da-f:]+\n$/)
})

test('pods reach pods of either worker over IPv6, under their own addresses', async () => {
  for (const worker of [1, 2]) expect(await fetched(`[${on(worker).ips[1] ?? ''}]:8080`)).toBe(on(worker).name)
})

test('a pod sends from no address but its own, to pods of either worker', async () => {
  const [client] = await items<Pod>('pods', '-l', 'role=client')
  const place = ({ metadata, spec: own, status }: Pod, family: number) => ({
    worker: `slipway-${own?.nodeName ?? ''}`,
    podUid: metadata?.uid ?? '',
    ip: status?.podIPs?.[family]?.ip ?? '',
  })
  const outside = ['198.51.100.7', 'fd00:10:244:ffff::7']
  for (const [family, elsewhere] of outside.entries()) {
    // Addresses of other pods, of the other worker, and one that nobody has.
    const others = web.flatMap(({ status }) => status?.podIPs?.[family]?.ip ?? [])
    const forged = [...others, on(2).hostIps[family] ?? '', elsewhere]
    for (const worker of [1, 2]) {
      const target = web.find(({ metadata }) => metadata?.name === on(worker).name)
      if (!client || !target) throw new Error('no pod')
      const [sender, receiver] = [place(client, family), place(target, family)]
      const arrived = await arrivedFrom({ sender, receiver, forged: forged.filter((ip) => ip !== receiver.ip) })
      expect(arrived).toEqual([sender.ip])
    }
  }
})

describe('services', () => {
  test('of both families answer at both addresses, with pods of both workers', async () => {
    const { clusterIPs = [], ipFamilies } = await spec('both')
    expect(ipFamilies).toEqual(['IPv4', 'IPv6'])
    expect(await fetchedOften(clusterIPs[0] ?? '')).toEqual(names())
    expect(await fetchedOften(`[${clusterIPs[1] ?? ''}]`)).toEqual(names())
  })

  test('of IPv6 alone answer by name', async () => {
    expect((await spec('six')).clusterIPs?.map(isIpv6)).toEqual([true])
    expect(await fetchedOften('six')).toEqual(names())
  })

  test('have an address of IPv4 where they ask for none', async () => {
    expect(await spec('four')).toMatchObject({ ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' })
  })

  test('answer at node ports and host ports of IPv6', async () => {
    const [, node = ''] = on(2).hostIps
    expect(names()).toContain(await fetched(`[${node}]:30090`))
    expect(await fetched(`[${node}]:8088`)).toBe(on(2).name)
  })

  test('answer the node itself', async () => {
    const { clusterIP = '' } = await spec('six')
    const { stdout } = await cluster.kubectl(
      'exec',
      'host',
      '--',
      'timeout',
      '4',
      'wget',
      '-qO-',
      `http://[${clusterIP}]/`,
    )
    expect(names()).toContain(stdout.trim())
  })

  test('keep traffic in the zone of the client where they say so, while nodes have zones', async () => {
    for (const [index, zone] of ['a', 'b'].entries())
      await cluster.kubectl.ok('label', 'node', cluster.workers[index] ?? '', `topology.kubernetes.io/zone=${zone}`)
    const near = `
apiVersion: v1
kind: Service
metadata: {name: near}
spec: {ipFamilyPolicy: RequireDualStack, trafficDistribution: PreferSameZone, selector: {app: web}, ports: [{port: 80, targetPort: http}]}
`
    expect((await cluster.kubectl.withInput(near, 'apply', '-f', '-')).stderr).toBe('')
    const hosts = ((await spec('near')).clusterIPs ?? []).map((ip) => (isIpv6(ip) ? `[${ip}]` : ip))
    expect(hosts).toHaveLength(2)
    for (const host of hosts) await expect.poll(() => fetchedOften(host), { timeout: 20_000 }).toEqual([on(1).name])
    await cluster.kubectl.ok('label', 'nodes', '--all', 'topology.kubernetes.io/zone-')
    for (const host of hosts) await expect.poll(() => fetchedOften(host), { timeout: 20_000 }).toEqual(names())
  })

  test('without endpoints refuse at once', async () => {
    const { clusterIP = '' } = await spec('nobody')
    expect((await inClient(`timeout 4 wget -qO- http://[${clusterIP}]/`)).stderr).toContain('refused')
  })
})

test('names have AAAA records: of Services, and of the pods of headless ones', async () => {
  const lookup = async (name: string): Promise<string> =>
    (await inClient(`nslookup -type=aaaa ${name}.default.svc.cluster.local`)).stdout
  expect(await lookup('both')).toContain((await spec('both')).clusterIPs?.[1])
  const heads = await lookup('heads')
  for (const worker of [1, 2]) expect(heads).toContain(on(worker).ips[1])
  expect(await lookup('four')).not.toMatch(/fd00:10:96/)
})

describe('policies', () => {
  const policy = (text: string): string =>
    `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec: ${text}\n`
  const apply = (text: string) => cluster.kubectl.withInput(policy(text), 'apply', '-f', '-')
  /** Whether the client reaches the pod of each worker, at its address of each family. */
  const reached = async (): Promise<boolean[]> => {
    const hosts = [1, 2].flatMap((worker) => on(worker).ips.map((ip) => (isIpv6(ip) ? `[${ip}]` : ip)))
    const answers = await Promise.all(
      hosts.map((host) => inClient(`timeout 1 wget -qO- http://${host}:8080/`).then(({ code }) => code === 0)),
    )
    return answers
  }
  const free = [true, true, true, true]
  const refused = [false, false, false, false]
  const matrix: [what: string, spec: string, reached: boolean[]][] = [
    ['default deny of ingress', '{podSelector: {}}', refused],
    ['default deny of egress', '{podSelector: {matchLabels: {role: client}}, policyTypes: [Egress]}', refused],
    [
      'ingress from pods by label',
      '{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {role: client}}}]}]}',
      free,
    ],
    [
      'ingress from pods of another label',
      '{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {role: other}}}]}]}',
      refused,
    ],
    ['ingress to a named port', '{podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: http}]}]}', free],
    [
      'ingress to another port',
      '{podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 9999}]}]}',
      refused,
    ],
    [
      'egress to every address of IPv4',
      '{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}',
      [true, false, true, false],
    ],
    [
      'egress to every address of IPv6',
      '{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: "::/0"}}]}]}',
      [false, true, false, true],
    ],
  ]
  test.each(matrix)('hold on both families: %s', async (_, text, who) => {
    await apply(text)
    await expect.poll(reached, { timeout: 20_000 }).toEqual(who)
    await cluster.kubectl.ok('delete', 'networkpolicy', 'p')
    await expect.poll(reached, { timeout: 20_000 }).toEqual(free)
  })
})

describe('IPv6 is for the cluster alone', () => {
  test('a pod reaches neither the agent of its worker nor this machine', async () => {
    const [, worker = ''] = on(1).hostIps
    for (const port of [6443, 10_249, 10_250, 10_256, 10_650]) {
      const { code, stderr } = await inClient(`timeout 2 wget -qO- http://[${worker}]:${port}/`)
      expect([port, code === 0, stderr.includes('HTTP')]).toEqual([port, false, false])
    }
    const gateway = worker.replace(/[^:]*$/, '1')
    expect((await inClient(`ping -c 1 -W 1 ${gateway}`)).code).not.toBe(0)
    expect((await inClient('ping -c 1 -W 1 2001:db8::1')).code).not.toBe(0)
    expect(await inWorker('ip -6 route show default')).toBe('')
    expect(await inWorker(`ping -6 -c 1 -W 1 ${gateway} 2>&1 || ip -6 route get ${gateway} 2>&1`)).not.toContain(
      '1 received',
    )
  })

  test('a worker takes nothing from beyond the network of its cluster', async () => {
    expect(await inWorker('nft list table ip6 slipway-edge')).toMatch(/iifname "eth0" ip6 saddr != .* drop/)
  })
})
