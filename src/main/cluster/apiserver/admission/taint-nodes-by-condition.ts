import type { Node } from '#shared/kube/generated/types.ts'
import type { AdmissionPlugin } from '../api/admission.ts'

const taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }

/** TaintNodesByCondition: taints a new node as not ready; the node lifecycle controller removes the taint. */
export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  admit({ operation, kind, subresource, object }) {
    if (operation !== 'CREATE' || kind.group !== '' || kind.plural !== 'nodes' || subresource !== '') return
    const node = object as Node
    const taints = node.spec?.taints ?? []
    if (taints.some(({ key, effect }) => key === taint.key && effect === taint.effect)) return
    node.spec = { ...node.spec, taints: [...taints, { ...taint }] }
  },
}
