import type { Entry, ListResult } from './store.ts'

/** Entries of keys that differ from the current ones; undefined for keys without an entry. */
export type Overlay = ReadonlyMap<string, Entry | undefined>

/**
 * Entries in folders by their keys: `/registry/<group>/<resource>/[<namespace>/]<name>`. A list reads one folder, so
 * its cost does not depend on other resources.
 */
export class Collections {
  readonly #byKey = new Map<string, Entry>()
  readonly #folders = new Map<string, Folder>()

  get(key: string): Entry | undefined {
    return this.#byKey.get(key)
  }

  all(): Iterable<Entry> {
    return this.#byKey.values()
  }

  put(entry: Entry): void {
    const known = this.#byKey.has(entry.key)
    this.#byKey.set(entry.key, entry)
    if (!known) for (const folder of this.#path(entry.key)) folder.add(entry.key)
  }

  delete(key: string): void {
    if (!this.#byKey.delete(key)) return
    for (const prefix of prefixesOf(key)) {
      const folder = this.#folders.get(prefix)
      folder?.remove(key)
      if (folder?.size === 0) this.#folders.delete(prefix)
    }
  }

  count(prefix: string): number {
    return this.#folders.get(prefix)?.size ?? 0
  }

  /** Entries of a folder in key order. @param overlay replaces the entries of some keys */
  list(prefix: string, { limit, after, overlay }: ListRange): Omit<ListResult, 'revision'> {
    const present = this.#folders.get(prefix)?.sorted() ?? []
    const keys = overlay && overlay.size > 0 ? overlaid(present, overlay) : present
    const from = after === undefined ? 0 : firstAfter(keys, after)
    const to = limit === undefined ? keys.length : Math.min(keys.length, from + limit)
    const entries: Entry[] = []
    for (let i = from; i < to; i++) {
      const key = keys[i] ?? ''
      const entry = overlay?.get(key) ?? this.#byKey.get(key)
      if (entry) entries.push(entry)
    }
    return { entries, remaining: keys.length - to }
  }

  *#path(key: string): Iterable<Folder> {
    for (const prefix of prefixesOf(key)) {
      let folder = this.#folders.get(prefix)
      if (!folder) this.#folders.set(prefix, (folder = new Folder()))
      yield folder
    }
  }
}

interface ListRange {
  limit?: number | undefined
  after?: string | undefined
  overlay?: Overlay
}

/** Adds the overlay's keys with an entry and removes those without. */
function overlaid(keys: readonly string[], overlay: Overlay): string[] {
  const kept = keys.filter((key) => !overlay.has(key))
  const there: string[] = []
  for (const [key, entry] of overlay) if (entry) there.push(key)
  return there.length > 0 ? merge(kept, there.sort(byCodeUnit)) : kept
}

/** The folders of a key that can be listed or watched: its group, resource and namespace. */
export function* prefixesOf(key: string): Iterable<string> {
  // '/registry/' + group + '/' + resource + '/'
  const group = key.indexOf('/', 10)
  const resource = key.indexOf('/', group + 1)
  if (resource < 0) return
  yield key.slice(0, group + 1)
  yield key.slice(0, resource + 1)
  const namespace = key.indexOf('/', resource + 1)
  if (namespace >= 0) yield key.slice(0, namespace + 1)
}

/** Keys of one folder; new and removed keys are merged into sorted order when it is listed. */
class Folder {
  #sorted: string[] = []
  #added = new Set<string>()
  #removed = new Set<string>()

  get size(): number {
    return this.#sorted.length + this.#added.size - this.#removed.size
  }

  add(key: string): void {
    if (!this.#removed.delete(key)) this.#added.add(key)
  }

  remove(key: string): void {
    if (!this.#added.delete(key)) this.#removed.add(key)
  }

  sorted(): readonly string[] {
    if (this.#added.size > 0 || this.#removed.size > 0) {
      const kept = this.#removed.size > 0 ? this.#sorted.filter((key) => !this.#removed.has(key)) : this.#sorted
      this.#sorted = this.#added.size > 0 ? merge(kept, [...this.#added].sort(byCodeUnit)) : kept
      this.#added.clear()
      this.#removed.clear()
    }
    return this.#sorted
  }
}

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function merge(a: readonly string[], b: readonly string[]): string[] {
  const last = a.at(-1)
  if (last === undefined || last < (b[0] ?? '')) return [...a, ...b]
  const merged: string[] = []
  let i = 0
  for (const key of b) {
    for (let next = a[i]; next !== undefined && next < key; next = a[++i]) merged.push(next)
    merged.push(key)
  }
  while (i < a.length) merged.push(a[i++] ?? '')
  return merged
}

function firstAfter(keys: readonly string[], after: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((keys[middle] ?? '') <= after) low = middle + 1
    else high = middle
  }
  return low
}
