import type { Node } from '#shared/kube/generated/types.ts'
import { ageText } from '../texts/format.ts'
import { t } from '../texts/index.ts'
import type { Explanation, Surroundings, Try } from './explanation.ts'

/** Why a node does not take pods, or is short of something. */
export function explainNode(node: Node, { now }: Surroundings): Explanation | undefined {
  const { conditions = [] } = node.status ?? {}
  const { name = '' } = node.metadata
  const ready = conditions.find(({ type }) => type === 'Ready')
  const since = (time: string | null | undefined): string => ageText(now - Date.parse(time ?? ''))
  if (ready && ready.status !== 'True') {
    const silent = ready.status === 'Unknown'
    return {
      tone: 'bad',
      state: 'NotReady',
      sentence: t(silent ? 'explain.node.silent' : 'explain.node.notReady', {
        name,
        time: since(ready.lastTransitionTime),
      }),
      why: silent ? [t('explain.node.silentWhy')] : [],
      said: ready.message,
      tries: silent
        ? [{ text: t('explain.node.tryStart') }, { text: t('explain.node.tryRemove'), action: 'drain' }]
        : [],
    }
  }
  const pressure = conditions.find(({ type, status }) => status === 'True' && type in pressures)
  if (pressure) {
    const key = pressures[pressure.type as keyof typeof pressures]
    return {
      tone: 'bad',
      state: pressure.type,
      sentence: t(`explain.node.${key}`, { name }),
      why: [t('explain.node.pressureWhy')],
      said: pressure.message,
      tries: [{ text: t(`explain.node.${key}Try`) }, cordonTry()],
    }
  }
  if (conditions.some(({ type, status }) => type === 'NetworkUnavailable' && status === 'True'))
    return {
      tone: 'bad',
      state: 'NetworkUnavailable',
      sentence: t('explain.node.network', { name }),
      why: [],
      tries: [],
    }
  if (node.spec?.unschedulable)
    return {
      tone: 'warn',
      state: 'SchedulingDisabled',
      sentence: t('explain.node.cordoned', { name }),
      why: [],
      tries: [{ text: t('explain.node.tryUncordon'), action: 'cordon' }],
    }
  return undefined
}

const cordonTry = (): Try => ({ text: t('explain.node.tryCordon'), action: 'cordon' })
const pressures = { MemoryPressure: 'memory', DiskPressure: 'disk', PIDPressure: 'pids' } as const
