import type { RunningCluster } from '#main/cluster/index.ts'
import type { ComparedObject, ObjectAddress, ObjectVersion } from '#shared/contract/history.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { changedFields } from './changed-fields.ts'

/** The versions of the objects of one context. */
export interface ContextHistory {
  /** Oldest first. */
  versions(object: ObjectAddress): Promise<ObjectVersion[]>
  /** @returns the object before or after the write of `revision`, as JSON; null where there was none */
  version(object: ObjectAddress, revision: number, side: 'before' | 'after'): Promise<string | null>
  /** What differs now from what it was at `time`, ms since the epoch; sorted by kind and name. */
  changesSince(namespace: string, time: number): Promise<ComparedObject[]>
  /** @returns the object as it was, as JSON, null where there was none, undefined where it has not changed since */
  objectAt(object: ObjectAddress, time: number): Promise<string | null | undefined>
  /** Bytes that all versions take on disk. */
  size(): Promise<number>
}

/** Of a local cluster: its control plane keeps the versions. */
export function clusterHistory({ chronicle }: Pick<RunningCluster, 'chronicle'>): ContextHistory {
  return {
    async versions(object) {
      const records = await chronicle.versions(keyOf(object))
      return records.map(({ revision, time, managers, before, after }) => ({
        revision,
        time,
        managers,
        change: changeOf(before, after),
        fields: before && after ? changedFields(before, after) : [],
      }))
    },
    async version(object, revision, side) {
      const records = await chronicle.versions(keyOf(object))
      const record = records.find((known) => known.revision === revision)
      if (!record) throw new Error(`revision ${revision} of ${object.resource}/${object.name} is not kept any more`)
      return jsonOf(record[side])
    },
    async changesSince(namespace, time) {
      const compared = await chronicle.changesSince(inNamespace(namespace), time)
      return [...compared]
        .map(([key, { then, now }]) => comparison(key, then, now))
        .sort((a, b) => a.kind.localeCompare(b.kind) || a.address.name.localeCompare(b.address.name))
    },
    async objectAt(object, time) {
      const key = keyOf(object)
      const compared = (await chronicle.changesSince((other) => other === key, time)).get(key)
      return compared && jsonOf(compared.then)
    },
    size: () => chronicle.size(),
  }
}

/** The store's key of an object: `/registry/<group or core>/<resource>/[<namespace>/]<name>`. */
const keyOf = ({ group, resource, namespace, name }: ObjectAddress): string =>
  `/registry/${group || 'core'}/${resource}/${namespace === undefined ? '' : `${namespace}/`}${name}`

function inNamespace(namespace: string): (key: string) => boolean {
  return (key) => {
    const [, , , , scope, name] = key.split('/')
    return scope === namespace && name !== undefined
  }
}

function comparison(key: string, then: KubeObject | undefined, now: KubeObject | undefined): ComparedObject {
  const [, , group = '', resource = '', namespace = '', name = ''] = key.split('/')
  const { apiVersion = '', kind = '' } = now ?? then ?? {}
  return {
    address: { group: group === 'core' ? '' : group, resource, namespace, name },
    apiVersion,
    kind,
    change: changeOf(then, now),
    fields: then && now ? changedFields(then, now) : [],
  }
}

const changeOf = (before: KubeObject | undefined, after: KubeObject | undefined): ObjectVersion['change'] =>
  after ? (before ? 'changed' : 'created') : 'deleted'

const jsonOf = (object: KubeObject | undefined): string | null => (object ? JSON.stringify(object) : null)
