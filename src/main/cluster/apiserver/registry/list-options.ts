import { isTrue } from '#shared/base/is-true.ts'
import {
  badRequest,
  failure,
  fieldForbidden,
  fieldNotSupported,
  invalid,
  type FieldError,
} from '#shared/kube/status.ts'
import type { RegistryContext } from './context.ts'
import type { Query } from '../api/request.ts'

/**
 * How a list or watch selects a revision: the combination of resourceVersion, resourceVersionMatch, limit and continue.
 */
export interface RevisionDemand {
  /** undefined = unset; 0 = any. */
  revision: number | undefined
  match: 'Exact' | 'NotOlderThan' | undefined
  sendInitialEvents: boolean | undefined
}

/** Parses and validates the parameters. @throws ApiError 400 or 422 as Kubernetes' ListOptions validation does */
export function parseRevisionDemand(query: Query, watch: boolean): RevisionDemand {
  const match = query['resourceVersionMatch'] ?? ''
  const sendInitialEvents = query['sendInitialEvents']
  const errors = watch ? checkWatch(query, match) : checkList(query, match)
  const matches = watch ? ['NotOlderThan'] : ['Exact', 'NotOlderThan']
  if (match !== '' && !matches.includes(match))
    errors.push(fieldNotSupported('resourceVersionMatch', match, watch ? matches : [...matches, '']))
  parseTimeout(query['timeoutSeconds'])
  if (errors.length > 0) throw invalid('ListOptions', 'meta.k8s.io', '', errors)
  return {
    revision: parseRevision(query['resourceVersion'], watch ? 'watch' : 'read'),
    match: match === '' ? undefined : (match as 'Exact' | 'NotOlderThan'),
    sendInitialEvents: sendInitialEvents === undefined ? undefined : isTrue(sendInitialEvents),
  }
}

function checkList(query: Query, match: string): FieldError[] {
  const errors: FieldError[] = []
  const forbid = (field: string, why: string): unknown => errors.push(fieldForbidden(field, why))
  if (match !== '') {
    if (!query['resourceVersion'])
      forbid('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided')
    if (query['continue']) forbid('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided')
    if (match === 'Exact' && query['resourceVersion'] === '0')
      forbid('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"')
  }
  if (query['sendInitialEvents'] !== undefined) forbid('sendInitialEvents', 'sendInitialEvents is forbidden for list')
  return errors
}

function checkWatch(query: Query, match: string): FieldError[] {
  const errors: FieldError[] = []
  const forbid = (field: string, why: string): unknown => errors.push(fieldForbidden(field, why))
  if (query['sendInitialEvents'] === undefined) {
    if (match !== '')
      forbid('resourceVersionMatch', 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided')
  } else if (match !== 'NotOlderThan')
    forbid('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan')
  if (query['continue']) forbid('continue', 'continue is forbidden for watch')
  return errors
}

/** @throws ApiError 400; 500 for a watch, as in Kubernetes */
export function parseRevision(text: string | undefined, verb: 'read' | 'watch' = 'read'): number | undefined {
  if (text === undefined || text === '') return undefined
  if (/^\d{1,15}$/.test(text)) return Number(text)
  const quoted = JSON.stringify(text)
  const problem = `resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: invalid syntax`
  throw verb === 'watch' ? failure(500, '', problem) : badRequest(`invalid resource version: ${problem}`)
}

/** Seconds of the `timeoutSeconds` parameter. @throws ApiError 400 */
export function parseTimeout(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  const seconds = Number(text)
  if (!Number.isInteger(seconds) || seconds < 0)
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  return seconds
}

const aheadTimeout = 3000
const aheadPoll = 20

/** Waits until the store has reached `revision`. @throws ApiError 504 after three seconds */
export async function waitForRevision({ store, clock }: RegistryContext, revision: number): Promise<void> {
  for (let waited = 0; store.revision < revision; waited += aheadPoll) {
    if (waited >= aheadTimeout) throw tooLargeRevision(revision, store.revision)
    await new Promise<void>((resolve) => clock.after(aheadPoll, resolve))
  }
}

const tooLargeRevision = (asked: number, current: number): ReturnType<typeof failure> =>
  failure(504, 'Timeout', `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  })
