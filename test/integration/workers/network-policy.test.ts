import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startDockerCluster, type DockerCluster } from '#test/support/docker-cluster.ts'
import { advertiseRouter, announce, arrivedFrom, sctpArrived, type PodNamespace } from '#test/support/pod-packets.ts'

/** Of its own: several runs may share an engine. */
const clusterName = `pol-${process.pid}`
let cluster: DockerCluster
/** Addresses and uids of all pods, by `namespace/name`. */
let ips: Map<string, string>
let uids: Map<string, string>

/** A web pod with two named ports, which is a client, too. */
const pod = (namespace: string, name: string, worker: number, labels = '{}'): string => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: ${namespace}, labels: ${labels}}
spec:
  nodeName: ${clusterName}-worker-${worker}
  terminationGracePeriodSeconds: 0
  containers:
    - name: web
      image: busybox:1.36
      command: [sh, -c, 'mkdir /www; echo ${namespace}/${name} > /www/index.html; httpd -p 8081 -h /www; exec httpd -f -p 8080 -h /www']
      ports: [{containerPort: 8080, name: http}, {containerPort: 8081, name: admin}]
      readinessProbe: {httpGet: {path: /, port: http}, periodSeconds: 1}
---`
const manifest = `
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Namespace
metadata: {name: ops, labels: {team: ops}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
---
${pod('shop', 'web', 1, '{app: web}')}
${pod('shop', 'near', 1, '{role: client}')}
${pod('shop', 'far', 2)}
${pod('ops', 'near', 1)}
${pod('ops', 'far', 2, '{role: client}')}
`

beforeAll(async () => {
  cluster = await startDockerCluster({ name: clusterName, count: 2 })
  const applied = await cluster.kubectl.withInput(manifest, 'apply', '-f', '-')
  expect(applied.stderr).toBe('')
  for (const namespace of ['shop', 'ops'])
    await cluster.kubectl.ok('wait', 'pods', '--all', '-n', namespace, '--for=condition=Ready', '--timeout=90s')
  const { items } = JSON.parse(await cluster.kubectl.ok('get', 'pods', '-A', '-o', 'json')) as {
    items: { metadata: { namespace: string; name: string; uid: string }; status: { podIP: string } }[]
  }
  ips = new Map(items.map(({ metadata, status }) => [`${metadata.namespace}/${metadata.name}`, status.podIP]))
  uids = new Map(items.map(({ metadata }) => [`${metadata.namespace}/${metadata.name}`, metadata.uid]))
})
afterAll(() => cluster?.remove())

const ipOf = (name: string): string => {
  const ip = ips.get(name)
  if (!ip) throw new Error(`${name} has no address`)
  return ip
}
const clients = ['shop/near', 'shop/far', 'ops/near', 'ops/far']

async function reaches(from: string, host: string): Promise<boolean> {
  const [namespace = '', name = ''] = from.split('/')
  const { code } = await cluster.kubectl(
    'exec',
    '-n',
    namespace,
    name,
    '--',
    'timeout',
    '1',
    'wget',
    '-qO-',
    `http://${host}/`,
  )
  return code === 0
}
/** Which of the clients reach a host; asked at once. */
const whoReaches = async (host: string, from: readonly string[] = clients): Promise<string[]> => {
  const answers = await Promise.all(from.map((name) => reaches(name, host)))
  return from.filter((_, index) => answers[index])
}
/** Puts policies of `shop` in place of the earlier ones, and waits until the two workers have seen them. */
async function policies(...specs: string[]): Promise<void> {
  await cluster.kubectl.ok('delete', 'networkpolicies', '--all', '-n', 'shop')
  const text = specs.map(
    (spec, index) => `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: policy-${index}, namespace: shop}
spec: ${spec}
---`,
  )
  if (specs.length > 0) await cluster.kubectl.ok('apply', '-n', 'shop', '-f', await fileOf(text.join('\n')))
}
async function fileOf(text: string): Promise<string> {
  const path = `${cluster.dir}/policies.yaml`
  await writeFile(path, text)
  return path
}
/** Runs a command in the first worker. */
const inWorker = (command: string): Promise<string> =>
  new Promise((resolve) =>
    execFile('docker', ['exec', `slipway-${cluster.workers[0] ?? ''}`, 'sh', '-c', command], (_, out) => resolve(out)),
  )
const web = (): string => `${ipOf('shop/web')}:8080`
/** A pod, for its packets. */
const place = (name: string): PodNamespace & { ip: string } => {
  const podUid = uids.get(name)
  if (podUid === undefined) throw new Error(`${name} has no uid`)
  return { worker: `slipway-${cluster.workers[name.endsWith('far') ? 1 : 0] ?? ''}`, podUid, ip: ipOf(name) }
}
/** Polls: rules follow within a second. */
const expectReached = (host: string, who: string[], from?: readonly string[]): Promise<void> =>
  expect.poll(() => whoReaches(host, from), { timeout: 20_000, interval: 100 }).toEqual(who)

describe('ingress', () => {
  test('is free without policies, refused by default deny, and free again without it', async () => {
    await expectReached(web(), clients)
    await policies('{podSelector: {}}')
    await expectReached(web(), [])
    // The node's own probes go on.
    expect(
      await cluster.kubectl.ok(
        'get',
        'pod',
        'web',
        '-n',
        'shop',
        '-o',
        'jsonpath={.status.conditions[?(@.type=="Ready")].status}',
      ),
    ).toBe('True')
    await policies()
    await expectReached(web(), clients)
  })

  const matrix: [what: string, spec: string, who: string[]][] = [
    ['the same namespace', '{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}', ['shop/near', 'shop/far']],
    [
      'namespaces by label',
      '{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: ops}}}]}]}',
      ['ops/near', 'ops/far'],
    ],
    [
      'pods by label in the same namespace',
      '{podSelector: {}, ingress: [{from: [{podSelector: {matchExpressions: [{key: role, operator: Exists}]}}]}]}',
      ['shop/near'],
    ],
    [
      'pods by label in namespaces by label',
      '{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: ops}}, podSelector: {matchLabels: {role: client}}}]}]}',
      ['ops/far'],
    ],
  ]
  test.each(matrix)('is allowed from %s alone', async (_, spec, who) => {
    await policies(spec)
    await expectReached(web(), who)
  })

  test('is allowed from a block but for its exceptions, and policies add up', async () => {
    const except = [ipOf('shop/far'), ipOf('ops/near')].map((ip) => `${ip}/32`)
    await policies(
      `{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.244.0.0/16, except: [${except.join(', ')}]}}]}]}`,
    )
    await expectReached(web(), ['shop/near', 'ops/far'])
    await policies(
      `{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.244.0.0/16, except: [${except.join(', ')}]}}]}]}`,
      '{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}',
    )
    await expectReached(web(), ['shop/near', 'shop/far', 'ops/far'])
  })

  test('is allowed to a port by its name, and to a range of ports', async () => {
    const admin = `${ipOf('shop/web')}:8081`
    await policies('{podSelector: {}, ingress: [{ports: [{port: admin}]}]}')
    await expectReached(web(), [])
    await expectReached(admin, clients)
    await policies('{podSelector: {}, ingress: [{ports: [{port: 8000, endPort: 8080}]}]}')
    await expectReached(admin, [])
    await expectReached(web(), clients)
  })

  test('is allowed to a port of SCTP, apart from the same number of another protocol', async () => {
    const arrive = (from: string): Promise<string[]> =>
      sctpArrived(place(from), place('shop/web'), [8080, 8081, 8082, 7777])
    await policies('{podSelector: {}, ingress: [{ports: [{port: 7777, protocol: SCTP}]}]}')
    await expectReached(web(), [])
    expect(await arrive('ops/near')).toEqual(['7777'])
    await policies(
      '{podSelector: {}, ingress: [{ports: [{port: 7777, protocol: SCTP}, {port: 8081, endPort: 8082, protocol: SCTP}, {port: 8080}]}]}',
    )
    await expectReached(web(), clients)
    expect(await arrive('ops/far')).toEqual(['8081', '8082', '7777'])
  })

  test('through a Service is judged by the address and port of the pod behind it', async () => {
    await policies('{podSelector: {}, ingress: [{from: [{podSelector: {}}], ports: [{port: 8080}]}]}')
    await expectReached('web.shop.svc.cluster.local', ['shop/near', 'shop/far'])
  })
})

describe('a pod that forges packets', () => {
  test.each(['ops/near', 'ops/far'])('gets past no policy under the address of another: %s', async (name) => {
    const allowed = ['shop/near', 'shop/far'].map(ipOf)
    const rule = `{from: [{podSelector: {}}]}, {from: [{ipBlock: {cidr: ${ipOf(name)}/32}}]}`
    await policies(`{podSelector: {}, ingress: [${rule}]}`)
    await expectReached(web(), ['shop/near', 'shop/far', name])
    const arrived = await arrivedFrom({ sender: place(name), receiver: place('shop/web'), forged: allowed })
    expect(arrived).toEqual([ipOf(name)])
  })

  test('becomes nobody’s router', async () => {
    await advertiseRouter(place('ops/near'))
    expect(await inWorker('ip -6 route show default')).toBe('')
  })

  test('gets no packets of addresses that it claims', async () => {
    await policies()
    const node = (await inWorker('hostname -i')).trim()
    await announce(place('ops/near'), ipOf('shop/web'), '169.254.1.1', node)
    await expectReached(web(), clients)
  })
})

describe('egress', () => {
  const dnsWorks = async (name: string): Promise<boolean> => {
    const [namespace = '', pod = ''] = name.split('/')
    const { code } = await cluster.kubectl(
      'exec',
      '-n',
      namespace,
      pod,
      '--',
      'timeout',
      '1',
      'nslookup',
      'web.shop.svc.cluster.local',
    )
    return code === 0
  }
  const target = (): string => `${ipOf('ops/far')}:8080`
  const from = ['shop/near', 'shop/far', 'ops/near']

  test('is refused by default deny, DNS with it, and allowed to DNS alone', async () => {
    await policies('{podSelector: {}, policyTypes: [Egress]}')
    await expectReached(target(), ['ops/near'], from)
    expect(await dnsWorks('shop/near')).toBe(false)
    await policies(
      '{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}, podSelector: {matchLabels: {k8s-app: kube-dns}}}], ports: [{port: 53, protocol: UDP}]}]}',
    )
    await expect.poll(() => dnsWorks('shop/near'), { timeout: 20_000 }).toBe(true)
    expect(await whoReaches(target(), from)).toEqual(['ops/near'])
  })

  test('is allowed to a named port of selected pods', async () => {
    await policies(
      '{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {team: ops}}}], ports: [{port: admin}]}]}',
    )
    await expectReached(`${ipOf('ops/far')}:8081`, from, from)
    expect(await whoReaches(target(), from)).toEqual(['ops/near'])
  })
})

describe('pods and policies that come and go', () => {
  test('a pod is restricted before it can send its first packet', async () => {
    await policies('{podSelector: {}, policyTypes: [Ingress, Egress]}')
    await expectReached(web(), [])
    // Sends from its first instant, 50 times a second; the same pod in the other namespace is not restricted.
    const command = `for i in $(seq 100); do nc -w 1 ${ipOf('ops/near')} 8080 </dev/null >/dev/null 2>&1 && echo open & sleep 0.02; done; wait; echo end`
    const eager = (namespace: string): string => `
apiVersion: v1
kind: Pod
metadata: {name: eager, namespace: ${namespace}}
spec:
  nodeName: ${clusterName}-worker-1
  restartPolicy: Never
  terminationGracePeriodSeconds: 0
  containers: [{name: main, image: 'busybox:1.36', command: [sh, -c, ${JSON.stringify(command)}]}]
---`
    await cluster.kubectl.withInput(eager('shop') + eager('ops'), 'apply', '-f', '-')
    const logs: string[] = []
    for (const namespace of ['shop', 'ops']) {
      await cluster.kubectl.waitForValue('pod/eager', '{.status.phase}', 'Succeeded', '-n', namespace)
      logs.push(await cluster.kubectl.ok('logs', 'eager', '-n', namespace))
      await cluster.kubectl.ok('delete', 'pod', 'eager', '-n', namespace)
    }
    expect(logs[0]).toBe('end\n')
    expect(logs[1]).toContain('open\n')
  })

  test('a pod’s labels count as they change', async () => {
    await policies('{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {role: client}}}]}]}')
    await expectReached(web(), ['shop/near'])
    await cluster.kubectl.ok('label', 'pod', 'far', '-n', 'shop', 'role=client')
    await expectReached(web(), ['shop/near', 'shop/far'])
    await cluster.kubectl.ok('label', 'namespace', 'ops', 'team-')
    await cluster.kubectl.ok('label', 'pod', 'far', '-n', 'shop', 'role-')
    await expectReached(web(), ['shop/near'])
  })

  test('an established connection goes on when a new one is refused', async () => {
    await policies()
    await expectReached(web(), clients)
    const stream = cluster.kubectl.start(
      'exec',
      '-n',
      'ops',
      'far',
      '--',
      'sh',
      '-c',
      `(echo GET / HTTP/1.1; sleep 6; printf 'Host: a\\r\\nConnection: close\\r\\n\\r\\n') | nc ${ipOf('shop/web')} 8080; echo done`,
    )
    const tracked = `conntrack -L -s ${ipOf('ops/far')} -d ${ipOf('shop/web')} 2>/dev/null | grep -c ESTABLISHED`
    await expect.poll(() => inWorker(tracked), { timeout: 10_000 }).toMatch(/^[1-9]/)
    await policies('{podSelector: {}}')
    await expectReached(web(), [])
    expect(await stream.output(/done/)).toContain('shop/web')
    await stream.stop()
  })

  test('a restarted agent keeps the rules, and those of deleted policies are gone', async () => {
    await policies('{podSelector: {}}')
    await expectReached(web(), [])
    const pidOf = async (): Promise<string> => (await inWorker('pgrep -xo node')).trim()
    const before = await pidOf()
    await inWorker('pkill -KILL -xo node')
    for (let tries = 0; tries < 10; tries++) expect(await whoReaches(web(), ['ops/far'])).toEqual([])
    await expect.poll(pidOf, { timeout: 20_000 }).not.toBe(before)
    await policies()
    await expectReached(web(), clients)
    expect(await inWorker('nft list tables')).not.toContain('slipway-policy')
  })
})
