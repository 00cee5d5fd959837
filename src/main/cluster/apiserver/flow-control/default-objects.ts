import { setCondition } from '#shared/kube/conditions.ts'
import type {
  FlowcontrolSubject,
  FlowSchema,
  FlowSchemaCondition,
  PriorityLevelConfiguration,
  ResourcePolicyRule,
} from '#shared/kube/generated/types.ts'
import type { Named } from '#shared/kube/object.ts'

/** Priority levels of every cluster: the mandatory `exempt` and `catch-all`, and those that Kubernetes suggests. */
export const defaultPriorityLevels = (): (PriorityLevelConfiguration & Named)[] => [
  {
    metadata: meta('exempt'),
    spec: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
  },
  {
    metadata: meta('catch-all'),
    spec: { type: 'Limited', limited: { nominalConcurrencyShares: 5, limitResponse: { type: 'Reject' } } },
  },
  level('system', 30, 33, 64, 6),
  level('node-high', 40, 25, 64, 6),
  level('leader-election', 10, 0, 16, 4),
  level('workload-high', 40, 50, 128, 6),
  level('workload-low', 100, 90, 128, 6),
  level('global-default', 20, 50, 128, 6),
]

/** Flow schemas of every cluster, in order of precedence. */
export const defaultFlowSchemas = (): (FlowSchema & Named)[] => [
  schema('exempt', 'exempt', 1, undefined, groups('system:masters')),
  schema('probes', 'exempt', 2, undefined, everyone(), {
    nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }],
  }),
  schema(
    'system-leader-election',
    'leader-election',
    100,
    'ByUser',
    [...users('system:kube-controller-manager', 'system:kube-scheduler'), ...accounts('*')],
    { resourceRules: [leases(['*'])] },
  ),
  schema(
    'endpoint-controller',
    'workload-high',
    150,
    'ByUser',
    [
      ...users('system:kube-controller-manager'),
      ...accounts('endpoint-controller', 'endpointslicemirroring-controller'),
    ],
    {
      resourceRules: [
        { verbs: ['get', 'create', 'update'], apiGroups: [''], resources: ['endpoints'], namespaces: ['*'] },
      ],
    },
  ),
  schema('workload-leader-election', 'leader-election', 200, 'ByUser', accounts('*'), {
    resourceRules: [leases(['*'])],
  }),
  schema('system-node-high', 'node-high', 400, 'ByUser', groups('system:nodes'), {
    resourceRules: [
      { verbs: ['*'], apiGroups: [''], resources: ['nodes', 'nodes/status'], namespaces: ['*'], clusterScope: true },
      { verbs: ['*'], apiGroups: ['coordination.k8s.io'], resources: ['leases'], namespaces: ['*'] },
    ],
  }),
  schema('system-nodes', 'system', 500, 'ByUser', groups('system:nodes')),
  schema('kube-controller-manager', 'workload-high', 800, 'ByNamespace', users('system:kube-controller-manager')),
  schema('kube-scheduler', 'workload-high', 800, 'ByNamespace', users('system:kube-scheduler')),
  schema('kube-system-service-accounts', 'workload-high', 900, 'ByNamespace', accounts('*')),
  schema('service-accounts', 'workload-low', 9000, 'ByUser', groups('system:serviceaccounts')),
  schema('global-default', 'global-default', 9900, 'ByUser', everyone()),
  schema('catch-all', 'catch-all', 10_000, 'ByUser', everyone()),
]

/** Status of a schema whose priority level exists. */
export const foundLevel = (level: string, now: string): NonNullable<FlowSchema['status']> => ({
  conditions: setCondition<FlowSchemaCondition>(
    undefined,
    {
      type: 'Dangling',
      status: 'False',
      reason: 'Found',
      message: `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(level)} and it exists`,
    },
    now,
  ),
})

const meta = (name: string): (FlowSchema & Named)['metadata'] => ({
  name,
  annotations: { 'apf.kubernetes.io/autoupdate-spec': 'true' },
})

const level = (
  name: string,
  nominalConcurrencyShares: number,
  lendablePercent: number,
  queues: number,
  handSize: number,
): PriorityLevelConfiguration & Named => ({
  metadata: meta(name),
  spec: {
    type: 'Limited',
    limited: {
      nominalConcurrencyShares,
      lendablePercent,
      limitResponse: { type: 'Queue', queuing: { queues, handSize, queueLengthLimit: 50 } },
    },
  },
})

type Rules = Pick<NonNullable<NonNullable<FlowSchema['spec']>['rules']>[number], 'resourceRules' | 'nonResourceRules'>

const everything: Rules = {
  resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true }],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
}

const schema = (
  name: string,
  priorityLevel: string,
  matchingPrecedence: number,
  distinguisher: 'ByUser' | 'ByNamespace' | undefined,
  subjects: FlowcontrolSubject[],
  rules = everything,
): FlowSchema & Named => ({
  metadata: meta(name),
  spec: {
    priorityLevelConfiguration: { name: priorityLevel },
    matchingPrecedence,
    ...(distinguisher ? { distinguisherMethod: { type: distinguisher } } : {}),
    rules: [{ subjects, ...rules }],
  },
})

const leases = (namespaces: string[]): ResourcePolicyRule => ({
  verbs: ['get', 'create', 'update'],
  apiGroups: ['coordination.k8s.io'],
  resources: ['leases'],
  namespaces,
})

const groups = (...names: string[]): FlowcontrolSubject[] => names.map((name) => ({ kind: 'Group', group: { name } }))
const users = (...names: string[]): FlowcontrolSubject[] => names.map((name) => ({ kind: 'User', user: { name } }))
const accounts = (...names: string[]): FlowcontrolSubject[] =>
  names.map((name) => ({ kind: 'ServiceAccount', serviceAccount: { namespace: 'kube-system', name } }))
const everyone = (): FlowcontrolSubject[] => groups('system:unauthenticated', 'system:authenticated')
