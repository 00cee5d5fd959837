import { expect, test } from 'vitest'
import { quantityValue } from '#shared/kube/quantity.ts'
import type { Wire } from '../support/api.ts'
import { containerOf, podsOf, shell } from '../support/pods.ts'
import { serverWithWorkers, uniqueName } from '../support/server.ts'
import { busybox, testPrograms } from '../support/workloads.ts'

/** What a container is started with: its environment, from every source, its command and its arguments. */

const server = await serverWithWorkers()
const { api } = server
const pods = await podsOf(server)

/** The environment of a container as it says itself. */
async function environmentOf(container: object, metadata?: object): Promise<Record<string, string>> {
  const log = await pods.run(
    { containers: [{ name: 'main', image: busybox, command: ['env'], ...container }] },
    metadata,
  )
  return Object.fromEntries(log.split('\n').map((line) => /^([^=]*)=(.*)$/.exec(line)?.slice(1) ?? [line, '']))
}

async function configMap(data: Record<string, string>): Promise<string> {
  const name = uniqueName('settings')
  await api.create(`${pods.root}/configmaps`, { metadata: { name }, data })
  return name
}
async function secret(data: Record<string, string>): Promise<string> {
  const name = uniqueName('secret')
  await api.create(`${pods.root}/secrets`, {
    metadata: { name },
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])),
  })
  return name
}

/** Any printable character but `=` may be in a name. */
const prefixes = ['', 'p_', '1-', '$_-', 'digits.123:', '#/!~{}', 'with space ']

test.concurrent(
  '[sig-node] ConfigMap should be consumable as environment variable names with various prefixes [Conformance]',
  async () => {
    const name = await configMap({ data_1: 'value-1', 'data-2': 'value-2' })
    const environment = await environmentOf({
      envFrom: prefixes.map((prefix) => ({ prefix, configMapRef: { name } })),
    })
    for (const prefix of prefixes)
      expect(environment).toMatchObject({ [`${prefix}data_1`]: 'value-1', [`${prefix}data-2`]: 'value-2' })
  },
)

test.concurrent(
  '[sig-node] ConfigMap should be consumable via environment variable [NodeConformance] [Conformance]',
  async () => {
    const name = await configMap({ 'data-1': 'value-1' })
    const configMapKeyRef = { name, key: 'data-1' }
    const environment = await environmentOf({ env: [{ name: 'CONFIG_DATA_1', valueFrom: { configMapKeyRef } }] })
    expect(environment).toMatchObject({ CONFIG_DATA_1: 'value-1' })
    expect(environment).not.toHaveProperty('data-1')
  },
)

test.concurrent(
  '[sig-node] ConfigMap should be consumable via the environment [NodeConformance] [Conformance]',
  async () => {
    const name = await configMap({ data_1: 'value-1', data_2: 'value-2', data_3: 'value-3' })
    const environment = await environmentOf({
      envFrom: [{ configMapRef: { name } }, { prefix: 'p_', configMapRef: { name } }],
    })
    for (const number of [1, 2, 3])
      expect(environment).toMatchObject({
        [`data_${number}`]: `value-${number}`,
        [`p_data_${number}`]: `value-${number}`,
      })
  },
)

test.concurrent(
  '[sig-node] Secrets should be consumable as environment variable names variable names with various prefixes [Conformance]',
  async () => {
    const name = await secret({ data_1: 'value-1', 'data-2': 'value-2' })
    const environment = await environmentOf({ envFrom: prefixes.map((prefix) => ({ prefix, secretRef: { name } })) })
    for (const prefix of prefixes)
      expect(environment).toMatchObject({ [`${prefix}data_1`]: 'value-1', [`${prefix}data-2`]: 'value-2' })
  },
)

test.concurrent(
  '[sig-node] Secrets should be consumable from pods in env vars [NodeConformance] [Conformance]',
  async () => {
    const name = await secret({ 'data-1': 'value-1' })
    const secretKeyRef = { name, key: 'data-1' }
    expect(await environmentOf({ env: [{ name: 'SECRET_DATA', valueFrom: { secretKeyRef } }] })).toMatchObject({
      SECRET_DATA: 'value-1',
    })
  },
)

test.concurrent(
  '[sig-node] Secrets should be consumable via the environment [NodeConformance] [Conformance]',
  async () => {
    const name = await secret({ data_1: 'value-1', data_2: 'value-2' })
    const environment = await environmentOf({
      envFrom: [{ secretRef: { name } }, { prefix: 'p_', secretRef: { name } }],
    })
    expect(environment).toMatchObject({
      data_1: 'value-1',
      data_2: 'value-2',
      p_data_1: 'value-1',
      p_data_2: 'value-2',
    })
  },
)

/** One variable for each field or resource. */
const fields = (paths: Record<string, string>): object[] =>
  Object.entries(paths).map(([name, fieldPath]) => ({ name, valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } } }))
const resources = (paths: Record<string, string>): object[] =>
  Object.entries(paths).map(([name, resource]) => ({ name, valueFrom: { resourceFieldRef: { resource } } }))
const limitsAndRequests = {
  CPU_LIMIT: 'limits.cpu',
  MEMORY_LIMIT: 'limits.memory',
  CPU_REQUEST: 'requests.cpu',
  MEMORY_REQUEST: 'requests.memory',
}

test.concurrent(
  "[sig-node] Downward API should provide container's limits.cpu/memory and requests.cpu/memory as env vars [NodeConformance] [Conformance]",
  async () => {
    const environment = await environmentOf({
      resources: { requests: { cpu: '250m', memory: '32Mi' }, limits: { cpu: '1250m', memory: '64Mi' } },
      env: resources(limitsAndRequests),
    })
    // Cores and bytes, rounded up.
    expect(environment).toMatchObject({
      CPU_LIMIT: '2',
      MEMORY_LIMIT: '67108864',
      CPU_REQUEST: '1',
      MEMORY_REQUEST: '33554432',
    })
  },
)

test.concurrent(
  '[sig-node] Downward API should provide default limits.cpu/memory from node allocatable [NodeConformance] [Conformance]',
  async () => {
    const environment = await environmentOf({
      env: resources({ CPU_LIMIT: 'limits.cpu', MEMORY_LIMIT: 'limits.memory' }),
    })
    const { items } = await api.get('/api/v1/nodes')
    // The workers are alike.
    const { cpu, memory } = items[0].status.allocatable
    expect(environment).toMatchObject({
      CPU_LIMIT: String(quantityValue(cpu)),
      MEMORY_LIMIT: String(quantityValue(memory)),
    })
  },
)

/** Runs a container whose variables are fields of its pod. @returns them, and the pod as the API has it */
async function withFields(paths: Record<string, string>): Promise<{ environment: Record<string, string>; pod: Wire }> {
  const marker = uniqueName('field')
  const environment = await environmentOf({ env: fields(paths) }, { name: marker })
  return { environment, pod: await api.get(pods.at(marker)) }
}

test.concurrent(
  '[sig-node] Downward API should provide host IP as an env var [NodeConformance] [Conformance]',
  async () => {
    const { environment, pod } = await withFields({ HOST_IP: 'status.hostIP' })
    expect(environment['HOST_IP']).toMatch(/^\d+\.\d+\.\d+\.\d+$/)
    expect(environment['HOST_IP']).toBe(pod.status.hostIP)
  },
)

test.concurrent(
  '[sig-node] Downward API should provide hostIPs as an env var [NodeConformance] [Conformance]',
  async () => {
    const { environment, pod } = await withFields({ HOST_IPS: 'status.hostIPs' })
    expect(environment['HOST_IPS']).toMatch(/^\d+\.\d+\.\d+\.\d+/)
    expect(environment['HOST_IPS']).toBe(pod.status.hostIPs.map(({ ip }: Wire) => ip).join(','))
  },
)

test.concurrent(
  '[sig-node] Downward API should provide pod UID as env vars [NodeConformance] [Conformance]',
  async () => {
    const { environment, pod } = await withFields({ POD_UID: 'metadata.uid' })
    expect(environment['POD_UID']).toBe(pod.metadata.uid)
  },
)

test.concurrent(
  '[sig-node] Downward API should provide pod name, namespace and IP address as env vars [NodeConformance] [Conformance]',
  async () => {
    const { environment, pod } = await withFields({
      POD_NAME: 'metadata.name',
      POD_NAMESPACE: 'metadata.namespace',
      POD_IP: 'status.podIP',
    })
    expect(environment).toMatchObject({ POD_NAME: pod.metadata.name, POD_NAMESPACE: pods.namespace })
    expect(environment['POD_IP']).toMatch(/^\d+\.\d+\.\d+\.\d+$/)
    // It is the address that the status has told, as long as there was one.
    const told = pods.history(pod.metadata.name).flatMap(({ status }) => status.podIP ?? [])
    expect(told).toContain(environment['POD_IP'])
  },
)

const expansions = [
  { name: 'FOO', value: 'foo-value' },
  { name: 'BAR', value: 'bar-value' },
  { name: 'FOOBAR', value: '$(FOO);;$(BAR)' },
]

test.concurrent(
  '[sig-node] Variable Expansion should allow composing env vars into new env vars [NodeConformance] [Conformance]',
  async () => {
    expect(await environmentOf({ env: expansions })).toMatchObject({
      FOO: 'foo-value',
      BAR: 'bar-value',
      FOOBAR: 'foo-value;;bar-value',
    })
  },
)

const value = [{ name: 'TEST_VAR', value: 'test-value' }]
const print = 'TEST_VAR=wrong echo "$0 $1"'

test.concurrent(
  "[sig-node] Variable Expansion should allow substituting values in a container's args [NodeConformance] [Conformance]",
  async () => {
    const args = [print, '$(TEST_VAR)', '$$(TEST_VAR)']
    const container = { name: 'main', image: busybox, command: ['sh', '-c'], args, env: value }
    expect(await pods.run({ containers: [container] })).toBe('test-value $(TEST_VAR)\n')
  },
)

test.concurrent(
  "[sig-node] Variable Expansion should allow substituting values in a container's command [NodeConformance] [Conformance]",
  async () => {
    const command = ['sh', '-c', print, '$(TEST_VAR)', '$(UNKNOWN)']
    const container = { name: 'main', image: busybox, command, env: value }
    expect(await pods.run({ containers: [container] })).toBe('test-value $(UNKNOWN)\n')
  },
)

/** A container of an image whose entrypoint prints how it was started. */
const shown = (more: object): Promise<string> =>
  pods.run({ containers: [{ name: 'main', image: testPrograms, ...more }] })

test.concurrent(
  '[sig-node] Containers should use the image defaults if command and args are blank [NodeConformance] [Conformance]',
  async () => expect(await shown({})).toBe('/bin/show-arguments image-entrypoint image arguments\n'),
)

test.concurrent(
  "[sig-node] Containers should be able to override the image's default arguments (container cmd) [NodeConformance] [Conformance]",
  async () =>
    expect(await shown({ args: ['override', 'arguments'] })).toBe(
      '/bin/show-arguments image-entrypoint override arguments\n',
    ),
)

test.concurrent(
  "[sig-node] Containers should be able to override the image's default command (container entrypoint) [NodeConformance] [Conformance]",
  // The image's arguments belong to the image's command.
  async () => expect(await shown({ command: ['/bin/show-others'] })).toBe('/bin/show-others\n'),
)

test.concurrent(
  "[sig-node] Containers should be able to override the image's default command and arguments [NodeConformance] [Conformance]",
  async () =>
    expect(await shown({ command: ['/bin/show-others'], args: ['override', 'arguments'] })).toBe(
      '/bin/show-others override arguments\n',
    ),
)

/** A pod with one volume, mounted whole and, beside it, at a folder that its environment names. */
const subPath = (subPathExpr: string, env: object[], script?: string): { containers: object[]; volumes: object[] } => ({
  containers: [
    shell(script, {
      env,
      volumeMounts: [
        { name: 'work', mountPath: '/subpath_mount', subPathExpr },
        { name: 'work', mountPath: '/volume_mount' },
      ],
    }),
  ],
  volumes: [{ name: 'work', emptyDir: {} }],
})
const cannotBeCreated = (pod: Wire): boolean => containerOf(pod)?.state.waiting?.reason === 'CreateContainerConfigError'

test.concurrent(
  '[sig-node] Variable Expansion should allow substituting values in a volume subpath [Conformance]',
  async () => {
    const name = uniqueName('subpath')
    const script = `touch /subpath_mount/here && test -f /volume_mount/${name}/here`
    await pods.run(subPath('$(POD_NAME)', fields({ POD_NAME: 'metadata.name' }), script), { name })
  },
)

const byAnnotation = [
  { name: 'POD_NAME', value: 'foo' },
  ...fields({ ANNOTATION: "metadata.annotations['mysubpath']" }),
]

test.concurrent(
  '[sig-node] Variable Expansion should succeed in writing subpaths in container [Conformance]',
  async () => {
    const annotations = { mysubpath: 'mypath' }
    const name = await pods.create(subPath('$(ANNOTATION)/$(POD_NAME)', byAnnotation), { annotations })
    await pods.ready(name)
    const inPod = (...command: string[]): Promise<string> =>
      server.kubectl.ok('exec', '-n', pods.namespace, name, '--', ...command)
    await inPod('touch', '/volume_mount/mypath/foo/test.log')
    await inPod('test', '-f', '/subpath_mount/test.log')
    await api.patch(pods.at(name), { metadata: { annotations: { mysubpath: 'mynewpath' } } })
    const { status } = await api.get(pods.at(name))
    expect(status.phase).toBe('Running')
    // Its volume is cleaned up although its folder has another name now.
    await api.delete(pods.at(name))
    await pods.gone(name)
  },
)

for (const [what, path] of [
  ['absolute path', '/tmp'],
  ['backticks', '..'],
] as const)
  test.concurrent(
    `[sig-node] Variable Expansion should fail substituting values in a volume subpath with ${what} [Conformance]`,
    async () => {
      const name = await pods.create(subPath('$(POD_NAME)', [{ name: 'POD_NAME', value: path }]))
      await pods.until(name, 'its container cannot be created', cannotBeCreated)
      expect(containerOf(await api.get(pods.at(name))).restartCount).toBe(0)
      await api.delete(pods.at(name))
      await pods.gone(name)
    },
  )

test.concurrent(
  '[sig-node] Variable Expansion should verify that a failing subpath expansion can be modified during the lifecycle of a container [Slow] [Conformance]',
  async () => {
    const annotations = { notmysubpath: 'mypath' }
    const name = await pods.create(subPath('$(ANNOTATION)/$(POD_NAME)', byAnnotation), { annotations })
    await pods.until(name, 'its container cannot be created', cannotBeCreated)
    await api.patch(pods.at(name), { metadata: { annotations: { mysubpath: 'mypath' } } })
    await pods.ready(name)
    await api.delete(pods.at(name))
    await pods.gone(name)
  },
)
