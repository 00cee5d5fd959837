import { describe, expect, it } from 'vitest'
import type { KubeObject } from '#shared/kube/object.ts'
import { loadSchema } from '../../schema/schema.ts'
import { compareObjects, fieldSetOf, mergeApplied, removeFields } from './typed.ts'

const schema = loadSchema()
const deploymentType = schema.type('io.k8s.api.apps.v1.Deployment')
const podType = schema.type('io.k8s.api.core.v1.Pod')

const deployment = (): KubeObject =>
  ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default', uid: 'x', labels: { app: 'web' } },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'web' } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: {
          containers: [
            { name: 'nginx', image: 'nginx', resources: {}, ports: [{ containerPort: 80, protocol: 'TCP' }] },
          ],
          securityContext: {},
        },
      },
    },
  }) as KubeObject

const pod = (spec: unknown): KubeObject => ({ metadata: { name: 'p' }, spec }) as KubeObject

describe('ownership', () => {
  it('of a created object is as in Kubernetes', () => {
    const { changed, removed } = compareObjects(undefined, deployment(), deploymentType)
    expect(removed).toEqual({})
    expect(changed).toEqual({
      'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
      'f:spec': {
        'f:replicas': {},
        'f:selector': {},
        'f:strategy': { 'f:rollingUpdate': { '.': {}, 'f:maxSurge': {}, 'f:maxUnavailable': {} }, 'f:type': {} },
        'f:template': {
          'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
          'f:spec': {
            'f:containers': {
              'k:{"name":"nginx"}': {
                '.': {},
                'f:name': {},
                'f:image': {},
                'f:resources': {},
                'f:ports': {
                  '.': {},
                  'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {}, 'f:protocol': {} },
                },
              },
            },
            'f:securityContext': {},
          },
        },
      },
    })
  })

  it('of an applied configuration excludes ancestor structs', () => {
    expect(fieldSetOf(deployment(), deploymentType)).toMatchObject({
      'f:metadata': { 'f:labels': { 'f:app': {} } },
      'f:spec': {
        'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"nginx"}': { '.': {}, 'f:image': {} } } } },
      },
    })
    const set = fieldSetOf(deployment(), deploymentType)
    expect(Object.keys(set['f:metadata']?.['f:labels'] ?? {})).toEqual(['f:app'])
  })

  it('of an update has the changed, added and removed fields', () => {
    const after = deployment() as KubeObject & { spec: { replicas?: number; paused?: boolean } }
    delete after.spec.replicas
    after.spec.paused = true
    after.metadata.labels = { app: 'web2' }
    expect(compareObjects(deployment(), after, deploymentType)).toEqual({
      changed: { 'f:metadata': { 'f:labels': { 'f:app': {} } }, 'f:spec': { 'f:paused': {} } },
      removed: { 'f:spec': { 'f:replicas': {} } },
    })
  })

  it('has atomic lists as a whole and set items by value', () => {
    const before = pod({ containers: [{ name: 'c', args: ['a'] }] })
    const after = pod({ containers: [{ name: 'c', args: ['b'] }] })
    after.metadata.finalizers = ['example.com/x']
    expect(compareObjects(before, after, podType).changed).toEqual({
      'f:metadata': { 'f:finalizers': { '.': {}, 'v:"example.com/x"': {} } },
      'f:spec': { 'f:containers': { 'k:{"name":"c"}': { 'f:args': {} } } },
    })
  })
})

describe('merging', () => {
  it('keeps the positions of live items and adds applied items in order', () => {
    const live = pod({ containers: [{ name: 'a', image: '1' }, { name: 'live' }, { name: 'b' }] })
    const applied = pod({ containers: [{ name: 'a', image: '2' }, { name: 'c' }, { name: 'b' }] })
    const merged = mergeApplied(live, applied, podType) as { spec: { containers: { name: string; image?: string }[] } }
    expect(merged.spec.containers.map(({ name }) => name)).toEqual(['a', 'live', 'c', 'b'])
    expect(merged.spec.containers[0]?.image).toBe('2')
    expect((live as unknown as typeof merged).spec.containers[0]?.image).toBe('1')
  })

  it('distinguishes ports of different protocols', () => {
    const live = pod({ containers: [{ name: 'a', ports: [{ containerPort: 53, protocol: 'UDP' }] }] })
    const applied = pod({ containers: [{ name: 'a', ports: [{ containerPort: 53 }] }] })
    const merged = mergeApplied(live, applied, podType) as { spec: { containers: { ports: unknown[] }[] } }
    expect(merged.spec.containers[0]?.ports).toHaveLength(2)
  })
})

it('removes members of a set and containers that become empty', () => {
  const object = pod({ containers: [{ name: 'a', image: '1' }, { name: 'b' }], securityContext: { runAsUser: 1 } })
  const set = {
    'f:spec': {
      'f:containers': { 'k:{"name":"b"}': { '.': {}, 'f:name': {} }, 'k:{"name":"a"}': { 'f:image': {} } },
      'f:securityContext': { 'f:runAsUser': {} },
    },
  }
  expect(removeFields(object, set, podType)).toEqual(pod({ containers: [{ name: 'a' }] }))
})
