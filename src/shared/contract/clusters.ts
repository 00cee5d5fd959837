import { z } from 'zod'
import { isQuantity } from '../kube/quantity.ts'
import { settingProblem } from '../kube/simulation.ts'
import { downstream, procedure } from './stream.ts'

/** Local clusters, their workers, and the operation that runs on each. */

export const clusterName = z
  .string()
  .max(40)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'lower-case letters, digits and dashes')
export const workerName = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)

const quantity = z.string().max(40).refine(isQuantity, 'must be a quantity, such as 16Gi')
const labels = z.record(z.string().max(317), z.string().max(63))

/** Simulated workers of one kind. */
const simulatedNodes = z.strictObject({
  count: z.number().int().min(1).max(5_000),
  /** Cores. */
  cpus: z.number().min(0.1).max(4_096).optional(),
  memory: quantity.optional(),
  /** Most pods on it. */
  pods: z.number().int().min(0).max(100_000).optional(),
  labels: labels.optional(),
  taints: z
    .array(
      z.strictObject({
        key: z.string().min(1).max(317),
        value: z.string().max(63).optional(),
        effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']),
      }),
    )
    .max(50)
    .optional(),
  /** Further resources, such as `nvidia.com/gpu`. */
  resources: z.record(z.string().max(317), quantity).optional(),
})

/** What is simulated, beyond the number of workers. */
export const simulation = z.strictObject({
  /** Zones `1`, `2` … over which workers are spread; 0 = no labels of zone and region. Three when unset. */
  zones: z.number().int().min(0).max(1_000).optional(),
  region: z.string().min(1).max(63).optional(),
  /** The first so many workers are of the first kind, and so on; all others as the cluster's cores and memory say. */
  nodes: z.array(simulatedNodes).max(100).optional(),
  /** Settings of all pods, by the names of the annotations `simulated.slipway.dev/<setting>`. */
  pods: z
    .record(z.string().max(100), z.string().max(300))
    .superRefine((settings, context) => {
      for (const [name, value] of Object.entries(settings)) {
        const problem = settingProblem(name, value)
        if (problem !== undefined) context.addIssue({ code: 'custom', path: [name], message: problem })
      }
    })
    .optional(),
})
export type Simulation = z.infer<typeof simulation>

/** API server, tunnel, kubelet, and the proxy's health and status. */
const workerPorts = [6443, 10_249, 10_250, 10_256, 10_650]

function isServerUrl(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return false
  return url.href === `${url.protocol}//${url.host}/` && !/[?#@]/.test(text)
}

export const clusterSpec = z
  .strictObject({
    name: clusterName,
    /** Up to nine of Docker, or thousands of simulated ones; none for a bare control plane. */
    workers: z.number().int().min(0).max(5_000),
    /** Cores per worker; the engine's all when unset. */
    cpus: z.number().min(0.25).max(256).optional(),
    /** Memory per worker, bytes; the engine's all when unset. */
    memoryBytes: z
      .number()
      .int()
      .min(256 * 2 ** 20)
      .optional(),
    /** Port of 127.0.0.1 at which a registry of images is served; none when unset. */
    registryPort: z
      .number()
      .int()
      .min(1_024)
      .max(65_535)
      .refine((port) => !workerPorts.includes(port), 'workers use this port themselves')
      .optional(),
    /**
     * A mirror of docker.io, as the workers reach it: they ask it first. The engine takes a server alone, without path or
     * credentials.
     */
    registryMirror: z
      .string()
      .max(300)
      .refine(isServerUrl, 'the URL of a server, such as https://mirror.example.com')
      .optional(),
    /** Simulated workers, for machines without a Docker Engine. */
    simulated: z.boolean().optional(),
    simulation: simulation.optional(),
  })
  .refine(({ workers, simulated }) => simulated === true || workers <= 9, {
    path: ['workers'],
    message: 'at most 9 Docker workers',
  })
  .refine(({ registryPort, simulated }) => simulated !== true || registryPort === undefined, {
    path: ['registryPort'],
    message: 'simulated workers pull no images',
  })
  .refine(({ registryMirror, simulated }) => simulated !== true || registryMirror === undefined, {
    path: ['registryMirror'],
    message: 'simulated workers pull no images',
  })
export type ClusterSpec = z.infer<typeof clusterSpec>

export const worker = z.object({
  name: z.string(),
  state: z.enum(['creating', 'running', 'stopped', 'paused', 'dead', 'missing']),
  /** Whether the cluster sees the node as Ready. */
  ready: z.boolean(),
  simulated: z.boolean(),
  address: z.string().optional(),
})
export type Worker = z.infer<typeof worker>

export const step = z.object({
  id: z.string(),
  title: z.string(),
  state: z.enum(['waiting', 'running', 'done', 'failed', 'undone', 'skipped']),
  /** Duration so far or in all, ms. */
  ms: z.number().optional(),
  /** Of image work. */
  bytes: z.object({ done: z.number(), total: z.number().optional() }).optional(),
  message: z.string().optional(),
})
export type Step = z.infer<typeof step>

export const operation = z.object({
  kind: z.enum(['create', 'start', 'stop', 'delete', 'add-worker', 'remove-worker']),
  state: z.enum(['running', 'done', 'failed', 'cancelled']),
  steps: z.array(step),
  /** Last log lines of the work, oldest first. */
  log: z.array(z.string()),
  error: z.string().optional(),
  startedAt: z.number(),
  ms: z.number().optional(),
})
export type Operation = z.infer<typeof operation>

export const cluster = z.object({
  name: z.string(),
  state: z.enum(['creating', 'starting', 'running', 'stopping', 'stopped', 'failed', 'deleting']),
  simulated: z.boolean(),
  /** Context id to use with the kube topic while it runs. */
  context: z.string().optional(),
  server: z.string().optional(),
  version: z.string(),
  spec: clusterSpec,
  workers: z.array(worker),
  operation: operation.optional(),
  /** Shell line that makes kubectl use it. */
  kubectl: z.string().optional(),
})
export type Cluster = z.infer<typeof cluster>

export const engine = z.object({
  state: z.enum(['ready', 'unreachable', 'missing', 'starting']),
  version: z.string().optional(),
  /** `unix:///var/run/docker.sock` */
  address: z.string().optional(),
  /** Cores and bytes that containers may use. */
  cpus: z.number().optional(),
  memoryBytes: z.number().optional(),
  /** What to do about it, for the user. */
  message: z.string().optional(),
})
export type Engine = z.infer<typeof engine>

const named = z.strictObject({ name: clusterName })
const workerOf = z.strictObject({ cluster: clusterName, worker: workerName })

export const clusters = {
  engine: procedure.output(engine),
  /** Every cluster with its state, again after each change. */
  watch: downstream({ open: z.strictObject({}), down: z.object({ clusters: z.array(cluster) }) }),
  /** Returns once the operation has begun; `watch` shows its steps. */
  create: procedure.input(clusterSpec).output(z.void()),
  /** Stops the running operation and rolls it back. */
  cancel: procedure.input(named).output(z.void()),
  /** Starts the failed operation again. */
  retry: procedure.input(named).output(z.void()),
  start: procedure.input(named).output(z.void()),
  stop: procedure.input(named).output(z.void()),
  delete: procedure.input(named).output(z.void()),
  /** The next free name when `worker` is unset. */
  addWorker: procedure
    .input(z.strictObject({ name: clusterName, worker: workerName.optional() }))
    .output(z.object({ worker: z.string() })),
  removeWorker: procedure.input(workerOf).output(z.void()),
  stopWorker: procedure.input(workerOf).output(z.void()),
  startWorker: procedure.input(workerOf).output(z.void()),
  pauseWorker: procedure.input(workerOf).output(z.void()),
  unpauseWorker: procedure.input(workerOf).output(z.void()),
  killWorker: procedure.input(workerOf).output(z.void()),
}
