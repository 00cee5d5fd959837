import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer as createHttpServer, request, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect, createServer, type AddressInfo, type Server } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { certificateEndpoint, createKubeContext } from '#main/contexts/kube-context.ts'
import { openPortForwards } from '#main/contexts/port-forwards/index.ts'
import { systemClock } from '#shared/base/clock.ts'
import { startDockerCluster, type DockerCluster } from '#test/support/docker-cluster.ts'

/** Of its own: several runs may share an engine. */
const clusterName = `host-${process.pid}`

/** A WebSocket server of busybox: it accepts, says "hi", and goes on listening. */
const webSocket = [
  'while read -r line; do line=$(echo "$line" | tr -d "\\r"); [ -z "$line" ] && break',
  'case "$line" in [Ss]ec-[Ww]eb[Ss]ocket-[Kk]ey:*) key=${line#*: };; esac; done',
  'hex=$(printf "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11" "$key" | sha1sum | cut -c1-40 | sed "s/../\\\\\\\\x&/g")',
  'accept=$(printf "$hex" | base64)',
  'printf "HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: %s\\r\\n\\r\\n" "$accept"',
  'printf "\\\\201\\\\002hi"; cat > /dev/null',
].join('\n')

/** Sends every datagram back. */
const echoServer =
  'const s = require("dgram").createSocket("udp4"); s.on("message", (m, r) => s.send(m, r.port, r.address)); s.bind(9001)'

const manifest = (port: number): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  strategy: {rollingUpdate: {maxUnavailable: 0}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 2
      containers:
        - name: web
          image: nginx:stable
          ports: [{containerPort: 80, name: http}]
          readinessProbe: {httpGet: {path: /, port: http}, periodSeconds: 1}
          lifecycle: {preStop: {sleep: {seconds: 1}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{name: http, port: ${port}, targetPort: http}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: socket}
data:
  run.sh: |
${webSocket.replace(/^/gm, '    ')}
---
apiVersion: v1
kind: Pod
metadata: {name: socket, labels: {app: socket}}
spec:
  terminationGracePeriodSeconds: 0
  volumes: [{name: socket, configMap: {name: socket}}]
  containers:
    - name: socket
      image: busybox:1.36
      command: [nc, -ll, -p, '9000', -e, sh, /socket/run.sh]
      volumeMounts: [{name: socket, mountPath: /socket}]
---
apiVersion: v1
kind: Service
metadata: {name: socket}
spec: {selector: {app: socket}, ports: [{port: 9000}]}
---
apiVersion: v1
kind: Pod
metadata: {name: datagrams, labels: {app: datagrams}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - {name: datagrams, image: 'slipway/test-server:1', command: [node, -e, '${echoServer}']}
---
apiVersion: v1
kind: Service
metadata: {name: datagrams}
spec: {type: LoadBalancer, selector: {app: datagrams}, ports: [{port: ${port + 1_000}, targetPort: 9001, protocol: UDP}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  tls: [{hosts: [web.localhost]}]
  rules:
    - host: web.localhost
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: web, port: {name: http}}}}
          - {path: /socket, pathType: Exact, backend: {service: {name: socket, port: {number: 9000}}}}
`

const gatewayManifest = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web}
spec:
  gatewayClassName: slipway
  listeners:
    - {name: http, port: 80, protocol: HTTP}
    - {name: https, port: 443, protocol: HTTPS, tls: {options: {slipway.dev/certificate: cluster}}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web}
spec:
  parentRefs: [{name: web}]
  hostnames: [route.localhost]
  rules:
    - matches: [{path: {type: PathPrefix, value: /home}}]
      filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}]
      backendRefs:
        - {name: web, port: PORT, weight: 9}
        - {name: web, port: PORT, weight: 1}
`

let docker: DockerCluster
let blocker: Server
let wanted = 0

beforeAll(async () => {
  docker = await startDockerCluster({ name: clusterName })
  blocker = createServer().listen(0, '127.0.0.1')
  await once(blocker, 'listening')
  wanted = (blocker.address() as AddressInfo).port
  await docker.kubectl.withInput(manifest(wanted), 'apply', '-f', '-')
  await docker.kubectl.ok('wait', '--for=condition=Available', 'deployment/web', '--timeout=60s')
  await docker.kubectl.ok('wait', '--for=condition=Ready', 'pod/socket', 'pod/datagrams', '--timeout=60s')
}, 240_000)
afterAll(async () => {
  blocker.close()
  await docker.remove()
}, 120_000)

const ingressPort = (): number => Number(new URL(docker.cluster.ingress ?? '').port)
async function get(port: number, host = '127.0.0.1'): Promise<string> {
  const outgoing = request({ port, host: '127.0.0.1', path: '/', headers: { host }, agent: false })
  outgoing.end()
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage]
  return `${answer.statusCode} ${await text(answer)}`
}
const balancedPort = async (): Promise<number> =>
  Number(
    await docker.kubectl.ok('get', 'service/web', '-o', 'jsonpath={.status.loadBalancer.ingress[0].ports[0].port}'),
  )

test('a LoadBalancer whose port is taken is served at the next one, and an event names the process', async () => {
  await expect.poll(balancedPort, { timeout: 20_000 }).toBeGreaterThan(wanted)
  expect(await get(await balancedPort())).toMatch(/^200 .*nginx/s)
  const events = await docker.kubectl.ok(
    'get',
    'events',
    '-o',
    'jsonpath={range .items[*]}{.reason} {.message}{"\\n"}{end}',
  )
  expect(events).toContain(`LoadBalancerPortTaken Port ${wanted} of 127.0.0.1 is taken by Slipway (pid ${process.pid})`)
  expect(events).toContain('EnsuredLoadBalancer Ensured load balancer')
})

test('a LoadBalancer of UDP carries datagrams both ways', async () => {
  const port = Number(
    await docker.kubectl.ok(
      'get',
      'service/datagrams',
      '-o',
      'jsonpath={.status.loadBalancer.ingress[0].ports[0].port}',
    ),
  )
  const socket = createSocket('udp4')
  const answers: string[] = []
  socket.on('message', (content) => answers.push(content.toString()))
  await expect
    .poll(
      () => {
        if (answers.length === 0) socket.send('hello', port, '127.0.0.1')
        return answers[0]
      },
      { timeout: 10_000 },
    )
    .toBe('hello')
  socket.close()
})

test('an Ingress is served by name, over TLS, and by WebSocket', async () => {
  await expect.poll(() => get(ingressPort(), 'web.localhost')).toMatch(/^200 .*nginx/s)
  expect(await get(ingressPort(), 'other.localhost')).toMatch(/^404 /)
  const { ca } = docker.cluster.admin
  const secured = httpsRequest({
    port: ingressPort(),
    host: '127.0.0.1',
    servername: 'web.localhost',
    ca,
    headers: { host: 'web.localhost' },
  })
  secured.end()
  const [answer] = (await once(secured, 'response')) as [IncomingMessage]
  expect(await text(answer)).toContain('nginx')
  const socket = new WebSocket(`ws://127.0.0.1:${ingressPort()}/socket`, { headers: { host: 'web.localhost' } })
  const [message] = (await once(socket, 'message')) as [Buffer]
  expect(message.toString()).toBe('hi')
  socket.terminate()
})

test('a Gateway is served by name, over TLS too, and kubectl shows it', async () => {
  await docker.kubectl.withInput(gatewayManifest.replaceAll('PORT', String(wanted)), 'apply', '-f', '-')
  await docker.kubectl.ok('wait', '--for=condition=Programmed', 'gateway/web', '--timeout=30s')
  const ask = async (path: string): Promise<string> => {
    const outgoing = request({ port: ingressPort(), path, headers: { host: 'route.localhost' }, agent: false })
    outgoing.end()
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage]
    return `${answer.statusCode} ${await text(answer)}`
  }
  await expect.poll(() => ask('/home')).toMatch(/^200 .*nginx/s)
  expect(await ask('/')).toMatch(/^404 /)
  const secured = httpsRequest({
    port: ingressPort(),
    host: '127.0.0.1',
    path: '/home',
    servername: 'route.localhost',
    ca: docker.cluster.admin.ca,
    headers: { host: 'route.localhost' },
  })
  secured.end()
  const [answer] = (await once(secured, 'response')) as [IncomingMessage]
  expect(await text(answer)).toContain('nginx')
  expect(await docker.kubectl.ok('get', 'gateways,httproutes')).toMatch(
    /gateway\S+\/web +slipway +127.0.0.1 +True[\s\S]*httproute\S+\/web +\["route.localhost"\]/,
  )
  expect(await docker.kubectl.ok('explain', 'httproute.spec.rules.backendRefs.weight')).toContain('share')
})

test('traffic goes on while the pods are replaced', async () => {
  const port = await balancedPort()
  let done = false
  const answers = new Map<string, number>()
  const asking = (async () => {
    while (!done)
      for (const answer of await Promise.all(
        [get(port), get(ingressPort(), 'web.localhost')].map((one) => one.catch(String)),
      )) {
        const word = answer.slice(0, 60).split('\n')[0] ?? ''
        answers.set(word, (answers.get(word) ?? 0) + 1)
      }
  })()
  await docker.kubectl.ok('rollout', 'restart', 'deployment/web')
  await docker.kubectl.ok('rollout', 'status', 'deployment/web', '--timeout=60s')
  done = true
  await asking
  expect([...answers.keys()].every((word) => word.startsWith('200 '))).toBe(true)
}, 120_000)

test('a port-forward follows the pods of its Deployment', async () => {
  const { server, admin } = docker.cluster
  const context = createKubeContext({
    info: { id: 'local:x', name: 'x', kind: 'local', server, simulated: false },
    endpoint: certificateEndpoint(new URL(server), admin),
  })
  const forwards = await openPortForwards({
    contextOf: () => context,
    saved: { read: () => Promise.resolve([]), write: () => Promise.resolve() },
    clock: systemClock,
  })
  try {
    const target = { context: 'local:x', namespace: 'default', kind: 'Deployment', name: 'web', port: 'http' } as const
    const { localPort } = await forwards.start(target)
    expect(await get(localPort)).toMatch(/^200 .*nginx/s)
    const first = forwards.list()[0]?.pod ?? ''
    await docker.kubectl.ok('delete', 'pod', first, '--wait=false')
    // A connection may still reach the pod that is going until its deletion is seen.
    await vi.waitFor(
      async () => {
        expect(await get(localPort)).toMatch(/^200 .*nginx/s)
        expect(forwards.list()[0]).toMatchObject({ state: 'active' })
        expect(forwards.list()[0]?.pod).not.toBe(first)
      },
      { timeout: 30_000, interval: 200 },
    )
  } finally {
    await forwards.close()
    await context.stop()
  }
}, 60_000)

test('pods reach this machine by name, and not what listens on its loopback alone', async () => {
  const open = createHttpServer((_message, response) => response.end('the host')).listen(0, '0.0.0.0')
  await once(open, 'listening')
  const { port } = open.address() as AddressInfo
  const inPod = (command: string) => docker.kubectl('exec', 'socket', '--', 'sh', '-c', command)
  expect((await inPod(`wget -T 5 -qO- http://host.slipway.internal:${port}`)).stdout).toBe('the host')
  for (const closed of [Number(new URL(docker.cluster.server).port), ingressPort()])
    expect((await inPod(`nc -w 3 host.slipway.internal ${closed} < /dev/null`)).code).not.toBe(0)
  open.close()
}, 60_000)

test('the ports are the same after a restart, and nothing listens in between', async () => {
  const ports = [await balancedPort(), ingressPort()]
  await docker.reopen(async () => {
    for (const port of ports) {
      const socket = connect(port, '127.0.0.1')
      await expect(once(socket, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    }
  })
  expect(ingressPort()).toBe(ports[1])
  await expect.poll(() => get(ports[0] ?? 0).catch(() => ''), { timeout: 20_000 }).toMatch(/^200 /)
  expect(await balancedPort()).toBe(ports[0])
}, 120_000)
