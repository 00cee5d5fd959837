import type {
  FieldSelectorAttributes,
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
  SubjectAccessReviewSpec,
} from '#shared/kube/generated/types.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import type { FieldRequirement } from '#shared/kube/selectors.ts'
import { fieldInvalid, fieldRequired, invalid, badRequest, type FieldError } from '#shared/kube/status.ts'
import type { ActionHandler, ActionRequest } from '../api/action.ts'
import { fieldRequirementsOf } from './field-requirements.ts'
import type { RbacAuthorizer } from './rbac.ts'
import type { AuthorizationAttributes, Authorizer, UserInfo } from '../api/access.ts'

const group = 'authorization.k8s.io'

/** Access reviews: `kubectl auth can-i` and delegated authorization. */
export function accessReviews(options: { authorizer: Authorizer; rbac: RbacAuthorizer }): ActionHandler[] {
  const { authorizer, rbac } = options
  const review = (resource: string, create: ActionHandler['create']): ActionHandler => ({
    group,
    resource,
    subresource: '',
    create,
  })
  return [
    review('selfsubjectaccessreviews', ({ body, user }) =>
      reviewOwn(authorizer, body as SelfSubjectAccessReview, user),
    ),
    review('subjectaccessreviews', ({ body }) =>
      reviewSubject(authorizer, body as SubjectAccessReview, 'SubjectAccessReview'),
    ),
    review('localsubjectaccessreviews', (request) => reviewLocally(authorizer, request)),
    review('selfsubjectrulesreviews', ({ body, user }) => reviewRules(rbac, body as SelfSubjectRulesReview, user)),
  ]
}

async function reviewOwn(authorizer: Authorizer, review: SelfSubjectAccessReview, user: UserInfo): Promise<KubeObject> {
  refuse('SelfSubjectAccessReview', [
    ...attributeErrors(review.spec ?? {}),
    ...selectorErrors(review.spec ?? {}),
    ...metadataErrors(review),
  ])
  return answer(authorizer, review, user, 'SelfSubjectAccessReview')
}

async function reviewSubject(
  authorizer: Authorizer,
  review: SubjectAccessReview | LocalSubjectAccessReview,
  kind: string,
  more: readonly FieldError[] = metadataErrors(review),
): Promise<KubeObject> {
  const { user, groups = [], uid, extra } = review.spec ?? {}
  const errors = attributeErrors(review.spec ?? {})
  if (!user && groups.length === 0)
    errors.push(fieldInvalid('spec.user', '', 'at least one of user or group must be specified'))
  errors.push(...selectorErrors(review.spec ?? {}), ...more)
  refuse(kind, errors)
  return answer(
    authorizer,
    review,
    { name: user ?? '', groups, ...(uid ? { uid } : {}), ...(extra ? { extra } : {}) },
    kind,
  )
}

function reviewLocally(authorizer: Authorizer, { body, namespace }: ActionRequest): Promise<KubeObject> {
  const review = body as LocalSubjectAccessReview
  const { resourceAttributes, nonResourceAttributes } = review.spec ?? {}
  const errors = metadataErrors(review, namespace)
  const asked = resourceAttributes?.namespace ?? ''
  if (resourceAttributes && asked !== namespace)
    errors.push(fieldInvalid('spec.resourceAttributes.namespace', asked, 'must match metadata.namespace'))
  if (nonResourceAttributes)
    errors.push(fieldInvalid('spec.nonResourceAttributes', nonResourceAttributes, 'disallowed on this kind of request'))
  return reviewSubject(authorizer, review, 'LocalSubjectAccessReview', errors)
}

/** A review has no metadata, besides a namespace: one that is given to a kind without namespaces is dropped. */
function metadataErrors({ metadata }: AnyReview, within?: string): FieldError[] {
  const given = Object.entries(metadata ?? {}).some(
    ([name, value]) => (value ?? null) !== null && name !== 'managedFields' && name !== 'namespace',
  )
  const problem = within === undefined ? 'must be empty' : 'must be empty except for namespace'
  return given ? [fieldInvalid('metadata', metadata, problem)] : []
}

/** A selector is written as text or as requirements. */
function selectorErrors({ resourceAttributes = {} }: SubjectAccessReviewSpec): FieldError[] {
  return (['fieldSelector', 'labelSelector'] as const).flatMap((name) => {
    const selector = resourceAttributes[name]
    const field = `spec.resourceAttributes.${name}`
    const isListed = (selector?.requirements?.length ?? 0) > 0
    if (selector?.rawSelector && isListed)
      return [
        fieldInvalid(
          `${field}.rawSelector`,
          selector.rawSelector,
          'may not specified at the same time as requirements',
        ),
      ]
    if (!selector || selector.rawSelector || isListed) return []
    const problem = `when ${field} is specified, requirements or rawSelector is required`
    return [fieldRequired(`${field}.requirements`, problem)]
  })
}

type AnyReview = SubjectAccessReview | SelfSubjectAccessReview | LocalSubjectAccessReview

async function answer(authorizer: Authorizer, review: AnyReview, user: UserInfo, kind: string): Promise<KubeObject> {
  const { allowed, reason } = await authorizer.authorize(attributesOf(review.spec, user))
  const status = { allowed, ...(reason ? { reason } : {}) }
  return Object.assign(review, { apiVersion: `${group}/v1`, kind, status })
}

function attributesOf(spec: SubjectAccessReviewSpec, user: UserInfo): AuthorizationAttributes {
  const { resourceAttributes, nonResourceAttributes } = spec
  if (!resourceAttributes)
    return {
      user,
      resourceRequest: false,
      verb: nonResourceAttributes?.verb ?? '',
      path: nonResourceAttributes?.path ?? '',
    }
  const {
    verb = '',
    group = '',
    version = '',
    resource = '',
    subresource = '',
    namespace = '',
    name = '',
  } = resourceAttributes
  const fieldSelector = requirementsOf(resourceAttributes.fieldSelector)
  return {
    user,
    resourceRequest: true,
    verb,
    group,
    version,
    resource,
    subresource,
    namespace,
    name,
    ...(fieldSelector ? { fieldSelector } : {}),
  }
}

/** Requirements with one value; authorizers ignore all others. */
function requirementsOf(selector: FieldSelectorAttributes | undefined): FieldRequirement[] | undefined {
  if (selector?.rawSelector) return fieldRequirementsOf(selector.rawSelector)
  return selector?.requirements?.flatMap(({ key, operator, values = [] }) => {
    const [value] = values
    if (value === undefined || values.length !== 1 || (operator !== 'In' && operator !== 'NotIn')) return []
    return [{ field: key, negated: operator === 'NotIn', value }]
  })
}

function attributeErrors({ resourceAttributes, nonResourceAttributes }: SubjectAccessReviewSpec): FieldError[] {
  if (resourceAttributes && nonResourceAttributes)
    return [
      fieldInvalid(
        'spec.nonResourceAttributes',
        nonResourceAttributes,
        'cannot be specified in combination with resourceAttributes',
      ),
    ]
  if (!resourceAttributes && !nonResourceAttributes)
    return [
      fieldInvalid(
        'spec.resourceAttributes',
        nonResourceAttributes,
        'exactly one of nonResourceAttributes or resourceAttributes must be specified',
      ),
    ]
  return []
}

/** @throws ApiError 422 */
function refuse(kind: string, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid(kind, group, '', errors)
}

function reviewRules(rbac: RbacAuthorizer, review: SelfSubjectRulesReview, user: UserInfo): KubeObject {
  const namespace = review.spec?.namespace ?? ''
  if (namespace === '') throw badRequest('no namespace on request')
  const rules = rbac.rulesOf(user, namespace)
  const status = {
    resourceRules: rules
      .filter(({ nonResourceURLs }) => !nonResourceURLs?.length)
      .map(({ verbs, apiGroups, resources, resourceNames }) => ({
        verbs,
        apiGroups,
        resources,
        ...(resourceNames ? { resourceNames } : {}),
      })),
    nonResourceRules: rules
      .filter(({ nonResourceURLs }) => nonResourceURLs?.length)
      .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    incomplete: false,
  }
  return Object.assign(review, { apiVersion: `${group}/v1`, kind: 'SelfSubjectRulesReview', status })
}
