import { resolve } from 'node:path'
import { isDeepLink } from './deep-link.ts'

/** What the system or a user opens with the app. */
export interface Opened {
  links: string[]
  /** Absolute paths. */
  files: string[]
}

/**
 * Links and manifests among a program's arguments, which is how Linux and Windows hand them over; macOS has events.
 * @param folder the one that relative paths are meant from
 */
export function openedByArguments(words: readonly string[], folder: string): Opened {
  const files = words.filter((word) => !word.startsWith('-') && !isDeepLink(word) && isManifest(word))
  return { links: words.filter(isDeepLink), files: files.map((file) => resolve(folder, file)) }
}

const isManifest = (word: string): boolean => /\.(ya?ml|json)$/i.test(word)
