import type { DaemonSet, Deployment, Pod, ReplicaSet, StatefulSet } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isPodReady } from '#shared/kube/pod.ts'
import { matchesLabels, parseLabelSelector } from '#shared/kube/selectors.ts'
import { selectorText } from '../kinds/cells.ts'
import { t } from '../texts/index.ts'
import { newest } from './events.ts'
import type { Explanation, Surroundings, Try } from './explanation.ts'
import { explainPod } from './pod.ts'

type Workload = Deployment | ReplicaSet | StatefulSet | DaemonSet

/** Why a Deployment does not have the pods that it should; undefined when it has them. */
export function explainDeployment(object: Deployment, near: Surroundings): Explanation | undefined {
  const { spec, status } = object
  const condition = (type: string) => status?.conditions?.find((each) => each.type === type)
  const progressing = condition('Progressing')
  const failure = condition('ReplicaFailure')
  if (failure?.status === 'True') return refused(failure.message ?? '', failure.reason)
  if (spec?.paused && (status?.updatedReplicas ?? 0) < (spec.replicas ?? 1))
    return {
      tone: 'warn',
      state: 'DeploymentPaused',
      sentence: t('explain.workload.paused', { name: object.metadata.name ?? '' }),
      why: [],
      tries: [{ text: t('explain.workload.tryResume'), action: 'resume' }],
    }
  if (progressing?.status === 'False' && progressing.reason === 'ProgressDeadlineExceeded') {
    const pod = ofPods(object, near)
    return {
      tone: 'bad',
      state: 'ProgressDeadlineExceeded',
      sentence: t('explain.workload.stuck', {
        name: object.metadata.name ?? '',
        seconds: String(spec?.progressDeadlineSeconds ?? 600),
        updated: status?.updatedReplicas ?? 0,
        wanted: spec?.replicas ?? 1,
      }),
      why: pod ? [pod.sentence, ...pod.why] : [],
      ...(pod?.reasons ? { reasons: pod.reasons } : {}),
      said: pod?.said ?? progressing.message,
      tries: [...(pod?.tries ?? []), { text: t('explain.workload.tryUndo'), action: 'roll-back' }],
    }
  }
  return explainWorkload(object, near)
}

/** Why a set does not have the ready pods that it should: what its ReplicaSet was refused, else its first pod in trouble. */
export function explainWorkload(object: Workload, near: Surroundings): Explanation | undefined {
  const wanted = wantedOf(object)
  const ready = readyOf(object)
  if (ready >= wanted) return undefined
  const event = newest(near.events, 'FailedCreate') ?? newest(near.ownedEvents, 'FailedCreate')
  const existing =
    'currentNumberScheduled' in (object.status ?? {}) ? 0 : ((object.status as ReplicaSet['status'])?.replicas ?? 0)
  if (event && existing < wanted) return refused(event.message ?? '', event.reason)
  const pod = ofPods(object, near)
  if (!pod) return undefined
  return {
    ...pod,
    tone: ready > 0 && pod.tone === 'bad' ? 'warn' : pod.tone,
    sentence: t('explain.workload.short', { ready, wanted, why: pod.sentence }),
  }
}

/** The explanation of the pod that is in the worst trouble, with a link to it. */
function ofPods(object: Workload, near: Surroundings): Explanation | undefined {
  const selector = parseLabelSelector(selectorText(object.spec?.selector))
  if (selectorText(object.spec?.selector) === '') return undefined
  const troubled = (near.pods ?? [])
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined && matchesLabels(selector, metadata.labels))
    .filter((pod) => !isPodReady(pod))
    .flatMap((pod) => {
      const events = (near.ownedEvents ?? []).filter(({ involvedObject }) => involvedObject.uid === pod.metadata.uid)
      const explanation = explainPod(pod, { ...near, events })
      return explanation ? [{ pod, explanation }] : []
    })
    .sort((a, b) => Number(b.explanation.tone === 'bad') - Number(a.explanation.tone === 'bad'))
  const [worst] = troubled
  if (!worst) return undefined
  const { pod, explanation } = worst
  return {
    ...explanation,
    // The last lines belong to the pod's own page.
    log: undefined,
    tries: [openPod(pod), ...explanation.tries.filter(({ action }) => action === undefined || action === 'edit')],
  }
}

const openPod = ({ metadata: { name, namespace } }: Stored<Pod>): Try => ({
  text: t('explain.workload.tryPod', { name }),
  link: { kind: 'Pod', name, namespace },
})

/** The server did not let pods be created: quota, Pod Security, a webhook, a missing service account. */
export function refused(message: string, state = 'FailedCreate'): Explanation {
  const quota = /exceeded quota: ([^,]+), requested: (.*), used: (.*), limited: (.*)$/.exec(message)
  if (quota) {
    const [, name = '', requested = '', used = '', limited = ''] = quota
    return {
      tone: 'bad',
      state,
      sentence: quotaSentence({ name, requested, used, limited }),
      why: [],
      said: message,
      tries: [
        { text: t('explain.refused.tryQuota', { name }), link: { kind: 'ResourceQuota', name } },
        { text: t('explain.refused.tryLess'), action: 'edit' },
      ],
    }
  }
  const missing = /must specify (\S+)/.exec(message)
  if (/failed quota/.test(message) && missing)
    return simple('mustSpecify', [{ text: t('explain.refused.tryRequests'), action: 'edit' }], {
      what: missing[1] ?? '',
    })
  if (/violates PodSecurity/.test(message))
    return simple('podSecurity', [{ text: t('explain.refused.tryPodSecurity'), action: 'edit' }], {
      level: /PodSecurity "([^"]+)"/.exec(message)?.[1] ?? '',
    })
  const account = /serviceaccount "([^"]+)" not found|error looking up service account [^/]+\/(\S+):/.exec(message)
  if (account)
    return simple('account', [{ text: t('explain.refused.tryAccount') }], { name: account[1] ?? account[2] ?? '' })
  const webhook = /admission webhook "([^"]+)"|failed calling webhook "([^"]+)"/.exec(message)
  if (webhook)
    return simple('webhook', [{ text: t('explain.refused.tryWebhook') }], { name: webhook[1] ?? webhook[2] ?? '' })
  const policy = /ValidatingAdmissionPolicy '([^']+)'/.exec(message)
  if (policy) {
    const name = policy[1] ?? ''
    return simple(
      'policy',
      [{ text: t('explain.refused.tryPolicy', { name }), link: { kind: 'ValidatingAdmissionPolicy', name } }],
      { name },
    )
  }
  if (/(maximum|minimum) (cpu|memory|storage|ephemeral-storage) usage per|LimitRange/.test(message))
    return simple('limits', [{ text: t('explain.refused.tryLimits'), action: 'edit' }])
  return simple('other', [{ text: t('explain.crash.tryEdit'), action: 'edit' }])

  function simple(
    key: 'mustSpecify' | 'podSecurity' | 'account' | 'webhook' | 'policy' | 'limits' | 'other',
    tries: Try[],
    values: Record<string, string> = {},
  ): Explanation {
    return { tone: 'bad', state, sentence: t(`explain.refused.${key}`, values), why: [], said: message, tries }
  }
}

/** One resource is named once; several are listed as the server has them. */
function quotaSentence(refusal: { name: string; requested: string; used: string; limited: string }): string {
  const { name, requested, used, limited } = refusal
  const [resource = '', amount] = requested.split('=')
  const amountOf = (text: string): string | undefined =>
    text.startsWith(`${resource}=`) && !text.includes(',') ? text.slice(resource.length + 1) : undefined
  const [has, most] = [amountOf(used), amountOf(limited)]
  return amount === undefined || requested.includes(',') || has === undefined || most === undefined
    ? t('explain.refused.quota', refusal)
    : t('explain.refused.quotaOne', { name, resource, requested: amount, used: has, limited: most })
}

const wantedOf = (object: Workload): number =>
  'desiredNumberScheduled' in (object.status ?? {})
    ? ((object as DaemonSet).status?.desiredNumberScheduled ?? 0)
    : ((object as Deployment).spec?.replicas ?? 1)
const readyOf = (object: Workload): number =>
  'desiredNumberScheduled' in (object.status ?? {})
    ? ((object as DaemonSet).status?.numberReady ?? 0)
    : ((object as Deployment).status?.readyReplicas ?? 0)
