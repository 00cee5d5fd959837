import type { Pod } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { runtimeClasses } from '#shared/kube/resources.ts'
import { refusal, type AdmissionPlugin } from '../api/admission.ts'

/** RuntimeClass: adds the overhead and scheduling of a pod's class to the pod; the class must exist. */
export const runtimeClassAdmission: AdmissionPlugin = {
  name: 'RuntimeClass',
  admit(attributes) {
    const { kind, operation, subresource, object, reader } = attributes
    if (kind.group !== '' || kind.plural !== 'pods' || operation !== 'CREATE' || subresource !== '' || !object) return
    const { spec } = object as Pod
    const name = spec?.runtimeClassName
    if (!name && spec?.overhead && Object.keys(spec.overhead).length > 0)
      throw refusal(attributes, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead')
    if (!spec || !name) return
    const found = reader.get(runtimeClasses, '', name)
    if (!found) throw refusal(attributes, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`)
    const overhead = found.overhead?.podFixed
    if (spec.overhead && !jsonEqual(spec.overhead, overhead ?? {}))
      throw refusal(attributes, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
    if (overhead) spec.overhead = { ...overhead }
    const { nodeSelector = {}, tolerations = [] } = found.scheduling ?? {}
    for (const [label, value] of Object.entries(nodeSelector)) {
      const own = spec.nodeSelector?.[label]
      if (own !== undefined && own !== value)
        throw refusal(
          attributes,
          `conflict: runtimeClass.scheduling.nodeSelector[${label}] = ${value}; pod.spec.nodeSelector[${label}] = ${own}`,
        )
      spec.nodeSelector = { ...spec.nodeSelector, [label]: value }
    }
    const missing = tolerations.filter((one) => !spec.tolerations?.some((own) => jsonEqual(own, one)))
    if (missing.length > 0) spec.tolerations = [...(spec.tolerations ?? []), ...missing]
  },
}
