import type { Change } from '../../store/store.ts'
import type { VersionConversion } from '../api/resources.ts'
import type { ChangeSource } from './watch-groups.ts'

/**
 * Tells of changes once their objects are converted to `apiVersion`, in order; what changes meanwhile is converted together. Writes
 * do not wait for it. Where an object cannot be converted, reading it fails.
 */
export function convertedChanges(
  conversion: VersionConversion,
  apiVersion: string,
  source: ChangeSource,
): ChangeSource {
  return (sink) => {
    let waiting: Change[] = []
    let isConverting = false
    let isStopped = false
    const tell = (changes: readonly Change[]): void => {
      if (!isStopped) sink.changes(changes)
    }
    const convert = async (pending: Promise<void>, changes: readonly Change[]): Promise<void> => {
      isConverting = true
      await pending.catch(() => undefined)
      tell(changes)
      while (waiting.length > 0 && !isStopped) {
        const next = waiting
        waiting = []
        await conversion.prepare(objectsOf(next), apiVersion)?.catch(() => undefined)
        tell(next)
      }
      isConverting = false
    }
    const stop = source({
      changes(batch) {
        if (isConverting) {
          waiting.push(...batch)
          return
        }
        const pending = conversion.prepare(objectsOf(batch), apiVersion)
        if (pending) void convert(pending, batch)
        else tell(batch)
      },
      close: (reason) => sink.close(reason),
    })
    return () => {
      isStopped = true
      return stop()
    }
  }
}

/** The objects that the events of changes are made from. */
export const objectsOf = (changes: readonly Change[]): Change['entry']['object'][] =>
  changes.flatMap(({ entry, previous }) => (previous ? [entry.object, previous.object] : [entry.object]))
