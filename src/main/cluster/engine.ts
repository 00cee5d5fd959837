import { messageOf } from '#shared/base/message-of.ts'
import type { Engine } from '#shared/contract/clusters.ts'
import { network } from './control-plane.ts'
import { connectDocker, type Docker } from './workers/docker/connection.ts'
import { createDockerProvider } from './workers/docker/provider.ts'
import { agentPort, type WorkerProvider } from './workers/provider.ts'

/** The host's Docker Engine, for clusters and for the user interface. */
export interface HostEngine {
  state(): Promise<Engine>
  connect(): Promise<Docker>
  providerFor(cluster: string): WorkerProvider
}

export function createHostEngine({
  workerImageContext,
  labels = {},
}: {
  workerImageContext: string
  labels?: Record<string, string>
}): HostEngine {
  let docker: Docker | undefined
  const connect = async (): Promise<Docker> => {
    if (docker && (await answers(docker))) return docker
    return (docker = await connectDocker())
  }
  return {
    connect,
    async state() {
      try {
        const used = await connect()
        const { ServerVersion, NCPU, MemTotal } = (await used.info()) as {
          ServerVersion: string
          NCPU: number
          MemTotal: number
        }
        return { state: 'ready', version: ServerVersion, address: addressOf(used), cpus: NCPU, memoryBytes: MemTotal }
      } catch (error) {
        return { state: 'unreachable', message: messageOf(error) }
      }
    },
    providerFor: (cluster) =>
      createDockerProvider({
        connect,
        cluster,
        imageContext: workerImageContext,
        agentPort,
        labels,
        reservedRanges: [network.podCidr, network.serviceCidr],
      }),
  }
}

function addressOf({ modem }: Docker): string {
  const { socketPath, host, port } = modem as { socketPath?: string; host?: string; port?: number }
  return socketPath ? `unix://${socketPath}` : `tcp://${host ?? ''}:${port ?? ''}`
}

async function answers(docker: Docker): Promise<boolean> {
  try {
    await docker.ping()
    return true
  } catch {
    return false
  }
}
