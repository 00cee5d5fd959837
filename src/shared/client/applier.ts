import { applyBody } from '../kube/apply-body.ts'
import { undefinedIfMissing } from '../kube/error-kinds.ts'
import type { KubeObject } from '../kube/object.ts'
import { ApiError, failure } from '../kube/status.ts'
import type { Transport } from './transport.ts'

interface ServedResource {
  name: string
  kind: string
  namespaced: boolean
}

/** The namespace in which objects are checked whose own one does not exist yet: every cluster has it. */
export const standIn = 'default'

export interface ApplyOptions {
  /** Of objects that name none. */
  namespace: string
  uid?: string
  dryRun?: boolean
  force?: boolean
  defined?: ReadonlySet<string>
}

/** What became of an object, with what was there and what is. */
export interface Applied {
  outcome: 'created' | 'configured' | 'unchanged'
  before?: KubeObject
  result: KubeObject
}

/**
 * Applies objects of any kind: their paths come from the API's discovery.
 * @param fieldManager owns what is applied
 * @param unknownKind says that the cluster has no such kind
 */
export function createApplier({
  transport,
  fieldManager = 'slipway',
  unknownKind = (kind, apiVersion) => `this cluster serves no ${kind} of ${apiVersion}`,
}: {
  transport: Pick<Transport, 'request'>
  fieldManager?: string
  unknownKind?: (kind: string, apiVersion: string) => string
}) {
  const notServed = (kind: string, apiVersion: string): ApiError =>
    failure(404, 'NotFound', unknownKind(kind, apiVersion))
  const served = new Map<string, Promise<ServedResource[]>>()
  const resourcesOf = (apiVersion: string): Promise<ServedResource[]> => {
    let list = served.get(apiVersion)
    if (!list) {
      const path = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
      list = transport
        .request({ method: 'GET', path })
        .then((found) => (found as { resources: ServedResource[] }).resources)
      list.catch(() => served.delete(apiVersion))
      served.set(apiVersion, list)
    }
    return list
  }

  async function pathOf(object: KubeObject, namespace: string, defined: ReadonlySet<string>): Promise<string> {
    // A definition that was just applied is established within the second.
    for (let tries = 0; ; tries++) {
      try {
        return await knownPathOf(object, namespace)
      } catch (error) {
        const group = object.apiVersion?.split('/')[0] ?? ''
        if (!(error instanceof ApiError) || error.code !== 404 || !defined.has(group) || tries === 20) throw error
        await new Promise((resolve) => setTimeout(resolve, 250))
      }
    }
  }

  async function knownPathOf({ apiVersion = '', kind = '', metadata }: KubeObject, namespace: string): Promise<string> {
    const list = await resourcesOf(apiVersion).catch((error: unknown) => {
      if (error instanceof ApiError && error.code === 404) throw notServed(kind, apiVersion)
      throw error
    })
    const named = (each: ServedResource): boolean => each.kind === kind && !each.name.includes('/')
    let resource = list.find(named)
    if (!resource) {
      // Its definition may be newer than the cached list.
      served.delete(apiVersion)
      resource = (await resourcesOf(apiVersion)).find(named)
    }
    if (!resource) throw notServed(kind, apiVersion)
    const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
    const place = resource.namespaced ? `/namespaces/${encodeURIComponent(metadata.namespace ?? namespace)}` : ''
    const collection = `${base}${place}/${resource.name}`
    return metadata.name ? `${collection}/${encodeURIComponent(metadata.name)}` : collection
  }

  async function create(path: string, object: KubeObject, dryRun: boolean): Promise<KubeObject> {
    const query = new URLSearchParams({
      fieldManager,
      fieldValidation: 'Strict',
      ...(dryRun ? { dryRun: 'All' } : {}),
    })
    return (await transport.request({
      method: 'POST',
      path: `${path}?${query.toString()}`,
      body: object,
    })) as KubeObject
  }

  return {
    /**
     * Server-side apply as the field manager. An object with `generateName` is created.
     * @param uid of the one object that may be written: the server refuses another one of the same name
     * @param defined groups whose definitions were just applied: their kinds are waited for
     * @returns whether it is new, changed, or as it was, with what was there and what is @throws ApiError, 409 with the owners of fields in conflict
     */
    async apply(
      object: KubeObject,
      { namespace, uid, dryRun = false, force = false, defined = new Set<string>() }: ApplyOptions,
    ): Promise<Applied> {
      const path = await pathOf(object, namespace, defined)
      if (!object.metadata.name) return { outcome: 'created', result: await create(path, object, dryRun) }
      const before = (await transport.request({ method: 'GET', path }).catch(undefinedIfMissing)) as
        KubeObject | undefined
      const query = new URLSearchParams({
        fieldManager,
        fieldValidation: 'Strict',
        ...(dryRun ? { dryRun: 'All' } : {}),
        ...(force ? { force: 'true' } : {}),
      })
      const result = (await transport.request({
        method: 'PATCH',
        path: `${path}?${query.toString()}`,
        contentType: 'application/apply-patch+yaml',
        body: applyBody(object, uid),
      })) as KubeObject
      const same = before !== undefined && (dryRun ? isSame(before, result) : versionOf(before) === versionOf(result))
      return before ? { outcome: same ? 'unchanged' : 'configured', before, result } : { outcome: 'created', result }
    },

    /**
     * Has the server check an object whose own namespace does not exist yet: a dry run of its creation in another one.
     * @throws ApiError with what the server has against it
     */
    async rehearse(object: KubeObject): Promise<void> {
      const { name, ...metadata } = { ...applyBody(object).metadata, namespace: standIn }
      const path = await pathOf({ ...object, metadata }, standIn, new Set())
      const body = (named: object): KubeObject => ({ ...applyBody(object), metadata: { ...metadata, ...named } })
      try {
        await create(path, body({ name }), true)
      } catch (error) {
        // The stand-in has an object of that name: the name alone is not checked then.
        if (!(error instanceof ApiError) || error.reason !== 'AlreadyExists') throw error
        await create(path, body({ generateName: `${name ?? ''}-` }), true)
      }
    },
  }
}

export type Applier = ReturnType<typeof createApplier>

const versionOf = ({ metadata }: KubeObject): string | undefined => metadata.resourceVersion

/** A dry run leaves the version as it is: both objects are compared, but for the times at which fields were written. */
const isSame = (before: KubeObject, after: KubeObject): boolean => contentOf(before) === contentOf(after)

function contentOf({ metadata, ...object }: KubeObject): string {
  const managedFields = metadata.managedFields?.map((entry) => ({ ...entry, time: undefined }))
  return JSON.stringify({ ...object, metadata: { ...metadata, managedFields } })
}
