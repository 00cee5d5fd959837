import { Agent, request } from 'undici'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startSimulatedCluster, type SimulatedCluster } from '../support/simulated-cluster.ts'
import type { Kubectl } from '../support/kubectl.ts'

let cluster: SimulatedCluster
let kubectl: Kubectl
let server = ''
const agent = new Agent({ connect: { rejectUnauthorized: false } })

const ofTheFlood = `apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: {name: flood}
spec: {type: Limited, limited: {nominalConcurrencyShares: 1, borrowingLimitPercent: 0, limitResponse: {type: Reject}}}
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: flood}
spec:
  priorityLevelConfiguration: {name: flood}
  matchingPrecedence: 500
  distinguisherMethod: {type: ByUser}
  rules:
  - subjects: [{kind: ServiceAccount, serviceAccount: {namespace: default, name: flood}}]
    resourceRules: [{verbs: ["*"], apiGroups: ["*"], resources: ["*"], namespaces: ["*"], clusterScope: true}]
`

/** One look is a kubectl command or two, which take seconds on a loaded machine. */
const patience = { timeout: 20_000 }

beforeAll(async () => {
  cluster = await startSimulatedCluster({ count: 1 })
  kubectl = cluster.kubectl
  server = await kubectl.ok('config', 'view', '--minify', '-ojsonpath={.clusters[0].cluster.server}')
  await kubectl.ok('create', 'serviceaccount', 'flood')
  await kubectl.ok('create', 'clusterrolebinding', 'flood', '--clusterrole=edit', '--serviceaccount=default:flood')
})
afterAll(async () => {
  await agent.close()
  await cluster?.stop()
})

const uidOf = (kind: string, name: string): Promise<string> =>
  kubectl.ok('get', kind, name, '-ojsonpath={.metadata.uid}')

describe('a request', () => {
  it('is told its FlowSchema and its priority level', async () => {
    const { stderr } = await kubectl('get', 'namespaces', '-v=8')
    const header = (name: string): string | undefined => new RegExp(`${name}: (\\S+)`, 'i').exec(stderr)?.[1]
    expect(header('X-Kubernetes-Pf-Flowschema-Uid')).toBe(await uidOf('flowschema', 'exempt'))
    expect(header('X-Kubernetes-Pf-Prioritylevel-Uid')).toBe(await uidOf('prioritylevelconfiguration', 'exempt'))
  })
})

describe('a flood of requests of one service account', () => {
  const create = async (token: string, name: string): Promise<{ code: number; retryAfter: unknown; text: string }> => {
    const { statusCode, headers, body } = await request(`${server}/api/v1/namespaces/default/configmaps`, {
      method: 'POST',
      dispatcher: agent,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } }),
    })
    return { code: statusCode, retryAfter: headers['retry-after'], text: await body.text() }
  }

  /** kubectl with nothing but a token. */
  const kubectlWith = (token: string, ...args: string[]): ReturnType<Kubectl> =>
    kubectl('--kubeconfig=/dev/null', `--server=${server}`, '--insecure-skip-tls-verify', `--token=${token}`, ...args)

  it('is shed by its own priority level, and kubectl tries again', async () => {
    await kubectl.withInput(ofTheFlood, 'apply', '-f', '-')
    await vi.waitFor(async () => expect(await kubectl.ok('get', 'flowschema', 'flood')).toContain('False'), patience)
    const token = (await kubectl.ok('create', 'token', 'flood')).trim()
    const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => create(token, `flood-${i}`)))
    const refused = answers.filter(({ code }) => code === 429)
    expect(answers.filter(({ code }) => code === 201).length + refused.length).toBe(200)
    expect(refused.length).toBeGreaterThan(0)
    expect(refused[0]).toEqual({
      code: 429,
      retryAfter: '1',
      text: 'Too many requests, please try again later.\n',
    })

    const flooding = Promise.all(Array.from({ length: 200 }, (_, i) => create(token, `more-${i}`)))
    expect((await kubectlWith(token, 'create', 'configmap', 'patient')).stdout).toContain('created')
    await flooding
    const metrics = await kubectl.ok('get', '--raw', '/metrics')
    const labels = 'flow_schema="flood",priority_level="flood"'
    const rejected = new RegExp(
      `apiserver_flowcontrol_rejected_requests_total{${labels},reason="concurrency-limit"} (\\d+)`,
    ).exec(metrics)?.[1]
    expect(Number(rejected)).toBeGreaterThanOrEqual(refused.length)
    expect(metrics).toContain(`apiserver_flowcontrol_current_executing_requests{${labels}} 0`)
    expect(metrics).toContain('apiserver_flowcontrol_nominal_limit_seats{priority_level="flood"} 3')
  })

  it('waits its turn where its level has queues', async () => {
    await kubectl.ok(
      'patch',
      'prioritylevelconfiguration/flood',
      '--type=merge',
      '-p',
      '{"spec":{"limited":{"limitResponse":{"type":"Queue","queuing":{"queues":4,"handSize":4,"queueLengthLimit":100}}}}}',
    )
    const token = (await kubectl.ok('create', 'token', 'flood')).trim()
    const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => create(token, `queued-${i}`)))
    expect(answers.filter(({ code }) => code !== 201)).toEqual([])
  })

  it('falls to the level of all service accounts when its own is gone', async () => {
    await kubectl.ok('delete', 'prioritylevelconfiguration', 'flood', '--ignore-not-found')
    const token = (await kubectl.ok('create', 'token', 'flood')).trim()
    await vi.waitFor(async () => {
      const { stderr } = await kubectlWith(token, 'get', 'pods', '-v=8')
      expect(stderr).toContain(await uidOf('prioritylevelconfiguration', 'workload-low'))
    }, patience)
  })
})
