import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { inject, onTestFinished } from 'vitest'
import { createKubectl, type Kubectl } from '../../support/kubectl.ts'
import type { ServerKind } from '../servers.ts'
import { createApi, type Api } from './api.ts'

/** A started server as a test sees it: by plain requests, by the client library and by kubectl. */
export interface Server {
  api: Api
  config: KubeConfig
  kubectl: Kubectl
  /** Makes a namespace for this test alone, deleted when the test ends. @returns its name */
  namespace(): Promise<string>
}

/** The server without machines: its nodes' pods run by their word alone. */
export const simulatedServer = (): Promise<Server> => serverOf('simulated')

/** The server with two real workers. */
export const serverWithWorkers = (): Promise<Server> => serverOf('workers')

/** A name that no other test has. */
export const uniqueName = (prefix: string): string => `${prefix}-${randomBytes(4).toString('hex')}`

/** Deletes what is at the path when the test ends; what is gone by then is gone. */
export function removeAfterwards(api: Api, path: string, query?: Parameters<Api['ask']>[2]): void {
  onTestFinished(async () => {
    await api.ask('DELETE', path, query)
  })
}

/** Writes a file for kubectl that goes with the test. @returns its path */
export async function temporaryFile(name: string, text: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'slipway-conformance-'))
  onTestFinished(() => rm(dir, { recursive: true }))
  const path = join(dir, name)
  await writeFile(path, text)
  return path
}

async function serverOf(kind: ServerKind): Promise<Server> {
  const answer = await fetch(`${inject('conformanceServers')}/${kind}`)
  if (!answer.ok) throw new Error(`the server "${kind}" did not start: ${await answer.text()}`)
  const { kubeconfig } = (await answer.json()) as { kubeconfig: string }
  const config = new KubeConfig()
  config.loadFromFile(kubeconfig)
  const api = createApi(config)
  return {
    api,
    config,
    kubectl: createKubectl(kubeconfig),
    async namespace() {
      const name = uniqueName('conformance')
      await api.create('/api/v1/namespaces', { metadata: { name } })
      removeAfterwards(api, `/api/v1/namespaces/${name}`)
      return name
    },
  }
}
