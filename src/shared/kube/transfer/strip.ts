import { applyBody } from '../apply-body.ts'
import type { KubeObject } from '../object.ts'

/** From where to where objects are promoted, and what they have in place of what the target lacks. */
export interface Route {
  from: string
  to: string
  /** Classes of the source and those that are taken instead; '' leaves the choice to the target's default. */
  storageClasses?: Readonly<Record<string, string>>
  ingressClasses?: Readonly<Record<string, string>>
  /** Workloads whose replicas an autoscaler sets, as `Deployment/web`. */
  scaled?: ReadonlySet<string>
}

/** The body that is applied to the target: the object without what its own cluster has given it. */
export function stripped(object: KubeObject, route: Route): KubeObject {
  const body = applyBody(object)
  const { metadata } = body
  delete metadata.ownerReferences
  delete metadata.finalizers
  if (metadata.namespace !== undefined) metadata.namespace = route.to
  dropKeys(metadata, 'annotations', isOfCluster)
  dropKeys(metadata, 'labels', (key) => ofJob.includes(key))
  const { spec } = body as { spec?: unknown }
  if (isFields(spec)) {
    for (const template of templatesOf(spec)) stripTemplate(template)
    ofKind[kindOf(body)]?.(spec, route)
    if (route.scaled?.has(`${body.kind ?? ''}/${metadata.name ?? ''}`)) delete spec.replicas
  }
  ofWhole[kindOf(body)]?.(body as unknown as Fields, route)
  return body
}

/** Annotations that controllers and tools of the source have written. A name that ends with `/` stands for all of its prefix. */
const ofCluster = [
  'kubectl.kubernetes.io/last-applied-configuration',
  'deployment.kubernetes.io/',
  'deprecated.daemonset.template.generation',
  'pv.kubernetes.io/',
  'volume.kubernetes.io/',
  'volume.beta.kubernetes.io/storage-provisioner',
  'control-plane.alpha.kubernetes.io/leader',
  'autoscaling.alpha.kubernetes.io/',
  'batch.kubernetes.io/job-tracking',
  'batch.kubernetes.io/cronjob-scheduled-timestamp',
  'meta.helm.sh/',
  'argocd.argoproj.io/tracking-id',
]
const isOfCluster = (key: string): boolean =>
  ofCluster.some((each) => (each.endsWith('/') ? key.startsWith(each) : key === each))
/** The Job controller labels the pods of a Job with the Job's uid and name. */
const ofJob = ['controller-uid', 'batch.kubernetes.io/controller-uid', 'job-name', 'batch.kubernetes.io/job-name']

type Fields = Record<string, unknown>
type Strip = (fields: Fields, route: Route) => void

const ofKind: Readonly<Record<string, Strip>> = {
  '/Service'(spec) {
    // A Service without an address is so by its author's will.
    if (spec.clusterIP !== 'None') delete spec.clusterIP
    delete spec.clusterIPs
    delete spec.ipFamilies
    delete spec.healthCheckNodePort
    for (const port of listOf(spec.ports)) delete port.nodePort
  },
  '/PersistentVolumeClaim'(spec, { storageClasses }) {
    delete spec.volumeName
    replaceClass(spec, 'storageClassName', storageClasses)
  },
  '/Pod': (spec) => stripPodSpec(spec),
  'apps/StatefulSet'(spec, { storageClasses }) {
    for (const claim of listOf(spec.volumeClaimTemplates)) {
      delete claim.status
      if (isFields(claim.metadata)) delete claim.metadata.creationTimestamp
      if (isFields(claim.spec)) replaceClass(claim.spec, 'storageClassName', storageClasses)
    }
  },
  'batch/Job'(spec) {
    // The server chooses the selector of a Job by its uid, unless its author has.
    if (spec.manualSelector !== true) delete spec.selector
    for (const { metadata } of templatesOf(spec))
      if (isFields(metadata)) dropKeys(metadata, 'labels', (key) => ofJob.includes(key))
  },
  'networking.k8s.io/Ingress': (spec, { ingressClasses }) => replaceClass(spec, 'ingressClassName', ingressClasses),
}

const ofWhole: Readonly<Record<string, Strip>> = {
  /** Token Secrets that older control planes made for the account. */
  '/ServiceAccount': (account) => void delete account.secrets,
  'rbac.authorization.k8s.io/RoleBinding'(binding, { from, to }) {
    for (const subject of listOf(binding.subjects)) if (subject.namespace === from) subject.namespace = to
  },
}

function stripTemplate({ metadata }: Fields): void {
  if (isFields(metadata)) delete metadata.creationTimestamp
}

/** What the scheduler, admission and the node have put into the spec of a pod that nobody owns. */
function stripPodSpec(spec: Fields): void {
  for (const field of ['nodeName', 'serviceAccount', 'priority', 'preemptionPolicy']) delete spec[field]
  const isToken = ({ name }: Fields): boolean => typeof name === 'string' && name.startsWith('kube-api-access-')
  dropItems(spec, 'volumes', isToken)
  for (const container of ['initContainers', 'containers'].flatMap((list) => listOf(spec[list])))
    dropItems(container, 'volumeMounts', isToken)
  dropItems(
    spec,
    'tolerations',
    ({ key, tolerationSeconds }) =>
      tolerationSeconds === 300 && (key === 'node.kubernetes.io/not-ready' || key === 'node.kubernetes.io/unreachable'),
  )
}

function replaceClass(spec: Fields, field: string, classes: Readonly<Record<string, string>> = {}): void {
  const instead = typeof spec[field] === 'string' ? classes[spec[field]] : undefined
  if (instead === '') delete spec[field]
  else if (instead !== undefined) spec[field] = instead
}

/** `apps/Deployment`, `/Service`. */
const kindOf = ({ apiVersion = '', kind = '' }: KubeObject): string =>
  `${apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : ''}/${kind}`

/** The templates of pods, and of a CronJob's Jobs. */
function templatesOf(spec: Fields): Fields[] {
  const job = isFields(spec.jobTemplate) ? spec.jobTemplate : undefined
  const inner = isFields(job?.spec) ? templatesOf(job.spec) : []
  return [...(isFields(spec.template) ? [spec.template] : []), ...(job ? [job] : []), ...inner]
}

/** Removes entries of a map, and the map with its last one. */
function dropKeys(of: object, field: 'annotations' | 'labels', unwanted: (key: string) => boolean): void {
  const fields = of as Fields
  const map = fields[field]
  if (!isFields(map)) return
  const kept = Object.entries(map).filter(([key]) => !unwanted(key))
  if (kept.length > 0) fields[field] = Object.fromEntries(kept)
  else delete fields[field]
}

/** Removes items of a list, and the list with its last one. */
function dropItems(fields: Fields, list: string, unwanted: (item: Fields) => boolean): void {
  if (!Array.isArray(fields[list])) return
  const kept = listOf(fields[list]).filter((item) => !unwanted(item))
  if (kept.length > 0) fields[list] = kept
  else delete fields[list]
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const listOf = (value: unknown): Fields[] => (Array.isArray(value) ? value.filter(isFields) : [])
