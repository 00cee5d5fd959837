import type { Node } from '#shared/kube/generated/types.ts'
import { nodes } from '#shared/kube/resources.ts'
import type { Tone } from '../../components/tone.ts'
import { cordon } from '../actions/cordon.ts'
import { drain } from '../actions/drain.ts'
import { nodeShell } from '../actions/node-shell.ts'
import { gibibytes, usageColumns } from '../cells.ts'
import { describe } from '../descriptor.ts'

export const node = describe<Node>({
  resource: nodes,
  title: 'Nodes',
  group: 'cluster',
  columns: [
    {
      id: 'status',
      value: (object) => nodeState(object).text,
      tone: (object) => nodeState(object).tone,
    },
    {
      id: 'address',
      value: ({ status }) => status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? '',
      width: '120px',
    },
    { id: 'cpu', value: ({ status }) => status?.allocatable?.cpu ?? '', numeric: true, width: '64px', drop: -4 },
    {
      id: 'memory',
      value: ({ status }) => gibibytes(status?.allocatable?.memory),
      numeric: true,
      width: '96px',
      drop: -3,
    },
    ...usageColumns,
    { id: 'version', value: ({ status }) => status?.nodeInfo?.kubeletVersion ?? '', width: '130px', drop: -5 },
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
  actions: [cordon, drain, nodeShell],
})

function nodeState({ spec, status }: Node): { text: string; tone: Tone } {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status
  const text = ready === 'True' ? 'Ready' : 'NotReady'
  if (spec?.unschedulable) return { text: `${text},SchedulingDisabled`, tone: 'warn' }
  return { text, tone: ready === 'True' ? 'good' : ready === 'Unknown' ? 'bad' : 'warn' }
}
