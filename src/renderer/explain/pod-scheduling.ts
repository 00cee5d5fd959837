import type { Node, Pod } from '#shared/kube/generated/types.ts'
import { podCondition } from '#shared/kube/pod.ts'
import { amountOf } from '../overview/pod-resources.ts'
import { memoryText } from '../texts/format.ts'
import { t } from '../texts/index.ts'
import { newest } from './events.ts'
import type { Surroundings, Try, Untoned } from './explanation.ts'
import { explainClaim } from './storage.ts'

/** Why a pod has no node yet; undefined when it has one. */
export function explainScheduling(pod: Pod, near: Surroundings): Untoned | undefined {
  if (pod.spec?.nodeName) return undefined
  const condition = podCondition(pod, 'PodScheduled')
  const { name } = pod.metadata
  if (condition?.reason === 'SchedulingGated') return gated(pod)
  const event = newest(near.events, 'FailedScheduling')
  const message = condition?.message ?? event?.message
  if (!message) {
    const { schedulerName = 'default-scheduler' } = pod.spec ?? {}
    const own = schedulerName !== 'default-scheduler'
    return {
      state: 'Pending',
      sentence: t('explain.scheduling.waiting', { name: name ?? '' }),
      why: [],
      tries: own ? [{ text: t('explain.scheduling.otherScheduler', { scheduler: schedulerName }) }] : [],
    }
  }
  const { total, reasons, preemption } = schedulerReasons(message)
  const byClaim = claimSentence(pod, message, near)
  // One reason for all nodes is the answer; several are a list.
  const [only, ...others] = reasons
  const single = byClaim === undefined && total !== undefined && only?.count === total && others.length === 0
  return {
    state: condition?.reason ?? 'Unschedulable',
    sentence:
      byClaim ??
      (total === undefined
        ? t('explain.scheduling.cannot')
        : single
          ? t('explain.scheduling.noNodeFor', { total, n: total, reason: only.text })
          : t('explain.scheduling.noNode', { total, n: total })),
    why: preemption ? [t('explain.scheduling.preemption', { text: countsLast(preemption) })] : [],
    reasons: single ? [] : reasons,
    tries: triesFor(pod, reasons.map(({ text }) => text).join('\n'), near),
  }
}

/** `Preemption is not helpful for scheduling (3)` of `3 Preemption is not helpful for scheduling`. */
const countsLast = (text: string): string =>
  text
    .replace(/\.$/, '')
    .split(/, (?=\d+ )/)
    .map((part) => part.replace(/^(\d+) ([\s\S]*)$/, '$2 ($1)'))
    .join(', ')

/** The claim that holds a pod back wherever it goes: no node is the cause then. */
function claimSentence(pod: Pod, message: string, near: Surroundings): string | undefined {
  const missing = /persistentvolumeclaim "([^"]+)" not found/.exec(message)?.[1]
  if (missing !== undefined) return t('explain.scheduling.noClaim', { name: missing })
  if (!/unbound immediate PersistentVolumeClaims/.test(message)) return undefined
  for (const name of claimsOf(pod)) {
    const claim = near.claims?.find(({ metadata }) => metadata.name === name)
    if (!claim || claim.status?.phase === 'Bound') continue
    // Its own events are not among those of the pod.
    const found = explainClaim(claim, { ...near, events: [] })
    return found?.tone === 'bad'
      ? t('explain.scheduling.unboundClaimWhy', { name, why: found.sentence })
      : t('explain.scheduling.unboundClaim', { name })
  }
  return undefined
}

export interface SchedulerReasons {
  /** Nodes that were looked at; undefined where the message does not begin so. */
  total: number | undefined
  reasons: { count?: number; text: string }[]
  /** What came of the search for pods to evict. */
  preemption: string | undefined
}

/**
 * The scheduler's message, taken apart: `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.
 * preemption: …` (pkg/scheduler/framework: FitError). What has another form is one reason, whole.
 */
export function schedulerReasons(message: string): SchedulerReasons {
  const [, total, rest] = /^0\/(\d+) nodes are available: ([\s\S]*)$/.exec(message) ?? []
  if (total === undefined || rest === undefined)
    return { total: undefined, reasons: [{ text: message }], preemption: undefined }
  const [whole = '', ...preempted] = rest.split(/\.? preemption: /)
  const reasons = whole
    // What the plugin for claims of devices adds, whether the pod has such claims or not.
    .replace(/\.? *no new claims to deallocate,?/, '')
    // What stands for the preemption where it was not tried.
    .replace(/\. not found$/, '')
    .replace(/\.\s*$/, '')
    // Reasons begin with their number of nodes; a comma within one is followed by something else.
    .split(/, (?=\d+ )/)
    .map((part) => {
      const [, count, text] = /^(\d+) ([\s\S]*)$/.exec(part) ?? []
      return count === undefined || text === undefined ? { text: part } : { count: Number(count), text }
    })
    .sort((a, b) => (b.count ?? 0) - (a.count ?? 0))
  return {
    total: Number(total),
    reasons,
    preemption: preempted.join(' ').replace(/^0\/\d+ nodes are available: /, '') || undefined,
  }
}

function gated({ metadata, spec }: Pod): Untoned {
  const gates = (spec?.schedulingGates ?? []).map(({ name }) => name)
  return {
    state: 'SchedulingGated',
    sentence: t('explain.scheduling.gated', { name: metadata.name ?? '', n: gates.length }),
    why: [],
    reasons: gates.map((text) => ({ text })),
    tries: [{ text: t('explain.scheduling.gatedTry'), action: 'edit' }],
  }
}

function triesFor(pod: Pod, reasons: string, { nodes, claims }: Surroundings): Try[] {
  const tries: Try[] = []
  const [, resource] = /Insufficient ([^\s,]+)/.exec(reasons) ?? []
  if (resource) {
    tries.push({
      text: t('explain.scheduling.tryRequests', { resource }),
      detail: [
        t('explain.scheduling.asks', { resource, amounts: requestsOf(pod, resource) }),
        ...largestNode(resource, nodes),
      ].join(' '),
      action: 'edit',
    })
    tries.push({ text: t('explain.scheduling.tryWorker') })
  }
  if (/Too many pods/.test(reasons)) tries.push({ text: t('explain.scheduling.tryWorker') })
  if (/unschedulable/.test(reasons)) tries.push(...uncordon(nodes))
  if (/untolerated taint/.test(reasons)) tries.push({ text: t('explain.scheduling.tryTaint'), action: 'edit' })
  if (/node affinity|node selector|NodeSelector|nodeSelector/.test(reasons) && !/volume/.test(reasons))
    tries.push({ text: t('explain.scheduling.trySelector'), detail: selectorText(pod), action: 'edit' })
  if (/anti-affinity/.test(reasons)) tries.push({ text: t('explain.scheduling.tryAntiAffinity'), action: 'edit' })
  else if (/pod affinity/.test(reasons)) tries.push({ text: t('explain.scheduling.tryAffinity'), action: 'edit' })
  if (/topology spread/.test(reasons)) tries.push({ text: t('explain.scheduling.trySpread'), action: 'edit' })
  if (/free ports/.test(reasons)) tries.push({ text: t('explain.scheduling.tryPorts'), action: 'edit' })
  if (/PersistentVolumeClaim|persistentvolumeclaim|volume node affinity/i.test(reasons)) {
    const { namespace } = pod.metadata
    for (const name of claimsOf(pod)) {
      const missing = claims !== undefined && !claims.some(({ metadata }) => metadata.name === name)
      if (missing) tries.push({ text: t('explain.scheduling.tryCreateClaim', { name }) })
      else
        tries.push({
          text: t('explain.scheduling.tryClaim', { name }),
          link: { kind: 'PersistentVolumeClaim', name, namespace },
        })
    }
  }
  return tries
}

/** What the largest node has in all: no pod that asks for more ever finds a place. */
function largestNode(resource: string, nodes: readonly Node[] = []): string[] {
  const all = nodes.flatMap(({ status }) => {
    const quantity = status?.allocatable?.[resource]
    const amount = amountOf(quantity)
    return quantity === undefined || amount === undefined ? [] : [{ quantity, amount }]
  })
  const [largest] = all.sort((a, b) => b.amount - a.amount)
  if (!largest) return []
  const amount = /memory|storage|hugepages/.test(resource) ? memoryText(largest.amount) : largest.quantity
  return [t('explain.scheduling.largest', { amount })]
}

function uncordon(nodes: readonly Node[] = []): Try[] {
  const cordoned = nodes.filter(({ spec }) => spec?.unschedulable).map(({ metadata }) => metadata.name ?? '')
  if (cordoned.length === 0) return [{ text: t('explain.scheduling.tryUncordonAny') }]
  return cordoned.slice(0, 3).map((name) => ({
    text: t('explain.scheduling.tryUncordon', { name }),
    link: { kind: 'Node', name },
  }))
}

export const claimsOf = ({ spec }: Pod): string[] =>
  (spec?.volumes ?? []).flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? [])

/** `500m` of one container, `web 500m, proxy 100m` of several. */
function requestsOf({ spec }: Pod, resource: string): string {
  const asked = (spec?.containers ?? []).flatMap(({ name, resources }) => {
    const amount = resources?.requests?.[resource]
    return amount === undefined ? [] : [{ name, amount }]
  })
  const [only] = asked
  if (asked.length === 1 && only) return only.amount
  return asked.map(({ name, amount }) => `${name} ${amount}`).join(', ')
}

const selectorText = ({ spec }: Pod): string =>
  Object.entries(spec?.nodeSelector ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(', ')
