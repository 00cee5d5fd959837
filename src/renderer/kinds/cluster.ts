import { isQuantity, quantityValue } from '#shared/kube/quantity.ts'
import type { Event, Namespace, Node } from '#shared/kube/generated/types.ts'
import { events, namespaces, nodes } from '#shared/kube/resources.ts'
import type { Tone } from '../components/tone.ts'
import { age, describe } from './descriptor.ts'

export const namespace = describe<Namespace>({
  resource: namespaces,
  title: 'Namespaces',
  group: 'Cluster',
  columns: [
    {
      id: 'status',
      title: 'Status',
      value: ({ status }) => status?.phase ?? '',
      tone: ({ status }) => (status?.phase === 'Active' ? 'good' : 'quiet'),
    },
  ],
})

function nodeState({ spec, status }: Node): { text: string; tone: Tone } {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status
  const text = ready === 'True' ? 'Ready' : 'NotReady'
  if (spec?.unschedulable) return { text: `${text},SchedulingDisabled`, tone: 'warn' }
  return { text, tone: ready === 'True' ? 'good' : ready === 'Unknown' ? 'bad' : 'warn' }
}

export const node = describe<Node>({
  resource: nodes,
  title: 'Nodes',
  group: 'Cluster',
  columns: [
    {
      id: 'status',
      title: 'Status',
      value: (object) => nodeState(object).text,
      tone: (object) => nodeState(object).tone,
    },
    {
      id: 'address',
      title: 'Address',
      value: ({ status }) => status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? '',
      width: '120px',
    },
    { id: 'cpu', title: 'CPU', value: ({ status }) => status?.allocatable?.cpu ?? '', width: '64px' },
    { id: 'memory', title: 'Memory', value: ({ status }) => gibibytes(status?.allocatable?.memory), width: '110px' },
    { id: 'version', title: 'Version', value: ({ status }) => status?.nodeInfo?.kubeletVersion ?? '', width: '130px' },
  ],
  details: ({ spec, status }) => [
    ['Pod range', spec?.podCIDR ?? '–'],
    [
      'Taints',
      (spec?.taints ?? []).map(({ key, value, effect }) => `${key}${value ? `=${value}` : ''}:${effect}`).join('\n') ||
        '–',
    ],
    ['Kernel', status?.nodeInfo?.kernelVersion ?? ''],
    ['Runtime', status?.nodeInfo?.containerRuntimeVersion ?? ''],
  ],
  actions: ['cordon', 'drain'],
})

export const event = describe<Event>({
  resource: events,
  title: 'Events',
  group: 'Cluster',
  columns: [
    {
      id: 'type',
      title: 'Type',
      value: ({ type }) => type ?? '',
      tone: ({ type }) => (type === 'Warning' ? 'warn' : 'quiet'),
      width: '100px',
    },
    { id: 'reason', title: 'Reason', value: ({ reason }) => reason ?? '', width: '150px' },
    {
      id: 'object',
      title: 'Object',
      value: ({ involvedObject: { kind, name } }) => `${(kind ?? '').toLowerCase()}/${name ?? ''}`,
    },
    { id: 'message', title: 'Message', value: ({ message }) => message ?? '', width: 'minmax(200px,2fr)' },
    { id: 'count', title: 'Count', value: ({ count }) => count ?? 1, numeric: true, width: '80px' },
    {
      id: 'seen',
      title: 'Last seen',
      value: ({ lastTimestamp, eventTime }, now) => now - Date.parse(lastTimestamp ?? eventTime ?? ''),
      text: ({ lastTimestamp, eventTime }, now) => age(lastTimestamp ?? eventTime, now),
      numeric: true,
      width: '104px',
    },
  ],
})

/** `23.5 GiB` */
export function gibibytes(quantity: string | undefined): string {
  return quantity !== undefined && isQuantity(quantity) ? `${(quantityValue(quantity) / 2 ** 30).toFixed(1)} GiB` : ''
}
