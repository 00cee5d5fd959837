import { randomUUID } from 'node:crypto'
import { messageOf } from '#shared/base/message-of.ts'
import type { CustomResourceDefinition, WebhookClientConfig } from '#shared/kube/generated/types.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { internal } from '#shared/kube/status.ts'
import type { VersionConversion } from '../api/resources.ts'
import type { WebhookCaller } from '../webhooks/call.ts'

const timeoutMs = 30_000

/** The newest cached form of an object in one version. */
interface Known {
  revision: string
  object: KubeObject
}

/**
 * Converts the objects of a definition by its webhook. Reads are synchronous, so the forms in other versions are
 * computed when an object is written or about to be read, and are cached by uid.
 */
export class WebhookConversion implements VersionConversion {
  readonly #call: WebhookCaller
  readonly #config: WebhookClientConfig
  readonly #kind: string
  /** The first that the webhook names of those that Kubernetes speaks. */
  readonly #reviewVersion: string
  readonly #storageVersion: string
  /** Served API versions. */
  readonly #served: readonly string[]
  readonly #known = new Map<string, Map<string, Known>>()

  constructor({ spec }: CustomResourceDefinition, call: WebhookCaller) {
    this.#call = call
    this.#config = spec.conversion?.webhook?.clientConfig ?? {}
    this.#kind = spec.names.kind
    const versions = spec.conversion?.webhook?.conversionReviewVersions ?? []
    this.#reviewVersion = versions.find((version) => version === 'v1' || version === 'v1beta1') ?? 'v1'
    this.#served = spec.versions.filter(({ served }) => served).map(({ name }) => `${spec.group}/${name}`)
    this.#storageVersion = `${spec.group}/${spec.versions.find(({ storage }) => storage)?.name ?? ''}`
  }

  /** Returns the cached form of a stored object in `apiVersion`; without one, the stored fields. */
  read(stored: Stored, apiVersion: string): Stored {
    if (stored.apiVersion === apiVersion) return stored
    const known = this.#known.get(apiVersion)?.get(stored.metadata.uid)
    return known ? { ...known.object, apiVersion, metadata: stored.metadata } : { ...stored, apiVersion }
  }

  /** Converts objects that are about to be read to `apiVersion`. @throws ApiError 500 */
  prepare(stored: readonly Stored[], apiVersion: string): Promise<void> | undefined {
    const missing = stored.filter((object) => {
      if (object.apiVersion === apiVersion) return false
      const known = this.#known.get(apiVersion)?.get(object.metadata.uid)
      return known?.revision !== object.metadata.resourceVersion
    })
    if (missing.length === 0) return undefined
    return this.#convertAll(missing, apiVersion).then((converted) => {
      converted.forEach((object, i) => this.#remember(apiVersion, missing[i]?.metadata.resourceVersion ?? '', object))
    })
  }

  /**
   * Converts an object that is written in one version to the storage version and all served versions.
   * @returns a function that, called with the revision, caches the forms and returns the object to store
   */
  async written(object: KubeObject): Promise<(revision: string) => KubeObject> {
    const forms = new Map<string, KubeObject>([[object.apiVersion ?? '', object]])
    for (const version of new Set([this.#storageVersion, ...this.#served]))
      if (!forms.has(version)) for (const form of await this.#convertAll([object], version)) forms.set(version, form)
    return (revision) => {
      for (const [version, form] of forms) this.#remember(version, revision, form)
      const stored = forms.get(this.#storageVersion) ?? object
      return { ...stored, apiVersion: this.#storageVersion, metadata: object.metadata }
    }
  }

  /** Drops the forms of a deleted object, after its event has been delivered. */
  forget(uid: string): void {
    for (const byUid of this.#known.values()) byUid.delete(uid)
  }

  #remember(apiVersion: string, revision: string, object: KubeObject): void {
    let byUid = this.#known.get(apiVersion)
    if (!byUid) this.#known.set(apiVersion, (byUid = new Map<string, Known>()))
    byUid.set(object.metadata.uid ?? '', { revision, object })
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
    // A conversion may change labels and annotations; the rest of metadata is kept.
    const { labels, annotations } = object.metadata ?? {}
    const original = objects[i]?.metadata ?? {}
    return {
      ...object,
      metadata: { ...original, ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) },
    }
  })
}
