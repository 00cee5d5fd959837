import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Store } from '../../store/store.ts'
import type { Answer, Call } from '../api/request.ts'

/** A health check. @returns undefined when healthy, else what is wrong */
export type HealthCheck = () => string | undefined | Promise<string | undefined>

export type HealthChecks = Readonly<Record<string, HealthCheck>>

/** Checks of `/readyz` alone: their failure is no reason for a restart. */
const readyOnly = new Set(['etcd-readiness', 'informer-sync', 'shutdown'])

export const isHealthPath = (path: string): boolean => /^\/(?:healthz|livez|readyz)(?:\/|$)/.test(path)

/**
 * The checks of every server, by Kubernetes' names: `etcd` is our store.
 *
 * @param hooks those of the start, which Kubernetes names between its own
 */
export function builtInChecks({
  log,
  store,
  stopping,
  hooks,
}: {
  log: Log
  store: Pick<Store, 'failure'>
  stopping(): boolean
  hooks: HealthChecks
}): HealthChecks {
  return {
    ping: () => undefined,
    log: () => problemOf(() => log.debug('health check')),
    etcd: storeCheck(store),
    'etcd-readiness': storeCheck(store),
    ...hooks,
    shutdown: () => (stopping() ? 'process is shutting down' : undefined),
  }
}

/** Whether the store takes writes. */
export const storeCheck =
  (store: Pick<Store, 'failure'>): HealthCheck =>
  () =>
    store.failure?.message

function problemOf(act: () => unknown): string | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

/** `/readyz`, with `?verbose` and any number of `?exclude=x`, and `/readyz/<check>`. */
export async function healthPage({ path, query }: Call, checks: HealthChecks): Promise<Answer> {
  const [, page = '', ...rest] = path.split('/')
  const served = Object.entries(checks).filter(([name]) => page === 'readyz' || !readyOnly.has(name))
  const only = rest.join('/')
  if (only !== '') return single(served.find(([name]) => name === only)?.[1])
  const excluded = new Set(query['exclude']?.split(',').filter((name) => name !== ''))
  const lines: string[] = []
  let failed = false
  for (const [name, check] of served) {
    if (excluded.delete(name)) {
      lines.push(`[+]${name} excluded: ok`)
      continue
    }
    const problem = await check()
    failed ||= problem !== undefined
    // Anyone may read this page: the reason is in the log, and in the answer for the one check.
    lines.push(problem === undefined ? `[+]${name} ok` : `[-]${name} failed: reason withheld`)
  }
  if (excluded.size > 0) {
    const names = [...excluded].map((name) => `"${name}"`).join(',')
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names}`)
  }
  if (failed) return text(500, `${lines.join('\n')}\n${page} check failed\n`)
  return text(200, query['verbose'] === undefined ? 'ok' : `${lines.join('\n')}\n${page} check passed\n`)
}

async function single(check: HealthCheck | undefined): Promise<Answer> {
  if (!check) return text(404, '404 page not found\n')
  const problem = await check()
  return problem === undefined ? text(200, 'ok') : text(500, `internal server error: ${problem}\n`)
}

const text = (code: number, body: string): Answer => ({
  type: 'bytes',
  code,
  contentType: 'text/plain; charset=utf-8',
  body,
})
