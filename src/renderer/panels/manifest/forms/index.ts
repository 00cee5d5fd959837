import { isOfKubernetes } from '../../../kinds/catalogue.ts'
import type { KindDescriptor } from '../../../kinds/descriptor.ts'
import { given, host, name, port, quantity, schedule, count } from './checks.ts'
import { textOf, type Form, type FormField, type FormValue, type Place } from './form.ts'

const at = (kind: string, path: string, as?: Place['as']): Place => ({
  kind,
  path: path.split('.').map((step) => (/^\d+$/.test(step) ? Number(step) : step)),
  ...(as ? { as } : {}),
})
const number = (value: FormValue): unknown => (value === '' ? undefined : Number(value))
const words = (value: FormValue): string[] | undefined => {
  const all = textOf(value).split(/\s+/).filter(Boolean)
  return all.length > 0 ? all : undefined
}
const joined = (value: unknown): string => (Array.isArray(value) ? value.map(String).join(' ') : '')
const variables = (value: FormValue): unknown => {
  const pairs = Object.entries(value as Record<string, string>)
  return pairs.length > 0 ? pairs.map(([key, text]) => ({ name: key, value: text })) : undefined
}
/** Variables that come from elsewhere are the YAML's alone. */
const pairs = (value: unknown): Record<string, string> =>
  Object.fromEntries(
    (Array.isArray(value) ? (value as { name?: string; value?: string }[]) : [])
      .filter((each) => each.value !== undefined)
      .map((each) => [each.name ?? '', each.value ?? ''] as const),
  )

const named = (kind: string, ...also: Place[]): FormField => ({
  ...{ id: 'name', label: 'editor.form.name', type: 'text', check: name },
  places: [at(kind, 'metadata.name'), ...also],
})
const inNamespace = (...kinds: [string, ...string[]]): FormField => {
  const [first, ...others] = kinds
  return {
    ...{ id: 'namespace', label: 'editor.form.namespace', type: 'text', check: name },
    places: [at(first, 'metadata.namespace'), ...others.map((kind) => at(kind, 'metadata.namespace'))],
  }
}
const image = (kind: string, containers: string): FormField => ({
  ...{ id: 'image', label: 'editor.form.image', type: 'text', check: given },
  places: [at(kind, `${containers}.0.image`)],
})
const command = (kind: string, containers: string): FormField => ({
  ...{ id: 'command', label: 'editor.form.command', type: 'text', from: joined },
  places: [at(kind, `${containers}.0.command`, words)],
})
const environment = (kind: string, containers: string): FormField => ({
  ...{ id: 'environment', label: 'editor.form.environment', type: 'pairs', from: pairs },
  places: [at(kind, `${containers}.0.env`, variables)],
})
const amount = (id: 'memory' | 'cpu', kind: string, path: string): FormField => ({
  ...{ id, label: `editor.form.${id}`, type: 'text', check: quantity },
  places: [at(kind, path)],
})

const pod = 'spec.template.spec.containers'
const cronPod = `spec.jobTemplate.${pod}`

/** The forms of Create, in the order of their list. */
export const forms: readonly Form[] = [
  {
    id: 'app',
    title: 'editor.form.title.app',
    start: (namespace) => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
  namespace: ${namespace}
  labels:
    app: app
spec:
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
          ports:
            - name: http
              containerPort: 80
          resources:
            requests:
              cpu: 100m
              memory: 128Mi
---
apiVersion: v1
kind: Service
metadata:
  name: app
  namespace: ${namespace}
spec:
  selector:
    app: app
  ports:
    - name: http
      port: 80
      targetPort: http
`,
    fields: [
      named(
        'Deployment',
        at('Deployment', 'metadata.labels.app'),
        at('Deployment', 'spec.selector.matchLabels.app'),
        at('Deployment', 'spec.template.metadata.labels.app'),
        at('Deployment', `${pod}.0.name`),
        at('Service', 'metadata.name'),
        at('Service', 'spec.selector.app'),
      ),
      inNamespace('Deployment', 'Service'),
      image('Deployment', pod),
      {
        ...{ id: 'pods', label: 'editor.form.pods', type: 'number', check: count },
        places: [at('Deployment', 'spec.replicas', number)],
      },
      {
        ...{ id: 'port', label: 'editor.form.port', type: 'number', check: port },
        places: [at('Deployment', `${pod}.0.ports.0.containerPort`, number)],
      },
      {
        ...{ id: 'servicePort', label: 'editor.form.servicePort', type: 'number', check: port },
        places: [at('Service', 'spec.ports.0.port', number)],
      },
      amount('memory', 'Deployment', `${pod}.0.resources.requests.memory`),
      amount('cpu', 'Deployment', `${pod}.0.resources.requests.cpu`),
      environment('Deployment', pod),
    ],
  },
  {
    id: 'job',
    title: 'editor.form.title.job',
    start: (namespace) => `apiVersion: batch/v1
kind: Job
metadata:
  name: job
  namespace: ${namespace}
spec:
  completions: 1
  backoffLimit: 3
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: job
          image: busybox
          command: [ "echo", "done" ]
`,
    fields: [
      named('Job', at('Job', `${pod}.0.name`)),
      inNamespace('Job'),
      image('Job', pod),
      command('Job', pod),
      {
        ...{ id: 'completions', label: 'editor.form.completions', type: 'number', check: count },
        places: [at('Job', 'spec.completions', number)],
      },
      {
        ...{ id: 'retries', label: 'editor.form.retries', type: 'number', check: count },
        places: [at('Job', 'spec.backoffLimit', number)],
      },
      environment('Job', pod),
    ],
  },
  {
    id: 'cronjob',
    title: 'editor.form.title.cronjob',
    start: (namespace) => `apiVersion: batch/v1
kind: CronJob
metadata:
  name: cron
  namespace: ${namespace}
spec:
  schedule: "0 3 * * *"
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: OnFailure
          containers:
            - name: cron
              image: busybox
              command: [ "echo", "done" ]
`,
    fields: [
      named('CronJob', at('CronJob', `${cronPod}.0.name`)),
      inNamespace('CronJob'),
      {
        ...{ id: 'schedule', label: 'editor.form.schedule', type: 'text', check: schedule },
        places: [at('CronJob', 'spec.schedule')],
      },
      {
        ...{ id: 'concurrency', label: 'editor.form.concurrency', type: 'choice' },
        options: ['Allow', 'Forbid', 'Replace'],
        places: [at('CronJob', 'spec.concurrencyPolicy')],
      },
      image('CronJob', cronPod),
      command('CronJob', cronPod),
      environment('CronJob', cronPod),
    ],
  },
  {
    id: 'configmap',
    title: 'editor.form.title.configmap',
    start: (namespace) => `apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: ${namespace}
data: {}
`,
    fields: [
      named('ConfigMap'),
      inNamespace('ConfigMap'),
      {
        ...{ id: 'data', label: 'editor.form.files', type: 'files' },
        places: [at('ConfigMap', 'data')],
      },
    ],
  },
  {
    id: 'secret',
    title: 'editor.form.title.secret',
    start: (namespace) => `apiVersion: v1
kind: Secret
metadata:
  name: secret
  namespace: ${namespace}
type: Opaque
stringData: {}
`,
    fields: [
      named('Secret'),
      inNamespace('Secret'),
      {
        ...{ id: 'values', label: 'editor.form.values', type: 'secrets' },
        places: [at('Secret', 'stringData')],
      },
    ],
  },
  {
    id: 'ingress',
    title: 'editor.form.title.ingress',
    start: (namespace) => `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: ${namespace}
spec:
  rules:
    - host: web.localhost
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: web
                port:
                  number: 80
`,
    fields: [
      named('Ingress'),
      inNamespace('Ingress'),
      {
        ...{ id: 'host', label: 'editor.form.host', type: 'text', check: host },
        places: [at('Ingress', 'spec.rules.0.host')],
      },
      {
        ...{ id: 'path', label: 'editor.form.path', type: 'text', check: given },
        places: [at('Ingress', 'spec.rules.0.http.paths.0.path')],
      },
      {
        ...{ id: 'service', label: 'editor.form.service', type: 'text', check: name },
        places: [at('Ingress', 'spec.rules.0.http.paths.0.backend.service.name')],
      },
      {
        ...{ id: 'servicePort', label: 'editor.form.servicePort', type: 'number', check: port },
        places: [at('Ingress', 'spec.rules.0.http.paths.0.backend.service.port.number', number)],
      },
    ],
  },
  {
    id: 'claim',
    title: 'editor.form.title.claim',
    start: (namespace) => `apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: data
  namespace: ${namespace}
spec:
  accessModes:
    - ReadWriteOnce
  resources:
    requests:
      storage: 1Gi
`,
    fields: [
      named('PersistentVolumeClaim'),
      inNamespace('PersistentVolumeClaim'),
      {
        ...{ id: 'storage', label: 'editor.form.storage', type: 'text' },
        check: (value) => given(value) ?? quantity(value),
        places: [at('PersistentVolumeClaim', 'spec.resources.requests.storage')],
      },
      {
        ...{ id: 'access', label: 'editor.form.access', type: 'choice' },
        options: ['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOncePod'],
        places: [at('PersistentVolumeClaim', 'spec.accessModes.0')],
      },
      {
        ...{ id: 'class', label: 'editor.form.class', type: 'text' },
        places: [at('PersistentVolumeClaim', 'spec.storageClassName')],
      },
    ],
  },
  {
    id: 'namespace',
    title: 'editor.form.title.namespace',
    start: () => `apiVersion: v1
kind: Namespace
metadata:
  name: team
---
apiVersion: v1
kind: ResourceQuota
metadata:
  name: quota
  namespace: team
spec:
  hard:
    pods: "20"
    requests.cpu: "2"
    requests.memory: 4Gi
`,
    fields: [
      named('Namespace', at('ResourceQuota', 'metadata.namespace')),
      {
        ...{ id: 'pods', label: 'editor.form.pods', type: 'text', check: quantity },
        places: [at('ResourceQuota', 'spec.hard.pods')],
      },
      {
        ...{ id: 'cpu', label: 'editor.form.cpu', type: 'text', check: quantity },
        places: [{ kind: 'ResourceQuota', path: ['spec', 'hard', 'requests.cpu'] }],
      },
      {
        ...{ id: 'memory', label: 'editor.form.memory', type: 'text', check: quantity },
        places: [{ kind: 'ResourceQuota', path: ['spec', 'hard', 'requests.memory'] }],
      },
    ],
  },
]

/** The form whose first object is of the kind; none where there is none. Other groups have kinds of the same names. */
export const formOf = ({ resource: { group, kind } }: Pick<KindDescriptor, 'resource'>): Form | undefined =>
  isOfKubernetes(group) ? forms.find(({ fields: [main] }) => main?.places[0].kind === kind) : undefined
