import { isOfKubernetes } from '../../kinds/catalogue.ts'
import type { KindDescriptor } from '../../kinds/descriptor.ts'

/** What is written after the name of an object of a kind that people write by hand, and that has no form. */
const bodies: Readonly<Record<string, string>> = {
  Pod: `spec:
  containers:
    - name: app
      image: nginx
`,
  StatefulSet: `spec:
  serviceName: app
  replicas: 1
  selector:
    matchLabels:
      app: app
  template:
    metadata:
      labels:
        app: app
    spec:
      containers:
        - name: app
          image: nginx
          volumeMounts:
            - name: data
              mountPath: /data
  volumeClaimTemplates:
    - metadata:
        name: data
      spec:
        accessModes: [ReadWriteOnce]
        resources:
          requests:
            storage: 1Gi
`,
  DaemonSet: `spec:
  selector:
    matchLabels:
      app: app
  template:
    metadata:
      labels:
        app: app
    spec:
      containers:
        - name: app
          image: nginx
`,
  NetworkPolicy: `spec:
  podSelector:
    matchLabels:
      app: app
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector:
            matchLabels:
              app: front
`,
  HorizontalPodAutoscaler: `spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: app
  minReplicas: 1
  maxReplicas: 5
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: 80
`,
  PodDisruptionBudget: `spec:
  minAvailable: 1
  selector:
    matchLabels:
      app: app
`,
  LimitRange: `spec:
  limits:
    - type: Container
      default:
        memory: 256Mi
      defaultRequest:
        cpu: 100m
        memory: 128Mi
`,
  ServiceAccount: '',
  Role: `rules:
  - apiGroups: ['']
    resources: [pods]
    verbs: [get, list, watch]
`,
  RoleBinding: `roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: app
subjects:
  - kind: ServiceAccount
    name: default
`,
  ClusterRole: `rules:
  - apiGroups: ['']
    resources: [nodes]
    verbs: [get, list, watch]
`,
  ClusterRoleBinding: `roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: app
subjects:
  - kind: ServiceAccount
    name: default
    namespace: default
`,
  PersistentVolume: `spec:
  capacity:
    storage: 1Gi
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  hostPath:
    path: /srv/app
`,
  PriorityClass: `value: 1000
description: Before what has no class
`,
}

/** A text that an object of the kind is begun with; undefined for kinds that nobody writes by hand. */
export function templateOf({ resource }: KindDescriptor, namespace: string): string | undefined {
  const { group, version, kind, namespaced } = resource
  const body = isOfKubernetes(group) ? bodies[kind] : 'spec: {}\n'
  if (body === undefined) return undefined
  const place = namespaced ? `  namespace: ${namespace}\n` : ''
  return `apiVersion: ${group ? `${group}/` : ''}${version}\nkind: ${kind}\nmetadata:\n  name: app\n${place}${body}`
}
