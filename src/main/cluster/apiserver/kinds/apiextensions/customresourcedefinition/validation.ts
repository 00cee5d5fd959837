import { messageOf } from '#shared/base/message-of.ts'
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
} from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { fieldForbidden, fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { label1035Problems, subdomainProblems } from '#shared/kube/validation-names.ts'
import { JsonPath } from '../../../schema/json-path.ts'
import { checkStructure } from '../../../custom/structure.ts'
import type { Schema } from '../../../schema/structural.ts'
import { addInvalid, checkImmutable, checkOneOf } from '../../../validation/fields.ts'

/** Validates a CustomResourceDefinition (apiextensions/v1). */
export function validateDefinition(
  { metadata, spec }: CustomResourceDefinition,
  previous?: CustomResourceDefinition,
): FieldError[] {
  const errors: FieldError[] = []
  if (!spec) return [fieldRequired('spec')]
  const { group, names } = spec
  const versions = spec.versions ?? []
  if (!group) errors.push(fieldRequired('spec.group'))
  else {
    addInvalid(subdomainProblems(group), group, 'spec.group', errors)
    if (!group.includes('.')) errors.push(fieldInvalid('spec.group', group, 'should be a domain with at least one dot'))
  }
  checkOneOf(spec.scope, ['Cluster', 'Namespaced'], 'spec.scope', errors)
  checkNames(names, 'spec.names', errors)
  const wanted = `${names?.plural ?? ''}.${group ?? ''}`
  if (metadata.name !== wanted)
    errors.push(fieldInvalid('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group'))
  checkApproval(metadata.annotations?.['api-approved.kubernetes.io'], group ?? '', errors)
  if (spec.preserveUnknownFields)
    errors.push(
      fieldInvalid('spec.preserveUnknownFields', true, 'must be false in order to use defaults in the schema'),
    )
  checkVersions(versions, previous?.spec.versions ?? [], errors)
  checkConversion(spec, errors)
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
  const check = (value: string | undefined, name: string, needed = true): void => {
    if (!value) {
      if (needed) errors.push(fieldRequired(`${field}.${name}`))
    } else addInvalid(label1035Problems(value.toLowerCase()), value, `${field}.${name}`, errors)
  }
  check(names?.plural, 'plural')
  check(names?.singular, 'singular', false)
  check(names?.kind, 'kind')
  check(names?.listKind, 'listKind')
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
  const seen = new Set<string>()
  versions.forEach((version, i) => {
    const field = `spec.versions[${i}]`
    addInvalid(label1035Problems(version.name ?? ''), version.name, `${field}.name`, errors)
    if (seen.has(version.name))
      errors.push(fieldInvalid('spec.versions', versions, 'must contain unique version names'))
    seen.add(version.name)
    checkVersion(
      version,
      previous.find(({ name }) => name === version.name),
      field,
      errors,
    )
  })
}

function checkVersion(
  version: CustomResourceDefinitionVersion,
  previous: CustomResourceDefinitionVersion | undefined,
  field: string,
  errors: FieldError[],
): void {
  const schema = version.schema?.openAPIV3Schema as Schema | undefined
  if (!schema) errors.push(fieldRequired(`${field}.schema.openAPIV3Schema`, 'schemas are required'))
  // An unchanged schema stays valid when validation becomes stricter.
  else if (!previous || !jsonEqual(schema, previous.schema?.openAPIV3Schema))
    checkStructure(schema, `${field}.schema.openAPIV3Schema`, errors)
  if (version.deprecationWarning !== undefined && !version.deprecated)
    errors.push(
      fieldInvalid(
        `${field}.deprecationWarning`,
        version.deprecationWarning,
        'can only be set for deprecated versions',
      ),
    )
  version.additionalPrinterColumns?.forEach((column, i) => {
    const at = `${field}.additionalPrinterColumns[${i}]`
    if (!column.name) errors.push(fieldRequired(`${at}.name`))
    checkOneOf(column.type, ['boolean', 'date', 'integer', 'number', 'string'], `${at}.type`, errors)
    if (!column.jsonPath) errors.push(fieldRequired(`${at}.jsonPath`))
    else checkPath(column.jsonPath, `${at}.jsonPath`, errors)
  })
  version.selectableFields?.forEach(({ jsonPath }, i) => {
    const at = `${field}.selectableFields[${i}].jsonPath`
    if (!jsonPath) errors.push(fieldRequired(at))
    else if (jsonPath.startsWith('.metadata'))
      errors.push(fieldInvalid(at, jsonPath, 'must not point to fields in metadata'))
    else checkPath(jsonPath, at, errors)
  })
  const scale = version.subresources?.scale
  if (!scale) return
  checkScalePath(scale.specReplicasPath, '.spec.', `${field}.subresources.scale.specReplicasPath`, errors)
  checkScalePath(scale.statusReplicasPath, '.status.', `${field}.subresources.scale.statusReplicasPath`, errors)
}

function checkPath(path: string, field: string, errors: FieldError[]): void {
  try {
    new JsonPath(path)
  } catch (error) {
    errors.push(fieldInvalid(field, path, messageOf(error)))
  }
}

function checkScalePath(path: string | undefined, under: string, field: string, errors: FieldError[]): void {
  if (!path) errors.push(fieldRequired(field))
  else if (!path.startsWith(under))
    errors.push(fieldInvalid(field, path, `should be a json path under ${under.slice(0, -1)}`))
}

function checkConversion({ conversion }: CustomResourceDefinitionSpec, errors: FieldError[]): void {
  checkOneOf(conversion?.strategy, ['None', 'Webhook'], 'spec.conversion.strategy', errors)
  const webhook = conversion?.webhook
  if (conversion?.strategy === 'None' && webhook)
    errors.push(fieldForbidden('spec.conversion.webhook', 'should not be set when strategy is not set to Webhook'))
  if (conversion?.strategy !== 'Webhook') return
  const { service, url } = webhook?.clientConfig ?? {}
  if ((service === undefined) === (url === undefined))
    errors.push(fieldRequired('spec.conversion.webhook.clientConfig', 'exactly one of url or service is required'))
  const versions = webhook?.conversionReviewVersions ?? []
  if (versions.length === 0) errors.push(fieldRequired('spec.conversion.webhook.conversionReviewVersions'))
  else if (!versions.includes('v1'))
    errors.push(
      fieldInvalid(
        'spec.conversion.webhook.conversionReviewVersions',
        versions,
        'must include at least one of v1, v1beta1',
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
