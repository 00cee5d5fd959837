import { z } from 'zod'
import { procedure } from './stream.ts'

/** What objects of a local cluster were, when, and who wrote them. Other contexts keep no versions. */

const context = z.string().min(1).max(300)
const name = z.string().min(1).max(253)

/** `group` is '' for the core group, `resource` the plural: `apps`, `deployments`. */
export const objectAddress = z.strictObject({
  group: z.string().max(253),
  resource: name,
  namespace: name.optional(),
  name,
})
export type ObjectAddress = z.infer<typeof objectAddress>

export const objectVersion = z.object({
  /** resourceVersion of the write. */
  revision: z.number(),
  /** ms since the epoch. */
  time: z.number(),
  /** Field managers that wrote, the newest first; none for a deletion. */
  managers: z.array(z.string()),
  change: z.enum(['created', 'changed', 'deleted']),
  /** Fields that changed, such as `spec.replicas`; the first of them where there are many. */
  fields: z.array(z.string()),
})
export type ObjectVersion = z.infer<typeof objectVersion>

export const comparedObject = z.object({
  address: objectAddress,
  apiVersion: z.string(),
  kind: z.string(),
  /** What happened to it since: an object that was `deleted` was there then. */
  change: z.enum(['created', 'changed', 'deleted']),
  fields: z.array(z.string()),
})
export type ComparedObject = z.infer<typeof comparedObject>

/** An object without status, managed fields and resourceVersion; null where there was none. */
const objectJson = z.object({ json: z.string().nullable() })

/** `unavailable` says for the user why there are no versions. */
const unavailable = z.object({ unavailable: z.string() })

export const history = {
  /** Oldest first. `bytes` is what all versions of the cluster take on disk. */
  versions: procedure
    .input(z.strictObject({ context, object: objectAddress }))
    .output(z.union([z.object({ versions: z.array(objectVersion), bytes: z.number() }), unavailable])),
  /** The object after the write of `revision`, or before it. */
  version: procedure
    .input(
      z.strictObject({
        context,
        object: objectAddress,
        revision: z.number().int().min(0),
        side: z.enum(['before', 'after']),
      }),
    )
    .output(objectJson),
  /** The objects of a namespace that differ from what they were at `time`, ms since the epoch. */
  changesSince: procedure
    .input(z.strictObject({ context, namespace: name, time: z.number().min(0) }))
    .output(z.union([z.object({ objects: z.array(comparedObject) }), unavailable])),
  /** The object as it was at `time`; `unchanged` where it is as it was. */
  objectAt: procedure
    .input(z.strictObject({ context, object: objectAddress, time: z.number().min(0) }))
    .output(z.union([objectJson, z.object({ unchanged: z.literal(true) })])),
}
