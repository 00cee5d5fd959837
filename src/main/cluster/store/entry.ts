import { parseExact } from '#shared/kube/exact-json.ts'
import type { Stored } from '#shared/kube/object.ts'
import type { Entry } from './store.ts'

/**
 * One revision of one object, as object, as bytes, or as both; either is made from the other on demand. History keeps
 * old revisions as bytes only, which take a fraction of the memory.
 */
export class StoredEntry implements Entry {
  readonly key: string
  readonly revision: number
  #object: Stored | undefined
  #json: Buffer | undefined
  /** The entry that a delete has removed: the deleted object's last state is made from it. */
  readonly #ended: Entry | undefined

  private constructor(key: string, revision: number, { object, json, ended }: Partial<Entry> & { ended?: Entry }) {
    this.key = key
    this.revision = revision
    this.#object = object
    this.#json = json as Buffer | undefined
    this.#ended = ended
  }

  static of(key: string, revision: number, object: Stored): StoredEntry {
    return new StoredEntry(key, revision, { object })
  }

  static restored(key: string, revision: number, json: string): StoredEntry {
    return new StoredEntry(key, revision, { json: Buffer.from(json) })
  }

  /** The last state of a deleted object, with the revision of its deletion. */
  static deleted(ended: Entry, revision: number): StoredEntry {
    return new StoredEntry(ended.key, revision, { ended })
  }

  get object(): Stored {
    return (this.#object ??= this.#ended
      ? withRevision(this.#ended.object, this.revision)
      : (parseExact(this.json.toString()) as Stored))
  }

  get json(): Buffer {
    return (this.#json ??= Buffer.from(JSON.stringify(this.object)))
  }

  /** The JSON as text, for the log; serialized on first use, and kept as bytes for later readers. */
  text(): string {
    if (this.#json) return this.#json.toString()
    const text = JSON.stringify(this.object)
    this.#json = Buffer.from(text)
    return text
  }

  /** Size in bytes. */
  get size(): number {
    return this.#json?.length ?? 0
  }

  /** Keeps only the bytes, or nothing if they can be derived: from here on only history refers to the entry. */
  cool(): void {
    if (this.#ended) this.#json = undefined
    else this.#json ??= Buffer.from(JSON.stringify(this.object))
    this.#object = undefined
  }
}

const withRevision = (object: Stored, revision: number): Stored => ({
  ...object,
  metadata: { ...object.metadata, resourceVersion: String(revision) },
})
