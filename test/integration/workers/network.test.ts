import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startDockerCluster, type DockerCluster } from '#test/support/docker-cluster.ts'

/** Of its own: several runs may share an engine. */
const clusterName = `net-${process.pid}`
/** Two workers with two web pods each, and a client on the first; every test only asks. */
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
          command: [sh, -c, 'mkdir /www; hostname > /www/index.html; exec httpd -f -p 8080 -h /www']
          ports: [{containerPort: 8080, hostPort: 8088, name: http}]
          readinessProbe: {httpGet: {path: /, port: http}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: NodePort, selector: {app: web}, ports: [{name: http, port: 80, targetPort: http, nodePort: 30080}]}
---
apiVersion: v1
kind: Service
metadata: {name: web-here}
spec:
  type: NodePort
  internalTrafficPolicy: Local
  externalTrafficPolicy: Local
  selector: {app: web}
  ports: [{port: 80, targetPort: http, nodePort: 30081}]
---
apiVersion: v1
kind: Service
metadata: {name: heads}
spec: {clusterIP: None, selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: sticky}
spec: {sessionAffinity: ClientIP, selector: {app: web}, ports: [{port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: nobody}
spec: {selector: {app: nobody}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: alias}
spec: {type: ExternalName, externalName: web.default.svc.cluster.local}
---
apiVersion: v1
kind: Pod
metadata: {name: client}
spec:
  nodeName: ${clusterName}-worker-1
  terminationGracePeriodSeconds: 0
  containers: [{name: client, image: 'busybox:1.36', command: [sleep, '100000']}]
---
apiVersion: v1
kind: Pod
metadata: {name: host}
spec:
  nodeName: ${clusterName}-worker-1
  hostNetwork: true
  terminationGracePeriodSeconds: 0
  containers: [{name: client, image: 'busybox:1.36', command: [sleep, '100000']}]
`
/** Its health check tells of the endpoints of each node. */
const healthChecked = `
apiVersion: v1
kind: Service
metadata: {name: checked}
spec: {type: LoadBalancer, externalTrafficPolicy: Local, selector: {app: web}, ports: [{port: 18080, targetPort: http}]}
`
let cluster: DockerCluster
/** The web pods' names and addresses, by worker. */
let web: Map<string, { name: string; ip: string; hostIp: string }>

beforeAll(async () => {
  cluster = await startDockerCluster({ name: clusterName, count: 2 })
  const applied = await cluster.kubectl.withInput(manifest, 'apply', '-f', '-')
  expect(applied.stderr).toBe('')
  await cluster.kubectl.ok('rollout', 'status', 'daemonset/web', '--timeout=90s')
  await cluster.kubectl.ok('wait', 'pod/client', 'pod/host', '--for=condition=Ready', '--timeout=90s')
  const { items } = JSON.parse(await cluster.kubectl.ok('get', 'pods', '-l', 'app=web', '-o', 'json')) as {
    items: { metadata: { name: string }; spec: { nodeName: string }; status: { podIP: string; hostIP: string } }[]
  }
  web = new Map(
    items.map(({ metadata, spec, status }) => [
      spec.nodeName,
      { name: metadata.name, ip: status.podIP, hostIp: status.hostIP },
    ]),
  )
})
afterAll(() => cluster?.remove())

const inPod = (pod: string, command: string): Promise<{ code: number | null; stdout: string; stderr: string }> =>
  cluster.kubectl('exec', pod, '--', 'sh', '-c', command)
const fetchFrom = async (pod: string, url: string): Promise<string> =>
  (await inPod(pod, `timeout 8 wget -qO- ${url}`)).stdout.trim()
/** Asks `times` times. @returns who answered */
const fetchOften = async (pod: string, url: string, times: number): Promise<Set<string>> => {
  const { stdout } = await inPod(pod, `for i in $(seq ${times}); do timeout 8 wget -qO- ${url}; done`)
  return new Set(stdout.trim().split('\n'))
}
const names = (): Set<string> => new Set([...web.values()].map(({ name }) => name))
const on = (worker: number): { name: string; ip: string; hostIp: string } => {
  const pod = web.get(`${clusterName}-worker-${worker}`)
  if (!pod) throw new Error(`no pod runs on worker ${worker}`)
  return pod
}

test('pods reach pods of either worker, under their own addresses', async () => {
  expect(await fetchFrom('client', `http://${on(1).ip}:8080/`)).toBe(on(1).name)
  expect(await fetchFrom('client', `http://${on(2).ip}:8080/`)).toBe(on(2).name)
})

describe('services', () => {
  test('spread over the pods of both workers', async () => {
    expect(await fetchOften('client', 'http://web/', 30)).toEqual(names())
  })

  test('reach the very pod that asks, too', async () => {
    expect(await fetchOften(on(1).name, 'http://web/', 30)).toEqual(names())
  })

  test('keep a client with its pod under ClientIP affinity', async () => {
    expect((await fetchOften('client', 'http://sticky/', 20)).size).toBe(1)
  })

  test('stay on the node under internalTrafficPolicy Local', async () => {
    expect(await fetchOften('client', 'http://web-here/', 10)).toEqual(new Set([on(1).name]))
  })

  test('without endpoints refuse at once', async () => {
    const { stderr } = await inPod('client', 'timeout 8 wget -qO- http://nobody/')
    expect(stderr).toContain('Connection refused')
  })

  test('refuse at once at ports that they do not have', async () => {
    const address = await cluster.kubectl.ok('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}')
    const { stderr } = await inPod('client', `timeout 8 wget -qO- http://${address}:81/`)
    expect(stderr).toContain('Connection refused')
  })

  test('tell load balancers at their health-check port whether this node has endpoints', async () => {
    await cluster.kubectl.withInput(healthChecked, 'apply', '-f', '-')
    const port = await cluster.kubectl.ok('get', 'service', 'checked', '-o', 'jsonpath={.spec.healthCheckNodePort}')
    const ask = (worker: number) => fetchFrom('client', `http://${on(worker).hostIp}:${port}/healthz`)
    await expect.poll(() => ask(1), { timeout: 20_000 }).toContain('"localEndpoints":1')
    await cluster.kubectl.ok('delete', 'service', 'checked')
  })

  test('answer on every node at their node port, and with externalTrafficPolicy Local on their pods’ nodes', async () => {
    for (const worker of [1, 2]) {
      expect(names()).toContain(await fetchFrom('client', `http://${on(worker).hostIp}:30080/`))
    }
    // A pod of the node itself is no external client: the policy does not apply to it.
    expect(names()).toContain(await fetchFrom('client', `http://${on(1).hostIp}:30081/`))
    expect(await fetchOften('client', `http://${on(2).hostIp}:30081/`, 10)).toEqual(new Set([on(2).name]))
  })

  test('with a label of another proxy are left alone, until the label is gone', async () => {
    const label = 'service.kubernetes.io/service-proxy-name'
    expect(await fetchFrom('client', 'http://web/')).toMatch(/^web-/)
    await cluster.kubectl.ok('label', 'service', 'web', `${label}=other`)
    await expect.poll(() => fetchFrom('client', 'http://web/'), { timeout: 30_000 }).toBe('')
    await cluster.kubectl.ok('label', 'service', 'web', `${label}-`)
    await expect.poll(() => fetchFrom('client', 'http://web/'), { timeout: 30_000 }).toMatch(/^web-/)
  })

  test('made again with the same address reach their pods', async () => {
    const address = await cluster.kubectl.ok('get', 'service', 'sticky', '-o', 'jsonpath={.spec.clusterIP}')
    expect(await fetchFrom('client', `http://${address}/`)).toMatch(/^web-/)
    await cluster.kubectl.ok('delete', 'service', 'sticky')
    const spec = { clusterIP: address, selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http' }] }
    const again = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'again' }, spec }
    expect((await cluster.kubectl.withInput(JSON.stringify(again), 'apply', '-f', '-')).stderr).toBe('')
    await expect.poll(() => fetchFrom('client', `http://${address}/`), { timeout: 30_000 }).toMatch(/^web-/)
  })

  test('have a proxy whose health and mode are those of kube-proxy', async () => {
    expect(JSON.parse(await fetchFrom('client', `http://${on(2).hostIp}:10256/healthz`))).toMatchObject({
      nodeEligible: true,
    })
    expect(await fetchFrom('host', 'http://127.0.0.1:10249/proxyMode')).toBe('iptables')
  })

  test('kubernetes is the API server', async () => {
    expect(await fetchFrom('client', '--no-check-certificate https://kubernetes.default/healthz')).toBe('ok')
  })
})

test('host ports lead to their pod, from elsewhere and from the pod itself', async () => {
  expect(await fetchFrom('client', `http://${on(2).hostIp}:8088/`)).toBe(on(2).name)
  expect(await fetchFrom(on(2).name, `http://${on(2).hostIp}:8088/`)).toBe(on(2).name)
})

describe('names', () => {
  const lookUp = async (name: string, type = 'a'): Promise<string> =>
    (await inPod('client', `nslookup -type=${type} ${name}`)).stdout

  test('of services and their pods', async () => {
    const heads = await lookUp('heads.default.svc.cluster.local')
    for (const { ip } of web.values()) expect(heads).toContain(ip)
    const dashed = on(2).ip.replaceAll('.', '-')
    expect(await lookUp(`${dashed}.heads.default.svc.cluster.local`)).toContain(on(2).ip)
  })

  test('of ports', async () => {
    expect(await lookUp('_http._tcp.heads.default.svc.cluster.local', 'srv')).toMatch(/8080/)
  })

  test('that stand for others', async () => {
    expect(await fetchFrom('client', 'http://alias/')).toMatch(/^web-/)
  })

  test('of addresses', async () => {
    expect(await lookUp('1.0.96.10.in-addr.arpa', 'ptr')).toContain('kubernetes.default.svc.cluster.local')
  })

  test('outside the cluster are asked of the worker’s own servers', async () => {
    expect(await lookUp(`slipway-${clusterName}-worker-2.`)).toContain(on(2).hostIp)
  })
})
