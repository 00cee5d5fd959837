import type {
  Condition,
  HorizontalPodAutoscaler,
  Namespace,
  PodDisruptionBudget,
} from '#shared/kube/generated/types.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { ageText } from '../texts/format.ts'
import { t } from '../texts/index.ts'
import type { Explanation, Surroundings, Try } from './explanation.ts'

/** Why an autoscaler does not scale. */
export function explainAutoscaler(scaler: HorizontalPodAutoscaler): Explanation | undefined {
  const condition = (type: string) => scaler.status?.conditions?.find((each) => each.type === type)
  const able = condition('AbleToScale')
  const active = condition('ScalingActive')
  const limited = condition('ScalingLimited')
  const { kind, name } = scaler.spec?.scaleTargetRef ?? { kind: '', name: '' }
  const { namespace } = scaler.metadata
  const target: Try = { text: t('explain.open', { kind, name }), link: { kind, name, namespace } }
  if (able?.status === 'False')
    return {
      tone: 'bad',
      state: able.reason ?? '',
      sentence: t('explain.scaler.unable', { target: `${kind} ${name}` }),
      why: [],
      said: able.message,
      tries: [target],
    }
  if (active?.status === 'False' && active.reason === 'ScalingDisabled')
    return {
      tone: 'quiet',
      state: 'ScalingDisabled',
      sentence: t('explain.scaler.disabled', { target: `${kind} ${name}` }),
      why: [],
      tries: [target],
    }
  if (active?.status === 'False') {
    const { message = '' } = active
    const missing = /missing request for (\w+)/.exec(message)?.[1]
    return {
      tone: 'bad',
      state: active.reason ?? '',
      sentence: missing
        ? t('explain.scaler.noRequest', { resource: missing, target: `${kind} ${name}` })
        : t('explain.scaler.noMetrics', { target: `${kind} ${name}` }),
      why: [],
      said: message,
      tries: [
        missing
          ? { ...target, text: t('explain.scaler.tryRequest', { resource: missing, target: `${kind} ${name}` }) }
          : { text: t('explain.scaler.tryMetrics') },
        ...(missing ? [] : [target]),
      ],
    }
  }
  if (limited?.status === 'True' && limited.reason === 'TooManyReplicas')
    return {
      tone: 'warn',
      state: 'TooManyReplicas',
      sentence: t('explain.scaler.atMost', { n: scaler.spec?.maxReplicas ?? 0 }),
      why: [],
      said: limited.message,
      tries: [{ text: t('explain.scaler.tryMax'), action: 'edit' }],
    }
  return undefined
}

/** Why a namespace that is being deleted is still there. */
export function explainNamespace(
  { metadata, spec, status }: Namespace,
  { now }: Surroundings,
): Explanation | undefined {
  if (metadata.deletionTimestamp === undefined) return undefined
  const { name = '' } = metadata
  const blocking = (status?.conditions ?? []).filter(({ status: value }) => value === 'True')
  const remaining = blocking.find(({ type }) => type === 'NamespaceFinalizersRemaining')
  const content = blocking.find(({ type }) => type === 'NamespaceContentRemaining')
  const discovery = blocking.find(
    ({ type }) =>
      type === 'NamespaceDeletionDiscoveryFailure' ||
      type === 'NamespaceDeletionGroupVersionParsingFailure' ||
      type === 'NamespaceDeletionContentFailure',
  )
  const age = now - Date.parse(metadata.deletionTimestamp)
  const own = (metadata.finalizers ?? []).concat((spec?.finalizers ?? []).filter((each) => each !== 'kubernetes'))
  if (discovery)
    return {
      tone: 'bad',
      state: discovery.type,
      sentence: t('explain.namespace.discovery', { name }),
      why: [],
      said: discovery.message,
      tries: [{ text: t('explain.namespace.tryApiService') }],
    }
  if (remaining || own.length > 0)
    return {
      tone: 'bad',
      state: 'Terminating',
      sentence: t('explain.namespace.finalizers', { name, time: ageText(age) }),
      why: [],
      said: [remaining?.message, content?.message, ...own].filter(Boolean).join('\n'),
      tries: [{ text: t('explain.leaving.tryFinalizer') }],
    }
  return {
    tone: 'warn',
    state: 'Terminating',
    sentence: t('explain.namespace.ending', { name, time: ageText(age) }),
    why: [],
    said: content?.message,
    tries: [],
  }
}

/** A budget that lets no pod go: drains wait for it. */
export function explainBudget({ status, spec }: PodDisruptionBudget): Explanation | undefined {
  if (!status || (status.expectedPods ?? 0) === 0 || (status.disruptionsAllowed ?? 0) > 0) return undefined
  const healthy = status.currentHealthy ?? 0
  const desired = status.desiredHealthy ?? 0
  return {
    tone: 'warn',
    state: 'DisruptionNotAllowed',
    sentence:
      healthy < desired
        ? t('explain.budget.short', { healthy, desired })
        : t('explain.budget.none', { healthy, desired }),
    why: [
      spec?.minAvailable !== undefined
        ? `minAvailable: ${spec.minAvailable}`
        : `maxUnavailable: ${spec?.maxUnavailable ?? ''}`,
    ],
    tries:
      healthy < desired
        ? []
        : [{ text: t(spec?.minAvailable === undefined ? 'explain.budget.tryMost' : 'explain.budget.tryMore') }],
  }
}

/** What any other object says of itself: finalizers that hold its deletion up, or a condition by which it is not well. */
export function explainConditions(
  object: KubeObject & { status?: { conditions?: unknown } },
  { now }: Surroundings,
): Explanation | undefined {
  const { deletionTimestamp, finalizers = [], name = '' } = object.metadata
  if (deletionTimestamp !== undefined && finalizers.length > 0)
    return {
      tone: 'warn',
      state: 'Terminating',
      sentence: t('explain.leaving.held', {
        name,
        time: ageText(now - Date.parse(deletionTimestamp)),
        n: finalizers.length,
      }),
      why: [],
      reasons: finalizers.map((text) => ({ text })),
      tries: [
        { text: t('explain.leaving.tryFinalizer') },
        { text: t('explain.leaving.tryRemoveFinalizer'), action: 'edit' },
      ],
    }
  const conditions = Array.isArray(object.status?.conditions) ? (object.status.conditions as Partial<Condition>[]) : []
  const unwell = conditions.find(
    ({ type = '', status }) =>
      (status === 'False' &&
        /^(Ready|Available|Healthy|Synced|Reconciled|Established|NamesAccepted|Accepted|Programmed)$/.test(type)) ||
      (status === 'True' && /^(Stalled|Degraded|Failed|NonStructuralSchema)$/.test(type)),
  )
  if (!unwell) return undefined
  return {
    tone: 'bad',
    state: unwell.reason ?? unwell.type ?? '',
    sentence: t(unwell.status === 'True' ? 'explain.condition.is' : 'explain.condition.isNot', {
      name,
      condition: unwell.type ?? '',
    }),
    why: [],
    said: unwell.message,
    tries: [],
  }
}
