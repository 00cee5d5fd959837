import { badRequest, expired, notFound } from '#shared/kube/status.ts'
import { Compacted, type ListResult } from '../../store/store.ts'
import type { Answer, Item, ListAnswer, Query } from '../api/request.ts'
import { itemOf, type RegistryContext, type Target } from './context.ts'
import { continueExpired, decodeContinue, encodeContinue } from './continue-token.ts'
import { parseRevision, parseRevisionDemand, waitForRevision, type RevisionDemand } from './list-options.ts'
import { keyOf, prefixOf } from '../api/resources.ts'
import { parseSelection, type Selection } from './selection.ts'

/** `GET` of one object. @throws ApiError 404 */
export function get(context: RegistryContext, target: Target, query: Query): Answer | Promise<Answer> {
  const revision = query['resourceVersion'] === undefined ? undefined : parseRevision(query['resourceVersion'])
  if (revision !== undefined && revision > context.store.revision)
    return waitForRevision(context, revision).then(() => read(context, target))
  return read(context, target)
}

function read({ store }: RegistryContext, { resource, namespace, name }: Target): Answer {
  const entry = store.get(keyOf(resource, namespace, name))
  if (!entry) throw notFound(resource.groupResource, name)
  const { object, json } = itemOf(resource, entry)
  return { type: 'object', code: 200, resource, object, json }
}

/** `GET` of a collection. @throws ApiError */
export function list(context: RegistryContext, target: Target, query: Query): Answer | Promise<Answer> {
  const demand = parseRevisionDemand(query, false)
  const selection = parseSelection(target, query)
  const { revision } = demand
  if (revision !== undefined && revision > context.store.revision)
    return waitForRevision(context, revision).then(() => listNow(context, target, query, demand, selection))
  return listNow(context, target, query, demand, selection)
}

function listNow(
  context: RegistryContext,
  target: Target,
  query: Query,
  demand: RevisionDemand,
  selection: Selection | undefined,
): ListAnswer {
  const limit = parseLimit(query['limit'])
  if (limit > 0 || query['continue']) return listPage(context, target, query, demand, selection, limit)
  const exact = demand.match === 'Exact' ? demand.revision : undefined
  const found = listEntries(context, prefixOf(target.resource, target.namespace), { revision: exact })
  return {
    type: 'list',
    resource: target.resource,
    items: select(target, found, selection),
    metadata: { resourceVersion: String(found.revision) },
  }
}

function select({ resource }: Target, { entries }: ListResult, selection: Selection | undefined): readonly Item[] {
  const items = resource.converted ? entries.map((entry) => itemOf(resource, entry)) : entries
  return selection ? items.filter((item) => selection.matches(item.object)) : items
}

/** Returns one page of a limited list; all pages read the snapshot of the first. */
function listPage(
  context: RegistryContext,
  target: Target,
  query: Query,
  demand: RevisionDemand,
  selection: Selection | undefined,
  limit: number,
): ListAnswer {
  const prefix = prefixOf(target.resource, target.namespace)
  const start = pageStart(context, query, demand)
  let after = start.after
  let remaining = 0
  let revision = start.revision
  const items: Item[] = []
  do {
    const page = pageOf(context, prefix, start.continued, revision, after, limit)
    revision ??= page.revision
    remaining = page.remaining
    for (const entry of page.entries) {
      const item = itemOf(target.resource, entry)
      after = entry.key.slice(prefix.length)
      if (!selection || selection.matches(item.object)) items.push(item)
      if (limit > 0 && items.length === limit) {
        remaining += page.entries.length - 1 - page.entries.indexOf(entry)
        break
      }
    }
  } while (limit > 0 && items.length < limit && remaining > 0)
  return {
    type: 'list',
    resource: target.resource,
    items,
    metadata: {
      resourceVersion: String(revision),
      ...(remaining > 0 && after !== undefined
        ? { continue: encodeContinue({ revision, after }), ...(selection ? {} : { remainingItemCount: remaining }) }
        : {}),
    },
  }
}

interface PageStart {
  revision: number | undefined
  after: string | undefined
  continued: boolean
}

function pageStart({ store }: RegistryContext, query: Query, demand: RevisionDemand): PageStart {
  const token = query['continue']
  if (!token) {
    // A limited list at a revision is exact unless NotOlderThan was requested.
    const exact = demand.match !== 'NotOlderThan' && demand.revision !== undefined && demand.revision > 0
    return { revision: exact ? demand.revision : undefined, after: undefined, continued: false }
  }
  if (demand.revision !== undefined && demand.revision !== 0)
    throw badRequest('specifying resource version is not allowed when using continue')
  const { revision, after } = decodeContinue(token)
  return { revision: revision < 0 ? store.revision : revision, after, continued: true }
}

function pageOf(
  { store }: RegistryContext,
  prefix: string,
  continued: boolean,
  revision: number | undefined,
  after: string | undefined,
  limit: number,
): ListResult {
  try {
    return store.list(prefix, {
      ...(revision === undefined || revision === store.revision ? {} : { revision }),
      ...(limit > 0 ? { limit } : {}),
      ...(after === undefined ? {} : { after: prefix + after }),
    })
  } catch (error) {
    if (!(error instanceof Compacted)) throw error
    throw continued ? continueExpired(after ?? '') : expired(tooOld(revision ?? 0, error))
  }
}

/** Lists the entries under a prefix. @throws ApiError 410 when the revision has been compacted */
function listEntries(
  { store }: RegistryContext,
  prefix: string,
  { revision }: { revision: number | undefined },
): ListResult {
  try {
    return store.list(prefix, revision === undefined || revision === store.revision ? {} : { revision })
  } catch (error) {
    if (error instanceof Compacted) throw expired(tooOld(revision ?? 0, error))
    throw error
  }
}

/** The message of a 410 for a compacted revision. */
export const tooOld = (revision: number, { compactedRevision }: Compacted): string =>
  `too old resource version: ${revision} (${compactedRevision})`

function parseLimit(text: string | undefined): number {
  if (text === undefined || text === '') return 0
  const limit = Number(text)
  if (!/^[+-]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  return Math.max(0, limit)
}
