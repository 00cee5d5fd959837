import { isTrue } from '#shared/base/is-true.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import type { FieldRequirement } from '#shared/kube/selectors.ts'
import {
  badRequest,
  failure,
  methodNotAllowed,
  methodNotSupported,
  notFound,
  serviceUnavailable,
  type ApiError,
} from '#shared/kube/status.ts'
import { fieldRequirementsOf } from '../auth/field-requirements.ts'
import { forbiddenRequest } from '../auth/forbidden.ts'
import type { AuthorizationAttributes, Authorizer, UserInfo } from '../api/access.ts'
import { parseBody } from '../codec/body.ts'
import { admit, attributesOf, validateAdmission } from '../registry/admit.ts'
import type { ConnectHandler } from '../api/connect.ts'
import { PlainFailure } from '../api/plain-failure.ts'
import type { Action, ActionHandler, ActionRequest } from '../api/action.ts'
import { itemOf, type RegistryContext, type Target } from '../registry/context.ts'
import { decodeContinue } from '../registry/continue-token.ts'
import { deleteCollection, deleteOne } from '../registry/delete.ts'
import { parseRevision } from '../registry/list-options.ts'
import { partWriteOf, subresourceOf, type Verb } from '../api/kind.ts'
import { patch } from '../registry/patch.ts'
import { serverWrites } from '../registry/server-writes.ts'
import { get, list } from '../registry/read.ts'
import { keyOf, NotConverted, prefixOf, type VersionConversion } from '../api/resources.ts'
import type { Page, Route } from '../api/route.ts'
import { getScale, patchScale, updateScale } from '../registry/scale.ts'
import { getFromView, listView, type View } from '../registry/view.ts'
import { watch, type WatchHub } from '../registry/watch.ts'
import { create, update } from '../registry/write.ts'
import { writeOptions } from '../registry/write-options.ts'
import { splitResourcePath, type Answer, type Call, type Query, type ResourcePath } from '../api/request.ts'

export interface RequestHandlerOptions {
  context: RegistryContext
  hub: WatchHub
  authorizer: Authorizer
  connectHandlers: readonly ConnectHandler[]
  actionHandlers: readonly ActionHandler[]
  views: readonly View[]
  pages: Page
}

/** Request in, answer out: routing, authorisation, then the registry or a page. Transports do the rest. */
export class RequestHandler {
  readonly #options: RequestHandlerOptions
  readonly #connect = new Map<string, ConnectHandler>()
  readonly #actions = new Map<string, ActionHandler>()
  readonly #views = new Map<string, View>()

  constructor(options: RequestHandlerOptions) {
    this.#options = options
    for (const handler of options.connectHandlers)
      this.#connect.set(`${handler.group}/${handler.resource}/${handler.subresource}`, handler)
    for (const handler of options.actionHandlers)
      this.#actions.set(`${handler.group}/${handler.resource}/${handler.subresource}`, handler)
    for (const view of options.views) this.#views.set(`${view.group}/${view.resource}`, view)
  }

  /** @throws ApiError 400 for a path that cannot be decoded */
  route(method: string, path: string, query: Query): Route {
    const malformed = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(path)
    if (malformed) throw badRequest(`invalid URL escape ${JSON.stringify(malformed[0])}`)
    const info = splitResourcePath(path)
    if (!info || info.resource === '')
      return {
        verb: method.toLowerCase(),
        path,
        info: undefined,
        resource: undefined,
        dryRun: false,
        connect: undefined,
      }
    const resource = this.#options.context.resources.find(info.group, info.version, info.resource)
    const connect =
      info.subresource === '' ? undefined : this.#connect.get(`${info.group}/${info.resource}/${info.subresource}`)
    const verb = connect?.verb?.(info.rest) ?? verbOf(method, info, query)
    return { verb, path, info, resource, dryRun: query['dryRun'] !== undefined, connect }
  }

  /** @throws ApiError 403 */
  authorize(attributes: AuthorizationAttributes): void | Promise<void> {
    const decision = this.#options.authorizer.authorize(attributes)
    if (decision instanceof Promise)
      return decision.then(({ allowed, reason }) => {
        if (!allowed) throw forbiddenRequest(attributes, reason)
      })
    if (!decision.allowed) throw forbiddenRequest(attributes, decision.reason)
  }

  /** How many places at its priority level a request takes: a list one for every hundred objects, up to ten. */
  seatsOf({ verb, info, resource }: Route, query: Query): number {
    if (verb !== 'list' || !info || !resource) return 1
    const stored = this.#options.context.store.count(prefixOf(resource, info.namespace))
    const limit = Number(query['limit'])
    return Math.min(10, Math.max(1, Math.ceil((limit > 0 ? Math.min(limit, stored) : stored) / 100)))
  }

  /** Executes an authorised request. @throws ApiError */
  async execute(route: Route, call: Call): Promise<Answer> {
    const { info, resource } = route
    if (!info) {
      const answer = await this.#options.pages(call)
      if (answer) return answer
      throw this.#knowsGroup(route.path.split('/')) ? noSuchPath() : noSuchPage()
    }
    if (!resource && !this.#knowsGroup(route.path.split('/'))) throw noSuchPage()
    if (!resource || (info.namespace !== '' && !resource.kind.namespaced && info.resource !== 'namespaces'))
      throw noSuchPath()
    const target: Target = {
      resource,
      namespace: info.namespace,
      name: info.name,
      subresource: info.subresource,
    }
    if (resource.kind.deprecation !== undefined) call.warnings.push(resource.kind.deprecation)
    const run = (): Promise<Answer> =>
      info.subresource === '' ? this.#main(route.verb, target, call) : this.#subresource(route.verb, target, call)
    const conversion = resource.custom?.conversion
    if (!conversion) return run()
    const read = (): Stored[] => readBy(this.#options.context, route.verb, target, call.query)
    return converting(conversion, resource.apiVersion, read, run)
  }

  /** Below the path of a group that is served, what is missing is told by a Status. */
  #knowsGroup([, root, group = '']: readonly string[]): boolean {
    return root === 'api' || (root === 'apis' && this.#options.context.resources.hasGroup(group))
  }

  /** Looks up the object of a connection and runs CONNECT admission. @throws ApiError */
  async admitConnection(route: Route, call: Call): Promise<Target & { object: ReturnType<typeof itemOf>['object'] }> {
    const { context } = this.#options
    const { info, resource } = route
    if (!info || !resource) throw noSuchPath()
    const { namespace, name, subresource } = info
    const target: Target = { resource, namespace, name, subresource }
    const objectName = route.connect?.objectName?.(name) ?? name
    const entry = context.store.get(keyOf(resource, namespace, objectName))
    if (!entry) throw notFound(resource.groupResource, objectName)
    const { object } = itemOf(resource, entry)
    const attributes = attributesOf(context, target, call, 'CONNECT', {
      object: undefined,
      oldObject: object,
      dryRun: false,
      options: { ...call.query },
    })
    await admit(context, attributes)
    await validateAdmission(context, attributes)
    return { ...target, object }
  }

  async #main(verb: string, target: Target, call: Call): Promise<Answer> {
    const { context, hub } = this.#options
    const { resource, namespace, name } = target
    if (verb === 'create') {
      const action = this.#actionOf(target)
      if (action) return this.#act(action, target, call)
    }
    if (!resource.verbs.has(verb as Verb)) throw methodNotSupported(resource.groupResource, verb)
    const view = this.#views.get(`${resource.kind.group}/${resource.kind.plural}`)
    if (view) return verb === 'list' ? listView(view, target, call.query) : getFromView(view, target)
    const reads = verb === 'list' || verb === 'watch'
    if (resource.kind.namespaced && namespace === '' && !reads) throw methodNotSupported(resource.groupResource, verb)
    switch (verb) {
      case 'get':
        return get(context, target, call.query)
      case 'list':
        return list(context, target, call.query)
      case 'watch':
        return watch(hub, target, call.query)
      case 'create':
        if (name !== '') throw methodNotAllowed()
        return create(context, target, call)
      case 'update':
        return update(context, requireName(target), call)
      case 'patch':
        return patch(context, requireName(target), call)
      case 'delete':
        return deleteOne(context, target, call)
      case 'deletecollection':
        return deleteCollection(context, target, call)
      default:
        throw methodNotSupported(resource.groupResource, verb)
    }
  }

  async #subresource(verb: string, target: Target, call: Call): Promise<Answer> {
    const { context } = this.#options
    const { resource, subresource } = target
    const { kind } = resource
    const action = this.#actionOf(target)
    if (action) {
      if (verb !== 'create') throw methodNotSupported(resource.groupResource, verb)
      return this.#act(action, target, call)
    }
    if (subresource === 'scale' && kind.scale) {
      if (verb === 'get') return getScale(context, target, kind.scale)
      if (verb === 'update') return updateScale(context, target, call, kind.scale)
      if (verb === 'patch') return patchScale(context, target, call, kind.scale)
    } else if ((subresource === 'status' && kind.status) || partWriteOf(kind, subresource)) {
      if (verb === 'get') return get(context, target, call.query)
      if (verb === 'update') return update(context, target, call)
      if (verb === 'patch') return patch(context, target, call)
    } else if (subresourceOf(kind, subresource))
      throw serviceUnavailable(`${kind.plural}/${subresource} is not available through this connection`)
    else throw noSuchPath()
    throw methodNotSupported(resource.groupResource, verb)
  }

  /** Of the kind's declaration, or given to the server. */
  #actionOf({ resource: { kind }, subresource }: Target): Action | undefined {
    const declared = subresource === '' ? kind.action : subresourceOf(kind, subresource)
    if (declared && 'create' in declared) return declared
    return this.#actions.get(`${kind.group}/${kind.plural}/${subresource}`)
  }

  async #act(action: Action, target: Target, call: Call): Promise<Answer> {
    const { context } = this.#options
    const { resource, namespace, name, subresource } = target
    const entry = subresource === '' ? undefined : context.store.get(keyOf(resource, namespace, name))
    if (subresource !== '' && !entry) throw notFound(resource.groupResource, name)
    const body = parseBody(call.body) as KubeObject
    body.metadata ??= {}
    const options = writeOptions(call, 'CreateOptions')
    const { dryRun } = options
    const request: ActionRequest = {
      namespace,
      name,
      body,
      object: entry && itemOf(resource, entry).object,
      user: call.user,
      dryRun,
      reader: context.reader,
      writes: serverWrites(context, call, options),
    }
    action.check?.(request)
    const attributes = attributesOf(context, target, call, 'CREATE', { object: body, dryRun, options: options.raw })
    await admit(context, attributes)
    await validateAdmission(context, attributes)
    const object = await action.create(request)
    return { type: 'object', code: 201, object }
  }
}

/** Stored objects that a request may read: of a list or watch from an earlier revision also what has changed since. */
function readBy(
  { store }: RegistryContext,
  verb: string,
  { resource, namespace, name }: Target,
  query: Query,
): Stored[] {
  if (verb === 'create') return []
  if (name !== '' && verb !== 'watch') {
    const key = keyOf(resource, namespace, name)
    return [store.get(key), store.head(key)].flatMap((entry) => entry?.object ?? [])
  }
  const prefix = prefixOf(resource, namespace)
  const read = store.list(prefix).entries.map(({ object }) => object)
  const from = revisionOf(verb, query)
  if (from === undefined || from < store.compactedRevision) return read
  const stop = store.watch(prefix, from, {
    changes: (batch) =>
      batch.forEach(({ entry, previous }) => read.push(entry.object, ...(previous ? [previous.object] : []))),
    close: () => undefined,
  })
  void stop()
  return read
}

/** The earlier revision that a watch begins at, or that a list shows; one that is wrong is refused later. */
function revisionOf(verb: string, query: Query): number | undefined {
  const { continue: token, resourceVersion, resourceVersionMatch: match, limit } = query
  const isExact = verb === 'watch' || match === 'Exact' || (match !== 'NotOlderThan' && Number(limit) > 0)
  try {
    if (token) return decodeContinue(token).revision
    return isExact ? parseRevision(resourceVersion) : undefined
  } catch {
    return undefined
  }
}

/** How often one request waits for objects that were written meanwhile in another version. */
const mostConversions = 10

/**
 * Runs a request once what it reads is converted: objects that are written in another version meanwhile are waited for, too. Nothing
 * has been written where one still lacks its form. @throws ApiError
 */
async function converting(
  conversion: VersionConversion,
  apiVersion: string,
  read: () => Stored[],
  run: () => Promise<Answer>,
): Promise<Answer> {
  for (let tries = 1; tries <= mostConversions; tries++) {
    const pending = conversion.prepare(read(), apiVersion)
    if (!pending) break
    await pending
  }
  for (let tries = 1; ; tries++) {
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof NotConverted) || tries > mostConversions) throw error
      await conversion.prepare([error.stored], error.apiVersion)
    }
  }
}

function requireName(target: Target): Target {
  if (target.name === '') throw methodNotAllowed()
  return target
}

export const noSuchPath = (): ApiError => failure(404, 'NotFound', 'the server could not find the requested resource')

/** What no part of the server knows, as Go's own handler tells it. */
const noSuchPage = (): ApiError => new PlainFailure(404, 'NotFound', '404 page not found')

function verbOf(method: string, info: ResourcePath, query: Query): string {
  switch (method) {
    case 'GET':
    case 'HEAD':
      if (isTrue(query['watch'])) return info.subresource === '' ? 'watch' : 'get'
      return info.name === '' ? 'list' : 'get'
    case 'POST':
      return 'create'
    case 'PUT':
      return 'update'
    case 'PATCH':
      return 'patch'
    case 'DELETE':
      return info.name === '' ? 'deletecollection' : 'delete'
    default:
      return method.toLowerCase()
  }
}

/** What flow control and authorisation look at. */
export function attributesFor(route: Route, query: Query, user: UserInfo): AuthorizationAttributes {
  const { verb, path, info } = route
  if (!info) return { user, resourceRequest: false, verb, path }
  const text = selecting.has(verb) ? query['fieldSelector'] : undefined
  // One that cannot be parsed is refused by the registry afterwards.
  const fieldSelector = text ? fieldRequirementsOf(text) : undefined
  return {
    user,
    resourceRequest: true,
    verb,
    group: info.group,
    version: info.version,
    resource: info.resource,
    subresource: info.subresource,
    // A Namespace counts as within itself, so that a Role in it can allow `get` of it (RequestInfo of Kubernetes).
    namespace: info.resource === 'namespaces' && info.group === '' ? info.name : info.namespace,
    name: info.name === '' && verb !== 'deletecollection' ? nameIn(fieldSelector) : info.name,
    ...(fieldSelector ? { fieldSelector } : {}),
  }
}

const selecting = new Set(['list', 'watch', 'deletecollection'])

/** A list or watch of one name is authorised as a request for that name (RequestInfoFactory of Kubernetes). */
const nameIn = (requirements: readonly FieldRequirement[] = []): string =>
  requirements.find(({ field, negated }) => field === 'metadata.name' && !negated)?.value ?? ''
