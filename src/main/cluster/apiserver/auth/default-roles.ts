import { policyPeersPath } from '#shared/kube/network-policy.ts'
import type { Named, ObjectMeta } from '#shared/kube/object.ts'
import {
  autoupdate,
  rbacGroup,
  type BindingObject,
  type PolicyRule,
  type RoleObject,
  type Subject,
} from './rbac-types.ts'
import { controllers } from './controller-roles.ts'
import { ownControllerRules } from './own-controller-roles.ts'
import { all, apps, certificatesGroup, core, extensions, read, recordEvents, rule, urls, write } from './role-rules.ts'

/** The bootstrap roles and bindings of every Kubernetes cluster. */
export interface DefaultRoles {
  clusterRoles: (RoleObject & Named)[]
  clusterRoleBindings: (BindingObject & Named)[]
  roles: (RoleObject & Named)[]
  roleBindings: (BindingObject & Named)[]
}

export const defaultRoles = (): DefaultRoles => ({
  clusterRoles: [
    ...userRoles(),
    ...aggregatedRoles(),
    ...certificateRoles(),
    ...componentRoles(),
    ...metricsRoles(),
    ...controllerRoles(),
  ],
  clusterRoleBindings: [...userBindings(), ...componentBindings(), ...controllerBindings()],
  roles: namespacedRoles(),
  roleBindings: namespacedBindings(),
})

const discoveryPaths = ['/api', '/api/*', '/apis', '/apis/*', '/openapi', '/openapi/*', '/version', '/version/']
const healthPaths = ['/healthz', '/livez', '/readyz', '/version', '/version/']

// --- users ---

const userRoles = (): (RoleObject & Named)[] => [
  clusterRole('cluster-admin', [rule(all, all, all), { verbs: all, nonResourceURLs: all }]),
  clusterRole('system:discovery', [urls(...discoveryPaths, ...healthPaths.slice(0, 3))]),
  clusterRole('system:monitoring', [
    urls('/healthz', '/healthz/*', '/livez', '/livez/*', '/metrics', '/metrics/slis', '/readyz', '/readyz/*'),
    urls('/flagz', '/statusz'),
    rule(['get'], core, ['nodes/metrics']),
  ]),
  clusterRole('system:basic-user', [
    rule(['create'], ['authorization.k8s.io'], ['selfsubjectaccessreviews', 'selfsubjectrulesreviews']),
    rule(['create'], ['authentication.k8s.io'], ['selfsubjectreviews']),
  ]),
  clusterRole('system:public-info-viewer', [urls(...healthPaths)]),
  clusterRole('system:service-account-issuer-discovery', [
    urls(
      '/.well-known/openid-configuration',
      '/.well-known/openid-configuration/',
      '/openid/v1/jwks',
      '/openid/v1/jwks/',
    ),
  ]),
  clusterRole('system:auth-delegator', [
    rule(['create'], ['authentication.k8s.io'], ['tokenreviews']),
    rule(['create'], ['authorization.k8s.io'], ['subjectaccessreviews']),
  ]),
]

/** Which built-in signers may be approved for, and which certificates a node may request. */
const certificateRoles = (): (RoleObject & Named)[] => [
  ...['kube-apiserver-client', 'kube-apiserver-client-kubelet', 'kubelet-serving', 'legacy-unknown'].map((signer) =>
    clusterRole(`system:certificates.k8s.io:${signer}-approver`, [
      rule(['approve'], certificatesGroup, ['signers'], [`kubernetes.io/${signer}`]),
    ]),
  ),
  ...['nodeclient', 'selfnodeclient'].map((part) =>
    clusterRole(`system:certificates.k8s.io:certificatesigningrequests:${part}`, [
      rule(['create'], certificatesGroup, [`certificatesigningrequests/${part}`]),
    ]),
  ),
  clusterRole('system:node-bootstrapper', [
    rule(['create', ...read], certificatesGroup, ['certificatesigningrequests']),
  ]),
]

const userBindings = (): (BindingObject & Named)[] => [
  clusterBinding('slipway:object-metrics', 'slipway:object-metrics', group('system:monitoring')),
  clusterBinding('cluster-admin', 'cluster-admin', group('system:masters')),
  clusterBinding('system:monitoring', 'system:monitoring', group('system:monitoring')),
  clusterBinding('system:discovery', 'system:discovery', group('system:authenticated')),
  clusterBinding('system:basic-user', 'system:basic-user', group('system:authenticated')),
  clusterBinding(
    'system:public-info-viewer',
    'system:public-info-viewer',
    group('system:authenticated'),
    group('system:unauthenticated'),
  ),
  clusterBinding(
    'system:service-account-issuer-discovery',
    'system:service-account-issuer-discovery',
    group('system:serviceaccounts'),
  ),
]

const viewRules = (): PolicyRule[] => [
  rule(read, core, [
    'configmaps',
    'endpoints',
    'persistentvolumeclaims',
    'persistentvolumeclaims/status',
    'pods',
    'pods/log',
    'pods/status',
    'replicationcontrollers',
    'replicationcontrollers/scale',
    'replicationcontrollers/status',
    'serviceaccounts',
    'services',
    'services/status',
    'bindings',
    'events',
    'limitranges',
    'namespaces',
    'namespaces/status',
    'resourcequotas',
    'resourcequotas/status',
  ]),
  rule(read, ['discovery.k8s.io'], ['endpointslices']),
  rule(read, apps, [
    'controllerrevisions',
    'daemonsets',
    'daemonsets/status',
    'deployments',
    'deployments/scale',
    'deployments/status',
    'replicasets',
    'replicasets/scale',
    'replicasets/status',
    'statefulsets',
    'statefulsets/scale',
    'statefulsets/status',
  ]),
  rule(read, ['autoscaling'], ['horizontalpodautoscalers', 'horizontalpodautoscalers/status']),
  rule(read, ['batch'], ['cronjobs', 'cronjobs/status', 'jobs', 'jobs/status']),
  rule(read, ['policy'], ['poddisruptionbudgets', 'poddisruptionbudgets/status']),
  rule(read, ['resource.k8s.io'], ['resourceclaims', 'resourceclaims/status', 'resourceclaimtemplates']),
  rule(read, ['networking.k8s.io'], ['ingresses', 'ingresses/status', 'networkpolicies']),
  rule(read, ['events.k8s.io'], ['events']),
  rule(read, extensions, [
    'daemonsets',
    'daemonsets/status',
    'deployments',
    'deployments/scale',
    'deployments/status',
    'ingresses',
    'ingresses/status',
    'networkpolicies',
    'replicasets',
    'replicasets/scale',
    'replicasets/status',
    'replicationcontrollers/scale',
  ]),
]

const editRules = (): PolicyRule[] => [
  rule(read, core, ['pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy', 'secrets', 'services/proxy']),
  rule(['impersonate'], core, ['serviceaccounts']),
  rule(write, core, ['pods', 'pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy']),
  rule(['create'], core, ['pods/eviction', 'serviceaccounts/token']),
  rule(write, core, [
    'configmaps',
    'events',
    'persistentvolumeclaims',
    'replicationcontrollers',
    'replicationcontrollers/scale',
    'secrets',
    'serviceaccounts',
    'services',
    'services/proxy',
  ]),
  rule(write, apps, [
    'daemonsets',
    'deployments',
    'deployments/rollback',
    'deployments/scale',
    'replicasets',
    'replicasets/scale',
    'statefulsets',
    'statefulsets/scale',
  ]),
  rule(write, ['autoscaling'], ['horizontalpodautoscalers']),
  rule(write, ['batch'], ['cronjobs', 'jobs']),
  rule(write, ['policy'], ['poddisruptionbudgets']),
  rule(write, ['resource.k8s.io'], ['resourceclaims', 'resourceclaimtemplates']),
  rule(write, ['networking.k8s.io'], ['ingresses', 'networkpolicies']),
  rule(write, ['events.k8s.io'], ['events']),
  rule(write, extensions, [
    'daemonsets',
    'deployments',
    'deployments/rollback',
    'deployments/scale',
    'ingresses',
    'networkpolicies',
    'replicasets',
    'replicasets/scale',
    'replicationcontrollers/scale',
  ]),
  rule([...read, ...write], ['coordination.k8s.io'], ['leases']),
]

const adminRules = (): PolicyRule[] => [
  rule(['create'], ['authorization.k8s.io'], ['localsubjectaccessreviews']),
  rule([...read, ...write], [rbacGroup], ['rolebindings', 'roles']),
]

/**
 * admin, edit and view aggregate the rules of the roles that carry their label. They are created with the built-in
 * rules already aggregated, so that they work before the first aggregation.
 */
function aggregatedRoles(): (RoleObject & Named)[] {
  const label = (role: string): string => `${rbacGroup}/aggregate-to-${role}`
  const gathering = (name: string, rules: PolicyRule[], part?: string): RoleObject & Named => ({
    ...clusterRole(name, rules),
    metadata: meta(name, part ? { [label(part)]: 'true' } : {}),
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [label(name)]: 'true' } }] },
  })
  const part = (name: string, rules: PolicyRule[]): RoleObject & Named => ({
    ...clusterRole(`system:aggregate-to-${name}`, rules),
    metadata: meta(`system:aggregate-to-${name}`, { [label(name)]: 'true' }),
  })
  return [
    gathering('admin', [...adminRules(), ...editRules(), ...viewRules()]),
    gathering('edit', [...editRules(), ...viewRules()], 'admin'),
    gathering('view', viewRules(), 'edit'),
    part('admin', adminRules()),
    part('edit', editRules()),
    part('view', viewRules()),
  ]
}

// --- components ---

/** The role `system:node` (NodeRules of Kubernetes), which is bound to nobody. */
const nodeRoleRules = (): PolicyRule[] => [
  rule(['create'], ['authentication.k8s.io'], ['tokenreviews']),
  rule(['create'], ['authorization.k8s.io'], ['localsubjectaccessreviews', 'subjectaccessreviews']),
  rule(read, core, ['services']),
  rule(['create', ...read], core, ['nodes']),
  rule(['patch', 'update'], core, ['nodes/status']),
  rule(['patch', 'update'], core, ['nodes']),
  recordEvents,
  rule(read, core, ['pods']),
  rule(['create', 'delete'], core, ['pods']),
  rule(['patch', 'update'], core, ['pods/status']),
  rule(['create'], core, ['pods/eviction']),
  rule(read, core, ['configmaps', 'secrets']),
  rule(['get'], core, ['persistentvolumeclaims', 'persistentvolumes', 'serviceaccounts']),
  rule(['get'], core, ['endpoints']),
  rule(['get', 'patch', 'update'], core, ['persistentvolumeclaims/status']),
  rule(['create'], core, ['serviceaccounts/token']),
  rule(['create', ...read], certificatesGroup, ['certificatesigningrequests']),
  rule(['create', 'delete', 'get', 'patch', 'update'], ['coordination.k8s.io'], ['leases']),
  rule(['get'], ['storage.k8s.io'], ['volumeattachments']),
  rule(read, ['storage.k8s.io'], ['csidrivers']),
  rule(['create', 'delete', 'get', 'patch', 'update'], ['storage.k8s.io'], ['csinodes']),
  rule(read, ['node.k8s.io'], ['runtimeclasses']),
  rule(['get'], ['resource.k8s.io'], ['resourceclaims']),
  rule(['deletecollection'], ['resource.k8s.io'], ['resourceslices']),
]

/** Permissions of every kubelet; the node authorizer restricts them to the node's own objects. */
export const nodeRules: readonly PolicyRule[] = [
  ...nodeRoleRules(),
  rule(['create', ...read], certificatesGroup, ['podcertificaterequests']),
  rule(read, certificatesGroup, ['clustertrustbundles']),
  rule([...read, 'create', 'delete', 'patch', 'update'], ['resource.k8s.io'], ['resourceslices']),
]

/**
 * Permissions of an agent beyond a kubelet's: it is also the service proxy, DNS server and router of its node, which
 * elsewhere are kube-proxy, CoreDNS and a network plugin with roles of their own.
 */
const nodeNetworkRules = (): PolicyRule[] => [
  rule(['list', 'watch'], core, ['namespaces', 'nodes', 'services']),
  rule(['list', 'watch'], ['discovery.k8s.io'], ['endpointslices']),
  rule(['list', 'watch'], ['networking.k8s.io'], ['networkpolicies']),
  urls(policyPeersPath),
]

const schedulerRules = (): PolicyRule[] => [
  recordEvents,
  rule(['create'], ['coordination.k8s.io'], ['leases']),
  rule([...read, 'update'], ['coordination.k8s.io'], ['leases'], ['kube-scheduler']),
  rule(read, core, ['nodes', 'namespaces', 'persistentvolumeclaims', 'persistentvolumes', 'services']),
  rule(['delete', ...read], core, ['pods']),
  rule(['create'], core, ['bindings', 'pods/binding']),
  rule(['patch', 'update'], core, ['pods/status']),
  rule(read, core, ['replicationcontrollers']),
  rule(read, apps, ['replicasets', 'statefulsets']),
  rule(read, extensions, ['replicasets']),
  rule(read, ['policy'], ['poddisruptionbudgets']),
  rule(read, ['storage.k8s.io'], ['csidrivers', 'csinodes', 'csistoragecapacities', 'volumeattachments']),
  rule(['create'], ['authentication.k8s.io'], ['tokenreviews']),
  rule(['create'], ['authorization.k8s.io'], ['subjectaccessreviews']),
  rule([...read, ...write], ['coordination.k8s.io'], ['leasecandidates']),
  rule(read, ['resource.k8s.io'], ['deviceclasses', 'resourceslices']),
  rule(['create', 'delete', ...read, 'patch', 'update'], ['resource.k8s.io'], ['resourceclaims']),
  rule([...read, 'patch', 'update'], ['resource.k8s.io'], ['resourceclaims/status']),
  rule(['patch', 'update'], ['resource.k8s.io'], ['resourceclaims/binding']),
  rule(['update'], core, ['pods/finalizers']),
]

const controllerManagerRules = (): PolicyRule[] => [
  recordEvents,
  rule(['create'], ['coordination.k8s.io'], ['leases']),
  rule(['get', 'update'], ['coordination.k8s.io'], ['leases'], ['kube-controller-manager']),
  rule(['create'], core, ['secrets', 'serviceaccounts', 'serviceaccounts/token']),
  rule(['delete'], core, ['secrets']),
  rule(['get'], core, ['configmaps', 'namespaces', 'secrets', 'serviceaccounts']),
  rule(['update'], core, ['secrets', 'serviceaccounts']),
  rule(['create'], ['authentication.k8s.io'], ['tokenreviews']),
  rule(['create'], ['authorization.k8s.io'], ['subjectaccessreviews']),
  rule(['list', 'watch'], all, all),
]

const componentRoles = (): (RoleObject & Named)[] => [
  clusterRole('system:kube-aggregator', [rule(read, core, ['services', 'endpoints'])]),
  clusterRole('system:persistent-volume-provisioner', [
    rule(['create', 'delete', ...read], core, ['persistentvolumes']),
    rule([...read, 'update'], core, ['persistentvolumeclaims']),
    rule(read, ['storage.k8s.io'], ['storageclasses']),
    rule(['watch'], core, ['events']),
    recordEvents,
  ]),
  clusterRole('system:node', nodeRoleRules()),
  clusterRole('slipway:node-network', nodeNetworkRules()),
  clusterRole('system:kube-scheduler', schedulerRules()),
  clusterRole('slipway:kube-scheduler', [rule(read, ['scheduling.k8s.io'], ['priorityclasses'])]),
  clusterRole('system:kube-controller-manager', controllerManagerRules()),
  clusterRole('system:kube-dns', [rule(['list', 'watch'], core, ['endpoints', 'services'])]),
  clusterRole('system:node-proxier', [
    rule(['list', 'watch'], core, ['endpoints', 'services']),
    rule(read, core, ['nodes']),
    rule(['list', 'watch'], ['networking.k8s.io'], ['servicecidrs']),
    rule(['list', 'watch'], ['discovery.k8s.io'], ['endpointslices']),
    recordEvents,
  ]),
  clusterRole('system:volume-scheduler', [
    rule(['patch', 'update', ...read], core, ['persistentvolumes', 'persistentvolumeclaims']),
    rule(read, ['storage.k8s.io'], ['storageclasses']),
  ]),
  clusterRole('system:kubelet-api-admin', [
    rule(['get', 'list', 'watch', 'proxy'], core, ['nodes']),
    rule(
      all,
      core,
      ['configz', 'healthz', 'log', 'metrics', 'pods', 'proxy', 'stats'].map((part) => `nodes/${part}`),
    ),
  ]),
]

/** Roles of the Metrics API, under names other than those that metrics-server and its chart create. */
const metricsRoles = (): (RoleObject & Named)[] => [
  {
    ...clusterRole('slipway:aggregated-metrics-reader', [rule(read, ['metrics.k8s.io'], ['nodes', 'pods'])]),
    metadata: meta(
      'slipway:aggregated-metrics-reader',
      Object.fromEntries(['admin', 'edit', 'view'].map((role) => [`${rbacGroup}/aggregate-to-${role}`, 'true'])),
    ),
  },
  clusterRole('slipway:object-metrics', [urls('/metrics/objects')]),
]

const componentBindings = (): (BindingObject & Named)[] => [
  // Created without subjects, as in Kubernetes: nodes are authorized by the node authorizer.
  clusterBinding('system:node', 'system:node'),
  clusterBinding('slipway:node-network', 'slipway:node-network', group('system:nodes')),
  // A node renews its own certificate without approval, as in clusters set up by kubeadm.
  clusterBinding(
    'system:node-certificate-rotation',
    'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
    group('system:nodes'),
  ),
  clusterBinding('system:node-proxier', 'system:node-proxier', user('system:kube-proxy')),
  clusterBinding(
    'system:kube-controller-manager',
    'system:kube-controller-manager',
    user('system:kube-controller-manager'),
  ),
  clusterBinding('system:kube-dns', 'system:kube-dns', serviceAccount('kube-system', 'kube-dns')),
  clusterBinding('system:kube-scheduler', 'system:kube-scheduler', user('system:kube-scheduler')),
  clusterBinding('slipway:kube-scheduler', 'slipway:kube-scheduler', user('system:kube-scheduler')),
  clusterBinding('system:volume-scheduler', 'system:volume-scheduler', user('system:kube-scheduler')),
]

// --- controllers ---

/** Each controller runs as its service account in kube-system: with Kubernetes' own role, and one for what ours need besides. */
const controllerRules = (): [role: string, account: string, rules: PolicyRule[]][] => [
  ...Object.entries(controllers()).map(([name, rules]): [string, string, PolicyRule[]] => [
    `system:controller:${name}`,
    name,
    rules,
  ]),
  ...Object.entries(ownControllerRules()).map(([name, rules]): [string, string, PolicyRule[]] => [
    `slipway:controller:${name}`,
    name,
    rules,
  ]),
]

const controllerRoles = (): (RoleObject & Named)[] =>
  controllerRules().map(([role, , rules]) => clusterRole(role, rules))

const controllerBindings = (): (BindingObject & Named)[] =>
  controllerRules().map(([role, account]) => clusterBinding(role, role, serviceAccount('kube-system', account)))

// --- roles of single namespaces ---

const namespacedRoles = (): (RoleObject & Named)[] => [
  role('kube-system', 'extension-apiserver-authentication-reader', [
    rule(read, core, ['configmaps'], ['extension-apiserver-authentication']),
  ]),
  role('kube-system', 'system:controller:token-cleaner', [rule([...read, 'delete'], core, ['secrets']), recordEvents]),
  role('kube-system', 'system:controller:bootstrap-signer', [rule(read, core, ['secrets'])]),
  role('kube-public', 'system:controller:bootstrap-signer', [
    rule(read, core, ['configmaps']),
    rule(['update'], core, ['configmaps'], ['cluster-info']),
    recordEvents,
  ]),
  role('kube-system', 'system:controller:cloud-provider', [rule(['create', ...read], core, ['configmaps'])]),
  role('kube-system', 'system::leader-locking-kube-controller-manager', leaderElection()),
  role('kube-system', 'system::leader-locking-kube-scheduler', leaderElection()),
]

const leaderElection = (): PolicyRule[] => [
  rule(['create', ...read, 'update'], ['coordination.k8s.io'], ['leases', 'leasecandidates']),
]

const namespacedBindings = (): (BindingObject & Named)[] => [
  ofNamespace(
    'kube-system',
    'system::extension-apiserver-authentication-reader',
    'extension-apiserver-authentication-reader',
    user('system:kube-controller-manager'),
    user('system:kube-scheduler'),
  ),
  ...(['kube-controller-manager', 'kube-scheduler'] as const).map((name) =>
    ofNamespace(
      'kube-system',
      `system::leader-locking-${name}`,
      `system::leader-locking-${name}`,
      user(`system:${name}`),
      serviceAccount('kube-system', name),
      ...(name === 'kube-controller-manager' ? [serviceAccount('kube-system', 'leader-election-controller')] : []),
    ),
  ),
  ofController('kube-system', 'bootstrap-signer'),
  ofController('kube-system', 'cloud-provider'),
  ofController('kube-system', 'token-cleaner'),
  ofController('kube-public', 'bootstrap-signer'),
]

const ofController = (namespace: string, name: string): BindingObject & Named =>
  ofNamespace(namespace, `system:controller:${name}`, `system:controller:${name}`, serviceAccount('kube-system', name))

const ofNamespace = (
  namespace: string,
  name: string,
  roleName: string,
  ...subjects: Subject[]
): BindingObject & Named => ({
  apiVersion: `${rbacGroup}/v1`,
  kind: 'RoleBinding',
  metadata: { ...meta(name), namespace },
  roleRef: { apiGroup: rbacGroup, kind: 'Role', name: roleName },
  subjects,
})

// --- building blocks ---

const meta = (name: string, labels: Record<string, string> = {}): ObjectMeta & Named['metadata'] => ({
  name,
  labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
  annotations: { [autoupdate]: 'true' },
})

const clusterRole = (name: string, rules: PolicyRule[]): RoleObject & Named => ({
  apiVersion: `${rbacGroup}/v1`,
  kind: 'ClusterRole',
  metadata: meta(name),
  rules,
})

const role = (namespace: string, name: string, rules: PolicyRule[]): RoleObject & Named => ({
  apiVersion: `${rbacGroup}/v1`,
  kind: 'Role',
  metadata: { ...meta(name), namespace },
  rules,
})

const clusterBinding = (name: string, roleName: string, ...subjects: Subject[]): BindingObject & Named => ({
  apiVersion: `${rbacGroup}/v1`,
  kind: 'ClusterRoleBinding',
  metadata: meta(name),
  roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: roleName },
  ...(subjects.length > 0 ? { subjects } : {}),
})

const group = (name: string): Subject => ({ kind: 'Group', apiGroup: rbacGroup, name })
const user = (name: string): Subject => ({ kind: 'User', apiGroup: rbacGroup, name })
const serviceAccount = (namespace: string, name: string): Subject => ({ kind: 'ServiceAccount', namespace, name })
