import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
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

const jsonpath = (object: string, path: string, ...more: string[]): Promise<string> =>
  kubectl.ok('get', object, '-o', `jsonpath=${path}`, ...more)

const configMap = (name: string, data: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {${data}}\n`

describe('kubectl apply --server-side', () => {
  const apply = (manager: string, text: string, ...more: string[]): ReturnType<Kubectl> =>
    kubectl.withInput(text, 'apply', '--server-side', `--field-manager=${manager}`, '-f', '-', ...more)

  it('shares an object between managers, and takes away what its last owner lets go', async () => {
    await apply('one', configMap('shared', 'a: "1", both: "1"'))
    await apply('two', configMap('shared', 'b: "1", both: "1"'))
    expect(await jsonpath('cm/shared', '{.data}')).toBe('{"a":"1","b":"1","both":"1"}')
    await apply('one', configMap('shared', ''))
    expect(await jsonpath('cm/shared', '{.data}')).toBe('{"b":"1","both":"1"}')
    await apply('two', configMap('shared', ''))
    expect(await jsonpath('cm/shared', '{.data}')).toBe('')
  })

  it('names who stands in the way, and takes over by force', async () => {
    await apply('one', configMap('fought', 'a: "1"'))
    const { code, stderr } = await apply('two', configMap('fought', 'a: "2"'))
    expect(code).toBe(1)
    expect(stderr).toContain('Apply failed with 1 conflict: conflict with "one": .data.a\n')
    expect(await jsonpath('cm/fought', '{.data.a}')).toBe('1')
    await apply('two', configMap('fought', 'a: "2"'), '--force-conflicts')
    const { data, metadata } = JSON.parse(
      await kubectl.ok('get', '--raw', '/api/v1/namespaces/default/configmaps/fought'),
    ) as { data: object; metadata: { managedFields: { manager: string }[] } }
    expect(data).toEqual({ a: '2' })
    expect(metadata.managedFields.map(({ manager }) => manager)).toEqual(['two'])
  })

  it('shows beforehand what would become of it', async () => {
    const path = await file('fought.yaml', configMap('fought', 'a: "3"'))
    const { code, stdout } = await kubectl('diff', '--server-side', '--field-manager=two', '-f', path)
    expect(code).toBe(1)
    expect(stdout).toMatch(/^-\s+a: "2"\n\+\s+a: "3"$/m)
    expect(await jsonpath('cm/fought', '{.data.a}')).toBe('2')
  })
})

describe('kubectl apply', () => {
  it('merges lists by their keys, and keeps what others have written', async () => {
    const deployment = (containers: string): string =>
      `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: merged}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [${containers}]}}}\n`
    const path = await file('merged.yaml', deployment('{name: one, image: x}, {name: two, image: x}'))
    await kubectl.ok('apply', '-f', path)
    await kubectl.ok('scale', 'deploy/merged', '--replicas=3')
    await kubectl.ok('set', 'env', 'deploy/merged', '-c', 'two', 'KEPT=yes')
    await file('merged.yaml', deployment('{name: two, image: z}'))
    expect(await kubectl.ok('apply', '-f', path)).toBe('deployment.apps/merged configured\n')
    const containers = '{range .spec.template.spec.containers[*]}{.name} {.image} {.env[*].name};{end}'
    expect(await jsonpath('deploy/merged', `{.spec.replicas} ${containers}`)).toBe('3 two z KEPT;')
    await kubectl.ok('delete', 'deploy', 'merged')
  })

  it('cannot change what is fixed, other than by force', async () => {
    const job = (image: string): string =>
      `apiVersion: batch/v1\nkind: Job\nmetadata: {name: fixed}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: ${image}}]}}}\n`
    const path = await file('fixed.yaml', job('x'))
    await kubectl.ok('apply', '-f', path)
    await file('fixed.yaml', job('z'))
    expect((await kubectl('apply', '-f', path)).stderr).toMatch(
      /spec\.template\.spec: Invalid value: .*: field is immutable/,
    )
    expect(await kubectl.ok('replace', '--force', '-f', path)).toContain('job.batch/fixed replaced\n')
    expect(await jsonpath('job/fixed', '{.spec.template.spec.containers[0].image}')).toBe('z')
  })

  it('makes what generates its name only by create', async () => {
    const path = await file('generate.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: x-}\n')
    expect((await kubectl('apply', '-f', path)).stderr).toContain('cannot use generate name with apply')
  })

  it('takes a kustomization, shown, compared and deleted as a whole', async () => {
    const dir = join(cluster.dir, 'kustom')
    await mkdir(dir)
    await file('kustom/base.yaml', configMap('base', 'a: "1"'))
    await file('kustom/kustomization.yaml', 'resources: [base.yaml]\nnameSuffix: -v1\ncommonLabels: {k: v}\n')
    expect(await kubectl.ok('kustomize', dir)).toContain('name: base-v1\n')
    await kubectl.ok('apply', '-k', dir)
    expect(await kubectl('diff', '-k', dir)).toMatchObject({ code: 0, stdout: '' })
    expect(await kubectl.ok('get', 'cm', '-l', 'k=v', '-o', 'name')).toBe('configmap/base-v1\n')
    expect(await kubectl.ok('delete', '-k', dir)).toMatch(deletedLines('configmap "base-v1"'))
  })
})

describe('kubectl edit', () => {
  const edit = async (name: string, script: string, ...args: string[]): ReturnType<Kubectl> => {
    const editor = await file(`${name}.sh`, `#!/bin/sh\n${script}\n`)
    return kubectl.with({ KUBE_EDITOR: `sh ${editor}` })('edit', ...args)
  }

  it('writes nothing when nothing was changed', async () => {
    await kubectl.ok('create', 'cm', 'edited', '--from-literal=a=1')
    expect(await edit('idle', 'true', 'cm', 'edited')).toMatchObject({
      code: 0,
      stderr: 'Edit cancelled, no changes made.\n',
    })
  })

  it('shows again what was refused, with the reason', async () => {
    const seen = join(cluster.dir, 'seen.yaml')
    const script = `if grep -q 'was not valid' "$1"; then cp "$1" ${seen}; exit 0; fi\nsed -i 's/^  a: .*/  a b: "1"/' "$1"`
    const { code, stderr } = await edit('wrong', script, 'cm', 'edited')
    expect(code).toBe(1)
    expect(stderr).toContain('Edit cancelled, no valid changes were saved.')
    expect(await readFile(seen, 'utf8')).toMatch(
      /^# configmaps "edited" was not valid:\n# \* data\[a b\]: Invalid value: "a b"/m,
    )
    expect(await jsonpath('cm/edited', '{.data}')).toBe('{"a":"1"}')
  })

  if (sinceKubectl(24))
    it('reaches the status of a node', async () => {
      const script = `sed -i 's/"capacity": {/"capacity": {"example.com\\/gpu": "2",/' "$1"`
      const result = await edit('status', script, 'node', 'worker-1', '--subresource=status', '-o', 'json')
      expect(result).toMatchObject({ code: 0, stderr: '' })
      expect(await jsonpath('node/worker-1', '{.status.capacity.example\\.com/gpu}')).toBe('2')
    })
})

describe('kubectl patch', () => {
  beforeAll(() => kubectl.ok('create', 'deploy', 'patched', '--image=x', '--replicas=0'))

  if (sinceKubectl(24))
    it('of a status changes the status alone', async () => {
      const body = '{"metadata":{"labels":{"gone":"1"}},"spec":{"replicas":5},"status":{"collisionCount":7}}'
      expect(await kubectl.ok('patch', 'deploy', 'patched', '--subresource=status', '--type=merge', '-p', body)).toBe(
        'deployment.apps/patched patched\n',
      )
      expect(await jsonpath('deploy/patched', '{.spec.replicas} {.status.collisionCount}')).toBe('0 7')
      expect(await jsonpath('deploy/patched', '{.spec.replicas}', '--subresource=scale')).toBe('0')
    })

  it('deletes from lists by key, and tells when nothing changed', async () => {
    await kubectl.ok('create', 'service', 'clusterip', 'ports', '--tcp=80', '--tcp=81')
    const body = '{"spec":{"ports":[{"port":80,"$patch":"delete"}]}}'
    expect(await kubectl.ok('patch', 'service', 'ports', '-p', body)).toBe('service/ports patched\n')
    expect(await jsonpath('service/ports', '{.spec.ports[*].port}')).toBe('81')
    expect(await kubectl.ok('patch', 'service', 'ports', '-p', body)).toBe('service/ports patched (no change)\n')
  })

  it('by JSON asks first what is there', async () => {
    const body = '[{"op":"test","path":"/spec/type","value":"NodePort"},{"op":"remove","path":"/spec/ports"}]'
    const { code, stderr } = await kubectl('patch', 'service', 'ports', '--type=json', '-p', body)
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/the server rejected our request due to an error in our request|^The request is invalid$/m),
    ])
    expect(await jsonpath('service/ports', '{.spec.ports[*].port}')).toBe('81')
  })
})

describe('kubectl label and annotate', () => {
  it('overwrite only when told, list, and take away', async () => {
    await kubectl.ok('create', 'cm', 'labelled')
    await kubectl.ok('label', 'cm', 'labelled', 'a=1')
    expect((await kubectl('label', 'cm', 'labelled', 'a=2')).stderr).toContain(
      "'a' already has a value (1), and --overwrite is false",
    )
    expect(await kubectl.ok('label', 'cm', 'labelled', 'a=2', '--overwrite')).toBe('configmap/labelled labeled\n')
    expect(await kubectl.ok('label', 'cm', 'labelled', '--list')).toBe('a=2\n')
    expect(await kubectl.ok('label', 'cm', 'labelled', 'a-')).toMatch(/^configmap\/labelled (un)?labeled\n$/)
    expect(await kubectl.ok('label', 'cm', 'labelled', 'a-')).toMatch(
      /^label "a" not found.\nconfigmap\/labelled (not )?labeled\n$/,
    )
    expect((await kubectl('label', 'cm', 'labelled', 'a=b', '--resource-version=1')).stderr).toContain(
      'the object has been modified; please apply your changes to the latest version and try again',
    )
    await kubectl.ok('annotate', 'cm', '--all', 'seen=yes')
    expect(await jsonpath('cm/labelled', '{.metadata.annotations.seen}')).toBe('yes')
  })
})

describe('kubectl delete', () => {
  it('waits for finalizers, or does not', async () => {
    await kubectl.ok('create', 'cm', 'held')
    await kubectl.ok('patch', 'cm', 'held', '-p', '{"metadata":{"finalizers":["example.com/hold"]}}')
    expect((await kubectl('delete', 'cm', 'held', '--timeout=1s')).stderr).toContain(
      'timed out waiting for the condition',
    )
    expect(await kubectl.ok('delete', 'cm', 'held', '--wait=false')).toMatch(deletedLines('configmap "held"'))
    expect(await jsonpath('cm/held', '{.metadata.deletionTimestamp}')).toMatch(/^\d{4}-\d\d-\d\dT/)
    expect(
      (
        await kubectl(
          'patch',
          'cm',
          'held',
          '-p',
          '{"metadata":{"finalizers":["example.com/hold","example.com/more"]}}',
        )
      ).stderr,
    ).toContain('no new finalizers can be added if the object is being deleted')
    await kubectl.ok('patch', 'cm', 'held', '--type=merge', '-p', '{"metadata":{"finalizers":null}}')
    expect((await kubectl('get', 'cm', 'held')).stderr).toBe(
      'Error from server (NotFound): configmaps "held" not found\n',
    )
  })

  it('tries out, takes several kinds, and everything of a kind', async () => {
    await kubectl.ok('create', 'namespace', 'swept')
    const inside = ['-n', 'swept']
    await kubectl.ok('create', 'secret', 'generic', 'a', ...inside)
    await kubectl.ok('create', 'quota', 'a', ...inside)
    expect(await kubectl.ok('delete', 'secret', 'a', '--dry-run=server', ...inside)).toMatch(
      /^secret "a" deleted( from swept namespace)? \(server dry run\)\n$/,
    )
    expect(await kubectl.ok('delete', 'secret,quota', '--all', ...inside)).toMatch(
      deletedLines('secret "a"', 'resourcequota "a"'),
    )
    expect(await kubectl.ok('get', 'secret,quota', '-o', 'name', ...inside)).toBe('')
  })
})

describe('kubectl get', () => {
  it('asks for parts, tables and columns of more than one kind', async () => {
    expect(await kubectl.ok('get', 'cm/labelled', 'deploy/patched', '--no-headers')).toMatch(
      /^configmap\/labelled\s+0\s.*\ndeployment\.apps\/patched\s+0\/0\s/,
    )
    expect(await kubectl.ok('get', 'cm', 'nothing', '--ignore-not-found')).toBe('')
    expect((await kubectl.ok('get', 'nodes', '-o', 'wide')).split('\n')[0]).toMatch(
      /^NAME\s+STATUS\s+ROLES\s+AGE\s+VERSION\s+INTERNAL-IP\s+EXTERNAL-IP\s+OS-IMAGE\s+KERNEL-VERSION\s+CONTAINER-RUNTIME/,
    )
    expect(await kubectl.ok('get', 'deploy', 'patched', '-o', 'wide')).toMatch(/\sx\s+x\s+app=patched\s*\n$/)
    expect((await kubectl('get', 'cm', 'labelled', '-A')).stderr).toContain(
      'a resource cannot be retrieved by name across all namespaces',
    )
    expect(await kubectl.ok('get', 'ns', '--sort-by={.metadata.name}', '-o', 'name')).toMatch(/^namespace\/default\n/)
  })

  it('watches only what changes', async () => {
    const watching = kubectl.start('get', 'cm', 'labelled', '--watch-only', '--output-watch-events', '-o', 'name')
    const changed = async (): Promise<void> => {
      for (let turn = 0; !watching.child.killed; turn++)
        await kubectl('annotate', '--overwrite', 'cm', 'labelled', `turn=${turn}`)
    }
    const changing = changed()
    expect(await watching.output(/configmap\/labelled/)).not.toContain('ADDED')
    await watching.stop()
    await changing
  })
})

describe('kubectl explain, and what there is', () => {
  it('tells fields with their types, and types with their fields', async () => {
    const text = await kubectl.ok('explain', 'deployment.spec.strategy')
    // Since 1.27 from OpenAPI v3, which has the names of types.
    expect(text).toMatch(
      sinceKubectl(27)
        ? /^GROUP:\s+apps\nKIND:\s+Deployment\nVERSION:\s+v1\n\nFIELD: strategy <DeploymentStrategy>\n/
        : /^KIND:\s+Deployment\nVERSION:\s+apps\/v1\n\nRESOURCE: strategy <Object>\n/,
    )
    expect(text).toMatch(
      sinceKubectl(27) ? /^ {2}rollingUpdate\t<RollingUpdateDeployment>$/m : /^ {3}rollingUpdate\t<Object>$/m,
    )
    expect(await kubectl.ok('explain', 'hpa', '--api-version=autoscaling/v1')).toMatch(
      /^VERSION:\s+(autoscaling\/)?v1$/m,
    )
    expect(await kubectl.ok('explain', 'pod.spec.containers', '--recursive')).toMatch(
      /\n +ports\t.*\n +containerPort\t/,
    )
    expect((await kubectl('explain', 'nothings')).stderr).toContain(
      'the server doesn\'t have a resource type "nothings"',
    )
  })

  it('filters resources by group, verb and scope', async () => {
    expect(await kubectl.ok('api-resources', '--api-group=batch', '-o', 'name')).toBe('cronjobs.batch\njobs.batch\n')
    const global = await kubectl.ok('api-resources', '--namespaced=false', '-o', 'name')
    expect(global).toContain('nodes\n')
    expect(global).not.toContain('pods\n')
    expect(await kubectl.ok('api-resources', '--verbs=deletecollection', '-o', 'name')).not.toContain(
      'componentstatuses',
    )
    if (sinceKubectl(24))
      expect(await kubectl.ok('api-resources', '--categories=all', '-o', 'name')).toContain('deployments.apps\n')
    expect((await kubectl.ok('api-versions')).split('\n')).toEqual(
      expect.arrayContaining(['v1', 'apps/v1', 'autoscaling/v2']),
    )
  })
})
