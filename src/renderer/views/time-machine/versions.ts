import type { ObjectVersion } from '#shared/contract/history.ts'

/** Who wrote a version: a person with a tool, or a program. */
export type Writer = 'person' | 'program'

/** Field managers of tools that people use: kubectl's subcommands, this window, editors of manifests. */
const tools = /^(?:kubectl(?:-.*)?|slipway(?:-.*)?|k9s|Lens|headlamp|helm|client-side-apply|Mozilla)$/i

export const writerOf = ({ managers }: Pick<ObjectVersion, 'managers'>): Writer =>
  managers.some((manager) => tools.test(manager)) ? 'person' : 'program'

/** A deletion is written by nobody: it has no fields. */
export const isByPeople = (version: ObjectVersion): boolean =>
  version.change === 'deleted' || writerOf(version) === 'person'

/** Versions of one day, newest first. */
export interface Day {
  /** Its first moment, ms since the epoch, by the user's clock. */
  start: number
  versions: ObjectVersion[]
}

/** @param versions oldest first @returns the newest day first, and its newest version first */
export function byDay(versions: readonly ObjectVersion[]): Day[] {
  const days: Day[] = []
  for (const version of [...versions].reverse()) {
    const start = new Date(version.time).setHours(0, 0, 0, 0)
    const last = days.at(-1)
    if (last?.start === start) last.versions.push(version)
    else days.push({ start, versions: [version] })
  }
  return days
}

/** A changed field by the part of its path that tells it from others: `containers[0].image` of a pod template. */
export const fieldName = (path: string): string =>
  path.replace(/^spec\.jobTemplate\./, '').replace(/^(?:spec\.template\.)?(?:spec|metadata)\.(?=.)/, '')
