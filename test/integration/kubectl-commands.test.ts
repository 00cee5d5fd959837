import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { deletedLines, sinceKubectl, type Kubectl } from '../support/kubectl.ts'
import { startSimulatedCluster, type SimulatedCluster } from '../support/simulated-cluster.ts'

let cluster: SimulatedCluster
let kubectl: Kubectl

beforeAll(async () => {
  cluster = await startSimulatedCluster({ count: 2 })
  kubectl = cluster.kubectl
})
afterAll(() => cluster?.stop())

async function file(name: string, text: string): Promise<string> {
  const path = join(cluster.dir, name)
  await writeFile(path, text)
  return path
}

const jsonpath = (kind: string, name: string, path: string, ...more: string[]): Promise<string> =>
  kubectl.ok('get', kind, name, '-o', `jsonpath=${path}`, ...more)

const configMap = (name: string, value: string, labels = 'app: x'): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, labels: {${labels}}}\ndata: {value: "${value}"}\n`

describe('kubectl create', () => {
  type Creation = [args: string, object: string, path: string, value: string]
  // kubectl 1.20 asks for versions of these that Kubernetes 1.36 no longer serves.
  const cronJobs: Creation[] = [
    ['cronjob made --image=busybox --schedule=@hourly', 'cronjob/made', '{.spec.schedule}', '@hourly'],
    ['job from-cron --from=cronjob/made', 'job/from-cron', '{.metadata.ownerReferences[0].kind}', 'CronJob'],
  ]
  const budgets: Creation[] = [
    [
      'poddisruptionbudget made --selector=app=x --min-available=50%',
      'pdb/made',
      '{.spec.minAvailable} {.spec.selector.matchLabels.app}',
      '50% x',
    ],
  ]

  it.each<Creation>([
    ['namespace made', 'namespace/made', '{.status.phase}', 'Active'],
    ['configmap made --from-literal=a=1 --from-literal=b=2', 'configmap/made', '{.data}', '{"a":"1","b":"2"}'],
    ['secret generic made --from-literal=a=1', 'secret/made', '{.type} {.data}', 'Opaque {"a":"MQ=="}'],
    [
      'secret docker-registry registry --docker-server=r.io --docker-username=u --docker-password=p',
      'secret/registry',
      '{.type}',
      'kubernetes.io/dockerconfigjson',
    ],
    [
      'deployment made --image=nginx --replicas=2 --port=80',
      'deployment/made',
      '{.spec.replicas} {.spec.template.spec.containers[0].ports[0].containerPort}',
      '2 80',
    ],
    ['job made --image=busybox -- true', 'job/made', '{.spec.template.spec.containers[0].command}', '["true"]'],
    ...(sinceKubectl(22) ? cronJobs : []),
    [
      'service clusterip made --tcp=80:8080',
      'service/made',
      '{.spec.type} {.spec.ports[0].targetPort}',
      'ClusterIP 8080',
    ],
    ['service clusterip headless --clusterip=None', 'service/headless', '{.spec.clusterIP}', 'None'],
    ['service nodeport noded --tcp=80 --node-port=30080', 'service/noded', '{.spec.ports[0].nodePort}', '30080'],
    ['service loadbalancer balanced --tcp=80', 'service/balanced', '{.spec.type}', 'LoadBalancer'],
    [
      'service externalname named --external-name=example.com',
      'service/named',
      '{.spec.type} {.spec.externalName}',
      'ExternalName example.com',
    ],
    [
      'ingress made --class=web --rule=example.com/path*=made:80,tls=cert',
      'ingress/made',
      '{.spec.ingressClassName} {.spec.rules[0].http.paths[0].pathType} {.spec.tls[0].secretName}',
      'web Prefix cert',
    ],
    [
      'role made --verb=get,list --resource=pods,deployments.apps --resource-name=one',
      'role/made',
      '{.rules[*].apiGroups}{.rules[*].resourceNames}',
      '[""] ["apps"]["one"] ["one"]',
    ],
    [
      'rolebinding made --role=made --user=alice --group=ops --serviceaccount=default:default',
      'rolebinding/made',
      '{.subjects[*].kind}',
      'User Group ServiceAccount',
    ],
    [
      'clusterrole made --verb=get --non-resource-url=/logs/*',
      'clusterrole/made',
      '{.rules[0].nonResourceURLs}',
      '["/logs/*"]',
    ],
    [
      'clusterrole gathered --aggregation-rule=gather=yes',
      'clusterrole/gathered',
      '{.aggregationRule.clusterRoleSelectors[0].matchLabels.gather}',
      'yes',
    ],
    ['clusterrolebinding made --clusterrole=view --user=alice', 'clusterrolebinding/made', '{.roleRef.name}', 'view'],
    ['serviceaccount made', 'serviceaccount/made', '{.metadata.namespace}', 'default'],
    ['quota made --hard=pods=100,secrets=50', 'quota/made', '{.spec.hard}', '{"pods":"100","secrets":"50"}'],
    ...(sinceKubectl(22) ? budgets : []),
    [
      'priorityclass made --value=7 --preemption-policy=Never',
      'priorityclass/made',
      '{.value} {.preemptionPolicy}',
      '7 Never',
    ],
  ])('%s', async (args, object, path, value) => {
    expect(await kubectl.ok('create', ...args.split(' '))).toMatch(/ created\n$/)
    const [kind = '', name = ''] = object.split('/')
    expect(await jsonpath(kind, name, path)).toBe(value)
  })

  if (sinceKubectl(24))
    it('token', async () => {
      const token = (await kubectl.ok('create', 'token', 'made', '--duration=1h', '--audience=x')).trim()
      const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<
        string,
        unknown
      >
      expect(claims).toMatchObject({ aud: ['x'], sub: 'system:serviceaccount:default:made' })
      expect(Number(claims['exp']) - Number(claims['iat'])).toBe(3600)
    })

  it('refuses what is there already, and what cannot be', async () => {
    expect(await kubectl('create', 'cm', 'made')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/: configmaps "made" already exists\n$/),
    })
    const podSpec = '{restartPolicy: Never, containers: [{name: c, image: x}]}'
    const cronJob = `apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: bad}\nspec: {schedule: never, jobTemplate: {spec: {template: {spec: ${podSpec}}}}}\n`
    expect((await kubectl.withInput(cronJob, 'create', '-f', '-')).stderr).toContain(
      'spec.schedule: Invalid value: "never"',
    )
    expect((await kubectl('create', 'cm', 'Bad')).stderr).toContain('a lowercase RFC 1123 subdomain must consist of')
  })
})

describe('kubectl apply', () => {
  it('reads folders, and folders in folders', async () => {
    await mkdir(join(cluster.dir, 'tree/deeper'), { recursive: true })
    await file('tree/one.yaml', configMap('one', '1', 'tree: yes1'))
    await file('tree/deeper/two.yaml', configMap('two', '2', 'tree: yes1'))
    expect(await kubectl.ok('apply', '-f', join(cluster.dir, 'tree'))).toBe('configmap/one created\n')
    expect(await kubectl.ok('apply', '-R', '-f', join(cluster.dir, 'tree'))).toBe(
      'configmap/two created\nconfigmap/one unchanged\n',
    )
  })

  it('prunes by label what is no longer there', async () => {
    const only = join(cluster.dir, 'tree/one.yaml')
    const output = await kubectl.ok(
      'apply',
      '-f',
      only,
      '--prune',
      '-l',
      'tree=yes1',
      sinceKubectl(26) ? '--prune-allowlist=core/v1/ConfigMap' : '--prune-whitelist=core/v1/ConfigMap',
    )
    expect(output).toBe('configmap/one unchanged\nconfigmap/two pruned\n')
    expect((await kubectl('get', 'cm', 'two')).stderr).toContain('configmaps "two" not found')
  })

  if (sinceKubectl(27))
    it('prunes what is no longer in an apply set', async () => {
      const set = ['--applyset=configmaps/members', '--prune', '--namespace=default']
      const apply = (path: string): Promise<string> =>
        kubectl.with({ KUBECTL_APPLYSET: 'true' }).ok('apply', '-f', path, ...set)
      const both = await file('both.yaml', `${configMap('first', '1')}---\n${configMap('second', '2')}`)
      expect(await apply(both)).toBe('configmap/first created\nconfigmap/second created\n')
      const one = await file('first.yaml', configMap('first', '1'))
      expect(await apply(one)).toBe('configmap/first unchanged\nconfigmap/second pruned\n')
    })

  it('builds with kustomize', async () => {
    await mkdir(join(cluster.dir, 'kustom'), { recursive: true })
    await file('kustom/base.yaml', configMap('base', '1'))
    await file(
      'kustom/kustomization.yaml',
      'resources: [base.yaml]\nnamePrefix: dev-\nconfigMapGenerator:\n- name: generated\n  literals: [a=b]\n',
    )
    const output = await kubectl.ok('apply', '-k', join(cluster.dir, 'kustom'))
    expect(output).toContain('configmap/dev-base created\n')
    expect(output).toMatch(/configmap\/dev-generated-[a-z0-9]{10} created\n/)
  })

  it('tries out on the server and on the client without writing', async () => {
    const path = await file('tried.yaml', configMap('tried', '1'))
    expect(await kubectl.ok('apply', '--dry-run=server', '-f', path)).toBe('configmap/tried created (server dry run)\n')
    expect(await kubectl.ok('apply', '--dry-run=client', '-f', path)).toBe('configmap/tried created (dry run)\n')
    expect((await kubectl('get', 'cm', 'tried')).code).toBe(1)
  })

  it('keeps what was applied last: to view, to set and to edit', async () => {
    const path = await file('last.yaml', configMap('last', '1'))
    await kubectl.ok('apply', '-f', path)
    expect(await kubectl.ok('apply', 'view-last-applied', 'cm/last')).toContain('value: "1"')
    await file('last.yaml', configMap('last', '2'))
    expect(await kubectl.ok('apply', 'set-last-applied', '-f', path)).toBe('configmap/last configured\n')
    expect(await kubectl.ok('apply', 'view-last-applied', 'cm/last')).toContain('value: "2"')
    const editor = await file('last-editor.sh', '#!/bin/sh\nsed -i \'s/value: "2"/value: "3"/\' "$1"\n')
    await kubectl.with({ KUBE_EDITOR: `sh ${editor}` }).ok('apply', 'edit-last-applied', 'cm/last')
    expect(await kubectl.ok('apply', 'view-last-applied', 'cm/last')).toContain('value: "3"')
    expect(await jsonpath('cm', 'last', '{.data.value}')).toBe('1')
  })

  it('takes over from the client what it applies on the server', async () => {
    const path = await file('moved.yaml', configMap('moved', '1'))
    await kubectl.ok('apply', '-f', path)
    await file('moved.yaml', configMap('moved', '2'))
    expect(await kubectl.ok('apply', '--server-side', '-f', path)).toBe('configmap/moved serverside-applied\n')
    expect(await jsonpath('cm', 'moved', '{.data.value}')).toBe('2')
    // Older clients leave their client-side entry as it is.
    if (sinceKubectl(26))
      expect(await jsonpath('cm', 'moved', '{.metadata.managedFields[*].operation}', '--show-managed-fields')).toMatch(
        /^Apply( Apply)?$/,
      )
  })
})

describe('kubectl get', () => {
  beforeAll(async () => {
    for (const [name, value] of [
      ['list-a', '3'],
      ['list-b', '1'],
      ['list-c', '2'],
    ] as const)
      await kubectl.withInput(configMap(name, value, 'list: here'), 'apply', '-f', '-')
  })
  const get = (...args: string[]): Promise<string> => kubectl.ok('get', 'cm', '-l', 'list=here', ...args)

  it.each<[args: string[], output: string]>([
    [['-o', 'name'], 'configmap/list-a\nconfigmap/list-b\nconfigmap/list-c\n'],
    [['-o', 'jsonpath={.items[*].data.value}'], '3 1 2'],
    [['-o', 'go-template={{range .items}}{{.metadata.name}};{{end}}'], 'list-a;list-b;list-c;'],
    [
      ['-o', 'custom-columns=N:.metadata.name,V:.data.value', '--sort-by=.data.value'],
      'N        V\nlist-b   1\nlist-c   2\nlist-a   3\n',
    ],
    [['--chunk-size=1', '--no-headers', '-o', 'custom-columns=:.metadata.name'], 'list-a\nlist-b\nlist-c\n'],
    [['--field-selector=metadata.name!=list-b', '-o', 'name'], 'configmap/list-a\nconfigmap/list-c\n'],
  ])('%j', async (args, output) => {
    expect(await get(...args)).toBe(output)
  })

  it('shows labels, every namespace, several kinds and the whole of an object', async () => {
    expect((await get('--show-labels')).split('\n')[0]).toMatch(/^NAME\s+DATA\s+AGE\s+LABELS$/)
    expect(await get('-L', 'list')).toMatch(/^list-a\s+1\s+\S+\s+here$/m)
    expect(await kubectl.ok('get', 'cm', '-A')).toMatch(/^kube-system\s+extension-apiserver-authentication\s/m)
    expect(await kubectl.ok('get', 'cm/list-a', 'sa/default', '-o', 'name')).toBe(
      'configmap/list-a\nserviceaccount/default\n',
    )
    const whole = JSON.parse(await kubectl.ok('get', 'cm', 'list-a', '-o', 'json')) as Record<string, unknown>
    expect(whole).toMatchObject({ kind: 'ConfigMap', data: { value: '3' } })
    expect(await kubectl.ok('get', 'cm', 'list-a', '-o', 'yaml')).toContain('kind: ConfigMap\n')
    expect(await kubectl.ok('get', '--raw', '/api/v1/namespaces/default/configmaps/list-a')).toContain('"value":"3"')
  })

  it('watches from the first event to the last', async () => {
    const watching = kubectl.start('get', 'cm', '-l', 'list=here', '-w', '--output-watch-events', '--no-headers')
    await watching.output(/ADDED\s+list-c/)
    await kubectl.ok('label', 'cm', 'list-c', 'more=1')
    await watching.output(/MODIFIED\s+list-c/)
    await kubectl.ok('label', 'cm', 'list-c', 'list-')
    await watching.output(/DELETED\s+list-c/)
    await watching.stop()
  })

  it('says what is not there', async () => {
    expect((await kubectl('get', 'cm', '-l', 'list=nowhere')).stderr).toBe('No resources found in default namespace.\n')
    expect((await kubectl('get', 'nothings')).stderr).toBe(
      'error: the server doesn\'t have a resource type "nothings"\n',
    )
    expect((await kubectl('get', 'cm', '--field-selector=data.value=1')).stderr).toContain(
      '"data.value" is not a known field selector: only "metadata.name", "metadata.namespace"',
    )
  })

  it('tells how the control plane is', async () => {
    const { stdout, stderr } = await kubectl('get', 'componentstatuses')
    expect(stderr).toBe('Warning: v1 ComponentStatus is deprecated in v1.19+\n')
    const [head, ...lines] = stdout.trimEnd().split('\n')
    expect(head).toMatch(/^NAME\s+STATUS\s+MESSAGE\s+ERROR\s*$/)
    expect(lines.map((line) => line.trimEnd().split(/\s+/)).sort()).toEqual([
      ['controller-manager', 'Healthy', 'ok'],
      ['etcd-0', 'Healthy', 'ok'],
      ['scheduler', 'Healthy', 'ok'],
    ])
    expect(await jsonpath('cs', 'scheduler', '{.conditions[0].status}')).toBe('True')
    expect((await kubectl('get', 'cs', 'nothing')).stderr).toContain('componentstatuses "nothing" not found')
    expect((await kubectl('delete', 'cs', 'scheduler')).stderr).toContain('MethodNotAllowed')
  })
})

describe('kubectl on a workload', () => {
  const spec = (path: string): Promise<string> => jsonpath('deploy', 'made', `{.spec.template.spec.${path}}`)
  const rolledOut = (): Promise<string> => kubectl.ok('rollout', 'status', 'deploy/made', '--timeout=60s')

  it('sets images, environment, resources, accounts and selectors', async () => {
    expect(await kubectl.ok('set', 'image', 'deploy/made', 'nginx=nginx:2')).toBe(
      'deployment.apps/made image updated\n',
    )
    expect(await spec('containers[0].image')).toBe('nginx:2')
    await kubectl.ok('set', 'env', 'deploy/made', 'COLOUR=red')
    await kubectl.ok('set', 'env', 'deploy/made', '--from=cm/made', '--prefix=CM_')
    expect(await kubectl.ok('set', 'env', 'deploy/made', '--list')).toContain('COLOUR=red')
    await kubectl.ok('set', 'env', 'deploy/made', 'COLOUR-')
    expect((await spec('containers[0].env[*].name')).split(' ').sort()).toEqual(['CM_A', 'CM_B'])
    await kubectl.ok('set', 'resources', 'deploy/made', '--limits=cpu=200m,memory=64Mi', '--requests=cpu=100m')
    expect(await spec('containers[0].resources')).toBe(
      '{"limits":{"cpu":"200m","memory":"64Mi"},"requests":{"cpu":"100m"}}',
    )
    await kubectl.ok('set', 'serviceaccount', 'deploy/made', 'made')
    expect(await spec('serviceAccountName')).toBe('made')
    await kubectl.ok('set', 'selector', 'service', 'made', 'app=other')
    expect(await jsonpath('service', 'made', '{.spec.selector}')).toBe('{"app":"other"}')
    await kubectl.ok('set', 'subject', 'rolebinding', 'made', '--user=bob')
    expect(await jsonpath('rolebinding', 'made', '{.subjects[*].name}')).toBe('alice ops default bob')
    await rolledOut()
  })

  it('follows a StatefulSet, shows its history and goes back', async () => {
    const set = {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'made-set' },
      spec: {
        serviceName: 'made',
        replicas: 2,
        selector: { matchLabels: { app: 'made-set' } },
        template: {
          metadata: { labels: { app: 'made-set' } },
          spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'nginx', image: 'nginx:1' }] },
        },
      },
    }
    const followed = (): Promise<string> => kubectl.ok('rollout', 'status', 'sts/made-set', '--timeout=60s')
    await kubectl.withInput(JSON.stringify(set), 'create', '-f', '-')
    expect(await followed()).toContain('roll out complete: 2 new pods have been updated')
    await kubectl.ok('set', 'image', 'sts/made-set', 'nginx=nginx:2')
    await followed()
    expect(await kubectl.ok('rollout', 'history', 'sts/made-set', '--revision=1')).toContain('Image:\tnginx:1\n')
    expect(await kubectl.ok('rollout', 'undo', 'sts/made-set')).toBe('statefulset.apps/made-set rolled back\n')
    await followed()
    expect(await jsonpath('pod', 'made-set-0', '{.spec.containers[0].image}')).toBe('nginx:1')
    expect(await kubectl.ok('rollout', 'history', 'sts/made-set')).toMatch(/^2\s.*\n3\s/m)
    await kubectl.ok('delete', 'sts', 'made-set')
  })

  it('pauses, resumes, restarts and goes back', async () => {
    expect(await kubectl.ok('rollout', 'pause', 'deploy/made')).toBe('deployment.apps/made paused\n')
    await kubectl.ok('set', 'image', 'deploy/made', 'nginx=nginx:3')
    expect((await kubectl('rollout', 'undo', 'deploy/made')).stderr).toContain('cannot rollback a paused deployment')
    expect(await kubectl.ok('rollout', 'resume', 'deploy/made')).toBe('deployment.apps/made resumed\n')
    await rolledOut()
    expect(await kubectl.ok('rollout', 'restart', 'deploy/made')).toBe('deployment.apps/made restarted\n')
    await rolledOut()
    expect(await kubectl.ok('rollout', 'history', 'deploy/made')).toMatch(/^REVISION\s+CHANGE-CAUSE$/m)
    expect(await kubectl.ok('rollout', 'history', 'deploy/made', '--revision=1')).toContain('Image:\tnginx\n')
    expect(await kubectl.ok('rollout', 'undo', 'deploy/made', '--to-revision=1')).toBe(
      'deployment.apps/made rolled back\n',
    )
    expect(await spec('containers[0].image')).toBe('nginx')
    await rolledOut()
  })

  it('scales, with a precondition, and by an autoscaler', async () => {
    expect((await kubectl('scale', 'deploy/made', '--replicas=3', '--current-replicas=9')).stderr).toContain(
      'Expected replicas to be 9, was 2',
    )
    expect(await kubectl.ok('scale', 'deploy/made', '--replicas=3', '--current-replicas=2')).toBe(
      'deployment.apps/made scaled\n',
    )
    if (sinceKubectl(24)) {
      const patch = ['--subresource=scale', '--type=merge', '-p', '{"spec":{"replicas":2}}']
      expect(await kubectl.ok('patch', 'deploy', 'made', ...patch)).toBe('scale.autoscaling/made patched\n')
      expect(await jsonpath('deploy', 'made', '{.spec.replicas}')).toBe('2')
    }
    await kubectl.ok('scale', 'deploy/made', '--replicas=1')
    await kubectl.ok('autoscale', 'deploy/made', '--min=1', '--max=4', '--cpu-percent=60')
    expect(await kubectl.ok('get', 'hpa', 'made')).toMatch(/made\s+Deployment\/made\s+\S+.*60%\s+1\s+4/)
  })

  it('exposes', async () => {
    expect(await kubectl.ok('expose', 'deploy', 'made', '--name=exposed', '--port=80', '--target-port=8080')).toBe(
      'service/exposed exposed\n',
    )
    expect(await jsonpath('service', 'exposed', '{.spec.selector.app} {.spec.ports[0].targetPort}')).toBe('made 8080')
  })

  if (sinceKubectl(27))
    it('shows events', async () => {
      const events = await kubectl.ok('events', '--for=deployment/made')
      expect(events).toMatch(/Normal\s+ScalingReplicaSet\s+Deployment\/made\s+Scaled up replica set made-/)
      expect((await kubectl('events', '--types=Warning', '--for=deployment/made')).stderr).toBe(
        'No events found in default namespace.\n',
      )
    })

  it('waits for conditions, values, creation and deletion', async () => {
    expect(await kubectl.ok('wait', '--for=condition=Available', 'deploy/made', '--timeout=60s')).toBe(
      'deployment.apps/made condition met\n',
    )
    if (sinceKubectl(23))
      await kubectl.ok('wait', '--for=jsonpath={.status.readyReplicas}=1', 'deploy/made', '--timeout=60s')
    if (sinceKubectl(31)) {
      const made = kubectl.start('wait', '--for=create', 'cm/awaited', '--timeout=60s')
      await kubectl.ok('create', 'cm', 'awaited')
      await made.output(/configmap\/awaited condition met/)
    } else await kubectl.ok('create', 'cm', 'awaited')
    const deleted = kubectl.start('wait', '--for=delete', 'cm/awaited', '--timeout=60s')
    // Older clients fail when it is gone before they look.
    const waited = sinceKubectl(24) ? deleted.output(/^$|condition met/) : undefined
    await kubectl.ok('delete', 'cm', 'awaited')
    await waited
    await deleted.stop()
    expect((await kubectl('wait', '--for=condition=Nothing', 'deploy/made', '--timeout=1s')).stderr).toContain(
      'timed out waiting for the condition',
    )
  })

  it('replaces, also by force', async () => {
    const path = await file('replaced.yaml', configMap('replaced', '1'))
    expect((await kubectl('replace', '-f', path)).stderr).toContain('configmaps "replaced" not found')
    await kubectl.ok('create', '-f', path)
    const uid = await jsonpath('cm', 'replaced', '{.metadata.uid}')
    await file('replaced.yaml', configMap('replaced', '2'))
    expect(await kubectl.ok('replace', '-f', path)).toBe('configmap/replaced replaced\n')
    expect(await jsonpath('cm', 'replaced', '{.metadata.uid} {.data.value}')).toBe(`${uid} 2`)
    expect(await kubectl.ok('replace', '--force', '-f', path)).toContain('configmap/replaced replaced\n')
    expect(await jsonpath('cm', 'replaced', '{.metadata.uid}')).not.toBe(uid)
  })

  it.each([
    ['orphan', 1],
    ['foreground', 0],
    ['background', 0],
  ])('deletes with --cascade=%s', async (cascade, left) => {
    const name = `cascade-${cascade}`
    await kubectl.ok('create', 'deploy', name, '--image=x')
    await kubectl.ok('rollout', 'status', `deploy/${name}`, '--timeout=60s')
    await kubectl.ok('delete', 'deploy', name, `--cascade=${cascade}`, '--timeout=60s')
    if (left === 0) await kubectl.waitForDeletion('rs,pods', '-l', `app=${name}`)
    const names = (await kubectl.ok('get', 'rs', '-l', `app=${name}`, '-o', 'name')).split('\n').filter(Boolean)
    expect(names).toHaveLength(left)
    if (left > 0) expect(await kubectl.ok('get', ...names, '-o', 'jsonpath={.metadata.ownerReferences}')).toBe('')
  })

  it('deletes pods at once, with grace and by field', async () => {
    await kubectl.ok('run', 'gone-1', '--image=x', '--labels=gone=yes')
    await kubectl.ok('run', 'gone-2', '--image=x', '--labels=gone=yes', '--restart=Never')
    // The other one, which does not restart, may have completed by then.
    await kubectl.ok('wait', '--for=condition=Ready', 'pod', 'gone-1', '--timeout=60s')
    expect((await kubectl('delete', 'pod', 'gone-1', '--force')).stdout).toMatch(deletedLines('pod "gone-1" force'))
    expect(await kubectl.ok('delete', 'pods', '--field-selector=metadata.name=gone-2', '--grace-period=1')).toMatch(
      deletedLines('pod "gone-2"'),
    )
    expect(await kubectl.ok('get', 'pods', '-l', 'gone=yes', '-o', 'name')).toBe('')
  })
})

describe('kubectl about the cluster', () => {
  it('tells who somebody is and what they may do', async () => {
    if (sinceKubectl(27))
      expect(await kubectl.ok('auth', 'whoami', '-o', 'jsonpath={.status.userInfo.groups}')).toContain('system:masters')
    expect(await kubectl.ok('auth', 'can-i', '--list', '--as=alice')).toMatch(/^pods\s+\[\]\s+\[one\]\s+\[get list\]$/m)
    expect((await kubectl('auth', 'can-i', 'delete', 'pods', '--as=alice')).stdout).toBe('no\n')
    expect(await kubectl.ok('auth', 'can-i', 'get', 'pods/one', '--as=alice')).toBe('yes\n')
  })

  it('reconciles roles without taking rights away', async () => {
    const role = (verbs: string): string =>
      `apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: agreed, namespace: default}\nrules:\n- {apiGroups: [""], resources: [pods], verbs: [${verbs}]}\n`
    await kubectl.ok('auth', 'reconcile', '-f', await file('role.yaml', role('get, list')))
    expect(await kubectl.ok('auth', 'reconcile', '-f', await file('role.yaml', role('watch')))).toContain('reconciled')
    const rules = (await kubectl.ok('get', 'role', 'agreed', '-o', 'jsonpath={.rules[*].verbs[*]}')).split(' ')
    expect(rules.sort()).toEqual(['get', 'list', 'watch'])
  })

  it('approves and denies certificate requests', async () => {
    const key = join(cluster.dir, 'carol.key')
    const { execFileSync } = await import('node:child_process')
    const request = execFileSync(
      'openssl',
      [
        'req',
        '-new',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-keyout',
        key,
        '-subj',
        '/CN=carol',
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    ).toString('base64')
    const csr = (name: string): string =>
      `apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata: {name: ${name}}\nspec:\n  request: ${request}\n  signerName: kubernetes.io/kube-apiserver-client\n  usages: [client auth]\n`
    for (const name of ['carol', 'mallory']) await kubectl.withInput(csr(name), 'create', '-f', '-')
    expect(await kubectl.ok('certificate', 'approve', 'carol')).toContain('approved\n')
    expect(await kubectl.ok('certificate', 'deny', 'mallory')).toContain('denied\n')
    await kubectl.waitForValue('csr/carol', '{.status.certificate}')
    expect(await kubectl.ok('get', 'csr')).toMatch(/carol\s.*\sApproved,Issued\n/)
    expect(await kubectl.ok('get', 'csr')).toMatch(/mallory\s.*\sDenied\n/)
    const crt = await file(
      'carol.crt',
      Buffer.from(await jsonpath('csr', 'carol', '{.status.certificate}'), 'base64').toString(),
    )
    // Not by `config set-credentials`: Debian's kubectl 1.20 crashes when it writes a kubeconfig.
    const credentials = [`--client-certificate=${crt}`, `--client-key=${key}`]
    const server = [`--server=${cluster.plane.server}`, '--insecure-skip-tls-verify']
    const asCarol = await kubectl('get', 'nodes', '--kubeconfig=/dev/null', ...server, ...credentials)
    expect(asCarol.stderr).toContain('User "carol" cannot list resource "nodes"')
  })

  it('is reached through kubectl proxy', async () => {
    const proxy = kubectl.start('proxy', '--port=0')
    const [, port] = /127\.0\.0\.1:(\d+)/.exec(await proxy.output(/Starting to serve on 127\.0\.0\.1:\d+/)) ?? []
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/namespaces/default/configmaps/list-a`)
    expect(await answer.json()).toMatchObject({ data: { value: '3' } })
    await proxy.stop()
  })

  it('describes what it has', async () => {
    const sinceMinor22 = [
      ['cronjob', 'made', /Schedule:\s+@hourly/],
      ['pdb', 'made', /Min available:\s+50%/],
      ['endpointslices', '', /AddressType:\s+IPv4/],
    ] as const
    for (const [kind, name, text] of [
      ...(sinceKubectl(22) ? sinceMinor22 : []),
      ['node', 'worker-1', /Taints:\s+<none>/],
      ['deploy', 'made', /StrategyType:\s+RollingUpdate/],
      ['service', 'exposed', /Port:\s+<unset>\s+80\/TCP/],
      ['cm', 'made', /^a:\n----\n1\n/m],
      ['secret', 'made', /^a:\s+1 bytes$/m],
      ['job', 'made', /Completion Mode:\s+NonIndexed|Completions:\s+1/],
      ['ingress', 'made', /example\.com/],
      ['role', 'made', /deployments\.apps\s+\[\]\s+\[one\]\s+\[get list\]/],
      ['clusterrolebinding', 'made', /Kind:\s+ClusterRole\n\s+Name:\s+view/],
      ['quota', 'made', /pods\s+\d+\s+100/],
      ['hpa', 'made', /Max replicas:\s+4/],
      ['namespace', 'default', /Status:\s+Active/],
      ['csr', 'carol', /Requested Signer:\s+|Signer:\s+kubernetes\.io\/kube-apiserver-client/],
    ] as const)
      expect(await kubectl.ok('describe', kind, ...(name === '' ? [] : [name])), kind).toMatch(text)
  })

  it('shows the addresses of Services', async () => {
    expect(await kubectl.ok('get', 'ipaddresses')).toMatch(/^10\.96\.0\.1\s+services\/default\/kubernetes\s/m)
  })

  it("knows every flow schema's priority level", async () => {
    const lines = (await kubectl.ok('get', 'flowschemas', '--no-headers')).trimEnd().split('\n')
    expect(lines.length).toBeGreaterThan(8)
    for (const line of lines) expect(line).toMatch(/ False\s*$/)
  })

  it('counts what the scheduler has done', async () => {
    const metrics = await kubectl.ok('get', '--raw', '/metrics')
    const [, scheduled] = /^scheduler_schedule_attempts_total\{[^}]*result="scheduled"\} (\d+)$/m.exec(metrics) ?? []
    expect(Number(scheduled)).toBeGreaterThan(5)
    expect(metrics).toContain(`scheduler_pod_scheduling_attempts_count{} ${scheduled}\n`)
  })

  it('warns of what is deprecated', async () => {
    expect((await kubectl('get', 'endpoints', 'kubernetes')).stderr).toBe(
      'Warning: v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice\n',
    )
  })

  it('gives Services addresses of further ranges, which stay until nothing is in them', async () => {
    const more = `apiVersion: networking.k8s.io/v1\nkind: ServiceCIDR\nmetadata: {name: more}\nspec: {cidrs: [10.97.0.0/24]}\n`
    expect(await kubectl.withInput(more, 'create', '-f', '-')).toMatchObject({ code: 0 })
    await kubectl.ok('wait', '--for=condition=Ready', 'servicecidr/more', 'servicecidr/kubernetes', '--timeout=60s')
    await kubectl.ok('create', 'service', 'clusterip', 'ranged', '--tcp=80', '--clusterip=10.97.0.9')
    await vi.waitFor(() => kubectl.ok('get', 'ipaddress', '10.97.0.9'), { timeout: 60_000, interval: 500 })
    await kubectl.ok('delete', 'servicecidr', 'more', '--wait=false')
    await kubectl.ok('wait', '--for=condition=Ready=False', 'servicecidr/more', '--timeout=60s')
    const refused = await kubectl('create', 'service', 'clusterip', 'late', '--tcp=80', '--clusterip=10.97.0.10')
    expect(refused.stderr).toContain('is not in the valid range')
    await kubectl.ok('delete', 'service', 'ranged')
    await kubectl.ok('wait', '--for=delete', 'servicecidr/more', '--timeout=60s')
  })

  it('binds a pod by hand', async () => {
    const pod = `apiVersion: v1\nkind: Pod\nmetadata: {name: by-hand}\nspec: {schedulerName: nobody, containers: [{name: c, image: x}]}\n`
    await kubectl.withInput(pod, 'create', '-f', '-')
    const binding = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: 'by-hand' },
      target: { kind: 'Node', name: 'worker-2' },
    }
    const made = await kubectl.withInput(
      JSON.stringify(binding),
      'create',
      '--raw',
      '/api/v1/namespaces/default/bindings',
      '-f',
      '-',
    )
    expect(made).toMatchObject({ code: 0 })
    await kubectl.ok('wait', '--for=condition=Ready', 'pod/by-hand', '--timeout=60s')
    expect(await jsonpath('pod', 'by-hand', '{.spec.nodeName}')).toBe('worker-2')
  })

  it('has had the rights that it needed for all this', () => {
    expect(cluster.complaints.filter((line) => /forbidden|cannot/i.test(line))).toEqual([])
  })
})
