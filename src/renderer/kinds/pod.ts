import type { Pod } from '#shared/kube/generated/types.ts'
import { isPodReady, restartsText, summarizePod } from '#shared/kube/pod.ts'
import { pods } from '#shared/kube/resources.ts'
import type { Tone } from '../components/tone.ts'
import { describe } from './descriptor.ts'

/** The exemplar of a descriptor: kubectl's columns, a tone for its state, and what is asked of a pod most. */
export const pod = describe<Pod>({
  resource: pods,
  title: 'Pods',
  group: 'Workloads',
  columns: [
    {
      id: 'ready',
      title: 'Ready',
      value: (object) => {
        const { readyContainers, totalContainers } = summarizePod(object)
        return `${readyContainers}/${totalContainers}`
      },
      width: '64px',
    },
    {
      id: 'status',
      title: 'Status',
      value: (object) => summarizePod(object).status,
      tone: podTone,
      width: 'minmax(130px,1fr)',
    },
    {
      id: 'restarts',
      title: 'Restarts',
      value: (object) => summarizePod(object).restarts,
      text: (object, now) => restartsText(summarizePod(object), now),
      width: '110px',
      numeric: true,
    },
    { id: 'node', title: 'Node', value: ({ spec }) => spec?.nodeName ?? '' },
    { id: 'ip', title: 'IP', value: ({ status }) => status?.podIP ?? '', width: '110px' },
  ],
  details: ({ spec, status }) => [
    ['Node', spec?.nodeName ?? '–'],
    ['IP', status?.podIP ?? '–'],
    ['QoS class', status?.qosClass ?? '–'],
    ['Service account', spec?.serviceAccountName ?? '–'],
    ['Containers', (spec?.containers ?? []).map(({ name, image }) => `${name}: ${image ?? ''}`).join('\n')],
  ],
  logs: ({ metadata }) => ({ pod: metadata.name ?? '' }),
  actions: ['shell'],
})

export function podTone(object: Pod): Tone {
  const { status } = summarizePod(object)
  if (object.metadata.deletionTimestamp) return 'quiet'
  if (status === 'Completed' || status === 'Succeeded') return 'done'
  if (/Error|BackOff|Failed|OOM|Evicted|Invalid|ErrImage/.test(status)) return 'bad'
  if (status === 'Running') return isPodReady(object) ? 'good' : 'warn'
  return status === 'Unknown' ? 'quiet' : 'warn'
}
