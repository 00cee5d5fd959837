import type { KubeObject, Stored } from '#shared/kube/object.ts'
import type { Resource } from '#shared/kube/resources.ts'
import { podSpecOf, usesOf } from '../kinds/uses.ts'

/** What an object names and expects to be there. */
export interface Needed {
  kind: NeededKind
  name: string
  /** The first object that names it, and how many do. */
  by: string
  count: number
}
export const neededKinds = [
  'StorageClass',
  'IngressClass',
  'PriorityClass',
  'RuntimeClass',
  'Secret',
  'ConfigMap',
  'PersistentVolumeClaim',
  'ServiceAccount',
] as const
export type NeededKind = (typeof neededKinds)[number]

/** What the target does not have, or does not allow. */
export type Lack =
  /** Objects of a kind that is not served there, in this version at least. */
  | { is: 'kind'; name: string; keys: readonly string[] }
  /** `patch ingresses.networking.k8s.io`. */
  | { is: 'right'; verb: string; name: string; keys: readonly string[] }
  /** The namespace is made; this says that it may not be. */
  | { is: 'namespace'; name: string; keys: readonly string[] }
  | { is: 'class'; kind: 'StorageClass' | 'IngressClass'; name: string; by: string; count: number }
  /** With the keys of the pods that admission refuses for its sake. */
  | { is: 'object'; kind: NeededKind; name: string; by: string; count: number; keys?: readonly string[] }

/** What is known of the target; undefined where it may not be asked. */
export interface TargetFacts {
  serves(body: KubeObject): boolean
  has(kind: NeededKind, name: string): boolean | undefined
  may(verb: 'patch' | 'create', resource: Resource): boolean
}

/** An object as it would be applied. */
export interface Planned {
  key: string
  resource: Resource
  body: KubeObject
  /** What it is in the source; unset for the namespace, which is made. */
  source?: Stored
}

/** What the target lacks for a plan: what keeps objects from being applied first, then what they would wait for. */
export function lacksOf(planned: readonly Planned[], facts: TargetFacts): Lack[] {
  const unknown = planned.filter(({ body }) => !facts.serves(body))
  const known = planned.filter((each) => !unknown.includes(each))
  const lacks: Lack[] = grouped(unknown, ({ body }) => `${body.kind ?? ''} ${body.apiVersion ?? ''}`).map(
    ([name, keys]) => ({ is: 'kind', name, keys }),
  )
  for (const verb of ['create', 'patch'] as const) {
    const refused = known.filter(({ resource }) => !facts.may(verb, resource))
    for (const [name, keys] of grouped(refused, ({ resource }) => resourceText(resource)))
      lacks.push(name === 'namespaces' ? { is: 'namespace', name, keys } : { is: 'right', verb, name, keys })
  }
  const bodies = known.map(({ body }) => body)
  const taken = new Set(bodies.map(({ kind = '', metadata }) => `${kind}/${metadata.name ?? ''}`))
  for (const needed of neededBy(bodies)) {
    const { kind, name } = needed
    if (taken.has(`${kind}/${name}`) || facts.has(kind, name) !== false) continue
    lacks.push(
      kind === 'StorageClass' || kind === 'IngressClass'
        ? { is: 'class', ...needed, kind }
        : { is: 'object', ...needed, ...refusedFor(needed, known) },
    )
  }
  return lacks
}

/** Pods are not admitted without these; workloads are, and their pods fail later. */
const admissionNeeds: readonly NeededKind[] = ['ServiceAccount', 'PriorityClass', 'RuntimeClass']
function refusedFor({ kind, name }: Needed, planned: readonly Planned[]): { keys?: string[] } {
  if (!admissionNeeds.includes(kind)) return {}
  const keys = planned
    .filter(({ body }) => body.kind === 'Pod' && namedBy(body).some((each) => each.kind === kind && each.name === name))
    .map(({ key }) => key)
  return keys.length > 0 ? { keys } : {}
}

/** The objects that a lack keeps from being applied; none where they would only wait. */
const keysOf = (lack: Lack): readonly string[] => ('keys' in lack ? lack.keys : undefined) ?? []
/** Whether a lack keeps objects from being applied. */
export const blocks = (lack: Lack): boolean => keysOf(lack).length > 0
/** The objects that cannot be applied as things stand. */
export const blockedBy = (lacks: readonly Lack[]): Set<string> => new Set(lacks.flatMap(keysOf))

/** What objects name: classes, what their pods read, and the certificates of Ingresses. Each once. */
export function neededBy(bodies: readonly KubeObject[]): Needed[] {
  const found = new Map<string, Needed>()
  for (const body of bodies)
    for (const { kind, name } of namedBy(body)) {
      const before = found.get(`${kind}/${name}`)
      if (before) before.count++
      else found.set(`${kind}/${name}`, { kind, name, by: textOf(body), count: 1 })
    }
  return [...found.values()].sort((a, b) => neededKinds.indexOf(a.kind) - neededKinds.indexOf(b.kind))
}

function namedBy(body: KubeObject): Pick<Needed, 'kind' | 'name'>[] {
  const { kind, spec = {} } = body as KubeObject & { spec?: Naming }
  const found: { kind: NeededKind; name: string | undefined }[] = []
  const pods = podSpecOf(body)
  for (const used of pods ? usesOf(pods) : []) {
    const known = neededKinds.find((each) => each === used.kind)
    if (known && used.need !== 'optional' && !isEverywhere(used)) found.push({ kind: known, name: used.name })
  }
  found.push({ kind: 'PriorityClass', name: pods?.priorityClassName })
  found.push({ kind: 'RuntimeClass', name: pods?.runtimeClassName })
  if (kind === 'PersistentVolumeClaim') found.push({ kind: 'StorageClass', name: spec.storageClassName })
  for (const claim of spec.volumeClaimTemplates ?? [])
    found.push({ kind: 'StorageClass', name: claim.spec?.storageClassName })
  if (kind === 'Ingress') {
    found.push({ kind: 'IngressClass', name: spec.ingressClassName })
    for (const { secretName } of spec.tls ?? []) found.push({ kind: 'Secret', name: secretName })
  }
  return found.flatMap(({ kind: of, name }) => (name ? [{ kind: of, name }] : []))
}

/** What every namespace has by itself. */
const isEverywhere = ({ kind, name }: { kind: string; name: string }): boolean =>
  (kind === 'ServiceAccount' && name === 'default') || (kind === 'ConfigMap' && name === 'kube-root-ca.crt')

interface Naming {
  storageClassName?: string
  ingressClassName?: string
  volumeClaimTemplates?: { spec?: { storageClassName?: string } }[]
  tls?: { secretName?: string }[]
}

/** Values with the keys of the planned objects that have them. */
function grouped(planned: readonly Planned[], valueOf: (each: Planned) => string): [string, string[]][] {
  const found = new Map<string, string[]>()
  for (const each of planned) found.set(valueOf(each), [...(found.get(valueOf(each)) ?? []), each.key])
  return [...found]
}

const resourceText = ({ group, plural }: Resource): string => (group ? `${plural}.${group}` : plural)
const textOf = ({ kind = '', metadata }: KubeObject): string => `${kind} ${metadata.name ?? ''}`
