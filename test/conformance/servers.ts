import { createServer } from 'node:http'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startDockerCluster } from '../support/docker-cluster.ts'
import { startSimulatedCluster } from '../support/simulated-cluster.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where a test asks for a server; it is started for the first who asks. */
    conformanceServers: string
  }
}

/** The two servers of a run: `simulated` has nodes without machines, `workers` two real ones. */
export type ServerKind = 'simulated' | 'workers'

interface Started {
  kubeconfig: string
  stop(): Promise<void>
}

/** Vitest's global set-up: one server of a kind for the whole run, started when the first test asks, gone at the end. */
export default async function serve(project: TestProject): Promise<() => Promise<void>> {
  const started = new Map<string, Promise<Started>>()
  const start: Record<ServerKind, () => Promise<Started>> = { simulated, workers }
  const door = createServer((request, response) => {
    const kind = (request.url ?? '').slice(1) as ServerKind
    let server = started.get(kind)
    if (!server) started.set(kind, (server = start[kind]()))
    server.then(
      ({ kubeconfig }) => response.end(JSON.stringify({ kubeconfig })),
      (error: unknown) => response.writeHead(500).end(error instanceof Error ? error.message : String(error)),
    )
  })
  await once(door.listen(0, '127.0.0.1'), 'listening')
  project.provide('conformanceServers', `http://127.0.0.1:${(door.address() as AddressInfo).port}`)
  return async () => {
    door.close()
    door.closeAllConnections()
    const ended = await Promise.allSettled([...started.values()].map(async (server) => (await server).stop()))
    for (const { reason } of ended.filter((end) => end.status === 'rejected')) console.error(reason)
  }
}

async function simulated(): Promise<Started> {
  const cluster = await startSimulatedCluster({ count: 2 })
  return { kubeconfig: join(cluster.dir, 'cluster/kubeconfig'), stop: () => cluster.stop() }
}

async function workers(): Promise<Started> {
  process.env.SLIPWAY_TEST ??= 'conformance'
  // Several runs may share an engine.
  const cluster = await startDockerCluster({ name: `conformance-${process.pid}`, count: 2 })
  const kubeconfig = join(cluster.dir, 'kubeconfig')
  await writeFile(kubeconfig, cluster.cluster.kubeconfig(), { mode: 0o600 })
  return { kubeconfig, stop: () => cluster.remove() }
}
