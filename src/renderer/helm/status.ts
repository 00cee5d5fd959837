import type { HelmOperation, HelmRelease } from '#shared/contract/helm.ts'
import type { Tone } from '../components/tone.ts'
import { t } from '../texts/index.ts'

/** What Helm says of its own work: whether the objects are well is another matter. */
const known = {
  deployed: 'done',
  failed: 'bad',
  uninstalled: 'stopped',
  superseded: 'quiet',
  uninstalling: 'ending',
  'pending-install': 'busy',
  'pending-upgrade': 'busy',
  'pending-rollback': 'busy',
  unknown: 'unknown',
} as const satisfies Record<string, Tone>

/** A release's status in words, with its shape. A status of a later Helm is shown as it is. */
export function statusOf(status: string): { tone: Tone; text: string } {
  const name = Object.keys(known).find((each): each is keyof typeof known => each === status)
  return name ? { tone: known[name], text: t(`helm.status.${name}`) } : { tone: 'unknown', text: status }
}

/** Whether a run of helm has to do with a release. */
export const isOf = ({ namespace, name }: Pick<HelmRelease, 'namespace' | 'name'>, operation: HelmOperation): boolean =>
  operation.namespace === namespace && operation.name === name

/** Whether a version is newer than another, by the numbers of both; what comes before a release is older than it. */
export function isNewer(version: string, than: string): boolean {
  const parts = (text: string): (number | undefined)[] => {
    const [, major, minor, patch, before] = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(-[^+]*)?/.exec(text) ?? []
    if (major === undefined) return []
    return [Number(major), Number(minor ?? 0), Number(patch ?? 0), before === undefined ? 1 : 0]
  }
  const [a, b] = [parts(version), parts(than)]
  const at = a.findIndex((part, place) => part !== b[place])
  return b.length > 0 && at >= 0 && (a[at] ?? 0) > (b[at] ?? 0)
}
