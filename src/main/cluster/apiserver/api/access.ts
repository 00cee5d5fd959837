import type { IncomingMessage } from 'node:http'
import type { FieldRequirement } from '#shared/kube/selectors.ts'

/** The user of a request, as `authentication.k8s.io` defines it. */
export interface UserInfo {
  name: string
  uid?: string
  groups: readonly string[]
  extra?: Readonly<Record<string, readonly string[]>>
  /** The authenticated user, when this user is impersonated. */
  impersonator?: UserInfo
}

/** Finds the user of a request. */
export interface Authenticator {
  /**
   * @returns the user, or undefined when the request carries no credentials (it is then anonymous).
   * @throws ApiError 401 when its credentials are invalid.
   */
  authenticate(request: IncomingMessage): UserInfo | undefined | Promise<UserInfo | undefined>
}

/** Decides whether a user may perform a request. */
export interface Authorizer {
  authorize(attributes: AuthorizationAttributes): Decision | Promise<Decision>
}

export interface Decision {
  allowed: boolean
  /** Reason of a denial, appended to the message of the 403. */
  reason?: string
}

export type AuthorizationAttributes = ResourceAttributes | NonResourceAttributes

export interface ResourceAttributes {
  user: UserInfo
  resourceRequest: true
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`, or a special verb (`bind` …). */
  verb: string
  group: string
  version: string
  resource: string
  subresource: string
  /** '' for cluster-wide requests. */
  namespace: string
  /** '' for create, deletecollection, list and watch; `metadata.name=x` in the selector of the last two is a name. */
  name: string
  /** The field selector of a list, watch or deletecollection; unset when there is none or it does not parse. */
  fieldSelector?: readonly FieldRequirement[]
}

export interface NonResourceAttributes {
  user: UserInfo
  resourceRequest: false
  /** The HTTP method in lower case. */
  verb: string
  path: string
}

export const anonymous: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] }

/** Prefix of the cookies of the app's own page (`main/web`): browsers send them to every port of this machine. */
export const cookiePrefix = 'slipway-'
