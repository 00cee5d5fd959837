import type { Registry } from 'prom-client'
import type { Definitions } from './discovery/openapi-v3.ts'
import { OpenApiV3 } from './discovery/openapi-v3.ts'
import { OpenApiV2 } from './discovery/openapi-v2.ts'
import { discoveryPage } from './discovery/discovery.ts'
import type { RemoteGroups } from './aggregation/remote-groups.ts'
import type { Page } from './handler.ts'
import type { ResourceTable } from './registry/resources.ts'
import type { Answer, Call } from './request.ts'

/** What `/version` tells. */
export interface VersionInfo {
  major: string
  minor: string
  gitVersion: string
  gitCommit: string
  gitTreeState: string
  buildDate: string
  goVersion: string
  compiler: string
  platform: string
}

/** A named condition of being ready or alive: undefined when it holds, else what is wrong. */
export type HealthCheck = () => string | undefined | Promise<string | undefined>

export interface PagesOptions {
  resources: ResourceTable
  definitions: Definitions
  version: VersionInfo
  metrics: Registry
  checks: Readonly<Record<string, HealthCheck>>
  /** Pages of other parts of the server, asked last. */
  others: Page | undefined
  /** Groups that aggregated API servers answer. */
  remote?: RemoteGroups | undefined
}

/** Everything the API server serves that is no resource. */
export function createPages({ resources, definitions, version, metrics, checks, others, remote }: PagesOptions): Page {
  const v3 = new OpenApiV3(resources, definitions, version.gitVersion)
  const v2 = new OpenApiV2(resources, definitions, version.gitVersion)
  return (call) => {
    const { path } = call
    if (call.method !== 'GET' && call.method !== 'HEAD') return others?.(call)
    if (path === '/version' || path === '/version/') return json(version)
    if (path === '/') return json({ paths: indexPaths(resources) })
    if (path.startsWith('/openapi/v3')) return v3.page(path)
    if (path === '/openapi/v2') return v2.page(call)
    if (path === '/metrics') return metricsPage(metrics)
    if (/^\/(healthz|livez|readyz)(\/|$)/.test(path)) return healthPage(call, checks)
    return discoveryPage({ resources, remote }, call) ?? others?.(call)
  }
}

const json = (value: unknown): Answer => ({
  type: 'bytes',
  code: 200,
  contentType: 'application/json',
  body: JSON.stringify(value),
})

function indexPaths(resources: ResourceTable): string[] {
  const paths = new Set(['/api', '/apis'])
  for (const { kind } of resources.all()) {
    if (kind.group) paths.add(`/apis/${kind.group}`)
    paths.add(kind.group ? `/apis/${kind.group}/${kind.version}` : `/api/${kind.version}`)
  }
  for (const path of ['/healthz', '/livez', '/metrics', '/openapi/v2', '/openapi/v3', '/readyz', '/version'])
    paths.add(path)
  return [...paths].sort()
}

async function metricsPage(metrics: Registry): Promise<Answer> {
  return { type: 'bytes', code: 200, contentType: metrics.contentType, body: await metrics.metrics() }
}

/** `/readyz`, `/readyz?verbose`, `/readyz?exclude=x` and `/readyz/<check>`. */
async function healthPage({ path, query }: Call, checks: PagesOptions['checks']): Promise<Answer> {
  const [, page = '', only] = path.split('/')
  const names = ['ping', ...Object.keys(checks)]
  const asked = only ? names.filter((name) => name === only) : names.filter((name) => name !== query['exclude'])
  if (asked.length === 0) return text(404, '404 page not found\n')
  const lines: string[] = []
  let failed = false
  for (const name of asked) {
    const problem = await checks[name]?.()
    failed ||= problem !== undefined
    lines.push(problem === undefined ? `[+]${name} ok` : `[-]${name} failed: ${problem}`)
  }
  if (failed) return text(500, `${lines.join('\n')}\n${page} check failed\n`)
  return text(200, query['verbose'] === undefined ? 'ok' : `${lines.join('\n')}\n${page} check passed\n`)
}

const text = (code: number, body: string): Answer => ({
  type: 'bytes',
  code,
  contentType: 'text/plain; charset=utf-8',
  body,
})
