import { z } from 'zod'
import { extensionPoints, registrationOf } from './enabled-plugins.ts'

/**
 * `kubescheduler.config.k8s.io/v1` KubeSchedulerConfiguration, as kube-scheduler validates it. Fields of its process
 * (leader election, connections, profiling) are accepted, and mean nothing here.
 */

const integer = z.int()
const percentage = integer.min(0, 'not in valid range [0-100]').max(100, 'not in valid range [0-100]')
const name = z.string().min(1, 'Required value')

const weightedResource = z.strictObject({
  name,
  weight: integer.min(0).max(100, 'resource weight not in valid range (0, 100]').default(1),
})
const resources = z
  .array(weightedResource.transform(({ name, weight }) => ({ name, weight: weight || 1 })))
  .nonempty()
  .superRefine((list, context) => {
    for (const [index, each] of list.entries())
      if (list.findIndex((other) => other.name === each.name) < index)
        context.addIssue({ code: 'custom', path: [index, 'name'], message: `Duplicate value: "${each.name}"` })
  })

const shape = z
  .array(z.strictObject({ utilization: percentage, score: integer.min(0).max(10, 'not in valid range [0-10]') }))
  .nonempty('Required value')
  .superRefine((points, context) => {
    for (const [index, { utilization }] of points.entries())
      if (utilization <= (points[index - 1]?.utilization ?? -1))
        context.addIssue({
          code: 'custom',
          path: [index, 'utilization'],
          message: 'utilization values must be sorted in increasing order',
        })
  })

const cpuAndMemory: { name: string; weight: number }[] = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
]

const scoringStrategy = z
  .strictObject({
    type: z.enum(['LeastAllocated', 'MostAllocated', 'RequestedToCapacityRatio']),
    resources: resources.default(cpuAndMemory as never),
    requestedToCapacityRatio: z.strictObject({ shape }).optional(),
  })
  .superRefine(({ type, requestedToCapacityRatio }, context) => {
    if (type === 'RequestedToCapacityRatio' && !requestedToCapacityRatio)
      context.addIssue({ code: 'custom', path: ['requestedToCapacityRatio', 'shape'], message: 'Required value' })
  })
  .transform(({ type, resources: weighted, requestedToCapacityRatio }) => ({
    type,
    resources: weighted,
    shape: requestedToCapacityRatio?.shape ?? [],
  }))

const requirement = z.strictObject({
  key: name,
  operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt']),
  values: z.array(z.string()).optional(),
})
const nodeSelectorTerm = z.strictObject({
  matchExpressions: z.array(requirement).optional(),
  matchFields: z.array(requirement).optional(),
})
const nodeAffinity = z.strictObject({
  requiredDuringSchedulingIgnoredDuringExecution: z
    .strictObject({ nodeSelectorTerms: z.array(nodeSelectorTerm).nonempty('Required value') })
    .optional(),
  preferredDuringSchedulingIgnoredDuringExecution: z
    .array(z.strictObject({ weight: integer.min(1).max(100), preference: nodeSelectorTerm }))
    .optional(),
})

const spreadConstraint = z.strictObject({
  maxSkew: integer.min(1, 'not in valid range (0, +inf)'),
  topologyKey: name,
  whenUnsatisfiable: z.enum(['DoNotSchedule', 'ScheduleAnyway']),
  minDomains: integer.min(1).optional(),
  nodeAffinityPolicy: z.enum(['Honor', 'Ignore']).optional(),
  nodeTaintsPolicy: z.enum(['Honor', 'Ignore']).optional(),
  labelSelector: z.never('constraint must not define a selector').optional(),
})

const args = <Shape extends z.core.$ZodLooseShape>(fields: Shape) =>
  z.strictObject({ apiVersion: z.string().optional(), kind: z.string().optional(), ...fields })

/** Arguments by plugin; each has its defaults. */
export const argsSchemas = {
  DefaultPreemption: args({
    minCandidateNodesPercentage: percentage.default(10),
    minCandidateNodesAbsolute: integer.min(0, 'not in valid range [0, inf)').default(100),
  }).refine(
    ({ minCandidateNodesPercentage, minCandidateNodesAbsolute }) =>
      minCandidateNodesPercentage > 0 || minCandidateNodesAbsolute > 0,
    'minCandidateNodesPercentage and minCandidateNodesAbsolute cannot both be zero',
  ),
  DynamicResources: args({ filterTimeout: z.string().optional() }),
  InterPodAffinity: args({
    hardPodAffinityWeight: percentage.default(1),
    ignorePreferredTermsOfExistingPods: z.boolean().default(false),
  }),
  NodeAffinity: args({ addedAffinity: nodeAffinity.optional() }),
  NodeResourcesBalancedAllocation: args({ resources: resources.default(cpuAndMemory as never) }),
  NodeResourcesFit: args({
    ignoredResources: z.array(name).default([]),
    ignoredResourceGroups: z.array(name.regex(/^[^/]*$/, "resource group name can't contain '/'")).default([]),
    scoringStrategy: scoringStrategy.default({ type: 'LeastAllocated', resources: cpuAndMemory, shape: [] }),
  }),
  PodTopologySpread: args({
    defaultConstraints: z.array(spreadConstraint).default([]),
    defaultingType: z.enum(['System', 'List']).optional(),
  })
    .refine(
      ({ defaultConstraints, defaultingType }) => defaultingType !== 'System' || defaultConstraints.length === 0,
      { path: ['defaultingType'], message: 'when .defaultConstraints are not empty, must be List' },
    )
    // Kubernetes' own default is System; the field must be set to use a list.
    .transform(({ defaultConstraints, defaultingType = 'System' }, context) => {
      if (defaultingType === 'System' && defaultConstraints.length > 0)
        context.addIssue({
          code: 'custom',
          path: ['defaultingType'],
          message: 'when .defaultConstraints are not empty, must be List',
        })
      return { defaultConstraints, defaultingType }
    }),
  VolumeBinding: args({
    bindTimeoutSeconds: integer.min(0, 'invalid BindTimeoutSeconds, should not be a negative value').default(600),
    shape: shape.optional(),
  }).transform(({ bindTimeoutSeconds }) => ({ bindTimeoutSeconds })),
} as const

const pluginName = z.string().refine((value) => registrationOf(value) !== undefined, {
  error: ({ input }) => `there is no plugin "${String(input)}"`,
})

const pluginSet = z
  .strictObject({
    enabled: z.array(z.strictObject({ name: pluginName, weight: integer.min(0).optional() })).optional(),
    disabled: z
      .array(z.strictObject({ name: z.union([z.literal('*'), pluginName]), weight: z.int().optional() }))
      .optional(),
  })
  .superRefine(({ enabled = [] }, context) => {
    for (const [index, { name }] of enabled.entries())
      if (enabled.findIndex((other) => other.name === name) < index)
        context.addIssue({
          code: 'custom',
          path: ['enabled', index, 'name'],
          message: `plugin "${name}" already registered`,
        })
  })
  .optional()

const points = ['multiPoint', ...Object.keys(extensionPoints)] as const

const profile = z.strictObject({
  schedulerName: name.default('default-scheduler'),
  percentageOfNodesToScore: percentage.optional(),
  plugins: z.strictObject(Object.fromEntries(points.map((point) => [point, pluginSet]))).optional(),
  pluginConfig: z
    .array(z.strictObject({ name: pluginName, args: z.unknown() }))
    .default([])
    .superRefine((list, context) => {
      for (const [index, { name }] of list.entries())
        if (list.findIndex((other) => other.name === name) < index)
          context.addIssue({ code: 'custom', path: [index], message: `Duplicate value: "${name}"` })
    }),
})

export type ProfileInput = z.infer<typeof profile>

const ofItsProcess = z.unknown().optional()

export const configurationSchema = z
  .strictObject({
    apiVersion: z.literal('kubescheduler.config.k8s.io/v1', 'must be kubescheduler.config.k8s.io/v1'),
    kind: z.literal('KubeSchedulerConfiguration', 'must be KubeSchedulerConfiguration'),
    percentageOfNodesToScore: percentage.default(0),
    podInitialBackoffSeconds: integer.min(1, 'must be greater than 0').default(1),
    podMaxBackoffSeconds: integer.min(1, 'must be greater than 0').default(10),
    profiles: z
      .array(profile)
      .nonempty('Required value')
      .default([{ schedulerName: 'default-scheduler', pluginConfig: [] }]),
    extenders: z.array(z.unknown()).max(0, 'extenders are not supported').optional(),
    parallelism: integer.min(1, 'should be an integer value greater than zero').optional(),
    leaderElection: ofItsProcess,
    clientConnection: ofItsProcess,
    enableProfiling: ofItsProcess,
    enableContentionProfiling: ofItsProcess,
    delayCacheUntilActive: ofItsProcess,
  })
  .superRefine(({ podInitialBackoffSeconds, podMaxBackoffSeconds, profiles }, context) => {
    if (podMaxBackoffSeconds < podInitialBackoffSeconds)
      context.addIssue({
        code: 'custom',
        path: ['podMaxBackoffSeconds'],
        message: 'must be greater than or equal to PodInitialBackoffSeconds',
      })
    for (const [index, { schedulerName }] of profiles.entries())
      if (profiles.findIndex((other) => other.schedulerName === schedulerName) < index)
        context.addIssue({
          code: 'custom',
          path: ['profiles', index, 'schedulerName'],
          message: `Duplicate value: "${schedulerName}"`,
        })
  })
