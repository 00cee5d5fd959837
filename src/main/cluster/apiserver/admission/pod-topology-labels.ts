import type { KubeObject } from '#shared/kube/object.ts'
import type { AdmissionPlugin } from '../api/admission.ts'

const copied = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region']

/** Where a pod is put, it is told: zone and region of the node come with the binding, which hands its labels on. */
export const podTopologyLabels: AdmissionPlugin = {
  name: 'PodTopologyLabels',
  admit({ operation, kind, subresource, object, reader }) {
    if (operation !== 'CREATE' || kind.group !== '' || kind.plural !== 'pods' || subresource !== 'binding') return
    const { target, metadata } = object as KubeObject & { target?: { name?: string } }
    const labels = reader.get({ group: '', plural: 'nodes' }, '', target?.name ?? '')?.metadata.labels ?? {}
    for (const label of copied)
      if (labels[label] !== undefined) metadata.labels = { ...metadata.labels, [label]: labels[label] }
  },
}
