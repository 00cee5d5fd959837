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
import {
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  invalid,
  badRequest,
  type FieldError,
} from '#shared/kube/status.ts'
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
  refuse('SelfSubjectAccessReview', attributeErrors(review.spec ?? {}))
  return answer(authorizer, review, user, 'SelfSubjectAccessReview')
}

async function reviewSubject(
  authorizer: Authorizer,
  review: SubjectAccessReview | LocalSubjectAccessReview,
  kind: string,
): Promise<KubeObject> {
  const { user, groups = [], uid, extra } = review.spec ?? {}
  const errors = attributeErrors(review.spec ?? {})
  if (!user && groups.length === 0)
    errors.push(fieldRequired('spec.user', 'at least one of user or group must be specified'))
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
  if (nonResourceAttributes)
    refuse('LocalSubjectAccessReview', [
      fieldForbidden('spec.nonResourceAttributes', 'disallowed on this kind of request'),
    ])
  if (resourceAttributes && resourceAttributes.namespace !== namespace)
    throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${namespace}`)
  return reviewSubject(authorizer, review, 'LocalSubjectAccessReview')
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
