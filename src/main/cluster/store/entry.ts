import { parseExact } from '#shared/kube/exact-json.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import type { Entry } from './store.ts'

/**
 * One revision of one object, as object, as bytes, or as both: either is made from the other when asked for. History
 * keeps old revisions as bytes alone, which take a fraction of the room.
 */
export class StoredEntry implements Entry {
  readonly key: string
  readonly revision: number
  #object: KubeObject | undefined
  #json: Buffer | undefined
  /** What a delete has ended: its own last state is made from that. */
  readonly #ended: Entry | undefined

  private constructor(key: string, revision: number, { object, json, ended }: Partial<Entry> & { ended?: Entry }) {
    this.key = key
    this.revision = revision
    this.#object = object
    this.#json = json as Buffer | undefined
    this.#ended = ended
  }

  static of(key: string, revision: number, object: KubeObject): StoredEntry {
    return new StoredEntry(key, revision, { object })
  }

  static restored(key: string, revision: number, json: string): StoredEntry {
    return new StoredEntry(key, revision, { json: Buffer.from(json) })
  }

  /** The last state of a deleted object, with the revision of its deletion. */
  static deleted(ended: Entry, revision: number): StoredEntry {
    return new StoredEntry(ended.key, revision, { ended })
  }

  get object(): KubeObject {
    return (this.#object ??= this.#ended
      ? withRevision(this.#ended.object, this.revision)
      : (parseExact(this.json.toString()) as KubeObject))
  }

  get json(): Buffer {
    return (this.#json ??= Buffer.from(JSON.stringify(this.object)))
  }

  /** The JSON as text, for the log; serialised here if it has not been yet, and kept as bytes for all others. */
  text(): string {
    if (this.#json) return this.#json.toString()
    const text = JSON.stringify(this.object)
    this.#json = Buffer.from(text)
    return text
  }

  /** Bytes that it takes. */
  get size(): number {
    return this.#json?.length ?? 0
  }

  /** Nobody but history is likely to look at it again: it keeps what the rest can be made from. */
  cool(): void {
    if (this.#ended) this.#json = undefined
    else this.#json ??= Buffer.from(JSON.stringify(this.object))
    this.#object = undefined
  }
}

const withRevision = (object: KubeObject, revision: number): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, resourceVersion: String(revision) },
})
