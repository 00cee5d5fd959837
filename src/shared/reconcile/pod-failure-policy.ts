import { keyOf } from '../client/informer.ts'
import type { ContainerStatus, Job, Pod, PodFailurePolicyRule } from '../kube/generated/types.ts'
import type { Stored } from '../kube/object.ts'

/** The verdict of a Job's podFailurePolicy on its failed pods. */
export interface Judgement {
  /** Why the Job fails at once; the message of its condition. */
  failJob?: string
  /** Uids of pods whose failure does not count. */
  ignored: Set<string>
  /** Uids of pods whose index fails at once. */
  failIndex: Set<string>
}

/** The first rule that matches a pod applies; a pod that none matches counts towards backoffLimit. */
export function judgeFailures(job: Job, failed: readonly Stored<Pod>[]): Judgement {
  const judgement: Judgement = { ignored: new Set(), failIndex: new Set() }
  const rules = job.spec?.podFailurePolicy?.rules ?? []
  if (rules.length === 0) return judgement
  for (const pod of failed) {
    const match = firstMatch(rules, pod)
    if (match?.action === 'FailJob') judgement.failJob ??= match.message
    if (match?.action === 'Ignore') judgement.ignored.add(pod.metadata.uid)
    if (match?.action === 'FailIndex') judgement.failIndex.add(pod.metadata.uid)
  }
  return judgement
}

function firstMatch(
  rules: readonly PodFailurePolicyRule[],
  pod: Stored<Pod>,
): { action: string; message: string } | undefined {
  for (const [at, rule] of rules.entries()) {
    const why = whyExitCode(rule, pod) ?? whyCondition(rule, pod)
    if (why) return { action: rule.action, message: `${why} matching ${rule.action} rule at index ${at}` }
  }
  return undefined
}

function whyExitCode({ onExitCodes }: PodFailurePolicyRule, pod: Stored<Pod>): string | undefined {
  if (!onExitCodes) return undefined
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])]
  const matches = ({ name, state }: ContainerStatus): boolean => {
    const code = state?.terminated?.exitCode
    if (code === undefined || code === 0) return false
    if (onExitCodes.containerName && onExitCodes.containerName !== name) return false
    return onExitCodes.values.includes(code) === (onExitCodes.operator === 'In')
  }
  const container = statuses.find(matches)
  return container
    ? `Container ${container.name} for pod ${keyOf(pod)} failed with exit code ${container.state?.terminated?.exitCode ?? 0}`
    : undefined
}

function whyCondition({ onPodConditions = [] }: PodFailurePolicyRule, pod: Stored<Pod>): string | undefined {
  const condition = pod.status?.conditions?.find(({ type, status }) =>
    onPodConditions.some((pattern) => pattern.type === type && (pattern.status ?? 'True') === status),
  )
  return condition ? `Pod ${keyOf(pod)} has condition ${condition.type}` : undefined
}
