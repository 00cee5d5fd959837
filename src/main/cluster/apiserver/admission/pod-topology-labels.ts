import type { KubeObject } from '#shared/kube/object.ts'
import { nodes } from '#shared/kube/resources.ts'
import type { AdmissionPlugin } from '../api/admission.ts'

const copied = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region']

/** PodTopologyLabels: a binding gets the zone and region labels of its node, and copies them to the pod. */
export const podTopologyLabels: AdmissionPlugin = {
  name: 'PodTopologyLabels',
  admit({ operation, kind, subresource, object, reader }) {
    if (operation !== 'CREATE' || kind.group !== '' || kind.plural !== 'pods' || subresource !== 'binding') return
    const { target, metadata } = object as KubeObject & { target?: { name?: string } }
    const labels = reader.get(nodes, '', target?.name ?? '')?.metadata.labels ?? {}
    for (const label of copied)
      if (labels[label] !== undefined) metadata.labels = { ...metadata.labels, [label]: labels[label] }
  },
}
