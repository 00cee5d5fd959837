import { join } from 'node:path'
import type { Stop } from '#shared/base/disposable.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { ClusterSpec, Engine } from '#shared/contract/clusters.ts'
import { podCidrsOf, rangesOf, serviceCidrsOf } from './ranges.ts'
import { requireIpv6 } from './workers/docker/cluster-network.ts'
import { connectDocker, type Docker } from './workers/docker/connection.ts'
import { findHostImage, followHostImages, type HostImage } from './workers/docker/host-image.ts'
import { builderOf, buildFolder, type BuildWork, type FolderBuild } from './workers/docker/build-folder.ts'
import { pushImage } from './workers/docker/build-image.ts'
import { ensureOwnImage } from './workers/docker/own-image.ts'
import { createDockerProvider } from './workers/docker/provider.ts'
import { agentPort, type WorkerProvider } from './workers/provider.ts'

/** The host's Docker Engine, for clusters and for the user interface. */
export interface HostEngine {
  state(): Promise<Engine>
  connect(): Promise<Docker>
  /** @throws Error for the user where it makes no networks with IPv6, or does not answer */
  requireIpv6(): Promise<void>
  /** What it has under a name; undefined where it has nothing. @throws Error where it does not answer */
  image(name: string): Promise<HostImage | undefined>
  /** Builds the image of a folder. @throws Error with what the build says went wrong */
  build(build: FolderBuild, work: BuildWork): Promise<void>
  /** Which builder `build` uses. */
  builder(): Promise<'buildkit' | 'engine'>
  /** Sends an image to the registry that its name tells. @throws Error with the engine's reason */
  push(name: string, work: BuildWork): Promise<void>
  /** Has it hold the image of pods that stand in for a Service's. @returns its name @throws Error for the user */
  ensureStandInImage(): Promise<string>
  /** Calls `listener` whenever a name may lead to another image. */
  onImagesChange(listener: () => void): Stop
  /** @param ranges of the cluster, which its workers' network must not overlap */
  providerFor(cluster: string, ranges?: Pick<ClusterSpec, 'podCidr' | 'serviceCidr'>): WorkerProvider
}

export function createHostEngine({
  imageContexts,
  labels = {},
}: {
  /** Folder of the images that are built here, one folder each: `worker`, `stand-in`. */
  imageContexts: string
  labels?: Record<string, string>
}): HostEngine {
  let docker: Docker | undefined
  const connect = async (): Promise<Docker> => {
    if (docker && (await answers(docker))) return docker
    return (docker = await connectDocker())
  }
  const tryIpv6 = async (): Promise<void> => requireIpv6(await connect(), { name: 'slipway-tries-ipv6', labels })
  let trying: Promise<void> | undefined
  return {
    connect,
    // The network that shows it has one name: who asks meanwhile gets the same answer.
    requireIpv6: () => (trying ??= tryIpv6().finally(() => (trying = undefined))),
    image: async (name) => findHostImage(await connect(), name),
    async build(build, work) {
      const used = await connect()
      await buildFolder({ docker: used, host: addressOf(used) }, build, work)
    },
    builder: builderOf,
    push: async (name, work) => pushImage(await connect(), name, work),
    async ensureStandInImage() {
      const of = { name: 'stand-in', context: join(imageContexts, 'stand-in') }
      return ensureOwnImage(await connect(), of, { log: () => undefined })
    },
    onImagesChange: (listener) => followHostImages(connect, listener),
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
    providerFor(cluster, ranges = {}) {
      const own = rangesOf(ranges)
      return createDockerProvider({
        connect,
        cluster,
        imageContext: join(imageContexts, 'worker'),
        agentPort,
        labels,
        reservedRanges: [...podCidrsOf(own), ...serviceCidrsOf(own)],
        isDualStack: own.ipv6 !== undefined,
      })
    },
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
