import type { Metrics } from '../observability/metrics.ts'
import type { Definitions } from '../discovery/openapi-v3.ts'
import { OpenApiV3 } from '../discovery/openapi-v3.ts'
import { OpenApiV2 } from '../discovery/openapi-v2.ts'
import { discoveryPage } from '../discovery/discovery.ts'
import type { RemoteGroups } from '../discovery/remote-groups.ts'
import type { Page } from '../api/route.ts'
import { healthPage, isHealthPath, type HealthCheck } from '../observability/health.ts'
import type { ResourceTable } from '../api/resources.ts'
import type { Answer } from '../api/request.ts'
import type { VersionInfo } from '../api/version.ts'

export interface PagesOptions {
  resources: ResourceTable
  definitions: Definitions
  version: VersionInfo
  metrics: Metrics
  checks: Readonly<Record<string, HealthCheck>>
  /** Pages of other parts of the server, tried last. */
  others: Page | undefined
  /** Groups of aggregated API servers, for discovery. */
  remote?: RemoteGroups | undefined
}

/** Everything served that is no resource: discovery, OpenAPI, health, metrics, version. */
export function createPages({ resources, definitions, version, metrics, checks, others, remote }: PagesOptions): Page {
  const v3 = new OpenApiV3(resources, definitions, version.gitVersion, remote)
  const v2 = new OpenApiV2(resources, definitions, version.gitVersion, remote)
  return (call) => {
    const { path } = call
    if (call.method !== 'GET' && call.method !== 'HEAD') return others?.(call)
    if (path === '/version' || path === '/version/') return json(version)
    if (path === '/') return json({ paths: indexPaths(resources) })
    if (path.startsWith('/openapi/v3')) return v3.page(path)
    if (path === '/openapi/v2') return v2.page(call)
    if (path === '/metrics') return metricsPage(metrics)
    if (isHealthPath(path)) return healthPage(call, checks)
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
  for (const path of [
    '/healthz',
    '/livez',
    '/metrics',
    '/metrics/objects',
    '/openapi/v2',
    '/openapi/v3',
    '/readyz',
    '/version',
  ])
    paths.add(path)
  return [...paths].sort()
}

async function metricsPage(metrics: Metrics): Promise<Answer> {
  return { type: 'bytes', code: 200, contentType: metrics.contentType, body: await metrics.metrics() }
}
