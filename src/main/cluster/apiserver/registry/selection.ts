import type { KubeObject } from '#shared/kube/object.ts'
import {
  matchesLabels,
  parseFieldSelector,
  parseLabelSelector,
  SelectorSyntaxError,
  type FieldRequirement,
  type LabelRequirement,
} from '#shared/kube/selectors.ts'
import { badRequest } from '#shared/kube/status.ts'
import type { Query } from '../api/request.ts'
import type { Target } from './context.ts'
import type { KindDeclaration } from '../api/kind.ts'

/** The label and field selectors of a list or watch. */
export interface Selection {
  matches(object: KubeObject): boolean
  /** Identifies the selection. */
  readonly key: string
  /** A field that the selection requires to have one exact value, if any: changes are dispatched to watches by it. */
  readonly exact: ExactField | undefined
}

export interface ExactField {
  readonly field: string
  readonly value: string
  read(object: KubeObject): string
}

/** Parses the selectors of a request; undefined when it selects everything. @throws ApiError 400 */
export function parseSelection(target: Target, query: Query): Selection | undefined {
  const labels = query['labelSelector'] ?? ''
  const fields = query['fieldSelector'] ?? ''
  if (labels === '' && fields === '' && target.name === '') return undefined
  const { labelRequirements, fieldRequirements } = parse(labels, fields)
  if (target.name !== '') fieldRequirements.push({ field: 'metadata.name', negated: false, value: target.name })
  const readers = fieldRequirements.map((requirement) => fieldReader(target.resource.kind, requirement.field))
  return {
    key: `${labels}|${fields}|${target.name}`,
    exact: exactField(fieldRequirements, readers),
    matches: (object) =>
      matchesLabels(labelRequirements, object.metadata.labels) && matchesFields(fieldRequirements, readers, object),
  }
}

function parse(
  labels: string,
  fields: string,
): { labelRequirements: LabelRequirement[]; fieldRequirements: FieldRequirement[] } {
  try {
    return { labelRequirements: parseLabelSelector(labels), fieldRequirements: parseFieldSelector(fields) }
  } catch (error) {
    if (error instanceof SelectorSyntaxError) throw badRequest(error.message)
    throw error
  }
}

type FieldReader = (object: KubeObject) => string

function fieldReader(kind: KindDeclaration, field: string): FieldReader {
  if (field === 'metadata.name') return (object) => object.metadata.name ?? ''
  if (field === 'metadata.namespace' && (kind.namespaced || !kind.fields))
    return (object) => object.metadata.namespace ?? ''
  const reader = kind.fields && Object.hasOwn(kind.fields, field) ? kind.fields[field] : undefined
  if (reader) return reader
  throw badRequest(
    kind.fields
      ? `field label not supported${ofKind(kind)}: ${field}`
      : `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`,
  )
}

/** Devices' own conversion names the kind. */
const ofKind = ({ group, version, kind }: KindDeclaration): string =>
  group === 'resource.k8s.io' ? ` for ${group}/${version}, Kind=${kind}` : ''

function exactField(
  requirements: readonly FieldRequirement[],
  readers: readonly FieldReader[],
): ExactField | undefined {
  const at = requirements.findIndex(({ negated }) => !negated)
  const requirement = requirements[at]
  const read = readers[at]
  return requirement && read && { field: requirement.field, value: requirement.value, read }
}

function matchesFields(
  requirements: readonly FieldRequirement[],
  readers: readonly FieldReader[],
  object: KubeObject,
): boolean {
  for (let i = 0; i < requirements.length; i++) {
    const requirement = requirements[i]
    const reader = readers[i]
    if (requirement && reader && (reader(object) === requirement.value) === requirement.negated) return false
  }
  return true
}
