import { expect, it } from 'vitest'
import type { Container, PodTemplateSpec } from './generated/types.ts'
import { podTemplateHash, revisionHash } from './template-hash.ts'

const container: Container = {
  name: 'c',
  image: 'nginx',
  imagePullPolicy: 'Always',
  resources: {},
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
}

const template = (labels: Record<string, string>, fields: Partial<Container> = {}): PodTemplateSpec => ({
  metadata: { labels },
  spec: {
    containers: [{ ...container, ...fields }],
    dnsPolicy: 'ClusterFirst',
    nodeSelector: { nowhere: 'true' },
    restartPolicy: 'Always',
    schedulerName: 'default-scheduler',
    securityContext: {},
    terminationGracePeriodSeconds: 30,
  },
})

it('hashes a Deployment’s template as Kubernetes v1.36 did', () => {
  const ports = [{ containerPort: 80, protocol: 'TCP' }]
  expect(podTemplateHash(template({ tier: 'web', app: 'rich' }, { ports }))).toBe('55cdd7d8c')
})

it('hashes a StatefulSet’s revision as Kubernetes v1.36 did', () => {
  const patched = {
    ...template({ app: 'rich' }, { volumeMounts: [{ mountPath: '/data', name: 'data' }] }),
    $patch: 'replace',
  }
  expect(revisionHash({ spec: { template: patched } })).toBe('654556589')
})

it('does not look at the order of keys, nor at what is empty', () => {
  const hash = podTemplateHash(template({ a: '1', b: '2' }))
  expect(podTemplateHash({ ...template({ b: '2', a: '1' }), kind: undefined } as PodTemplateSpec)).toBe(hash)
  expect(podTemplateHash(template({ a: '1', b: '2' }, { env: [], workingDir: '' }))).toBe(hash)
  expect(podTemplateHash(template({ a: '1', b: '3' }))).not.toBe(hash)
})

it('differs by the count of collisions', () => {
  const { spec } = template({ a: '1' })
  expect(new Set([0, 1, 2].map((count) => podTemplateHash(template({ a: '1' }), count))).size).toBe(3)
  expect(new Set([0, 1, 2].map((count) => revisionHash({ spec }, count))).size).toBe(3)
})

// Those of v1.36's fields; with v1.23's, the template of CoreDNS has the hash that it had there, 64897985d.
it.each([
  ['1', '100m', '70Mi'],
  ['0', '2500m', '128Mi'],
  ['1e3', '100k', '2Pi'],
])('tells quantities apart: %s, %s, %s', (...values) => {
  const hashes = values.map((cpu) => podTemplateHash(template({}, { resources: { requests: { cpu } } })))
  expect(new Set(hashes).size).toBe(3)
})
