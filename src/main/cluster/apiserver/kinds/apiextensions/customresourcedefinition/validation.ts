import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionVersion,
} from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { fieldDuplicate, fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { label1035Problems, subdomainProblems } from '#shared/kube/validation-names.ts'
import { schemaAt } from '../../../custom/rule-check.ts'
import { checkStructure } from '../../../custom/structure.ts'
import type { Schema } from '../../../schema/structural.ts'
import { addInvalid, checkAtMost, checkImmutable, checkOneOf } from '../../../validation/fields.ts'
import { checkConversion } from './conversion.ts'

/** Validates a CustomResourceDefinition (apiextensions/v1). */
export function validateDefinition(
  { metadata, spec }: CustomResourceDefinition,
  previous?: CustomResourceDefinition,
): FieldError[] {
  const errors: FieldError[] = []
  if (!spec) return [fieldRequired('spec')]
  const { group, names } = spec
  const versions = spec.versions ?? []
  const wanted = `${names?.plural ?? ''}.${group ?? ''}`
  for (const name of ['name', 'generateName'] as const)
    if (metadata[name] !== undefined && metadata[name] !== wanted)
      errors.push(fieldInvalid(`metadata.${name}`, metadata[name], 'must be spec.names.plural+"."+spec.group'))
  if (!group) errors.push(fieldRequired('spec.group'))
  else {
    addInvalid(subdomainProblems(group), group, 'spec.group', errors)
    if (!group.includes('.')) errors.push(fieldInvalid('spec.group', group, 'should be a domain with at least one dot'))
  }
  checkOneOf(spec.scope, ['Cluster', 'Namespaced'], 'spec.scope', errors)
  checkNames(names, 'spec.names', errors)
  checkApproval(metadata.annotations?.['api-approved.kubernetes.io'], group ?? '', errors)
  if (spec.preserveUnknownFields)
    errors.push(
      fieldInvalid('spec.preserveUnknownFields', true, 'must be false in order to use defaults in the schema'),
    )
  checkVersions(versions, previous?.spec.versions ?? [], errors)
  checkConversion(spec.conversion, errors, previous)
  return errors
}

/** Reports whether a group belongs to the Kubernetes project. */
export const isProtectedGroup = (group: string): boolean =>
  group === 'k8s.io' || group === 'kubernetes.io' || group.endsWith('.k8s.io') || group.endsWith('.kubernetes.io')

function checkApproval(approval: string | undefined, group: string, errors: FieldError[]): void {
  if (!isProtectedGroup(group)) return
  const field = 'metadata.annotations[api-approved.kubernetes.io]'
  if (!approval)
    errors.push(
      fieldRequired(
        field,
        'protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
      ),
    )
  else if (!approval.startsWith('unapproved') && !URL.canParse(approval))
    errors.push(
      fieldInvalid(
        field,
        approval,
        'protected groups must have approval annotation "api-approved.kubernetes.io" with either a URL or a reason starting with "unapproved", see https://github.com/kubernetes/enhancements/pull/1111',
      ),
    )
}

function checkNames(names: CustomResourceDefinitionNames | undefined, field: string, errors: FieldError[]): void {
  for (const name of ['plural', 'singular', 'kind', 'listKind'] as const) {
    const value = names?.[name]
    if (!value) {
      errors.push(fieldRequired(`${field}.${name}`))
      continue
    }
    const isKind = name === 'kind' || name === 'listKind'
    const problems = label1035Problems(isKind ? value.toLowerCase() : value)
    if (problems.length > 0)
      errors.push(
        fieldInvalid(
          `${field}.${name}`,
          value,
          `${isKind ? 'may have mixed case, but should otherwise match: ' : ''}${problems.join(',')}`,
        ),
      )
  }
  names?.shortNames?.forEach((name, i) =>
    addInvalid(label1035Problems(name), name, `${field}.shortNames[${i}]`, errors),
  )
  names?.categories?.forEach((name, i) =>
    addInvalid(label1035Problems(name), name, `${field}.categories[${i}]`, errors),
  )
  if (names?.kind && names.kind === names.listKind)
    errors.push(fieldInvalid(`${field}.listKind`, names.listKind, 'kind and listKind may not be the same'))
}

function checkVersions(
  versions: readonly CustomResourceDefinitionVersion[],
  previous: readonly CustomResourceDefinitionVersion[],
  errors: FieldError[],
): void {
  if (versions.length === 0) errors.push(fieldRequired('spec.versions'))
  const stored = versions.filter(({ storage }) => storage)
  if (versions.length > 0 && stored.length !== 1)
    errors.push(fieldInvalid('spec.versions', versions, 'must have exactly one version marked as storage version'))
  const [first] = versions
  const isShared = Object.fromEntries(
    sharedParts.map((part) => [part, versions.every((version) => jsonEqual(version[part], first?.[part]))]),
  ) as Record<SharedPart, boolean>
  const seen = new Set<string>()
  versions.forEach((version, i) => {
    const field = `spec.versions[${i}]`
    addInvalid(label1035Problems(version.name ?? ''), version.name, `${field}.name`, errors)
    if (seen.has(version.name))
      errors.push(fieldInvalid('spec.versions', versions, 'must contain unique version names'))
    seen.add(version.name)
    if (!version.schema?.openAPIV3Schema)
      errors.push(fieldRequired(`${field}.schema.openAPIV3Schema`, 'schemas are required'))
    addInvalid(warningProblems(version), version.deprecationWarning, `${field}.deprecationWarning`, errors)
    const before = previous.find(({ name }) => name === version.name)
    for (const part of sharedParts) if (!isShared[part]) checkParts[part](version, field, errors, before)
  })
  if (!first) return
  // Kubernetes' internal type has what all versions have in common beside them, and the name of the first.
  addInvalid(label1035Problems(first.name ?? ''), first.name, 'spec.version', errors)
  const before = previous.find(({ name }) => name === first.name)
  for (const part of sharedParts) if (isShared[part]) checkParts[part](first, 'spec', errors, before)
}

function warningProblems({ deprecated, deprecationWarning: warning }: CustomResourceDefinitionVersion): string[] {
  if (warning === undefined) return []
  if (!deprecated) return ['can only be set for deprecated versions']
  const problems: string[] = []
  if (Buffer.byteLength(warning) > longestWarning) problems.push(`must be <= ${longestWarning} characters long`)
  if (warning === '') problems.push('must not be an empty string')
  const unprintable = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.exec(warning)
  if (unprintable)
    problems.push(
      `must only contain printable UTF-8 characters; non-printable character found at index ${Buffer.byteLength(warning.slice(0, unprintable.index))}`,
    )
  return problems
}

/** In bytes. */
const longestWarning = 256

const sharedParts = ['schema', 'subresources', 'additionalPrinterColumns', 'selectableFields'] as const
type SharedPart = (typeof sharedParts)[number]

type PartCheck = (
  version: CustomResourceDefinitionVersion,
  field: string,
  errors: FieldError[],
  previous: CustomResourceDefinitionVersion | undefined,
) => void

const checkParts: Readonly<Record<SharedPart, PartCheck>> = {
  schema({ schema: given, subresources }, field, errors, previous) {
    const schema = given?.openAPIV3Schema as Schema | undefined
    // An unchanged schema stays valid when validation becomes stricter.
    if (!schema || (previous && jsonEqual(schema, previous.schema?.openAPIV3Schema))) return
    const at = field === 'spec' ? 'spec.validation' : `${field}.schema`
    checkStructure(schema, `${at}.openAPIV3Schema`, errors, { hasStatus: subresources?.status !== undefined })
  },
  subresources({ subresources }, field, errors) {
    const { scale } = subresources ?? {}
    if (!scale) return
    const at = `${field}.subresources.scale`
    checkScalePath(scale.specReplicasPath, ['.spec'], `${at}.specReplicasPath`, errors)
    checkScalePath(scale.statusReplicasPath, ['.status'], `${at}.statusReplicasPath`, errors)
    if (scale.labelSelectorPath)
      checkScalePath(scale.labelSelectorPath, ['.spec', '.status'], `${at}.labelSelectorPath`, errors)
  },
  additionalPrinterColumns({ additionalPrinterColumns: columns }, field, errors) {
    columns?.forEach((column, i) => {
      checkColumn(column, `${field}.additionalPrinterColumns[${i}]`, errors)
    })
  },
  selectableFields({ schema, selectableFields: selected = [] }, field, errors) {
    const at = `${field}.selectableFields`
    selected.forEach(({ jsonPath }, i) => {
      checkSelectable(jsonPath, schema?.openAPIV3Schema as Schema | undefined, `${at}[${i}].jsonPath`, errors)
      if (jsonPath && selected.findIndex((other) => other.jsonPath === jsonPath) < i)
        errors.push(fieldDuplicate(`${at}[${i}].jsonPath`, jsonPath))
    })
    checkAtMost(selected.length, mostSelectable, at, errors)
  },
}

const mostSelectable = 8

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string']
const columnFormats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password']

function checkColumn(
  { name, type, format, jsonPath }: CustomResourceColumnDefinition,
  field: string,
  errors: FieldError[],
): void {
  if (!name) errors.push(fieldRequired(`${field}.name`))
  if (!type) errors.push(fieldRequired(`${field}.type`, `must be one of ${columnTypes.join(',')}`))
  else if (!columnTypes.includes(type))
    errors.push(fieldInvalid(`${field}.type`, type, `must be one of ${columnTypes.join(',')}`))
  if (format && !columnFormats.includes(format))
    errors.push(fieldInvalid(`${field}.format`, format, `must be one of ${columnFormats.join(',')}`))
  if (!jsonPath) errors.push(fieldRequired(`${field}.JSONPath`))
  else checkSimplePath(jsonPath, `${field}.JSONPath`, errors)
}

function checkSelectable(
  path: string | undefined,
  schema: Schema | undefined,
  field: string,
  errors: FieldError[],
): void {
  if (!path) {
    errors.push(fieldRequired(field))
    return
  }
  const { schema: found, problem } = schemaAt(schema ?? {}, path)
  if (!found) {
    errors.push(fieldInvalid(field, path, `is an invalid path: ${problem}`))
    return
  }
  if (/^\.metadata(?![^.[])/.test(path)) errors.push(fieldInvalid(field, path, 'must not point to fields in metadata'))
  if (!['string', 'boolean', 'integer'].includes(found.type ?? ''))
    errors.push(
      fieldInvalid(
        field,
        path,
        'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
      ),
    )
}

/** Kubernetes does not parse the paths of a definition: where the rest of one is none, nothing is found there. */
function checkSimplePath(path: string, field: string, errors: FieldError[]): boolean {
  if (path.startsWith('.')) return true
  errors.push(fieldInvalid(field, path, 'must be a simple json path starting with .'))
  return false
}

function checkScalePath(path: string | undefined, under: readonly string[], field: string, errors: FieldError[]): void {
  if (!path) errors.push(fieldRequired(field))
  else if (!checkSimplePath(path, field, errors)) return
  else if (!under.some((part) => path.startsWith(`${part}.`)))
    errors.push(
      fieldInvalid(
        field,
        path,
        `should be a json path under ${under.length > 1 ? 'either ' : ''}${under.join(' or ')}`,
      ),
    )
}

/** Validates an update. */
export function validateDefinitionUpdate(
  next: CustomResourceDefinition,
  previous: CustomResourceDefinition,
): FieldError[] {
  const errors: FieldError[] = []
  const established = previous.status?.conditions?.some(
    ({ type, status }) => type === 'Established' && status === 'True',
  )
  if (established) {
    checkImmutable(next.spec.scope, previous.spec.scope, 'spec.scope', errors)
    checkImmutable(next.spec.names.kind, previous.spec.names.kind, 'spec.names.kind', errors)
  }
  checkImmutable(next.spec.group, previous.spec.group, 'spec.group', errors)
  checkImmutable(next.spec.names.plural, previous.spec.names.plural, 'spec.names.plural', errors)
  const names = next.spec.versions.map(({ name }) => name)
  next.status?.storedVersions?.forEach((version, i) => {
    if (!names.includes(version))
      errors.push(
        fieldInvalid(
          `status.storedVersions[${i}]`,
          version,
          'missing from spec.versions; v1 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v1 and removes v1 from status.storedVersions'.replaceAll(
            'v1',
            version,
          ),
        ),
      )
  })
  return errors
}
