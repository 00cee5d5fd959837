import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One type of the Kubernetes API, from its generated class. */
export interface Model {
  /** Name of the class: `V1Pod`, `CoreV1Event`. */
  className: string
  /** Name in Kubernetes: `Pod`, `Event`. */
  kind: string
  description: string
  properties: Property[]
  /** Its package: `core/v1`, `apps/v1`, `meta/v1` … */
  groupVersion: string
  /** Whether it is a top-level object, with apiVersion, kind and metadata. */
  root: boolean
  /** Whether its objects live in namespaces. */
  namespaced: boolean
}

export interface Property {
  name: string
  /** From the class map: `string`, `Array<V1Container>`, `{ [key: string]: string; }`, `IntOrString` … */
  type: string
  format: string
  required: boolean
  description: string
}

/** @param dir `dist/gen` of `@kubernetes/client-node`. Only stable versions are read. */
export function readModels(dir: string): Map<string, Model> {
  const models = new Map<string, Model>()
  for (const file of readdirSync(join(dir, 'models')).sort()) {
    const className = /^(\w+)\.d\.ts$/.exec(file)?.[1]
    if (!className || !stable.test(className)) continue
    const declaration = readFileSync(join(dir, 'models', file), 'utf8')
    const code = readFileSync(join(dir, 'models', `${className}.js`), 'utf8')
    const model = readModel(className, declaration, code)
    if (model) models.set(className, model)
  }
  assignGroups(models, join(dir, 'apis'))
  return models
}

const stable = /^([A-Z][a-z]+)?V[12](?=[A-Z])|^(VersionInfo)$/

function readModel(className: string, declaration: string, code: string): Model | undefined {
  const map =
    /\.attributeTypeMap = (\[[\s\S]*?\n\]);/.exec(code)?.[1] ??
    (code.includes('.attributeTypeMap = []') ? '[]' : undefined)
  if (map === undefined) return undefined
  const attributes = JSON.parse(map) as { name: string; baseName: string; type: string; format: string }[]
  const described = describedProperties(declaration)
  const names = new Set(attributes.map(({ baseName }) => baseName))
  return {
    className,
    kind: className.replace(/^([A-Z][a-z]+)?V[12]/, ''),
    description: clean(/\/\*\*\n((?:\* .*\n)+)\*\/\nexport declare class/.exec(declaration)?.[1] ?? ''),
    properties: attributes.map(({ baseName, type, format }) => ({
      name: baseName,
      type,
      format,
      required: described.get(baseName)?.required ?? false,
      description: described.get(baseName)?.description ?? '',
    })),
    groupVersion: '',
    root: names.has('apiVersion') && names.has('kind') && names.has('metadata'),
    namespaced: false,
  }
}

function describedProperties(declaration: string): Map<string, { required: boolean; description: string }> {
  const found = new Map<string, { required: boolean; description: string }>()
  for (const match of declaration.matchAll(/(?:\/\*\*\n((?:\s+\* .*\n)+)\s+\*\/\n)?\s+'([^']+)'(\??): /g))
    found.set(match[2] ?? '', { required: match[3] !== '?', description: clean(match[1] ?? '') })
  return found
}

const clean = (comment: string): string =>
  comment
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join(' ')
    .replace(/\\(['"])/g, '$1')
    .trim()

/**
 * A type belongs to the first group whose API refers to it; this order decides between several. It is namespaced where
 * its API creates it in a namespace.
 */
function assignGroups(models: Map<string, Model>, apis: string): void {
  for (const model of models.values())
    if (metaTypes.has(model.kind) && model.className.startsWith('V1')) model.groupVersion = 'meta/v1'
  const claim = (names: readonly string[], groupVersion: string): void => {
    for (const name of names) {
      const model = models.get(name)
      if (!model || model.groupVersion) continue
      model.groupVersion = groupVersion
      claim(
        model.properties.flatMap(({ type }) => type.match(className) ?? []),
        groupVersion,
      )
    }
  }
  for (const [name, groupVersion] of Object.entries(fixedGroups)) claim([name], groupVersion)
  for (const [api, groupVersion] of apiGroups) {
    const declaration = readFileSync(join(apis, `${api}.d.ts`), 'utf8')
    claim(declaration.match(className) ?? [], groupVersion)
    for (const [, body = ''] of declaration.matchAll(/\bcreateNamespaced\w+\(.*?\bbody: (\w+)/g)) {
      const model = models.get(body)
      if (model) model.namespaced = true
    }
  }
  for (const [name, model] of models) if (!model.groupVersion) models.delete(name)
}

const className = /\b(?:[A-Z][a-z]+)?V[12][A-Z]\w*/g

const metaTypes = new Set([
  'APIGroup',
  'APIGroupList',
  'APIResource',
  'APIResourceList',
  'APIVersions',
  'Condition',
  'DeleteOptions',
  'FieldSelectorRequirement',
  'GroupVersionForDiscovery',
  'LabelSelector',
  'LabelSelectorRequirement',
  'ListMeta',
  'ManagedFieldsEntry',
  'ObjectMeta',
  'OwnerReference',
  'Preconditions',
  'ServerAddressByClientCIDR',
  'ShardInfo',
  'Status',
  'StatusCause',
  'StatusDetails',
  'WatchEvent',
])

/** Types that the core API refers to but that belong to other groups. */
const fixedGroups: Record<string, string> = {
  AuthenticationV1TokenRequest: 'authentication/v1',
  V1Eviction: 'policy/v1',
  V1TopologySelectorTerm: 'core/v1',
  V1TopologySelectorLabelRequirement: 'core/v1',
  V1Scale: 'autoscaling/v1',
  V1ScaleSpec: 'autoscaling/v1',
  V1ScaleStatus: 'autoscaling/v1',
}

const apiGroups: [string, string][] = [
  ['CoreV1Api', 'core/v1'],
  ['AppsV1Api', 'apps/v1'],
  ['BatchV1Api', 'batch/v1'],
  ['AuthenticationV1Api', 'authentication/v1'],
  ['AuthorizationV1Api', 'authorization/v1'],
  ['AutoscalingV1Api', 'autoscaling/v1'],
  ['AutoscalingV2Api', 'autoscaling/v2'],
  ['PolicyV1Api', 'policy/v1'],
  ['NetworkingV1Api', 'networking/v1'],
  ['DiscoveryV1Api', 'discovery/v1'],
  ['EventsV1Api', 'events/v1'],
  ['RbacAuthorizationV1Api', 'rbac/v1'],
  ['StorageV1Api', 'storage/v1'],
  ['SchedulingV1Api', 'scheduling/v1'],
  ['NodeV1Api', 'node/v1'],
  ['CoordinationV1Api', 'coordination/v1'],
  ['CertificatesV1Api', 'certificates/v1'],
  ['AdmissionregistrationV1Api', 'admissionregistration/v1'],
  ['ApiextensionsV1Api', 'apiextensions/v1'],
  ['ApiregistrationV1Api', 'apiregistration/v1'],
  ['FlowcontrolApiserverV1Api', 'flowcontrol/v1'],
  ['ResourceV1Api', 'resource/v1'],
]
