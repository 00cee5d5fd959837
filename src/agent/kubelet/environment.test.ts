import { describe, expect, test } from 'vitest'
import { stored } from '#test/support/stored.ts'
import type { Container, Pod, Service } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { environmentOf, expand, MissingSource, resourceField, type Sources } from './environment.ts'

const pod: Stored<Pod> = stored<Pod>({
  metadata: { name: 'web-1', namespace: 'shop', uid: 'u1', labels: { b: '2', a: '1' } },
  spec: { containers: [], serviceAccountName: 'default' },
})
const service: Stored<Service> = stored<Service>({
  metadata: { name: 'key-store', namespace: 'shop' },
  spec: { clusterIP: '10.96.1.2', ports: [{ port: 6379, name: 'redis' }] },
})
const sources: Sources = {
  configMap: async (name) =>
    name === 'settings' ? { metadata: {}, data: { TITLE: 'Hello', MODE: 'dark' } } : undefined,
  secret: async (name) => (name === 'login' ? { metadata: {}, data: { password: 'cHcx' } } : undefined),
  envFile: async (volume, path) => (volume === 'left' && path === 'a/env' ? "HOST='db'\nNONE=''\nBAD" : undefined),
  services: () => [service],
  podIps: ['10.244.1.5'],
  hostIps: ['172.18.0.3'],
  nodeName: 'worker-1',
  node: { cpuMillis: 4_000, memoryBytes: 2 ** 30 },
}
const env = async (container: Partial<Container>): Promise<Record<string, string>> =>
  Object.fromEntries(await environmentOf(pod, { name: 'c', ...container }, sources))

test.each([
  ['$(A) and $(B)', '1 and $(B)'],
  ['$$(A)', '$(A)'],
  ['$A $', '$A $'],
  ['$(A)$(A)', '11'],
])('expands %s to %s', (text, result) => expect(expand(text, new Map([['A', '1']]))).toBe(result))

test('takes variables from every source, later ones winning', async () => {
  expect(
    await env({
      envFrom: [{ configMapRef: { name: 'settings' }, prefix: 'CFG_' }, { secretRef: { name: 'login' } }],
      env: [
        { name: 'TITLE', valueFrom: { configMapKeyRef: { name: 'settings', key: 'TITLE' } } },
        { name: 'GREETING', value: '$(TITLE), $(NOBODY) on $(NODE)' },
        { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
        { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
        { name: 'A', valueFrom: { fieldRef: { fieldPath: "metadata.labels['a']" } } },
        { name: 'CFG_MODE', value: 'light' },
        { name: 'MAYBE', valueFrom: { secretKeyRef: { name: 'none', key: 'x', optional: true } } },
      ],
    }),
  ).toMatchObject({
    CFG_TITLE: 'Hello',
    CFG_MODE: 'light',
    password: 'pw1',
    GREETING: 'Hello, $(NOBODY) on $(NODE)',
    NODE: 'worker-1',
    IP: '10.244.1.5',
    A: '1',
    KEY_STORE_SERVICE_HOST: '10.96.1.2',
    KEY_STORE_PORT_6379_TCP: 'tcp://10.96.1.2:6379',
  })
})

test.each([
  [{ configMapKeyRef: { name: 'none', key: 'x' } }, 'configmap "none" not found'],
  [{ configMapKeyRef: { name: 'settings', key: 'x' } }, "couldn't find key x in ConfigMap shop/settings"],
  [{ secretKeyRef: { name: 'none', key: 'x' } }, 'secret "none" not found'],
])('a missing source is named: %o', async (valueFrom, message) => {
  const failing = env({ env: [{ name: 'X', valueFrom }] })
  await expect(failing).rejects.toThrow(MissingSource)
  await expect(failing).rejects.toThrow(message)
})

test.each([
  ['limits.cpu', undefined, '4'],
  ['limits.cpu', '1m', '4000'],
  ['requests.memory', '1Mi', '64'],
  ['limits.memory', '1Mi', '1024'],
])('resource field %s by %s is %s', (resource, divisor, result) => {
  const container: Container = { name: 'c', resources: { requests: { memory: '64Mi' } } }
  expect(resourceField(pod, container, { resource, ...(divisor ? { divisor } : {}) }, sources)).toBe(result)
})

describe('a variable of a file', () => {
  const from = (key: string, more: { path?: string; optional?: boolean } = {}): Promise<Record<string, string>> =>
    env({ env: [{ name: 'V', valueFrom: { fileKeyRef: { volumeName: 'left', path: 'a/env', key, ...more } } }] })

  test('has its value', async () => expect(await from('HOST')).toMatchObject({ V: 'db' }))

  test.each([
    ['that is not there', 'HOST', { path: 'b' }],
    ['that has it empty', 'NONE', {}],
  ])('%s is left out where it is optional', async (_what, key, more) => {
    expect(await from(key, { ...more, optional: true })).not.toHaveProperty('V')
  })

  test.each([
    ['that is not there', 'HOST', { path: 'b' }, 'environment variable file "b" not found in volume "left"'],
    ['that has it empty', 'NONE', {}, 'environment variable key "NONE" not found in file "a/env"'],
    ['that is no such file, optional or not', 'OTHER', { optional: true }, "couldn't parse env file: invalid"],
  ])('%s is missing', async (_what, key, more, message) => {
    await expect(from(key, more)).rejects.toThrow(MissingSource)
    await expect(from(key, more)).rejects.toThrow(message)
  })
})
