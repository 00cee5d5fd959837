import { randomUUID } from 'node:crypto'
import { chmodSync, closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { Clock } from '#shared/base/clock.ts'
import type { Log } from '#shared/base/log.ts'
import { microTimestamp } from '#shared/kube/timestamp.ts'
import { auditOrder, auditPolicyOf, type AuditLevel, type AuditPolicy, type AuditStage } from './audit-policy.ts'
import type { UserInfo } from '../api/access.ts'
import type { Route } from '../api/route.ts'

export interface AuditOptions {
  policy: AuditPolicy
  file: string
  clock: Clock
  log: Log
  /** Size at which the file is rotated, bytes. */
  maxBytes?: number
  /** Rotated files that are kept. */
  maxFiles?: number
}

/** The record of one request. */
export interface AuditRecord {
  allowed(reason: string | undefined): void
  refused(reason: string | undefined): void
  /** @param read decodes the body; not called at levels without one */
  request(read: () => unknown): void
  started(code: number): void
  /** Writes stage ResponseComplete; further calls do nothing. */
  complete(code: number, object?: unknown): void
  /** Writes stage Panic, for a request that failed in the server; further calls do nothing. */
  panic(): void
}

export interface Audit {
  /** undefined when the policy does not record this request. */
  begin(message: IncomingMessage, route: Route, user: UserInfo): AuditRecord | undefined
  close(): void
}

/**
 * The audit log `audit.log` of a cluster's folder, under the policy `audit-policy.yaml` in it.
 * @returns undefined where there is no policy @throws Error where it is not a valid one
 */
export async function openAudit({
  dir,
  clock,
  log,
}: {
  dir: string
  clock: Clock
  log: Log
}): Promise<Audit | undefined> {
  try {
    const policy = auditPolicyOf(parse(await readFile(join(dir, 'audit-policy.yaml'), 'utf8')))
    return createAudit({ policy, file: join(dir, 'audit.log'), clock, log })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** The audit log: one JSON line of `audit.k8s.io/v1` per stage, in a file that only its owner reads. */
export function createAudit({ policy, clock, ...options }: AuditOptions): Audit {
  const file = new RotatedFile(options.file, options.maxBytes ?? 100 * 1024 * 1024, options.maxFiles ?? 5)
  let closed = false
  /** A failed write, as on a full disk, loses the line and lets the request pass. */
  const append = (line: string): void => {
    if (closed) return
    try {
      file.write(line)
    } catch (error) {
      options.log.error('the audit log cannot be written', { error: String(error) })
    }
  }
  return {
    close() {
      closed = true
      file.close()
    },
    begin(message, route, user) {
      // Rules match the impersonator, as in Kubernetes.
      const { level, omitStages, omitManagedFields } = auditOrder(policy, route, user.impersonator ?? user)
      const shown = (object: unknown): unknown => (omitManagedFields ? withoutManagedFields(object) : object)
      if (level === 'None') return undefined
      const event = describe(message, route, user, level)
      const requestReceivedTimestamp = microTimestamp(clock.now())
      let ended = false
      const write = (stage: AuditStage, more: object = {}): void => {
        if (omitStages.includes(stage)) return
        const stageTimestamp = microTimestamp(clock.now())
        append(`${JSON.stringify({ ...event, stage, ...more, requestReceivedTimestamp, stageTimestamp })}\n`)
      }
      const decided = (decision: string, reason = ''): void => {
        event['annotations'] = { 'authorization.k8s.io/decision': decision, 'authorization.k8s.io/reason': reason }
      }
      write('RequestReceived')
      return {
        allowed: (reason) => decided('allow', reason),
        refused: (reason) => decided('forbid', reason),
        request(read) {
          if (level !== 'Metadata') event['requestObject'] = shown(readOrNothing(read))
        },
        started: (code) => write('ResponseStarted', { responseStatus: { metadata: {}, code } }),
        complete(code, object) {
          if (ended) return
          ended = true
          const responseObject = level === 'RequestResponse' ? shown(object) : undefined
          write('ResponseComplete', { responseStatus: { metadata: {}, code }, responseObject })
        },
        panic() {
          if (ended) return
          ended = true
          const responseStatus = { metadata: {}, status: 'Failure', reason: 'InternalError', code: 500 }
          write('Panic', { responseStatus })
        },
      }
    },
  }
}

/** The audit id of a request: its own `Audit-ID` header, else a random one. */
export function auditIdOf({ headers }: IncomingMessage): string {
  const given = headers['audit-id']
  if (typeof given === 'string' && given !== '') return given.slice(0, 64)
  return (headers['audit-id'] = randomUUID())
}

function describe(message: IncomingMessage, route: Route, user: UserInfo, level: AuditLevel): Record<string, unknown> {
  const { info, verb } = route
  const objectRef = info && {
    resource: info.resource,
    namespace: info.namespace || undefined,
    name: info.name || undefined,
    apiGroup: info.group || undefined,
    apiVersion: info.version,
    subresource: info.subresource || undefined,
  }
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level,
    auditID: auditIdOf(message),
    requestURI: message.url,
    verb,
    user: described(user.impersonator ?? user),
    impersonatedUser: user.impersonator && described(user),
    sourceIPs: [message.socket.remoteAddress],
    userAgent: message.headers['user-agent'],
    objectRef,
  }
}

const described = ({ name, uid, groups, extra }: UserInfo): object => ({ username: name, uid, groups, extra })

/** An object or list without `managedFields`. */
function withoutManagedFields(object: unknown): unknown {
  if (typeof object !== 'object' || object === null) return object
  const { metadata, items } = object as { metadata?: object; items?: unknown }
  const { managedFields: _, ...kept } = (metadata ?? {}) as { managedFields?: unknown }
  return {
    ...object,
    ...(metadata ? { metadata: kept } : {}),
    ...(Array.isArray(items) ? { items: items.map(withoutManagedFields) } : {}),
  }
}

/** undefined for a body that cannot be decoded: the handler refuses it. */
function readOrNothing(read: () => unknown): unknown {
  try {
    return read()
  } catch {
    return undefined
  }
}

class RotatedFile {
  readonly #file: string
  readonly #maxBytes: number
  readonly #maxFiles: number
  #descriptor: number
  #size: number

  constructor(file: string, maxBytes: number, maxFiles: number) {
    this.#file = file
    this.#maxBytes = maxBytes
    this.#maxFiles = maxFiles
    this.#descriptor = openSync(file, 'a', 0o600)
    chmodSync(file, 0o600)
    this.#size = fstatSync(this.#descriptor).size
  }

  write(line: string): void {
    const bytes = Buffer.from(line)
    if (this.#size > 0 && this.#size + bytes.length > this.#maxBytes) this.#rotate()
    writeSync(this.#descriptor, bytes)
    this.#size += bytes.length
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  #rotate(): void {
    closeSync(this.#descriptor)
    for (let at = this.#maxFiles; at > 0; at--) {
      try {
        renameSync(at === 1 ? this.#file : `${this.#file}.${at - 1}`, `${this.#file}.${at}`)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      }
    }
    this.#descriptor = openSync(this.#file, 'a', 0o600)
    this.#size = 0
  }
}
