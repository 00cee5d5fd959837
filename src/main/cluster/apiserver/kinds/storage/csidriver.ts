import type { CSIDriver } from '#shared/kube/generated/types.ts'
import type { FieldError } from '#shared/kube/status.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { checkImmutable, checkSupported } from '../../validation/fields.ts'
import { age, text, yesNo } from '../../api/columns.ts'

/** The capabilities of a CSI driver. */
export const csiDriver: KindDeclaration<CSIDriver> = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIDriver',
  unconditionalUpdate: false,
  plural: 'csidrivers',
  singular: 'csidriver',
  namespaced: false,
  schema: 'io.k8s.api.storage.v1.CSIDriver',
  generation: false,
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
  validate({ spec }) {
    const errors: FieldError[] = []
    checkSupported(spec?.fsGroupPolicy, ['File', 'None', 'ReadWriteOnceWithFSType'], 'spec.fsGroupPolicy', errors)
    spec?.volumeLifecycleModes?.forEach((mode, i) =>
      checkSupported(mode, ['Ephemeral', 'Persistent'], `spec.volumeLifecycleModes[${i}]`, errors),
    )
    return errors
  },
  validateUpdate({ spec: next }, { spec: previous }) {
    const errors: FieldError[] = []
    // Kubernetes names the field `attachedRequired` in this message.
    checkImmutable(next?.attachRequired, previous?.attachRequired, 'spec.attachedRequired', errors)
    checkImmutable(next?.fsGroupPolicy, previous?.fsGroupPolicy, 'spec.fsGroupPolicy', errors)
    checkImmutable(next?.volumeLifecycleModes, previous?.volumeLifecycleModes, 'spec.volumeLifecycleModes', errors)
    return errors
  },
  columns: [
    yesNo('AttachRequired', 'Whether volumes are attached first.', ({ spec }) => spec?.attachRequired),
    yesNo('PodInfoOnMount', 'Whether it is told of the pod.', ({ spec }) => spec?.podInfoOnMount),
    yesNo('StorageCapacity', 'Whether it tells what is left.', ({ spec }) => spec?.storageCapacity),
    text('Modes', 'What volumes it makes.', ({ spec }) => (spec?.volumeLifecycleModes ?? []).join(',')),
    age,
  ],
}
