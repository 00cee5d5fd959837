import type {
  MatchCondition,
  RuleWithOperations,
  ValidatingWebhook,
  WebhookClientConfig,
} from '#shared/kube/generated/types.ts'
import { fieldDuplicate, fieldInvalid, fieldNotSupported, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { label1035Problems, qualifiedNameProblems, subdomainProblems } from '#shared/kube/validation-names.ts'
import type { Variables } from '../cel/compile.ts'
import { conditionVariables } from '../cel/policy-variables.ts'
import type { Column } from '../api/kind.ts'
import { checkExpression } from './expressions.ts'
import { addInvalid, checkAtMost, checkSupported } from './fields.ts'
import { checkLabelSelector } from './labels.ts'

/** Defaults and validation that both kinds of admission webhooks share (admissionregistration/v1). */

export function setWebhookDefaults(webhook: ValidatingWebhook): void {
  webhook.failurePolicy ??= 'Fail'
  webhook.matchPolicy ??= 'Equivalent'
  webhook.namespaceSelector ??= {}
  webhook.objectSelector ??= {}
  webhook.timeoutSeconds ??= 10
  for (const rule of webhook.rules ?? []) rule.scope ??= '*'
  if (webhook.clientConfig?.service) webhook.clientConfig.service.port ??= 443
}

export const webhookCount: Column<{ webhooks?: unknown[] }> = {
  name: 'Webhooks',
  type: 'integer',
  description: 'How many webhooks there are.',
  value: ({ webhooks }) => webhooks?.length ?? 0,
}

export function checkWebhookNames(webhooks: readonly { name?: string }[]): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  webhooks.forEach(({ name = '' }, i) => {
    if (seen.has(name)) errors.push(fieldDuplicate(`webhooks[${i}].name`, name))
    seen.add(name)
  })
  return errors
}

/** Validates one webhook. */
export function checkWebhook(webhook: ValidatingWebhook, field: string, errors: FieldError[]): void {
  const { name, failurePolicy, matchPolicy, sideEffects, timeoutSeconds } = webhook
  checkQualifiedName(name, `${field}.name`, errors)
  webhook.rules?.forEach((rule, i) => checkRule(rule, `${field}.rules[${i}]`, errors))
  checkSupported(failurePolicy, ['Fail', 'Ignore'], `${field}.failurePolicy`, errors)
  checkSupported(matchPolicy, ['Equivalent', 'Exact'], `${field}.matchPolicy`, errors)
  if (!sideEffects) errors.push(fieldRequired(`${field}.sideEffects`, 'must specify one of None, NoneOnDryRun'))
  else checkSupported(sideEffects, ['None', 'NoneOnDryRun'], `${field}.sideEffects`, errors)
  if (timeoutSeconds !== undefined && (timeoutSeconds > 30 || timeoutSeconds < 1))
    errors.push(
      fieldInvalid(`${field}.timeoutSeconds`, timeoutSeconds, 'the timeout value must be between 1 and 30 seconds'),
    )
  checkLabelSelector(webhook.namespaceSelector, `${field}.namespaceSelector`, errors)
  checkLabelSelector(webhook.objectSelector, `${field}.objectSelector`, errors)
  checkClientConfig(webhook.clientConfig, `${field}.clientConfig`, errors)
  checkReviewVersions(webhook.admissionReviewVersions, `${field}.admissionReviewVersions`, errors)
  checkMatchConditions(webhook.matchConditions, conditionVariables, `${field}.matchConditions`, errors)
}

function checkQualifiedName(name: string | undefined, field: string, errors: FieldError[]): void {
  if (!name) {
    errors.push(fieldRequired(field))
    return
  }
  const problems = subdomainProblems(name)
  addInvalid(problems, name, field, errors)
  if (problems.length === 0 && name.split('.').length < 3)
    errors.push(fieldInvalid(field, name, 'should be a domain with at least three segments separated by dots'))
}

const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE']

/** Validates a rule of a webhook or an admission policy. */
export function checkRule(rule: RuleWithOperations, field: string, errors: FieldError[]): void {
  if (!rule.operations?.length) errors.push(fieldRequired(`${field}.operations`))
  rule.operations?.forEach((operation, i) => {
    if (!operations.includes(operation))
      errors.push(fieldNotSupported(`${field}.operations[${i}]`, operation, operations))
  })
  checkStar(rule.operations, `${field}.operations`, 'operations', errors)
  if (!rule.apiGroups?.length) errors.push(fieldRequired(`${field}.apiGroups`))
  checkStar(rule.apiGroups, `${field}.apiGroups`, 'API groups', errors)
  if (!rule.apiVersions?.length) errors.push(fieldRequired(`${field}.apiVersions`))
  checkStar(rule.apiVersions, `${field}.apiVersions`, 'API versions', errors)
  rule.apiVersions?.forEach((version, i) => {
    if (version === '') errors.push(fieldRequired(`${field}.apiVersions[${i}]`))
  })
  checkResources(rule.resources ?? [], `${field}.resources`, errors)
  checkSupported(rule.scope, ['*', 'Cluster', 'Namespaced'], `${field}.scope`, errors)
}

function checkStar(values: readonly string[] | undefined, field: string, what: string, errors: FieldError[]): void {
  if (values && values.length > 1 && values.includes('*'))
    errors.push(fieldInvalid(field, values, `if '*' is present, must not specify other ${what}`))
}

function checkResources(resources: readonly string[], field: string, errors: FieldError[]): void {
  if (resources.length === 0) errors.push(fieldRequired(field))
  const hasBoth = resources.includes('*/*') && resources.length > 1
  if (hasBoth) errors.push(fieldInvalid(field, resources, "if '*/*' is present, must not specify other resources"))
  const whole = resources.includes('*')
  resources.forEach((resource, i) => {
    if (resource === '') errors.push(fieldRequired(`${field}[${i}]`))
    else if (whole && resource !== '*' && !resource.includes('/'))
      errors.push(
        fieldInvalid(field, resources, "if '*' is present, must not specify other resources without subresources"),
      )
  })
}

/** Validates where a webhook is called. */
export function checkClientConfig(config: WebhookClientConfig | undefined, field: string, errors: FieldError[]): void {
  const { url, service } = config ?? {}
  if ((url === undefined) === (service === undefined)) {
    errors.push(fieldRequired(field, 'exactly one of url or service is required'))
    return
  }
  if (url !== undefined) checkWebhookUrl(url, `${field}.url`, errors)
  if (!service) return
  // Kubernetes mistakes one for the other.
  if (!service.namespace) errors.push(fieldRequired(`${field}.service.name`))
  if (!service.name) errors.push(fieldRequired(`${field}.service.namespace`))
  const { port = 443, path = '' } = service
  if (port < 1 || port > 65535)
    errors.push(
      fieldInvalid(`${field}.service.port`, port, 'port is not valid: must be between 1 and 65535, inclusive'),
    )
  checkServicePath(path, `${field}.service.path`, errors)
}

/** Validates that the segments of a path are DNS subdomains. */
function checkServicePath(path: string, field: string, errors: FieldError[]): void {
  if (path === '' || path === '/') return
  if (path === '//') {
    errors.push(fieldInvalid(field, path, 'segment[0] may not be empty'))
    return
  }
  if (!path.startsWith('/')) errors.push(fieldInvalid(field, path, "must start with a '/'"))
  const segments = path.slice(1).replace(/\/$/, '').split('/')
  segments.forEach((segment, i) => {
    if (segment === '') errors.push(fieldInvalid(field, path, `segment[${i}] may not be empty`))
    else
      for (const problem of subdomainProblems(segment))
        errors.push(fieldInvalid(field, path, `segment[${i}]: ${problem}`))
  })
}

/** Validates a URL that the API server calls: https, without user information, query or fragment. */
export function checkWebhookUrl(text: string, field: string, errors: FieldError[]): void {
  const form = 'desired format: https://host[/path]'
  const problem = goUrlProblem(text)
  if (problem !== undefined) {
    errors.push(fieldRequired(field, `url must be a valid URL: parse ${JSON.stringify(text)}: ${problem}; ${form}`))
    return
  }
  const [, scheme = '', host = ''] = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/(?:[^/?#@]*@)?([^/?#]*))?/.exec(text) ?? []
  if (scheme.toLowerCase() !== 'https')
    errors.push(fieldInvalid(field, scheme.toLowerCase(), `'https' is the only allowed URL scheme; ${form}`))
  if (host === '') errors.push(fieldInvalid(field, '', `host must be specified; ${form}`))
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url) return
  if (url.username !== '')
    errors.push(fieldInvalid(field, url.username, 'user information is not permitted in the URL'))
  if (url.hash !== '') errors.push(fieldInvalid(field, url.hash, 'fragments are not permitted in the URL'))
  if (url.search !== '')
    errors.push(fieldInvalid(field, url.search.slice(1), 'query parameters are not permitted in the URL'))
}

/** What Go's net/url says about a text that it cannot parse. */
function goUrlProblem(text: string): string | undefined {
  if (/[\u0000-\u001f\u007f]/.test(text)) return 'net/url: invalid control character in URL'
  if (text.startsWith(':')) return 'missing protocol scheme'
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:/.test(text) && text.split('/')[0]?.includes(':'))
    return 'first path segment in URL cannot contain colon'
  const escape = /%(?![0-9A-Fa-f]{2}).{0,2}/.exec(text)
  return escape ? `invalid URL escape ${JSON.stringify(escape[0])}` : undefined
}

/** Supported versions of AdmissionReview. */
export const reviewVersions = ['v1', 'v1beta1']

export function checkReviewVersions(
  versions: readonly string[] | undefined,
  field: string,
  errors: FieldError[],
): void {
  if (!versions?.length) {
    errors.push(fieldRequired(field, `must specify one of ${reviewVersions.join(', ')}`))
    return
  }
  versions.forEach((version, i) => {
    addInvalid(label1035Problems(version), version, `${field}[${i}]`, errors)
    if (versions.indexOf(version) < i) errors.push(fieldInvalid(`${field}[${i}]`, version, 'duplicate version'))
  })
  if (!versions.some((version) => reviewVersions.includes(version)))
    errors.push(fieldInvalid(field, versions, `must include at least one of ${reviewVersions.join(', ')}`))
}

const maxConditions = 64

/** Validates the names and expressions of match conditions. */
export function checkMatchConditions(
  conditions: readonly MatchCondition[] | undefined,
  variables: Variables,
  field: string,
  errors: FieldError[],
): void {
  if (!conditions) return
  checkAtMost(conditions.length, maxConditions, field, errors)
  const seen = new Set<string>()
  conditions.forEach(({ name, expression }, i) => {
    if (!expression?.trim()) errors.push(fieldRequired(`${field}[${i}].expression`))
    checkExpression(expression?.trim(), variables, 'bool', `${field}[${i}].expression`, errors)
    if (!name) errors.push(fieldRequired(`${field}[${i}].name`))
    else {
      for (const problem of qualifiedNameProblems(name)) errors.push(fieldInvalid(`${field}[${i}].name`, name, problem))
      if (seen.has(name)) errors.push(fieldDuplicate(`${field}[${i}].name`, name))
      seen.add(name)
    }
  })
}
