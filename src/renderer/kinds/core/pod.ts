import type { ContainerStatus, Pod } from '#shared/kube/generated/types.ts'
import { isPodReady, summarizePod } from '#shared/kube/pod.ts'
import { pods } from '#shared/kube/resources.ts'
import type { Tone } from '../../components/tone.ts'
import { attach } from '../actions/attach.ts'
import { debug } from '../actions/debug.ts'
import { shell } from '../actions/shell.ts'
import { usageColumns } from '../cells.ts'
import { describe } from '../descriptor.ts'

/** The exemplar of a descriptor: kubectl's columns, a tone for the state, details, logs and actions. */
export const pod = describe<Pod>({
  resource: pods,
  title: 'Pods',
  group: 'workloads',
  columns: [
    {
      id: 'ready',
      value: (object) => {
        const { readyContainers, totalContainers } = summarizePod(object)
        return `${readyContainers}/${totalContainers}`
      },
      width: '64px',
      drop: -3,
    },
    {
      id: 'status',
      value: (object) => summarizePod(object).status,
      tone: podTone,
      width: 'minmax(168px,2.1fr)',
    },
    {
      id: 'restarts',
      value: (object) => summarizePod(object).restarts,
      numeric: true,
      width: '80px',
    },
    ...usageColumns,
    { id: 'node', value: ({ spec }) => spec?.nodeName ?? '', isName: true, width: 'minmax(110px,1fr)', drop: -1.5 },
    { id: 'ip', value: ({ status }) => status?.podIP ?? '', width: '120px', drop: -4 },
  ],
  details: ({ spec, status }) => [
    ['Node', spec?.nodeName ?? '–'],
    ['IP', status?.podIP ?? '–'],
    ['QoS class', status?.qosClass ?? '–'],
    ['Service account', spec?.serviceAccountName ?? '–'],
  ],
  logs: ({ metadata }) => ({ pod: metadata.name }),
  actions: [shell, attach, debug],
})

/** How grave its state is: for lists, maps and its own page alike. */
export function podTone(object: Pod): Tone {
  const { status } = summarizePod(object)
  if (object.metadata.deletionTimestamp) return 'quiet'
  if (status === 'Completed' || status === 'Succeeded') return 'done'
  if (object.status?.phase === 'Failed') return 'bad'
  if (/Error|BackOff|Failed|OOM|Invalid|ErrImage|RegistryUnavailable/.test(status)) return 'bad'
  if (status === 'Running') return isPodReady(object) ? 'good' : 'warn'
  return status === 'Unknown' ? 'quiet' : 'warn'
}

export interface ContainerSummary {
  name: string
  image: string
  /** `init`, `debug`, or nothing. */
  role: string
  state: string
  tone: Tone
  restarts: number
  /** Why it waits or how it ended. */
  message: string
}

/** Every container of a pod with its state in words, in the order in which they start. */
export function containersOf({ spec, status }: Pod): ContainerSummary[] {
  const listed = [
    ...(spec?.initContainers ?? []).map((container) => ({ ...container, role: 'init' })),
    ...(spec?.containers ?? []).map((container) => ({ ...container, role: '' })),
    ...(spec?.ephemeralContainers ?? []).map((container) => ({ ...container, role: 'debug' })),
  ]
  const statuses = [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ]
  return listed.map(({ name, image = '', role }) => {
    const found = statuses.find((each) => each.name === name)
    return { name, image, role, restarts: found?.restartCount ?? 0, ...stateOf(found) }
  })
}

function stateOf(status?: ContainerStatus): Pick<ContainerSummary, 'state' | 'tone' | 'message'> {
  const { running, terminated, waiting } = status?.state ?? {}
  if (running) {
    const ready = status?.ready === true
    return { state: ready ? 'Running' : 'Running, not ready', tone: ready ? 'good' : 'warn', message: '' }
  }
  if (terminated) {
    const { exitCode, reason, message = '' } = terminated
    const state = exitCode === 0 ? (reason ?? 'Completed') : `${reason ?? 'Error'} (${exitCode})`
    return { state, tone: exitCode === 0 ? 'done' : 'bad', message }
  }
  const reason = waiting?.reason ?? 'Waiting'
  const tone = /BackOff|Err|Error|Invalid/.test(reason) ? 'bad' : 'warn'
  return { state: reason, tone, message: waiting?.message ?? '' }
}
