import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { get } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSimulatedCluster, type SimulatedCluster } from '../support/simulated-cluster.ts'
import { deletedLines, sinceKubectl, type Kubectl } from '../support/kubectl.ts'

let cluster: SimulatedCluster
let kubectl: Kubectl

beforeAll(async () => {
  cluster = await startSimulatedCluster({ count: 2 })
  kubectl = cluster.kubectl
})
afterAll(() => cluster?.stop())

const configMap = (data: string): string => `apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  labels:
    app: demo
data:
${data}
`

const deployment = (image: string, replicas = 2): string => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: ${image}
        ports: [{containerPort: 80}]
`

async function file(name: string, text: string): Promise<string> {
  const path = join(cluster.dir, name)
  await writeFile(path, text)
  return path
}

describe('the cluster', () => {
  it('says what it is', async () => {
    const version = JSON.parse(await kubectl.ok('version', '-o', 'json')) as { serverVersion: { gitVersion: string } }
    expect(version.serverVersion.gitVersion).toBe('v1.36.0+slipway')
    expect(await kubectl.ok('cluster-info')).toContain('Kubernetes control plane')
    expect(await kubectl.ok('get', '--raw', '/readyz')).toBe('ok')
    const checks = await kubectl.ok('get', '--raw', '/readyz?verbose')
    for (const name of [
      'informer-sync',
      'poststarthook/crd-informer-synced',
      'poststarthook/scheduling/bootstrap-system-priority-classes',
      'poststarthook/kube-apiserver-autoregistration',
      'autoregister-completion',
      'poststarthook/apiservice-discovery-controller',
    ])
      expect(checks).toContain(`[+]${name} ok`)
    expect(await kubectl.ok('get', '--raw', '/livez/etcd')).toBe('ok')
    const metrics = await kubectl.ok('get', '--raw', '/metrics')
    expect(metrics).toMatch(/^apiserver_request_total\{.*verb="LIST".*\} \d+$/m)
    expect(metrics).toMatch(/^workqueue_adds_total\{name="[a-z-]+"\} \d+$/m)
    expect(metrics).toContain('kubernetes_build_info{major="1",minor="36"')
    expect(metrics).toMatch(/^workqueue_queue_duration_seconds_count\{name="[a-z-]+"\} [1-9]/m)
    expect(metrics).toMatch(/^scheduler_pending_pods\{queue="active"\} 0$/m)
  })

  it('has ready nodes and the namespaces of every cluster', async () => {
    await kubectl.ok('wait', '--for=condition=Ready', 'node', '--all', '--timeout=30s')
    const nodes = await kubectl.ok('get', 'nodes')
    expect(nodes.split('\n')[0]).toMatch(/^NAME\s+STATUS\s+ROLES\s+AGE\s+VERSION$/)
    expect(nodes).toMatch(/worker-1\s+Ready/)
    const namespaces = await kubectl.ok('get', 'namespaces', '-o', 'name')
    expect(namespaces.trim().split('\n').sort()).toEqual(
      ['default', 'kube-node-lease', 'kube-public', 'kube-system'].map((name) => `namespace/${name}`),
    )
  })

  it('lists its resources', async () => {
    const resources = await kubectl.ok('api-resources', '--no-headers')
    for (const line of [
      /^pods\s+po\s+v1\s+true\s+Pod$/m,
      /^deployments\s+deploy\s+apps\/v1\s+true\s+Deployment$/m,
      /^clusterroles\s+rbac.authorization.k8s.io\/v1\s+false\s+ClusterRole$/m,
      /^selfsubjectaccessreviews\s+authorization.k8s.io\/v1\s+false\s+SelfSubjectAccessReview$/m,
    ])
      expect(resources).toMatch(line)
    expect(await kubectl.ok('api-versions')).toContain('apps/v1\n')
  })

  it('explains its fields', async () => {
    expect(await kubectl.ok('explain', 'pods.spec.containers.image')).toMatch(/KIND:\s+Pod/)
    expect(await kubectl.ok('explain', 'deployment', '--recursive')).toContain('maxUnavailable')
    const { code, stderr } = await kubectl('explain', 'pods.spec.nope')
    expect([code, stderr]).toEqual([1, expect.stringContaining('field "nope" does not exist')])
  })
})

describe('objects', () => {
  it('are created, changed and left alone by apply', async () => {
    const path = await file('settings.yaml', configMap('  colour: red'))
    expect(await kubectl.ok('apply', '-f', path)).toBe('configmap/settings created\n')
    expect(await kubectl.ok('apply', '-f', path)).toBe('configmap/settings unchanged\n')
    await file('settings.yaml', configMap('  colour: blue\n  size: "3"'))
    expect(await kubectl.ok('apply', '-f', path)).toBe('configmap/settings configured\n')
    expect(await kubectl.ok('get', 'cm', 'settings', '-o', 'jsonpath={.data}')).toBe('{"colour":"blue","size":"3"}')
    await file('settings.yaml', configMap('  size: "3"'))
    await kubectl.ok('apply', '-f', path)
    expect(await kubectl.ok('get', 'cm', 'settings', '-o', 'jsonpath={.data}')).toBe('{"size":"3"}')
  })

  it('are applied by the server, with conflicts named', async () => {
    const path = await file('ssa.yaml', configMap('  colour: red').replace('name: settings', 'name: ssa'))
    expect(await kubectl.ok('apply', '--server-side', '-f', path)).toBe('configmap/ssa serverside-applied\n')
    await file('ssa.yaml', configMap('  colour: green').replace('name: settings', 'name: ssa'))
    const { code, stderr } = await kubectl('apply', '--server-side', '--field-manager=other', '-f', path)
    expect(code).toBe(1)
    expect(stderr).toContain('conflict with "kubectl": .data.colour')
    await kubectl.ok('apply', '--server-side', '--field-manager=other', '--force-conflicts', '-f', path)
    expect(await kubectl.ok('get', 'cm', 'ssa', '-o', 'jsonpath={.data.colour}')).toBe('green')
  })

  it('are compared before they are changed', async () => {
    const path = await file('settings.yaml', configMap('  size: "4"'))
    const { code, stdout } = await kubectl('diff', '-f', path)
    expect(code).toBe(1)
    expect(stdout).toMatch(/^-\s+size: "3"$/m)
    expect(stdout).toMatch(/^\+\s+size: "4"$/m)
    expect(await kubectl.ok('get', 'cm', 'settings', '-o', 'jsonpath={.data.size}')).toBe('3')
    await kubectl.ok('apply', '-f', path)
    expect(await kubectl('diff', '-f', path)).toMatchObject({ code: 0, stdout: '' })
  })

  it('are edited in an editor', async () => {
    const script = await file('edit.sed', 's/size: .*/size: "5"/\n')
    const editor = await file('editor.sh', `#!/bin/sh\nsed -i -f ${script} "$1"\n`)
    const output = await kubectl.with({ KUBE_EDITOR: `sh ${editor}` }).ok('edit', 'cm', 'settings')
    expect(output).toBe('configmap/settings edited\n')
    expect(await kubectl.ok('get', 'cm', 'settings', '-o', 'jsonpath={.data.size}')).toBe('5')
  })

  it('are patched in every way', async () => {
    const patch = (type: string, body: unknown): Promise<string> =>
      kubectl.ok('patch', 'cm', 'settings', `--type=${type}`, '-p', JSON.stringify(body))
    await patch('merge', { data: { a: '1' } })
    await patch('strategic', { data: { b: '2' } })
    await patch('json', [{ op: 'add', path: '/data/c', value: '3' }])
    expect(await kubectl.ok('get', 'cm', 'settings', '-o', 'jsonpath={.data}')).toBe(
      '{"a":"1","b":"2","c":"3","size":"5"}',
    )
  })

  it('are labelled, annotated and found by label', async () => {
    expect(await kubectl.ok('label', 'cm', 'settings', 'tier=back')).toBe('configmap/settings labeled\n')
    expect(await kubectl.ok('annotate', 'cm', 'settings', 'note=hello')).toBe('configmap/settings annotated\n')
    expect(await kubectl.ok('get', 'cm', '-l', 'tier=back', '-o', 'name')).toBe('configmap/settings\n')
    expect(await kubectl.ok('get', 'cm', '-l', 'tier!=back,app', '-o', 'name')).toBe('configmap/ssa\n')
    expect(await kubectl.ok('get', 'cm', '--field-selector', 'metadata.name=ssa', '-o', 'name')).toBe('configmap/ssa\n')
  })

  it('are described', async () => {
    const described = await kubectl.ok('describe', 'cm', 'settings')
    expect(described).toMatch(/Name:\s+settings/)
    expect(described).toContain('Labels:       app=demo\n              tier=back')
  })

  it('are refused with reasons when they are wrong', async () => {
    const bad = await file('bad.yaml', deployment('nginx').replace('replicas: 2', 'replicas: -1'))
    const { code, stderr } = await kubectl('apply', '-f', bad)
    expect(code).toBe(1)
    expect(stderr).toContain('spec.replicas: Invalid value: -1: must be greater than or equal to 0')
    const unknown = await file('unknown.yaml', deployment('nginx').replace('replicas: 2', 'replica: 2'))
    expect((await kubectl('apply', '-f', unknown)).stderr).toMatch(/unknown field "(spec\.)?replica"/)
    expect(await kubectl('get', 'cm', 'nope')).toMatchObject({
      code: 1,
      stderr: 'Error from server (NotFound): configmaps "nope" not found\n',
    })
    expect((await kubectl('create', 'cm', 'x', '-n', 'nowhere')).stderr).toContain('namespaces "nowhere" not found')
  })

  it('are tried out without being written', async () => {
    expect(await kubectl.ok('create', 'cm', 'dry', '--dry-run=server')).toBe('configmap/dry created (server dry run)\n')
    expect((await kubectl('get', 'cm', 'dry')).code).toBe(1)
  })

  it('are watched', async () => {
    const watching = kubectl.start('get', 'cm', '-w', '--no-headers')
    await watching.output(/settings/)
    await kubectl.ok('create', 'cm', 'seen')
    await watching.output(/seen/)
    await watching.stop()
  })

  it('are deleted', async () => {
    expect(await kubectl.ok('delete', 'cm', 'ssa', 'seen')).toMatch(deletedLines('configmap "ssa"', 'configmap "seen"'))
    expect((await kubectl('get', 'cm', 'ssa')).code).toBe(1)
    expect(await kubectl.ok('delete', 'cm', 'ssa', '--ignore-not-found')).toBe('')
    await kubectl.ok('delete', 'cm', '-l', 'app=demo')
  })
})

describe('a Deployment', () => {
  it('rolls out', async () => {
    await kubectl.ok('apply', '-f', await file('web.yaml', deployment('nginx:1')))
    expect(await kubectl.ok('rollout', 'status', 'deploy/web', '--timeout=60s')).toContain('successfully rolled out')
    await kubectl.ok('wait', '--for=condition=Available', 'deploy/web', '--timeout=10s')
    const pods = await kubectl.ok('get', 'pods', '-l', 'app=web', '-o', 'wide')
    expect(pods.split('\n')[0]).toMatch(/^NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE\s+IP\s+NODE/)
    expect(pods.match(/1\/1\s+Running/g)).toHaveLength(2)
    expect(await kubectl.ok('get', 'deploy', 'web')).toMatch(/web\s+2\/2\s+2\s+2/)
  })

  it('is described with its events', async () => {
    const described = await kubectl.ok('describe', 'deploy', 'web')
    expect(described).toMatch(/Replicas:\s+2 desired \| 2 updated \| 2 total \| 2 available/)
    expect(described).toContain('ScalingReplicaSet')
    expect(await kubectl.ok('describe', 'pods', '-l', 'app=web')).toMatch(/Node:\s+worker-\d/)
    if (sinceKubectl(26)) expect(await kubectl.ok('events', '--for', 'deploy/web')).toContain('ScalingReplicaSet')
  })

  it('scales', async () => {
    expect(await kubectl.ok('scale', 'deploy/web', '--replicas=3')).toBe('deployment.apps/web scaled\n')
    await kubectl.ok('rollout', 'status', 'deploy/web', '--timeout=60s')
    expect(await kubectl.ok('get', 'deploy', 'web', '-o', 'jsonpath={.status.readyReplicas}')).toBe('3')
    if (sinceKubectl(23))
      await kubectl.ok('wait', '--for=jsonpath={.status.readyReplicas}=3', 'deploy/web', '--timeout=10s')
  })

  it('keeps its history, and goes back in it', async () => {
    await kubectl.ok('set', 'image', 'deploy/web', 'web=nginx:2')
    await kubectl.ok('rollout', 'status', 'deploy/web', '--timeout=60s')
    expect(await kubectl.ok('rollout', 'history', 'deploy/web')).toMatch(/1\s+<none>\n2\s+<none>/)
    expect(await kubectl.ok('rollout', 'history', 'deploy/web', '--revision=2')).toContain('nginx:2')
    expect(await kubectl.ok('rollout', 'undo', 'deploy/web')).toBe('deployment.apps/web rolled back\n')
    await kubectl.ok('rollout', 'status', 'deploy/web', '--timeout=60s')
    const image = 'jsonpath={.spec.template.spec.containers[0].image}'
    expect(await kubectl.ok('get', 'deploy', 'web', '-o', image)).toBe('nginx:1')
    await kubectl.ok('rollout', 'restart', 'deploy/web')
    await kubectl.ok('rollout', 'status', 'deploy/web', '--timeout=60s')
  })

  it('is reached by name: exec, logs, port-forward', async () => {
    const result = await kubectl('exec', 'deploy/web', '--', 'sh', '-c', 'echo hello; exit 7')
    expect(result).toMatchObject({ code: 7, stdout: 'hello\n' })
    cluster.node.write('web', 'a line')
    expect(await kubectl.ok('logs', 'deploy/web')).toBe('a line\n')
    const following = kubectl.start('logs', '-f', 'deploy/web', '--tail=1')
    await following.output(/a line/)
    cluster.node.write('web', 'another')
    await following.output(/another/)
    cluster.node.endLog('web')
    await once(following.child, 'close')
  })

  it('is exposed by a Service that knows its pods', async () => {
    expect(await kubectl.ok('expose', 'deploy', 'web', '--port=80')).toBe('service/web exposed\n')
    expect(await kubectl.ok('get', 'svc', 'web')).toMatch(/web\s+ClusterIP\s+10\.96\.\d+\.\d+\s+<none>\s+80\/TCP/)
    const watching = kubectl.start('get', 'endpoints', 'web', '-w', '--no-headers')
    await watching.output(/web\s+10\.\S+:80/)
    await watching.stop()
    expect(await kubectl.ok('describe', 'svc', 'web')).toMatch(/Endpoints:\s+10\./)
  })

  it('goes, and all that is its own with it', async () => {
    expect(await kubectl.ok('delete', 'deploy', 'web')).toMatch(deletedLines('deployment.apps "web"'))
    await kubectl.waitForDeletion('pods,rs', '-l', 'app=web')
  })
})

describe('nodes', () => {
  it('are cordoned and drained', async () => {
    await kubectl.ok('apply', '-f', await file('web.yaml', deployment('nginx:1', 4)))
    await kubectl.ok('rollout', 'status', 'deploy/web', '--timeout=60s')
    expect(await kubectl.ok('cordon', 'worker-1')).toBe('node/worker-1 cordoned\n')
    expect(await kubectl.ok('get', 'node', 'worker-1')).toContain('SchedulingDisabled')
    await kubectl.ok('drain', 'worker-1', '--ignore-daemonsets', '--timeout=60s')
    const left = ['get', 'pods', '-l', 'app=web', '--field-selector=spec.nodeName=worker-1', '-o', 'name']
    expect(await kubectl.ok(...left)).toBe('')
    await kubectl.ok('rollout', 'status', 'deploy/web', '--timeout=60s')
    await kubectl.ok('uncordon', 'worker-1')
    await kubectl.ok('delete', 'deploy', 'web')
  })

  it('are tainted and labelled', async () => {
    expect(await kubectl.ok('taint', 'node', 'worker-2', 'a=b:NoSchedule')).toBe('node/worker-2 tainted\n')
    expect(await kubectl.ok('taint', 'node', 'worker-2', 'a-')).toBe('node/worker-2 untainted\n')
    await kubectl.ok('label', 'node', 'worker-2', 'disk=ssd')
    expect(await kubectl.ok('get', 'nodes', '-l', 'disk=ssd', '-o', 'name')).toBe('node/worker-2\n')
  })
})

describe('a DaemonSet', () => {
  it('runs on every node, and leaves one that is tainted', async () => {
    const set = deployment('nginx:1').replace('kind: Deployment', 'kind: DaemonSet').replace('  replicas: 2\n', '')
    await kubectl.ok('apply', '-f', await file('set.yaml', set))
    await kubectl.ok('rollout', 'status', 'ds/web', '--timeout=60s')
    const nodes = ['get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].spec.nodeName}']
    expect((await kubectl.ok(...nodes)).split(' ').sort()).toEqual(['worker-1', 'worker-2'])
    const watching = kubectl.start('get', 'pods', '-l', 'app=web', '-w', '--output-watch-events', '--no-headers')
    await watching.output(/ADDED[^]*ADDED/)
    await kubectl.ok('taint', 'node', 'worker-2', 'out=now:NoExecute')
    await watching.output(/DELETED/)
    await watching.stop()
    expect(await kubectl.ok(...nodes)).toBe('worker-1')
    await kubectl.ok('taint', 'node', 'worker-2', 'out-')
    await kubectl.ok('delete', 'ds', 'web')
  })
})

describe('a claim', () => {
  it('is bound to a volume that suits it, and both stay as long as a pod uses them', async () => {
    const path = await file(
      'claim.yaml',
      `apiVersion: v1
kind: PersistentVolume
metadata: {name: disk}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  storageClassName: ""
  hostPath: {path: /data}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: ""
  resources: {requests: {storage: 500Mi}}
`,
    )
    await kubectl.ok('apply', '-f', path)
    const watching = kubectl.start('get', 'pvc', 'data', '-w', '--no-headers')
    await watching.output(/data\s+Bound\s+disk\s+1Gi\s+RWO/)
    await watching.stop()
    expect(await kubectl.ok('get', 'pv', 'disk')).toMatch(/Bound\s+default\/data/)
    const user = {
      containers: [{ name: 'c', image: 'x' }],
      volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }],
    }
    await kubectl.ok('run', 'user', '--image=x', '--overrides', JSON.stringify({ spec: user }))
    await kubectl.ok('wait', '--for=condition=Ready', 'pod/user', '--timeout=30s')
    await kubectl.ok('delete', '-f', path, '--wait=false')
    expect(await kubectl.ok('get', 'pvc', 'data')).toMatch(/data\s+Terminating/)
    expect(await kubectl.ok('get', 'pv', 'disk')).toMatch(/Terminating/)
    await kubectl.ok('delete', 'pod', 'user')
    await kubectl.waitForDeletion('pvc/data', 'pv/disk')
  })
})

describe('rights', () => {
  it('are asked for', async () => {
    expect(await kubectl.ok('auth', 'can-i', 'delete', 'nodes')).toBe('yes\n')
    if (sinceKubectl(27)) expect(await kubectl.ok('auth', 'whoami')).toContain('kubernetes-admin')
    const asAlice = await kubectl('auth', 'can-i', 'list', 'pods', '--as=alice')
    expect(asAlice).toMatchObject({ code: 1, stdout: 'no\n' })
  })

  it('are granted by role and binding', async () => {
    await kubectl.ok('create', 'role', 'reader', '--verb=get,list,watch', '--resource=pods,pods/log')
    await kubectl.ok('create', 'rolebinding', 'alice', '--role=reader', '--user=alice')
    expect(await kubectl.ok('auth', 'can-i', 'list', 'pods', '--as=alice')).toBe('yes\n')
    expect((await kubectl('auth', 'can-i', 'list', 'pods', '--as=alice', '-n', 'kube-system')).stdout).toBe('no\n')
    expect(await kubectl.ok('get', 'pods', '--as=alice')).toBe('')
    expect((await kubectl('get', 'secrets', '--as=alice')).stderr).toBe(
      'Error from server (Forbidden): secrets is forbidden: User "alice" cannot list resource "secrets" in API group "" in the namespace "default"\n',
    )
    expect(await kubectl.ok('auth', 'can-i', '--list', '--as=alice')).toMatch(
      /pods\/log\s+\[\]\s+\[\]\s+\[get list watch\]/,
    )
  })

  it('to read a pod are none to run something in it', async () => {
    await kubectl.ok('run', 'quiet', '--image=busybox:1.36', '--', 'sleep', '1000')
    await kubectl.ok('wait', '--for=condition=Ready', 'pod/quiet', '--timeout=30s')
    for (const carrier of ['true', 'false']) {
      const alice = kubectl.with({ KUBECTL_REMOTE_COMMAND_WEBSOCKETS: carrier })
      const { code, stderr } = await alice('exec', 'quiet', '--as=alice', '--', 'true')
      expect(code).toBe(1)
      expect(stderr).toContain(
        'User "alice" cannot create resource "pods/exec" in API group "" in the namespace "default"',
      )
    }
    expect(await kubectl.ok('logs', 'quiet', '--as=alice')).toBe('')
    await kubectl.ok('delete', 'pod', 'quiet', '--now')
  })

  it('cannot be handed on by those who lack them', async () => {
    await kubectl.ok('create', 'rolebinding', 'bob', '--clusterrole=admin', '--user=bob')
    await kubectl.ok('create', 'role', 'pods', '--verb=get', '--resource=pods', '--as=bob')
    const { stderr } = await kubectl('create', 'role', 'nodes', '--verb=get', '--resource=nodes', '--as=bob')
    expect(stderr).toContain('is attempting to grant RBAC permissions not currently held')
  })

  if (sinceKubectl(27))
    it('belong to service accounts, by their tokens', async () => {
      await kubectl.ok('create', 'serviceaccount', 'ci')
      await kubectl.ok('create', 'rolebinding', 'ci', '--role=reader', '--serviceaccount=default:ci')
      const token = (await kubectl.ok('create', 'token', 'ci')).trim()
      const asAccount = [
        `--token=${token}`,
        '--kubeconfig=/dev/null',
        `--server=${cluster.plane.server}`,
        '--insecure-skip-tls-verify',
      ]
      expect(await kubectl.ok('auth', 'whoami', ...asAccount)).toContain('system:serviceaccount:default:ci')
      expect((await kubectl('get', 'pods', ...asAccount)).code).toBe(0)
      expect((await kubectl('get', 'cm', ...asAccount)).stderr).toContain(
        'User "system:serviceaccount:default:ci" cannot list',
      )
      await kubectl.ok('delete', 'serviceaccount', 'ci')
      expect((await kubectl('get', 'pods', ...asAccount)).code).toBe(1)
    })

  it('of strangers end at health and version', async () => {
    const ask = async (path: string): Promise<[number | undefined, string]> => {
      const request = get(cluster.plane.server + path, { ca: cluster.plane.pki.ca })
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      return [response.statusCode, await text(response)]
    }
    expect(await ask('/version')).toEqual([200, expect.stringContaining('v1.36.0')])
    expect(await ask('/healthz')).toEqual([200, 'ok'])
    const [code, body] = await ask('/api/v1/pods')
    expect(code).toBe(403)
    expect(body).toContain('User \\"system:anonymous\\" cannot list resource \\"pods\\"')
  })
})

describe('a namespace', () => {
  it('goes with all that is in it', async () => {
    await kubectl.ok('create', 'namespace', 'shop')
    await kubectl.ok('create', 'cm', 'a', '-n', 'shop')
    await kubectl.ok('create', 'deploy', 'web', '--image=nginx', '-n', 'shop')
    await kubectl.ok('rollout', 'status', 'deploy/web', '-n', 'shop', '--timeout=60s')
    expect(await kubectl.ok('get', 'all', '-n', 'shop')).toContain('deployment.apps/web')
    expect(await kubectl.ok('delete', 'namespace', 'shop', '--timeout=60s')).toBe('namespace "shop" deleted\n')
    expect((await kubectl('get', 'namespace', 'shop')).code).toBe(1)
    expect((await kubectl('delete', 'namespace', 'default')).stderr).toContain('this namespace may not be deleted')
  })
})

describe('a Job', () => {
  it('is made, and removed', async () => {
    await kubectl.ok('create', 'job', 'once', '--image=busybox', '--', 'true')
    expect(await kubectl.ok('get', 'job', 'once')).toMatch(/^NAME\s+STATUS\s+COMPLETIONS\s+DURATION\s+AGE/)
    await kubectl.ok('delete', 'job', 'once')
  })
})

describe('the control plane', () => {
  it('has had the rights that it needed for all this', () => {
    expect(cluster.complaints.filter((line) => /forbidden|cannot/i.test(line))).toEqual([])
  })
})
