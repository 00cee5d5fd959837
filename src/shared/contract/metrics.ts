import { z } from 'zod'
import { downstream, procedure } from './stream.ts'

/** Usage of nodes and pods over the last hour, of local clusters and of any context of a kubeconfig. */

const name = z.string().min(1).max(253)
const namespace = name

export const usageSubject = z.union([
  /** The sum of all nodes. */
  z.strictObject({ kind: z.literal('Cluster') }),
  z.strictObject({ kind: z.enum(['Node', 'Namespace']), name }),
  z.strictObject({ kind: z.literal('Container'), namespace, pod: name, name }),
  /** A pod, or the sum of the pods of a workload. */
  z.strictObject({
    kind: z.enum([
      'Pod',
      'Deployment',
      'ReplicaSet',
      'StatefulSet',
      'DaemonSet',
      'Job',
      'CronJob',
      'ReplicationController',
    ]),
    namespace,
    name,
  }),
  /** The sum of the pods that a label selector matches now. */
  z.strictObject({ kind: z.literal('Pods'), namespace: namespace.optional(), labelSelector: z.string().max(4_000) }),
])
export type UsageSubject = z.infer<typeof usageSubject>

export const usageQuery = z.strictObject({
  context: z.string().min(1).max(300),
  subject: usageSubject,
  /** Only points after this time, ms since the epoch; the whole hour when unset. */
  since: z.number().min(0).optional(),
})
export type UsageQuery = z.infer<typeof usageQuery>

/** One value per step; null where there is none. */
const points = z.array(z.number().nullable()).optional()

/** Aligned arrays: the value at index i belongs to the `stepMs` that begin at `start + i × stepMs`. */
export const usagePoints = z.object({
  /** ms since the epoch. */
  start: z.number(),
  stepMs: z.number(),
  length: z.number(),
  /** Cores. */
  cpu: points,
  /** Working set, bytes. */
  memory: points,
  /** Network, bytes per second. */
  received: points,
  sent: points,
  /** Disk in use, bytes: a node's filesystem, what pods write beside their volumes. */
  filesystem: points,
})
export type UsagePoints = z.infer<typeof usagePoints>

/** `unavailable` says for the user why there is no usage, such as a cluster without the Metrics API. */
export const usageAnswer = z.union([usagePoints, z.object({ unavailable: z.string() })])
export type UsageAnswer = z.infer<typeof usageAnswer>

export const metrics = {
  usage: procedure.input(usageQuery).output(usageAnswer),
  /** Of the rows of a table: an answer for each subject, in their order. */
  usages: procedure
    .input(usageQuery.omit({ subject: true }).extend({ subjects: z.array(usageSubject).max(200) }))
    .output(z.array(usageAnswer)),
  /** First all points since `since`, then the new ones of each step. */
  watchUsage: downstream({ open: usageQuery, down: usageAnswer }),
}
