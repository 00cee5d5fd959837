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

  private constructor(key: string, revision: number, object: KubeObject | undefined, json: Buffer | undefined) {
    this.key = key
    this.revision = revision
    this.#object = object
    this.#json = json
  }

  static of(key: string, revision: number, object: KubeObject): StoredEntry {
    return new StoredEntry(key, revision, object, undefined)
  }

  static restored(key: string, revision: number, json: string): StoredEntry {
    return new StoredEntry(key, revision, undefined, Buffer.from(json))
  }

  get object(): KubeObject {
    return (this.#object ??= JSON.parse(this.json.toString()) as KubeObject)
  }

  get json(): Buffer {
    return (this.#json ??= Buffer.from(JSON.stringify(this.#object)))
  }

  /** The JSON as text, for the log; serialised here if it has not been yet, and kept as bytes for all others. */
  text(): string {
    if (this.#json) return this.#json.toString()
    const text = JSON.stringify(this.#object)
    this.#json = Buffer.from(text)
    return text
  }

  /** Bytes that it takes in any case. */
  get size(): number {
    return this.#json?.length ?? 0
  }

  /** Nobody but history is likely to look at it again. */
  cool(): void {
    if (this.json.length > 0) this.#object = undefined
  }
}
