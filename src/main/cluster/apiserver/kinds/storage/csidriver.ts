import type { CSIDriver, StorageTokenRequest } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { fieldDuplicate, fieldInvalid, type FieldError } from '#shared/kube/status.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { checkImmutable, checkOneOf, checkSupported } from '../../validation/fields.ts'
import { age, text, yesNo } from '../../api/columns.ts'
import type { Wire } from '../../api/wire.ts'

/** The capabilities of a CSI driver. */
export const csiDriver: KindDeclaration<CSIDriver> = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIDriver',
  unconditionalUpdate: false,
  plural: 'csidrivers',
  singular: 'csidriver',
  namespaced: false,
  metadataOnUpdate: 'change',
  schema: 'io.k8s.api.storage.v1.CSIDriver',
  generation: 'changes',
  returnsDeleted: true,
  setDefaults({ spec }) {
    if (!spec) return
    spec.attachRequired ??= true
    spec.podInfoOnMount ??= false
    spec.storageCapacity ??= false
    spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType'
    spec.volumeLifecycleModes ??= ['Persistent']
    spec.requiresRepublish ??= false
    spec.seLinuxMount ??= false
    // The field of a feature gate that is off in v1.36.
    delete spec.preventPodSchedulingIfMissing
  },
  warnings: ({ spec }, previous) =>
    spec?.tokenRequests?.length &&
    spec.serviceAccountTokenInSecrets === undefined &&
    !jsonEqual(spec.tokenRequests, previous?.spec.tokenRequests)
      ? [
          'spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes',
        ]
      : [],
  validate({ spec }) {
    const errors: FieldError[] = []
    checkTokenRequests(spec?.tokenRequests ?? [], 'spec.tokenRequests', errors)
    checkOneOf(spec?.fsGroupPolicy, ['File', 'None', 'ReadWriteOnceWithFSType'], 'spec.fsGroupPolicy', errors)
    for (const mode of spec?.volumeLifecycleModes ?? [])
      checkSupported(mode, ['Persistent', 'Ephemeral'], 'spec.volumeLifecycleModes', errors)
    const seconds = spec?.nodeAllocatableUpdatePeriodSeconds
    if (seconds !== undefined && seconds < 10)
      errors.push(
        fieldInvalid('spec.nodeAllocatableUpdatePeriodSeconds', seconds, 'must be greater than or equal to 10 seconds'),
      )
    return errors
  },
  validateUpdate({ spec: next }, { spec: previous }) {
    const errors: FieldError[] = []
    // Kubernetes names the field `attachedRequired` in this message.
    checkImmutable(next?.attachRequired, previous?.attachRequired, 'spec.attachedRequired', errors)
    checkImmutable(next?.volumeLifecycleModes, previous?.volumeLifecycleModes, 'spec.volumeLifecycleModes', errors)
    return errors
  },
  columns: [
    yesNo('AttachRequired', 'Whether volumes are attached first.', ({ spec }) => spec?.attachRequired),
    yesNo('PodInfoOnMount', 'Whether it is told of the pod.', ({ spec }) => spec?.podInfoOnMount),
    yesNo('StorageCapacity', 'Whether it tells what is left.', ({ spec }) => spec?.storageCapacity),
    text('TokenRequests', 'For whom pods need tokens.', ({ spec }) => audiencesText(spec?.tokenRequests)),
    yesNo('RequiresRepublish', 'Whether mounts are renewed.', ({ spec }) => spec?.requiresRepublish),
    text('Modes', 'What volumes it makes.', ({ spec }) => (spec?.volumeLifecycleModes ?? []).join(',')),
    age,
  ],
}

const audiencesText = (requests: readonly StorageTokenRequest[] = []): string =>
  requests.map(({ audience }) => audience).join(',') || '<unset>'

function checkTokenRequests(requests: readonly Wire<StorageTokenRequest>[], field: string, errors: FieldError[]): void {
  const audiences = new Set<string>()
  requests.forEach(({ audience = '', expirationSeconds: seconds }, i) => {
    if (audiences.has(audience)) errors.push(fieldDuplicate(`${field}[${i}].audience`, audience))
    audiences.add(audience)
    if (seconds === undefined) return
    const at = `${field}[${i}].expirationSeconds`
    if (seconds < 600) errors.push(fieldInvalid(at, seconds, 'may not specify a duration less than 10 minutes'))
    if (seconds > 2 ** 32) errors.push(fieldInvalid(at, seconds, 'may not specify a duration larger than 2^32 seconds'))
  })
}
