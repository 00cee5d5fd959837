import type { Pod, Toleration } from '#shared/kube/generated/types.ts'
import type { AdmissionPlugin } from '../api/admission.ts'

const taints = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']
const seconds = 300

/**
 * DefaultTolerationSeconds: pods stay five minutes on a node that is not ready or unreachable, unless they tolerate it
 * otherwise.
 */
export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  admit({ operation, kind, subresource, object }) {
    if (kind.group !== '' || kind.plural !== 'pods' || subresource !== '') return
    if (operation !== 'CREATE' && operation !== 'UPDATE') return
    const { spec } = object as Pod
    if (!spec) return
    const given = spec.tolerations ?? []
    const missing = taints.filter((key) => !given.some((toleration) => tolerates(toleration, key)))
    if (missing.length > 0) spec.tolerations = [...given, ...missing.map(tolerationOf)]
  },
}

/** An empty key or effect tolerates any. */
const tolerates = ({ key, effect }: Toleration, taint: string): boolean =>
  (!key || key === taint) && (!effect || effect === 'NoExecute')

const tolerationOf = (key: string): Toleration => ({
  key,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: seconds,
})
