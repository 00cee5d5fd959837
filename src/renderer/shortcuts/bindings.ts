import { shallowRef } from 'vue'
import { shortcutCommands, type ShortcutCommand } from './commands.ts'

/** Keys that the user has chosen, by command; those of the settings. */
export type ChosenKeys = Readonly<Record<string, readonly string[]>>

/** The keys in force. The settings store fills it; whoever binds keys reads it at each key press. */
export const chosenKeys = shallowRef<ChosenKeys>({})

/** The keys of a command; none when the user has taken them away. */
export const keysOf = ({ id, keys }: ShortcutCommand, chosen: ChosenKeys = chosenKeys.value): readonly string[] =>
  chosen[id] ?? [keys]

/** The keys in force for what is bound to `keys` unless the user chose others. */
export function effectiveKeys(keys: string, chosen: ChosenKeys = chosenKeys.value): readonly string[] {
  const command = shortcutCommands.find((each) => each.keys === keys)
  return command ? keysOf(command, chosen) : [keys]
}

/** The other command that has these keys, or keys that begin or continue a sequence with them. */
export function conflictOf(
  id: string,
  keys: string,
  chosen: ChosenKeys = chosenKeys.value,
): ShortcutCommand | undefined {
  return shortcutCommands.find(
    (other) =>
      other.id !== id &&
      keysOf(other, chosen).some((theirs) => theirs === keys || isStartOf(theirs, keys) || isStartOf(keys, theirs)),
  )
}
const isStartOf = (first: string, sequence: string): boolean => sequence.startsWith(`${first} `)

/** Gives keys to a command and takes them from the one that has them. */
export function takeKeys(chosen: ChosenKeys, id: string, keys: string): ChosenKeys {
  const loser = conflictOf(id, keys, chosen)
  return {
    ...chosen,
    ...(loser ? { [loser.id]: [] } : {}),
    [id]: [keys],
  }
}

/** Gives keys to a command, and its former keys to the one that had them. */
export function swapKeys(chosen: ChosenKeys, id: string, keys: string): ChosenKeys {
  const other = conflictOf(id, keys, chosen)
  const command = shortcutCommands.find((each) => each.id === id)
  if (!other || !command) return { ...chosen, [id]: [keys] }
  return { ...chosen, [id]: [keys], [other.id]: [...keysOf(command, chosen)] }
}

/** Back to the keys that a command comes with. */
export function resetKeys(chosen: ChosenKeys, id: string): ChosenKeys {
  return Object.fromEntries(Object.entries(chosen).filter(([other]) => other !== id))
}
