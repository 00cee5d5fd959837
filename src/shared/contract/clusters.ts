import { z } from 'zod'
import { isDualStack, rangeProblem, rangesOverlap } from '../kube/cluster-ranges.ts'
import { isQuantity } from '../kube/quantity.ts'
import { mirrorProblem, registryProblem, type RegistryMirrors } from '../kube/registry-mirrors.ts'
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

/** A text of which `problem` finds nothing. */
const without = (problem: (text: string) => string | undefined) =>
  z
    .string()
    .max(300)
    .superRefine((text, context) => {
      const message = problem(text)
      if (message !== undefined) context.addIssue({ code: 'custom', message })
    })

export const mirroredRegistry = without(registryProblem)
/** As the workers reach them, in the order in which they are asked. */
export const mirrorUrls = z.array(without(mirrorProblem)).max(10)
const registryMirrors = z.record(mirroredRegistry, mirrorUrls)

const range = (of: 'pods' | 'services') =>
  z
    .string()
    .max(70)
    .superRefine((text, context) => {
      const message = rangeProblem(text, of)
      if (message !== undefined) context.addIssue({ code: 'custom', message })
    })

/** Cores and bytes; what is unset is as the cluster's others. */
export const workerLimits = z.strictObject({
  cpus: z.number().min(0.25).max(256).optional(),
  memoryBytes: z
    .number()
    .int()
    .min(256 * 2 ** 20)
    .optional(),
})
export type WorkerLimits = z.infer<typeof workerLimits>

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
    /** Registries and their mirrors, which workers ask before the registry itself. */
    registryMirrors: registryMirrors.optional(),
    /** A mirror of docker.io, in clusters of earlier versions. */
    registryMirror: without(mirrorProblem).optional(),
    /**
     * Range of the addresses of pods, for a new cluster, `10.244.0.0/16` when unset; of a dual-stack cluster one of IPv4 and one of
     * IPv6, separated by a comma.
     */
    podCidr: range('pods').optional(),
    /** The same of Services; `10.96.0.0/16` when unset. */
    serviceCidr: range('services').optional(),
    /** Features of Kubernetes v1.36 that it has off by default, by the names of its feature gates. */
    featureGates: z
      .strictObject({ ContainerStopSignals: z.boolean(), MaxUnavailableStatefulSet: z.boolean() })
      .partial()
      .optional(),
    /** Simulated workers, for machines without a Docker Engine. */
    simulated: z.boolean().optional(),
    simulation: simulation.optional(),
    /** Limits of single workers, which differ from those above. */
    workerLimits: z.record(workerName, workerLimits).optional(),
  })
  .refine(({ workers, simulated }) => simulated === true || workers <= 9, {
    path: ['workers'],
    message: 'at most 9 Docker workers',
  })
  .refine(({ registryPort, simulated }) => simulated !== true || registryPort === undefined, {
    path: ['registryPort'],
    message: 'simulated workers pull no images',
  })
  .refine(({ registryMirrors: mirrors, simulated }) => simulated !== true || mirrors === undefined, {
    path: ['registryMirrors'],
    message: 'simulated workers pull no images',
  })
  .refine(({ podCidr, serviceCidr }) => !rangesOverlap(podCidr, serviceCidr), {
    path: ['podCidr'],
    message: 'overlaps the range of Services',
  })
  .refine(({ podCidr, serviceCidr }) => isDualStack(podCidr) === isDualStack(serviceCidr), {
    path: ['serviceCidr'],
    message: 'pods and Services need a range of IPv6 both, or neither',
  })
  .refine(({ podCidr, simulated }) => simulated !== true || !isDualStack(podCidr), {
    path: ['podCidr'],
    message: 'simulated workers have IPv4 alone',
  })
export type ClusterSpec = z.infer<typeof clusterSpec>

/** The mirrors of all registries, that of a cluster of an earlier version among them. */
export const mirrorsOf = ({ registryMirror, registryMirrors: mirrors = {} }: ClusterSpec): RegistryMirrors =>
  registryMirror === undefined ? mirrors : { 'docker.io': [registryMirror], ...mirrors }

/** The spec with other mirrors of one registry. @param urls none: the registry itself alone is asked */
export function withMirrors(spec: ClusterSpec, registry: string, urls: readonly string[]): ClusterSpec {
  const { registryMirror: _earlier, registryMirrors: _before, ...rest } = spec
  const entries = Object.entries({ ...mirrorsOf(spec), [registry]: urls }).filter(([, each]) => each.length > 0)
  return entries.length === 0
    ? rest
    : { ...rest, registryMirrors: Object.fromEntries(entries.map(([name, each]) => [name, [...each]])) }
}

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
  kind: z.enum([
    'create',
    'start',
    'stop',
    'delete',
    'add-worker',
    'remove-worker',
    'snapshot',
    'restore',
    'clone',
    'rotate',
  ]),
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
  /** @throws Error with the engine's reason where it makes no networks with IPv6, which Docker workers of a dual-stack cluster need */
  requireIpv6: procedure.output(z.void()),
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
