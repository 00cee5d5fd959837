import { expect, it } from 'vitest'
import type { StatefulSet } from '#shared/kube/generated/types.ts'
import type { KindDeclaration } from '../api/kind.ts'
import { withFeatureGates, type FeatureGates } from './feature-gates.ts'
import { statefulSet } from './apps/statefulset.ts'

const set = (maxUnavailable?: number): StatefulSet =>
  ({
    kind: 'StatefulSet',
    metadata: { name: 's' },
    spec: {
      updateStrategy: { rollingUpdate: { partition: 0, ...(maxUnavailable === undefined ? {} : { maxUnavailable }) } },
      template: { spec: { containers: [{ name: 'c', lifecycle: { stopSignal: 'SIGUSR1' } }] } },
    },
  }) as unknown as StatefulSet

function kindWith(gates: FeatureGates): KindDeclaration {
  const [kind] = withFeatureGates([statefulSet], gates)
  if (!kind) throw new Error('no kind')
  return kind
}

const unavailable = ({ spec }: StatefulSet): unknown => spec?.updateStrategy?.rollingUpdate?.maxUnavailable

it('drops what belongs to features that v1.36 has off', () => {
  const made = set(2)
  kindWith({}).prepareForCreate?.(made)
  expect(unavailable(made)).toBeUndefined()
  expect(made.spec?.template.spec?.containers[0]).toEqual({ name: 'c' })
})

it('keeps it where the feature is on, or the object has it already', () => {
  const made = set(2)
  kindWith({ MaxUnavailableStatefulSet: true }).prepareForCreate?.(made)
  expect(unavailable(made)).toBe(2)
  const changed = set(3)
  kindWith({}).prepareForUpdate?.(changed, set(2))
  expect(unavailable(changed)).toBe(3)
})
