import type {
  Affinity,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinityTerm,
  Toleration,
  TopologySpreadConstraint,
} from '#shared/kube/generated/types.ts'
import { fieldDuplicate, fieldForbidden, fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { labelValueProblems, qualifiedNameProblems } from '#shared/kube/validation-names.ts'
import { addInvalid, checkSupported } from './fields.ts'
import { checkLabelSelector, checkOperatorValues } from './labels.ts'
import type { Wire } from '../api/wire.ts'

/** Validates the tolerations of a pod. */
export function checkTolerations(tolerations: readonly Wire<Toleration>[], field: string, errors: FieldError[]): void {
  tolerations.forEach((toleration, i) => {
    const at = `${field}[${i}]`
    const { key = '', operator = '', value = '', effect, tolerationSeconds } = toleration
    if (key !== '') addInvalid(qualifiedNameProblems(key), key, `${at}.key`, errors)
    else if (operator !== 'Exists')
      errors.push(
        fieldInvalid(
          `${at}.operator`,
          operator,
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      )
    if (tolerationSeconds !== undefined && effect !== 'NoExecute')
      errors.push(
        fieldInvalid(`${at}.effect`, effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set"),
      )
    if (operator === '' || operator === 'Equal') addInvalid(labelValueProblems(value), value, `${at}.operator`, errors)
    else if (operator === 'Exists' && value !== '')
      errors.push(fieldInvalid(`${at}.operator`, value, "value must be empty when `operator` is 'Exists'"))
    else checkSupported(operator, ['Equal', 'Exists'], `${at}.operator`, errors)
    if (effect) checkSupported(effect, ['NoSchedule', 'PreferNoSchedule', 'NoExecute'], `${at}.effect`, errors)
  })
}

/** Validates topology spread constraints. */
export function checkSpread(
  constraints: readonly Wire<TopologySpreadConstraint>[],
  field: string,
  errors: FieldError[],
): void {
  const seen = new Set<string>()
  constraints.forEach((constraint, i) => {
    const at = `${field}[${i}]`
    const {
      maxSkew = 0,
      topologyKey = '',
      whenUnsatisfiable,
      minDomains,
      nodeAffinityPolicy,
      nodeTaintsPolicy,
    } = constraint
    if (maxSkew <= 0) errors.push(fieldInvalid(`${at}.maxSkew`, maxSkew, 'must be greater than zero'))
    if (topologyKey === '') errors.push(fieldRequired(`${at}.topologyKey`, 'can not be empty'))
    checkSupported(whenUnsatisfiable ?? '', ['DoNotSchedule', 'ScheduleAnyway'], `${at}.whenUnsatisfiable`, errors)
    const pair = `{${topologyKey}, ${whenUnsatisfiable ?? ''}}`
    if (seen.has(pair)) errors.push(fieldDuplicate(`${at}.{topologyKey, whenUnsatisfiable}`, pair))
    seen.add(pair)
    if (minDomains !== undefined && minDomains <= 0)
      errors.push(fieldInvalid(`${at}.minDomains`, minDomains, 'must be greater than zero'))
    if (minDomains !== undefined && whenUnsatisfiable !== 'DoNotSchedule')
      errors.push(
        fieldInvalid(
          `${at}.minDomains`,
          minDomains,
          `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable ?? ''}`,
        ),
      )
    checkSupported(nodeAffinityPolicy, ['Honor', 'Ignore'], `${at}.nodeAffinityPolicy`, errors)
    checkSupported(nodeTaintsPolicy, ['Honor', 'Ignore'], `${at}.nodeTaintsPolicy`, errors)
    checkLabelSelector(constraint.labelSelector, `${at}.labelSelector`, errors)
    checkLabelKeys(constraint.matchLabelKeys, constraint.labelSelector !== undefined, `${at}.matchLabelKeys`, errors)
  })
}

/** Validates the affinity of a pod. */
export function checkAffinity(affinity: Wire<Affinity> | undefined, field: string, errors: FieldError[]): void {
  if (!affinity) return
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity
  if (nodeAffinity) {
    const required = nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution
    const at = `${field}.nodeAffinity`
    if (required) checkNodeSelector(required, `${at}.requiredDuringSchedulingIgnoredDuringExecution`, errors)
    nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution?.forEach(({ weight, preference }, i) => {
      const path = `${at}.preferredDuringSchedulingIgnoredDuringExecution[${i}]`
      checkWeight(weight, path, errors)
      if (preference) checkNodeTerm(preference, false, `${path}.preference`, errors)
    })
  }
  for (const [name, pods] of Object.entries({ podAffinity, podAntiAffinity })) {
    pods?.requiredDuringSchedulingIgnoredDuringExecution?.forEach((term, i) => {
      checkPodTerm(term, `${field}.${name}.requiredDuringSchedulingIgnoredDuringExecution[${i}]`, errors)
    })
    pods?.preferredDuringSchedulingIgnoredDuringExecution?.forEach(({ weight, podAffinityTerm = {} }, i) => {
      const path = `${field}.${name}.preferredDuringSchedulingIgnoredDuringExecution[${i}]`
      checkWeight(weight, path, errors)
      checkPodTerm(podAffinityTerm, `${path}.podAffinityTerm`, errors)
    })
  }
}

function checkLabelKeys(
  keys: readonly string[] | undefined,
  hasSelector: boolean,
  field: string,
  errors: FieldError[],
): void {
  if (!keys?.length) return
  if (hasSelector)
    keys.forEach((key, i) => {
      addInvalid(qualifiedNameProblems(key), key, `${field}[${i}]`, errors)
    })
  else errors.push(fieldForbidden(field, 'must not be specified when labelSelector is not set'))
}

/** Validates a node selector outside of a pod's affinity. */
export function checkNodeSelector(selector: Wire<NodeSelector>, field: string, errors: FieldError[]): void {
  const terms = selector.nodeSelectorTerms ?? []
  if (terms.length === 0)
    errors.push(fieldRequired(`${field}.nodeSelectorTerms`, 'must have at least one node selector term'))
  terms.forEach((term, i) => {
    checkNodeTerm(term, true, `${field}.nodeSelectorTerms[${i}]`, errors)
  })
}

function checkWeight(weight = 0, field: string, errors: FieldError[]): void {
  if (weight < 1 || weight > 100) errors.push(fieldInvalid(`${field}.weight`, weight, 'must be in the range 1-100'))
}

function checkPodTerm(
  { topologyKey, labelSelector, namespaceSelector, matchLabelKeys, mismatchLabelKeys }: Wire<PodAffinityTerm>,
  field: string,
  errors: FieldError[],
): void {
  checkLabelSelector(labelSelector, `${field}.labelSelector`, errors)
  checkLabelSelector(namespaceSelector, `${field}.namespaceSelector`, errors)
  for (const [name, keys] of Object.entries({ matchLabelKeys, mismatchLabelKeys }))
    checkLabelKeys(keys, labelSelector !== undefined, `${field}.${name}`, errors)
  if (!topologyKey) errors.push(fieldRequired(`${field}.topologyKey`, 'can not be empty'))
  else addInvalid(qualifiedNameProblems(topologyKey), topologyKey, `${field}.topologyKey`, errors)
}

function checkNodeTerm(
  { matchExpressions, matchFields }: Wire<NodeSelectorTerm>,
  required: boolean,
  field: string,
  errors: FieldError[],
): void {
  matchExpressions?.forEach((requirement, i) => {
    const at = `${field}.matchExpressions[${i}]`
    checkNodeRequirement(requirement, at, errors)
    addInvalid(qualifiedNameProblems(requirement.key ?? ''), requirement.key ?? '', `${at}.key`, errors)
    if (required)
      requirement.values?.forEach((value, j) => {
        addInvalid(labelValueProblems(value), value, `${at}.values[${j}]`, errors)
      })
  })
  matchFields?.forEach(({ key = '', operator, values = [] }, i) => {
    const at = `${field}.matchFields[${i}]`
    if (operator !== 'In' && operator !== 'NotIn')
      errors.push(fieldInvalid(`${at}.operator`, operator ?? '', 'not a valid selector operator'))
    else if (values.length !== 1)
      errors.push(
        fieldRequired(
          `${at}.values`,
          "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
        ),
      )
    if (key !== 'metadata.name') errors.push(fieldInvalid(`${at}.key`, key, 'not a valid field selector key'))
  })
}

function checkNodeRequirement(
  { operator, values = [] }: Wire<NodeSelectorRequirement>,
  field: string,
  errors: FieldError[],
): void {
  if (checkOperatorValues(operator, values, field, errors)) return
  if (operator !== 'Gt' && operator !== 'Lt')
    errors.push(fieldInvalid(`${field}.operator`, operator ?? '', 'not a valid selector operator'))
  else if (values.length !== 1)
    errors.push(fieldRequired(`${field}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"))
}
