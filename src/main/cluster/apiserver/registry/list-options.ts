import {
  badRequest,
  failure,
  fieldForbidden,
  fieldNotSupported,
  invalid,
  type FieldError,
} from '#shared/kube/status.ts'
import type { RegistryContext } from './context.ts'
import { isTrue, type Query } from '../api/request.ts'

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
  if (match !== '' && match !== 'Exact' && match !== 'NotOlderThan')
    errors.push(fieldNotSupported('resourceVersionMatch', match, ['Exact', 'NotOlderThan', '']))
  if (errors.length > 0) throw invalid('ListOptions', 'meta.k8s.io', '', errors)
  return {
    revision: parseRevision(query['resourceVersion']),
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

/** @throws ApiError 400 */
export function parseRevision(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  if (!/^\d{1,15}$/.test(text))
    throw badRequest(
      `Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
    )
  return Number(text)
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
