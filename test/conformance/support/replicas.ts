import { expect } from 'vitest'
import type { Api, Wire } from './api.ts'
import { eventually } from './eventually.ts'
import { controllerUid, isReady, podUntil, podWith, testServer } from './workloads.ts'
import { readyReplicas } from './workload-endpoints.ts'

/** What ReplicaSets and ReplicationControllers must do alike; they differ in their path and in their selector. */
export interface ReplicaKind {
  /** Path of the collection in a namespace. */
  collection(namespace: string): string
  /** Without metadata. */
  object(replicas: number, labels: Record<string, string>, template: object): object
}

const labels = { name: 'adopted' }

/** A pod without an owner that matches the selector belongs to the one who selects it. @returns its path and its owner's */
export async function expectAdoption(api: Api, namespace: string, kind: ReplicaKind): Promise<[string, string]> {
  const pods = `/api/v1/namespaces/${namespace}/pods`
  const { metadata, spec } = podWith(labels)
  await api.create(pods, { metadata: { ...metadata, name: 'orphan' }, spec })
  await podUntil(api, `${pods}/orphan`, isReady)
  const owner = await create(api, namespace, kind)
  await eventually('the orphan is adopted', async () => {
    return controllerUid(await api.get(`${pods}/orphan`)) === owner.metadata.uid
  })
  const at = `${kind.collection(namespace)}/${owner.metadata.name}`
  await readyReplicas(api, at, 1)
  expect((await api.get(pods)).items).toHaveLength(1)
  return [`${pods}/orphan`, at]
}

/** A pod whose labels no longer match is let go, stays, and is replaced. */
export async function expectRelease(api: Api, pod: string, at: string): Promise<void> {
  const { metadata } = await api.get(pod)
  await api.change(pod, ({ metadata }) => (metadata.labels = { name: 'no-longer-matching' }))
  const released = await eventually('the pod is released', async () => {
    const now = await api.get(pod)
    return controllerUid(now) === undefined ? now : undefined
  })
  expect(released.metadata.uid).toBe(metadata.uid)
  expect(released.metadata.ownerReferences ?? []).toEqual([])
  await readyReplicas(api, at, 1)
  expect((await api.get(pod.slice(0, pod.lastIndexOf('/')))).items).toHaveLength(2)
}

/** Creates one named `owner` with one replica. */
export const create = (api: Api, namespace: string, kind: ReplicaKind): Promise<Wire> =>
  api.create(kind.collection(namespace), { metadata: { name: 'owner' }, ...kind.object(1, labels, podWith(labels)) })

/** Its pods may not exceed a quota: it says so in a condition, until it asks for no more than it may have. */
export async function expectFailureOverQuota(api: Api, namespace: string, kind: ReplicaKind): Promise<void> {
  const quotas = `/api/v1/namespaces/${namespace}/resourcequotas`
  await api.create(quotas, { metadata: { name: 'two' }, spec: { hard: { pods: '2' } } })
  await eventually('the quota is in force', async () => (await api.get(`${quotas}/two`)).status?.hard?.pods === '2')
  const at = `${kind.collection(namespace)}/condition-test`
  const object = kind.object(3, labels, podWith(labels))
  await api.create(kind.collection(namespace), { metadata: { name: 'condition-test' }, ...object })
  const failureOf = async (): Promise<Wire> => {
    const { metadata, status } = await api.get(at)
    expect(status?.observedGeneration).toBeGreaterThanOrEqual(metadata.generation)
    return (status.conditions ?? []).find(({ type }: Wire) => type === 'ReplicaFailure')
  }
  const failure = await eventually('the failure is told', failureOf)
  expect(failure).toMatchObject({ status: 'True', reason: 'FailedCreate' })
  expect(failure.message).toMatch(
    /^pods "condition-test-\w{5}" is forbidden: exceeded quota: two, requested: pods=1, used: pods=2, limited: pods=2$/,
  )
  expect((await readyReplicas(api, at, 2)).spec.replicas).toBe(3)
  await api.change(at, ({ spec }) => (spec.replicas = 2))
  await eventually('the failure is no more', async () => (await failureOf()) === undefined)
}

/** Answers with its pod's name over HTTP and TCP (9376) and over UDP (9377). */
const serveHostname = `
  const name = require('node:os').hostname()
  require('node:http').createServer((_, response) => response.end(name)).listen(9376)
  const udp = require('node:dgram').createSocket('udp4')
  udp.on('message', (_, from) => udp.send(name, from.port, from.address)).bind(9377)
  process.once('SIGTERM', () => process.exit(0))
`

/** Every replica answers with its own name, by the pod's proxy; a Service reaches them over HTTP, TCP and UDP. */
export async function expectServing(api: Api, namespace: string, kind: ReplicaKind): Promise<void> {
  const core = `/api/v1/namespaces/${namespace}`
  const at = `${kind.collection(namespace)}/my-hostname`
  const template = podWith(labels)
  Object.assign(template.spec, {
    containers: [
      {
        name: 'my-hostname',
        image: testServer,
        command: ['node', '-e', serveHostname],
        ports: [{ containerPort: 9376 }, { containerPort: 9377, protocol: 'UDP' }],
        readinessProbe: { httpGet: { port: 9376 }, periodSeconds: 1 },
      },
    ],
  })
  await api.create(kind.collection(namespace), {
    metadata: { name: 'my-hostname' },
    ...kind.object(2, labels, template),
  })
  await api.create(`${core}/services`, {
    metadata: { name: 'my-hostname' },
    spec: {
      selector: labels,
      ports: [
        { name: 'tcp', port: 80, targetPort: 9376 },
        { name: 'udp', port: 53, targetPort: 9377, protocol: 'UDP' },
      ],
    },
  })
  await readyReplicas(api, at, 2)
  const names: string[] = (await api.get(`${core}/pods`)).items.map(({ metadata }: Wire) => metadata.name)
  expect(names).toHaveLength(2)
  for (const name of names)
    expect((await api.ask('GET', `${core}/pods/${name}:9376/proxy/`)).text, 'by the proxy').toBe(name)
  const answers = await dialled(api, core)
  for (const [way, answer] of Object.entries(answers)) expect(names, way).toContain(answer)
  expect(Object.keys(answers).sort()).toEqual(['http', 'tcp', 'udp'])
}

/** Prints what a server answers, by protocol, as JSON; again until all have answered. */
const dial = `
  const host = 'my-hostname'
  const within = (run) => Promise.race([new Promise(run), new Promise((_, no) => setTimeout(no, 1000, 'late'))])
  const http = () => fetch('http://' + host, { signal: AbortSignal.timeout(1000) }).then((answer) => answer.text())
  const tcp = () => within((resolve, reject) => {
    const socket = require('node:net').connect(80, host, () => socket.end('GET / HTTP/1.0\\r\\n\\r\\n'))
    let text = ''
    socket.on('data', (chunk) => (text += chunk)).on('error', reject)
    socket.on('end', () => resolve(text.split('\\r\\n\\r\\n')[1]))
  })
  const udp = () => within((resolve, reject) => {
    const socket = require('node:dgram').createSocket('udp4')
    socket.on('message', (text) => { socket.close(); resolve(String(text)) }).on('error', reject)
    socket.send('who', 53, host)
  })
  const all = async () => JSON.stringify({ http: await http(), tcp: await tcp(), udp: await udp() })
  const again = () => all().then((text) => { console.log(text); process.exit(0) }, () => setTimeout(again, 200))
  again()
`

async function dialled(api: Api, core: string): Promise<Record<string, string>> {
  await api.create(`${core}/pods`, {
    metadata: { name: 'client' },
    spec: {
      restartPolicy: 'Never',
      containers: [{ name: 'client', image: testServer, command: ['node', '-e', dial] }],
    },
  })
  await podUntil(api, `${core}/pods/client`, ({ status }) => status?.phase === 'Succeeded')
  return JSON.parse((await api.ask('GET', `${core}/pods/client/log`)).text) as Record<string, string>
}
