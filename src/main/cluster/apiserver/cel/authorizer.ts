import type { Environment } from '@marcbachmann/cel-js'
import { messageOf } from '#shared/base/message-of.ts'
import { labelProblems, subdomainProblems } from '#shared/kube/validation-names.ts'
import type { AuthorizationAttributes, Decision, ResourceAttributes, UserInfo } from '../api/access.ts'

/** Decides synchronously: evaluation cannot wait. */
export interface DirectAuthorizer {
  authorize(attributes: AuthorizationAttributes): Decision
}

/** The resource of the request, for `authorizer.requestResource`. */
export type RequestResource = Pick<ResourceAttributes, 'group' | 'resource' | 'subresource' | 'namespace' | 'name'>

/** CEL types of the variable `authorizer`, as Kubernetes' messages name them. */
export const authorizerType = 'kubernetes.authorization.Authorizer'
const pathType = 'kubernetes.authorization.PathCheck'
const groupType = 'kubernetes.authorization.GroupCheck'
const resourceType = 'kubernetes.authorization.ResourceCheck'
const decisionType = 'kubernetes.authorization.Decision'

/** The value of the variable `authorizer`: checks the permissions of the requesting user. */
export const authorizerValue = (
  authorizer: DirectAuthorizer,
  user: UserInfo,
  request: RequestResource,
): AuthorizerValue => {
  const asks = { authorizer, user }
  return new AuthorizerValue(asks, new ResourceCheck(asks, request))
}

/** Kubernetes' authz library: `authorizer.group('').resource('pods').namespace('a').check('get').allowed()`. */
export function registerAuthorizer(environment: Environment): void {
  environment
    .registerType(decisionType, { ctor: DecisionValue, fields: {} })
    .registerType(pathType, { ctor: PathCheck, fields: {} })
    .registerType(groupType, { ctor: GroupCheck, fields: {} })
    .registerType(resourceType, { ctor: ResourceCheck, fields: {} })
    .registerType(authorizerType, { ctor: AuthorizerValue, fields: { requestResource: resourceType } })
  registerQuestions(environment)
  registerAnswers(environment)
}

function registerQuestions(environment: Environment): void {
  environment
    .registerFunction(`${authorizerType}.path(string): ${pathType}`, ({ asks }: AuthorizerValue, path: string) => {
      if (path === '') throw new Error('path must not be empty')
      return new PathCheck(asks, path)
    })
    .registerFunction(
      `${authorizerType}.group(string): ${groupType}`,
      ({ asks }: AuthorizerValue, group: string) => new GroupCheck(asks, group),
    )
    .registerFunction(`${authorizerType}.serviceAccount(string, string): ${authorizerType}`, serviceAccountAuthorizer)
    .registerFunction(
      `${groupType}.resource(string): ${resourceType}`,
      ({ asks, group }: GroupCheck, resource: string) =>
        new ResourceCheck(asks, { group, resource, subresource: '', namespace: '', name: '' }),
    )
  for (const part of ['subresource', 'namespace', 'name'] as const)
    environment.registerFunction(
      `${resourceType}.${part}(string): ${resourceType}`,
      ({ asks, about }: ResourceCheck, value: string) => new ResourceCheck(asks, { ...about, [part]: value }),
    )
  // Selectors are ignored: the check is that of a request without selectors, which for nodes may be stricter.
  for (const part of ['fieldSelector', 'labelSelector'])
    environment.registerFunction(`${resourceType}.${part}(string): ${resourceType}`, (check: ResourceCheck) => check)
}

function registerAnswers(environment: Environment): void {
  environment
    .registerFunction(`${pathType}.check(string): ${decisionType}`, ({ asks, path }: PathCheck, verb: string) =>
      decide(asks.authorizer, { user: asks.user, resourceRequest: false, verb, path }),
    )
    .registerFunction(
      `${resourceType}.check(string): ${decisionType}`,
      ({ asks, about }: ResourceCheck, verb: string) =>
        decide(asks.authorizer, { user: asks.user, resourceRequest: true, verb, version: '*', ...about }),
    )
    .registerFunction(`${decisionType}.allowed(): bool`, ({ allowed }: DecisionValue) => allowed)
    .registerFunction(`${decisionType}.reason(): string`, ({ reason }: DecisionValue) => reason)
    .registerFunction(`${decisionType}.errored(): bool`, ({ error }: DecisionValue) => error !== undefined)
    .registerFunction(`${decisionType}.error(): string`, ({ error }: DecisionValue) => error ?? '')
}

function serviceAccountAuthorizer({ asks }: AuthorizerValue, namespace: string, name: string): AuthorizerValue {
  if (labelProblems(namespace).length > 0) throw new Error('Invalid service account namespace')
  if (subdomainProblems(name).length > 0) throw new Error('Invalid service account name')
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated']
  const user: UserInfo = { name: `system:serviceaccount:${namespace}:${name}`, groups }
  return new AuthorizerValue({ ...asks, user })
}

/** A failed decision denies, and the expression can read the error. */
function decide(authorizer: DirectAuthorizer, attributes: AuthorizationAttributes): DecisionValue {
  try {
    const { allowed, reason = '' } = authorizer.authorize(attributes)
    return new DecisionValue(allowed, reason)
  } catch (error) {
    return new DecisionValue(false, '', messageOf(error))
  }
}

/** The user to check, and the request that the check is made for. */
interface Asks {
  authorizer: DirectAuthorizer
  user: UserInfo
}

class AuthorizerValue {
  readonly asks: Asks
  /** The request's resource; unset for the authorizer of a service account. */
  readonly requestResource: ResourceCheck | undefined
  constructor(asks: Asks, requestResource?: ResourceCheck) {
    this.asks = asks
    this.requestResource = requestResource
  }
}

class PathCheck {
  readonly asks: Asks
  readonly path: string
  constructor(asks: Asks, path: string) {
    this.asks = asks
    this.path = path
  }
}

class GroupCheck {
  readonly asks: Asks
  readonly group: string
  constructor(asks: Asks, group: string) {
    this.asks = asks
    this.group = group
  }
}

class ResourceCheck {
  readonly asks: Asks
  readonly about: RequestResource
  constructor(asks: Asks, about: RequestResource) {
    this.asks = asks
    this.about = about
  }
}

class DecisionValue {
  readonly allowed: boolean
  readonly reason: string
  readonly error: string | undefined
  constructor(allowed: boolean, reason: string, error?: string) {
    this.allowed = allowed
    this.reason = reason
    this.error = error
  }
}
