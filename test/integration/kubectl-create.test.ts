import { execFileSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sinceKubectl, type Kubectl, type KubectlResult } from '../support/kubectl.ts'
import { startSimulatedCluster, type SimulatedCluster } from '../support/simulated-cluster.ts'

let cluster: SimulatedCluster
let kubectl: Kubectl

beforeAll(async () => {
  cluster = await startSimulatedCluster({ count: 1 })
  kubectl = cluster.kubectl
})
afterAll(() => cluster?.stop())

async function file(name: string, text: string | Buffer): Promise<string> {
  const path = join(cluster.dir, name)
  await writeFile(path, text)
  return path
}

const jsonpath = (object: string, path: string): Promise<string> => kubectl.ok('get', object, '-o', `jsonpath=${path}`)

const base64 = (text: string | Buffer): string => Buffer.from(text).toString('base64')

const create = (manifest: object | string, ...more: string[]): Promise<KubectlResult> =>
  kubectl.withInput(typeof manifest === 'string' ? manifest : JSON.stringify(manifest), 'create', '-f', '-', ...more)

const configMap = (metadata: object, more: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata,
  ...more,
})

describe('kubectl create, from files', () => {
  it('a config map of texts and of bytes that are none', async () => {
    await mkdir(join(cluster.dir, 'conf'))
    await file('conf/app.ini', 'a=1\n')
    await file('conf/logo.bin', Buffer.from([0xff, 0xfe, 0x00]))
    await kubectl.ok('create', 'cm', 'files', `--from-file=${join(cluster.dir, 'conf')}`)
    expect(await jsonpath('cm/files', '{.data}')).toBe('{"app.ini":"a=1\\n"}')
    expect(await jsonpath('cm/files', '{.binaryData}')).toBe('{"logo.bin":"//4A"}')
    if (sinceKubectl(22))
      expect(await kubectl.ok('describe', 'cm', 'files')).toMatch(/BinaryData\n====\nlogo\.bin: 3 bytes\n/)
    expect(await kubectl.ok('get', 'cm', 'files', '--no-headers')).toMatch(/^files\s+2\s/)
  })

  it('a config map from a file of environment, with a hash in its name', async () => {
    const env = await file('app.env', '# comment\nCOLOUR=red\nSIZE=3\n')
    const made = await kubectl.ok(
      'create',
      'cm',
      'environment',
      `--from-env-file=${env}`,
      '--append-hash',
      '-o',
      'name',
    )
    expect(made).toMatch(/^configmap\/environment-[a-z0-9]{10}\n$/)
    expect(await jsonpath(made.trim(), '{.data}')).toBe('{"COLOUR":"red","SIZE":"3"}')
  })

  it('a secret for TLS', async () => {
    const key = join(cluster.dir, 'tls.key')
    const crt = join(cluster.dir, 'tls.crt')
    const flags = '-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=web'.split(' ')
    execFileSync('openssl', ['req', ...flags, '-keyout', key, '-out', crt], { stdio: 'ignore' })
    expect(await kubectl.ok('create', 'secret', 'tls', 'web', `--cert=${crt}`, `--key=${key}`)).toBe(
      'secret/web created\n',
    )
    expect(await jsonpath('secret/web', '{.type} {.data.tls\\.crt}')).toBe(
      `kubernetes.io/tls ${base64(await readFile(crt))}`,
    )
  })

  it('a secret for a registry, as docker reads it', async () => {
    const account = ['--docker-server=r.io', '--docker-username=u', '--docker-password=p', '--docker-email=u@r.io']
    await kubectl.ok('create', 'secret', 'docker-registry', 'registry', ...account)
    const config = JSON.parse(
      Buffer.from(await jsonpath('secret/registry', '{.data.\\.dockerconfigjson}'), 'base64').toString(),
    ) as unknown
    expect(config).toEqual({
      auths: { 'r.io': { username: 'u', password: 'p', email: 'u@r.io', auth: base64('u:p') } },
    })
  })

  it('a secret of another type, whose type can never change', async () => {
    await kubectl.ok('create', 'secret', 'generic', 'typed', '--type=example.com/own', '--from-literal=a=1')
    const { stderr } = await kubectl('patch', 'secret', 'typed', '-p', '{"type":"Opaque"}')
    expect(stderr).toBe('The Secret "typed" is invalid: type: Invalid value: "Opaque": field is immutable\n')
  })
})

describe('kubectl create, of what the server completes', () => {
  it('names are generated', async () => {
    const { stdout } = await create(configMap({ generateName: 'run-' }))
    expect(stdout).toMatch(/^configmap\/run-[bcdfghjklmnpqrstvwxz2456789]{5} created\n$/)
  })

  it('the objects of a list are made one by one', async () => {
    const items = [configMap({ name: 'of-list-1' }), configMap({ name: 'of-list-2' })]
    expect((await create({ apiVersion: 'v1', kind: 'List', items })).stdout).toBe(
      'configmap/of-list-1 created\nconfigmap/of-list-2 created\n',
    )
  })

  it('what was applied last is kept when asked for', async () => {
    await create(configMap({ name: 'saved' }, { data: { a: '1' } }), '--save-config')
    expect(await kubectl.ok('apply', 'view-last-applied', 'cm/saved', '-o', 'json')).toContain('"a": "1"')
  })

  it('a cluster role gathers the rules of others, and lets go of them', async () => {
    const rules = (): Promise<string> => jsonpath('clusterrole/gathered', '{.rules[*].resources[*]}')
    await kubectl.ok('create', 'clusterrole', 'gathered', '--aggregation-rule=gather=yes')
    await kubectl.ok('create', 'clusterrole', 'part', '--verb=get', '--resource=configmaps')
    await kubectl.ok('label', 'clusterrole', 'part', 'gather=yes')
    const watching = kubectl.start('get', 'clusterrole', 'gathered', '-w', '-o', 'jsonpath=<{.rules[*].resources[*]}>')
    await watching.output(/<configmaps>/)
    expect(await rules()).toBe('configmaps')
    await kubectl.ok('label', 'clusterrole', 'part', 'gather-')
    await watching.output(/<configmaps>(<configmaps>)*<>/)
    await watching.stop()
    expect(await rules()).toBe('')
  })

  if (sinceKubectl(24))
    it('a token is bound to a pod, and ends with it', async () => {
      await kubectl.ok('run', 'holder', '--image=x')
      const token = await kubectl.ok(
        'create',
        'token',
        'default',
        '--bound-object-kind=Pod',
        '--bound-object-name=holder',
      )
      const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<
        string,
        unknown
      >
      expect(claims['kubernetes.io']).toMatchObject({ namespace: 'default', pod: { name: 'holder' } })
      const review = async (): Promise<unknown> => {
        const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: token.trim() } }
        const { stdout } = await create(body, '-o', 'json')
        return (JSON.parse(stdout) as { status: unknown }).status
      }
      expect(await review()).toMatchObject({
        authenticated: true,
        user: {
          username: 'system:serviceaccount:default:default',
          extra: { 'authentication.kubernetes.io/pod-name': ['holder'] },
        },
      })
      await kubectl.ok('delete', 'pod', 'holder', '--now')
      expect(await review()).not.toHaveProperty('authenticated')
      expect((await kubectl('create', 'token', 'nobody')).stderr).toBe(
        'error: failed to create token: serviceaccounts "nobody" not found\n',
      )
    })
})

describe('kubectl create, of what does not fit', () => {
  const misspelt = configMap({ name: 'misspelt' }, { dtaa: { a: '1' } })

  if (sinceKubectl(27))
    it('a field unknown is refused, told or passed over, as one likes', async () => {
      expect((await create(misspelt)).stderr).toBe(
        'Error from server (BadRequest): error when creating "STDIN": ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "dtaa"\n',
      )
      expect(await create(misspelt, '--validate=warn', '--dry-run=server')).toMatchObject({
        code: 0,
        stdout: 'configmap/misspelt created (server dry run)\n',
        stderr: 'Warning: unknown field "dtaa"\n',
      })
      expect(await create(misspelt, '--validate=ignore', '--dry-run=server')).toMatchObject({ code: 0, stderr: '' })
    })

  it('a field that comes twice is refused', async () => {
    const path = await file(
      'twice.json',
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":{},"data":{}}',
    )
    const uri = '/api/v1/namespaces/default/configmaps?fieldValidation=Strict'
    const { stderr } = await kubectl('create', `--raw=${uri}`, '-f', path)
    expect(stderr).toContain('strict decoding error: duplicate field "data"')
  })

  it('a value of the wrong type is named', async () => {
    expect((await create(configMap({ name: 'x' }, { data: { a: 1 } }))).stderr).toBe(
      'Error from server (BadRequest): error when creating "STDIN": ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ConfigMap.data of type string\n',
    )
  })

  it.each([
    [
      ['service', 'nodeport', 'far', '--tcp=80', '--node-port=80'],
      'spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767',
    ],
    [['quota', 'bad', '--hard=pods=-1'], 'spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0'],
    [['priorityclass', 'system-mine', '--value=1'], 'priority class names with'],
    [['priorityclass', 'much', '--value=2000000000'], 'maximum allowed value of a user defined priority is 1000000000'],
    [['ingress', 'bad', '--rule=exa_mple/=a:80'], 'a lowercase RFC 1123 subdomain must consist of'],
    [['namespace', 'with.dot'], 'must not contain dots'],
    [['service', 'externalname', 'bad', '--external-name=a_b'], 'invalid service external name a_b'],
    [['cm', 'x'.repeat(254)], 'must be no more than 253 characters'],
    [['cm', 'bad-key', '--from-literal=a/b=1'], 'is not a valid key name for a ConfigMap'],
  ])('%j', async (args, message) => {
    const { code, stderr } = await kubectl('create', ...args)
    expect(stderr).toContain(message)
    expect(code).toBe(1)
  })

  it('a budget of more than all pods is refused', async () => {
    const spec = { minAvailable: '150%', selector: { matchLabels: { a: 'b' } } }
    const budget = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'both' }, spec }
    expect((await create(budget)).stderr).toContain(
      'spec.minAvailable: Invalid value: "150%": must not be greater than 100%',
    )
  })

  it('a port that another service has is refused', async () => {
    await kubectl.ok('create', 'service', 'nodeport', 'first', '--tcp=80', '--node-port=31000')
    expect(
      (await kubectl('create', 'service', 'nodeport', 'second', '--tcp=80', '--node-port=31000')).stderr,
    ).toContain('spec.ports[0].nodePort: Invalid value: 31000: provided port is already allocated')
  })

  it('a quota is enforced', async () => {
    await kubectl.ok('create', 'namespace', 'narrow')
    await kubectl.ok('create', 'quota', 'two', '--hard=count/secrets=1', '-n', 'narrow')
    await kubectl.waitForValue('quota/two', '{.status.hard}', undefined, '-n', 'narrow')
    await kubectl.ok('create', 'secret', 'generic', 'a', '-n', 'narrow')
    expect((await kubectl('create', 'secret', 'generic', 'b', '-n', 'narrow')).stderr).toContain(
      'secrets "b" is forbidden: exceeded quota: two, requested: count/secrets=1, used: count/secrets=1, limited: count/secrets=1\n',
    )
  })
})
