import { randomUUID } from 'node:crypto'
import { messageOf } from '#shared/base/message-of.ts'
import type { CustomResourceDefinition, ObjectMeta, WebhookClientConfig } from '#shared/kube/generated/types.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { internal } from '#shared/kube/status.ts'
import { NotConverted, type VersionConversion } from '../api/resources.ts'
import type { WebhookCaller } from '../webhooks/call.ts'

const timeoutMs = 30_000

/** An object in one version, or why there is none. */
type Form = { object: KubeObject } | { problem: Error }

/**
 * Converts the objects of a definition by its webhook. Reads are synchronous, so the forms in other versions are
 * computed when an object is about to be read, or a watch to tell of it. They are kept for the stored object
 * itself, and go with it: what is read is never the form of an earlier or later state.
 */
export class WebhookConversion implements VersionConversion {
  readonly #call: WebhookCaller
  readonly #config: WebhookClientConfig
  readonly #kind: string
  /** The first that the webhook names of those that Kubernetes speaks. */
  readonly #reviewVersion: string
  readonly #storageVersion: string
  /** By the stored object, then by API version. */
  readonly #forms = new WeakMap<KubeObject, Map<string, Form>>()
  /** Conversions that run, by API version: all who wait for a form share its one. */
  readonly #running = new Map<string, Map<KubeObject, Promise<void>>>()

  constructor({ spec }: CustomResourceDefinition, call: WebhookCaller) {
    this.#call = call
    this.#config = spec.conversion?.webhook?.clientConfig ?? {}
    this.#kind = spec.names.kind
    const versions = spec.conversion?.webhook?.conversionReviewVersions ?? []
    this.#reviewVersion = versions.find((version) => version === 'v1' || version === 'v1beta1') ?? 'v1'
    this.#storageVersion = `${spec.group}/${spec.versions.find(({ storage }) => storage)?.name ?? ''}`
  }

  /** Returns a stored object in `apiVersion`. @throws NotConverted, or ApiError 500 */
  read(stored: Stored, apiVersion: string): Stored {
    if (stored.apiVersion === apiVersion) return stored
    const form = this.#forms.get(stored)?.get(apiVersion)
    if (!form) throw new NotConverted(stored, apiVersion)
    if ('problem' in form) throw form.problem
    return { ...form.object, apiVersion, metadata: withMarks(stored.metadata, form.object) }
  }

  /** Converts objects that are about to be read to `apiVersion`. @throws ApiError 500 */
  prepare(stored: readonly Stored[], apiVersion: string): Promise<void> | undefined {
    const missing = [...new Set(stored)].filter((object) => {
      if (object.apiVersion === apiVersion) return false
      const form = this.#forms.get(object)?.get(apiVersion)
      return form === undefined || 'problem' in form
    })
    if (missing.length === 0) return undefined
    const running = this.#running.get(apiVersion)
    const fresh = missing.filter((object) => !running?.has(object))
    const pending = new Set(missing.flatMap((object) => running?.get(object) ?? []))
    if (fresh.length > 0) pending.add(this.#run(fresh, apiVersion))
    return Promise.all(pending).then(() => undefined)
  }

  isConverting(apiVersion: string): boolean {
    return this.#running.has(apiVersion)
  }

  /**
   * Converts an object that is written in one version to the storage version.
   * @returns a function that, called with the metadata that is stored, returns the object to store, and keeps its form
   * @throws ApiError 500
   */
  async written(object: KubeObject): Promise<(metadata: KubeObject['metadata']) => KubeObject> {
    const own = object.apiVersion ?? ''
    const converted = own === this.#storageVersion ? object : await this.#convert(object, this.#storageVersion)
    return (metadata) => {
      const kept = converted === object ? metadata : withMarks(metadata ?? {}, converted)
      const stored = { ...converted, apiVersion: this.#storageVersion, metadata: kept }
      this.#keep(stored, own, { object })
      return stored
    }
  }

  /** Keeps the forms of objects, or why there are none. */
  async #run(objects: readonly Stored[], apiVersion: string): Promise<void> {
    const running = this.#running.get(apiVersion) ?? new Map<KubeObject, Promise<void>>()
    this.#running.set(apiVersion, running)
    const conversion = this.#convertAll(objects, apiVersion).then(
      (converted) =>
        converted.forEach((object, i) => {
          const of = objects[i]
          if (of) this.#keep(of, apiVersion, { object })
        }),
      (error: unknown) => {
        const problem = error instanceof Error ? error : new Error(String(error))
        for (const object of objects) this.#keep(object, apiVersion, { problem })
        throw problem
      },
    )
    for (const object of objects) running.set(object, conversion)
    try {
      await conversion
    } finally {
      for (const object of objects) running.delete(object)
      if (running.size === 0) this.#running.delete(apiVersion)
    }
  }

  #keep(stored: KubeObject, apiVersion: string, form: Form): void {
    let forms = this.#forms.get(stored)
    if (!forms) this.#forms.set(stored, (forms = new Map<string, Form>()))
    forms.set(apiVersion, form)
  }

  async #convert(object: KubeObject, apiVersion: string): Promise<KubeObject> {
    const [converted] = await this.#convertAll([object], apiVersion)
    return converted ?? object
  }

  async #convertAll(objects: readonly KubeObject[], desiredAPIVersion: string): Promise<KubeObject[]> {
    const request = { uid: randomUUID(), desiredAPIVersion, objects }
    const from = objects[0]?.apiVersion ?? ''
    try {
      const review = { apiVersion: `apiextensions.k8s.io/${this.#reviewVersion}`, kind: 'ConversionReview', request }
      const answer = await this.#call(this.#config, review, timeoutMs)
      return convertedOf(answer, request)
    } catch (error) {
      throw internal(`conversion webhook for ${from}, Kind=${this.#kind} failed: ${messageOf(error)}`)
    }
  }
}

/** Returns the converted objects. @throws Error when the answer is invalid */
function convertedOf(
  answer: unknown,
  { uid, desiredAPIVersion, objects }: { uid: string; desiredAPIVersion: string; objects: readonly KubeObject[] },
): KubeObject[] {
  const { response } = (answer ?? {}) as { response?: Record<string, unknown> }
  if (!response) throw new Error('expected a response')
  if (response['uid'] !== uid) throw new Error(`expected response.uid=${JSON.stringify(uid)}`)
  const result = response['result'] as { status?: string; message?: string } | undefined
  if (result?.status !== 'Success') throw new Error(result?.message ?? 'the webhook did not report success')
  const converted = response['convertedObjects']
  if (!Array.isArray(converted) || converted.length !== objects.length)
    throw new Error(`expected ${objects.length} converted objects`)
  return (converted as KubeObject[]).map((object, i) => {
    if (object.apiVersion !== desiredAPIVersion)
      throw new Error(`invalid converted object at index ${i}: expected apiVersion ${desiredAPIVersion}`)
    checkMarks(object, i)
    return { ...object, metadata: withMarks(objects[i]?.metadata ?? {}, object) }
  })
}

/**
 * A conversion decides about labels and annotations, also that there are none; the rest of metadata is kept
 * (Kubernetes' restoreObjectMeta).
 */
function withMarks<M extends Marks>(metadata: M, { metadata: converted }: KubeObject): Omit<M, keyof Marks> & Marks {
  const { labels: _labels, annotations: _annotations, ...rest } = metadata
  const { labels, annotations } = converted ?? {}
  return { ...rest, ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) }
}

type Marks = Pick<ObjectMeta, 'labels' | 'annotations'>

/** @throws Error unless the labels and annotations that a webhook answers are texts */
function checkMarks({ metadata }: KubeObject, index: number): void {
  const at = `invalid metadata in converted object at index ${index}`
  if (!metadata || typeof metadata !== 'object') throw new Error(`${at}: missing metadata in converted object`)
  for (const field of ['labels', 'annotations'] as const)
    for (const value of Object.values<unknown>(metadata[field] ?? {}))
      if (typeof value !== 'string') throw new Error(`${at}: metadata.${field} must be a map of strings`)
}
