import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { sinceKubectl, type Kubectl } from '../support/kubectl.ts'
import { startSimulatedCluster, type SimulatedCluster } from '../support/simulated-cluster.ts'

let cluster: SimulatedCluster
let kubectl: Kubectl

beforeAll(async () => {
  cluster = await startSimulatedCluster({ count: 2 })
  kubectl = cluster.kubectl
  await kubectl.ok('wait', '--for=condition=Ready', 'node', '--all', '--timeout=30s')
})
afterAll(() => cluster?.stop())

const jsonpath = (object: string, path: string): Promise<string> => kubectl.ok('get', object, '-o', `jsonpath=${path}`)

describe('kubectl about itself and the cluster', () => {
  it('tells its configuration without what is secret', async () => {
    const view = await kubectl.ok('config', 'view', '--minify')
    expect(view).toContain(`server: ${cluster.plane.server}\n`)
    expect(view).toMatch(/DATA\+OMITTED|REDACTED/)
    expect(view).not.toContain('PRIVATE KEY')
    expect(await kubectl.ok('config', 'current-context')).toBe('slipway-test\n')
  })

  it('tells where it is, and dumps what it is made of', async () => {
    expect(stripVTControlCharacters(await kubectl.ok('cluster-info'))).toContain(
      `is running at ${cluster.plane.server}`,
    )
    const dump = await kubectl.ok('cluster-info', 'dump', '--namespaces=default')
    expect(dump).toContain('"kind": "NodeList"')
    expect(dump).toContain('"kind": "EventList"')
  })

  it('has no usage before it is collected', async () => {
    expect(await kubectl('top', 'nodes')).toMatchObject({ code: 1, stderr: 'error: metrics not available yet\n' })
  })
})

describe('kubectl on nodes', () => {
  it('cordons, and leaves as it is what is so already', async () => {
    expect(await kubectl.ok('cordon', 'worker-2')).toBe('node/worker-2 cordoned\n')
    expect(await kubectl.ok('cordon', 'worker-2')).toBe('node/worker-2 already cordoned\n')
    await kubectl.waitForValue('node/worker-2', '{.spec.taints[0].key}', 'node.kubernetes.io/unschedulable')
    expect(await kubectl.ok('describe', 'node', 'worker-2')).toMatch(/Unschedulable:\s+true/)
    expect(await kubectl.ok('uncordon', 'worker-2')).toBe('node/worker-2 uncordoned\n')
  })

  it('taints once, overwrites when told, and takes away by effect', async () => {
    const taint = (...args: string[]): ReturnType<Kubectl> => kubectl('taint', 'node', 'worker-2', ...args)
    expect((await taint('a=1:NoSchedule', 'a=1:PreferNoSchedule')).stdout).toBe('node/worker-2 tainted\n')
    expect((await taint('a=2:NoSchedule')).stderr).toContain(
      'node worker-2 already has a taint(s) with same effect(s) and --overwrite is false',
    )
    expect((await taint('a=2:NoSchedule', '--overwrite')).stdout).toBe('node/worker-2 modified\n')
    expect((await taint('a:PreferNoSchedule-')).stdout).toBe('node/worker-2 untainted\n')
    expect(await jsonpath('node/worker-2', '{.spec.taints[?(@.key=="a")].value}')).toBe('2')
    expect((await taint('a-')).code).toBe(0)
    expect((await taint('a=b:Never')).stderr).toContain('invalid taint effect: Never')
  })

  it('drains no more than a budget allows', async () => {
    await kubectl.ok('create', 'deploy', 'kept', '--image=x', '--replicas=2')
    await kubectl.ok('rollout', 'status', 'deploy/kept', '--timeout=60s')
    const budget = { minAvailable: 2, selector: { matchLabels: { app: 'kept' } } }
    await kubectl.withInput(
      JSON.stringify({
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: { name: 'kept' },
        spec: budget,
      }),
      'create',
      '-f',
      '-',
    )
    await kubectl.waitForValue('pdb/kept', '{.status.currentHealthy}', '2')
    const [pod = ''] = (await kubectl.ok('get', 'pods', '-l', 'app=kept', '-o', 'name')).split('\n')
    const node = await jsonpath(pod, '{.spec.nodeName}')
    const refused = await kubectl('drain', node, '--timeout=2s')
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain("Cannot evict pod as it would violate the pod's disruption budget.")
    await kubectl.ok('delete', 'pdb', 'kept')
    expect(await kubectl.ok('drain', node, '--timeout=60s')).toMatch(
      new RegExp(`^node/${node} (drained|evicted)$`, 'm'),
    )
    expect((await kubectl('get', pod)).stderr).toContain('not found')
    await kubectl.ok('uncordon', node)
  })

  it('drains pods without a controller only by force', async () => {
    await kubectl.ok('run', 'lone', '--image=x', '--overrides={"spec":{"nodeName":"worker-1"}}')
    expect((await kubectl('drain', 'worker-1', '--timeout=5s')).stderr).toMatch(
      /cannot delete Pods (that declare no controller|not managed by .*) \(use --force to override\): default\/lone/,
    )
    expect(await kubectl.ok('drain', 'worker-1', '--force', '--timeout=60s')).toContain('pod/lone evicted\n')
    await kubectl.ok('uncordon', 'worker-1')
  })
})

describe('kubectl auth', () => {
  it('speaks for others, their groups and what they bring along', async () => {
    const as = ['--as=carol', '--as-group=ops', '--as-group=web']
    if (sinceKubectl(27))
      expect(JSON.parse(await kubectl.ok('auth', 'whoami', '-o', 'json', ...as, '--as-uid=7'))).toMatchObject({
        status: { userInfo: { username: 'carol', uid: '7', groups: ['ops', 'web', 'system:authenticated'] } },
      })
    await kubectl.ok('create', 'clusterrolebinding', 'ops', '--clusterrole=view', '--group=ops')
    expect(await kubectl.ok('auth', 'can-i', 'list', 'pods', '-A', ...as)).toBe('yes\n')
    expect((await kubectl('auth', 'can-i', 'get', 'secrets', ...as)).stdout).toBe('no\n')
    expect((await kubectl('auth', 'can-i', 'get', '/metrics', ...as)).stdout).toBe('no\n')
    expect(await kubectl.ok('auth', 'can-i', 'get', '/version', ...as)).toBe('yes\n')
  })

  it('lets view see what a role adds to it', async () => {
    const mine = ['auth', 'can-i', 'get', 'nodes', '--as=dora', '--as-group=ops']
    await expect.poll(async () => (await kubectl(...mine)).stdout).toBe('no\n')
    onTestFinished(async () => void (await kubectl.ok('delete', 'clusterrole', 'sees-nodes')))
    const role = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'sees-nodes', labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } },
      rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }],
    }
    const watching = kubectl.start('get', 'clusterrole', 'view', '-w', '-o', 'jsonpath={.rules[*].resources}')
    await kubectl.withInput(JSON.stringify(role), 'create', '-f', '-')
    await watching.output(/\["nodes"\]/)
    await watching.stop()
    await expect.poll(async () => (await kubectl(...mine)).stdout).toBe('yes\n')
  })
})
