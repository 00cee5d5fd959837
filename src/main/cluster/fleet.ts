import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { orAborted } from '#shared/base/abort.ts'
import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import type { Informer } from '#shared/client/informer.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { createTurns } from '#shared/base/turns.ts'
import type { ClusterSpec, Worker, WorkerLimits } from '#shared/contract/clusters.ts'
import { stepTitles } from '#shared/contract/step-titles.ts'
import type { Node } from '#shared/kube/generated/types.ts'
import type { KubeletSettings } from '#shared/kube/kubelet/settings.ts'
import { isNodeReady, notReadyTaints } from '#shared/kube/node.ts'
import { nodes } from '#shared/kube/resources.ts'
import type { RegistryMirrors } from '#shared/kube/registry-mirrors.ts'
import { isNotFound } from '#shared/kube/error-kinds.ts'
import type { ControlPlane } from './control-plane.ts'
import { kubernetesVersion } from './control-plane.ts'
import type { ClusterRanges } from './ranges.ts'
import type { StatsSource } from './metrics/stats-source.ts'
import { tunnelStats } from './metrics/tunnel-stats.ts'
import { renewLeases } from './node-leases.ts'
import type { Tunnels } from './network/tunnel.ts'
import { whilePaused } from './workers/pause.ts'
import { provision } from './workers/provision.ts'
import { agentPort, kubeletPort, type WorkerFile, type WorkerMachine, type WorkerProvider } from './workers/provider.ts'
import type { WorkerRecipe } from './workers/steps/recipe.ts'
import { runSteps, type Work } from './workers/steps/run-steps.ts'

/** How much longer than its pods' grace the shutdown of a worker may take, ms. */
const shutdownMargin = 5_000
/** Port on which a worker reaches the API server. */
const apiPort = 6443

export interface FleetOptions {
  name: string
  spec: Pick<ClusterSpec, 'cpus' | 'memoryBytes'>
  /** Of single workers, which differ. */
  workerLimits: Readonly<Record<string, WorkerLimits>>
  ranges: ClusterRanges
  /** Of the registry on this machine, where it has one. */
  registryPort: number | undefined
  /** Of registries, as the cluster begins with them. */
  mirrors: RegistryMirrors
  /** From the cluster's `kubelet.yaml`, where it has one. */
  kubelet: KubeletSettings | undefined
  provider: WorkerProvider
  pki: ControlPlane['pki']
  tunnels: Tunnels
  /** Resolves when the API server answers: workers are created and started meanwhile, and connected then. */
  plane: Promise<Pick<ControlPlane, 'client' | 'informers'>>
  agentBundle: string
  clock: Clock
  log: Log
}

/** The Docker workers of one cluster: created, found again, watched, and each connected by a tunnel. */
export interface Fleet {
  /** Usage of its workers. */
  readonly stats: StatsSource
  workers(): Worker[]
  onChange(listener: () => void): Stop
  /** Creates the missing ones of `names`, starts stopped ones, and waits until all are Ready. */
  bringUp(names: readonly string[], work: Work): Promise<void>
  remove(name: string, work: Work): Promise<void>
  stopWorker(name: string): Promise<void>
  startWorker(name: string): Promise<void>
  pauseWorker(name: string): Promise<void>
  unpauseWorker(name: string): Promise<void>
  killWorker(name: string): Promise<void>
  /** Changes the limits of a worker while it runs; its node follows. @throws Error for the user */
  limit(name: string, limits: WorkerLimits): Promise<void>
  /** Has all workers ask these mirrors from their next pull on. @throws Error for the user */
  useMirrors(mirrors: RegistryMirrors): Promise<void>
  /** The last lines that a worker's agent has written. */
  output(name: string, lines: number): Promise<string>
  /** The certificates that were issued to its workers last, PEM. */
  certificates(): ReadonlyMap<string, string>
  /** Runs `task` while no process of any worker runs; the workers stay Ready meanwhile. */
  frozen<T>(task: () => Promise<T>): Promise<T>
  stop(workers: 'stop' | 'keep' | 'remove'): Promise<void>
}

export function createFleet(options: FleetOptions): Fleet {
  const { provider, pki, tunnels, log } = options
  const listeners = new Set<() => void>()
  const changed = (): void => {
    for (const listener of listeners) listener()
  }
  let machines = new Map<string, WorkerMachine>()
  const workerLimits = new Map(Object.entries(options.workerLimits))
  let { mirrors } = options
  const issued = new Map<string, string>()
  let needsEngine = false
  let looking: Promise<void> | undefined
  let lookAgain = false

  /** Address that each worker's kubelet has a certificate for. */
  const certified = new Map<string, string>()
  /** A worker gets its address when it starts, and may get another one each time. */
  const certify = async (list: readonly WorkerMachine[]): Promise<void> => {
    const running = new Set(list.filter(({ state }) => state === 'running').map(({ name }) => name))
    for (const name of certified.keys()) if (!running.has(name)) certified.delete(name)
    await Promise.all(
      list.map(async ({ name, state, address, agentPort: port }) => {
        if (state !== 'running' || !address || port === kubeletPort || certified.get(name) === address) return
        certified.set(name, address)
        try {
          const { cert, key } = await pki.issueKubelet(name, address)
          issued.set(`kubelet/${name}`, cert)
          await provider.putFiles(name, [{ path: '/etc/slipway/kubelet.pem', content: cert + key, mode: 0o600 }])
        } catch (error) {
          certified.delete(name)
          log.warn("the certificate of a worker's kubelet was not written", { name, error: messageOf(error) })
        }
      }),
    )
  }

  /** Lists the machines again, and moves the tunnels to their current ports. */
  const look = (): Promise<void> => {
    if (looking) {
      lookAgain = true
      return looking
    }
    looking = (async () => {
      do {
        lookAgain = false
        const list = await provider.list()
        machines = new Map(list.map((machine) => [machine.name, machine]))
        for (const { name, state, port } of list) {
          if (state === 'running' && port) {
            if (nodeInformer) tunnels.open(name, port)
          } else if (state !== 'paused') tunnels.close(name)
        }
        await certify(list)
        changed()
      } while (lookAgain)
    })()
      .catch((error: unknown) => log.warn('workers cannot be listed', { error: messageOf(error) }))
      .finally(() => (looking = undefined))
    return looking
  }
  const stopEvents = provider.onChange(() => void look())
  let nodeInformer: Informer<Node> | undefined
  let stopNodes: Stop | undefined
  const api = options.plane.then(async ({ client, informers }) => {
    const informer = informers.share(nodes)
    nodeInformer = informer
    stopNodes = informer.onChange({ added: changed, updated: changed, deleted: changed })
    if (needsEngine) await look()
    return { client, informer }
  })
  api.catch(() => undefined)

  const act = async (name: string, action: (name: string) => Promise<void>): Promise<void> => {
    await look()
    if (!machines.has(name)) throw new Error(`there is no worker named "${name}"`)
    await action(name)
    await look()
  }
  const untilConnected = async (name: string, signal: AbortSignal): Promise<void> => {
    await orAborted(api, signal)
    await tunnels.up(name, signal)
  }
  const untilReady = async (name: string, signal: AbortSignal): Promise<void> => {
    const { informer } = await orAborted(api, signal)
    await orAborted(
      informer.until(name, (node) => node !== undefined && isUsable(node)),
      signal,
    )
  }
  /** Waits for `work`, and fails when the worker's container exits. @throws Error with the worker's last output */
  const unlessDead = async (name: string, work: Promise<void>): Promise<void> => {
    let stop: () => void = () => undefined
    const dead = new Promise<void>((resolve) => {
      const check = (): void => {
        if (machines.get(name)?.state === 'dead') resolve()
      }
      listeners.add(check)
      stop = () => listeners.delete(check)
      check()
    })
    try {
      const ended = await Promise.race([work.then(() => false), dead.then(() => true)])
      if (!ended) return
      work.catch(() => undefined)
      const output = await provider.lastOutput(name).catch(() => '')
      throw new Error(`${name} has exited: ${output.split('\n').at(-1) ?? ''}`)
    } finally {
      stop()
    }
  }
  /** Where its kubelet is to shut down gracefully, its pods end first. A worker that does not answer is stopped as it is. */
  const stopGracefully = async (name: string): Promise<void> => {
    const groups = options.kubelet?.shutdown ?? []
    if (groups.length > 0 && tunnels.isUp(name)) {
      const longest = groups.reduce((sum, { seconds }) => sum + seconds, 0) * 1_000 + shutdownMargin
      await orAborted(endPods(name), AbortSignal.timeout(longest)).catch((error: unknown) =>
        log.warn('a worker is stopped before its pods have ended', { name, error: messageOf(error) }),
      )
    }
    await provider.stop(name)
  }
  const endPods = (name: string): Promise<void> => askAgent(name, '/shutdown')
  const askAgent = async (name: string, path: string): Promise<void> => {
    const { status, stream } = await tunnels.request(name, { method: 'POST', path, end: true })
    stream.destroy()
    if (status >= 400) throw new Error(`status ${status}`)
  }
  /** Deletes the Node of a worker that was stopped: its Ready condition is outdated, and its agent registers again. */
  const removeNode = async (name: string): Promise<void> => {
    const answering = await api.catch(() => undefined)
    // Where no API server has answered, no worker has registered.
    if (!answering) return
    const { client } = answering
    try {
      await client.delete(nodes, { name })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  /** One after the other: the mirrors that were set last stay. */
  const inTurn = createTurns()
  const tellMirrors = async (): Promise<void> => {
    await look()
    // Also into those that do not run: they are started as they are.
    await Promise.all([...machines.keys()].map((name) => provider.putFiles(name, [mirrorsFile(mirrors)])))
  }

  const recipeFor = (names: readonly string[]): WorkerRecipe => ({
    names,
    provider,
    sizeOf: (name) => ({ ...options.spec, ...workerLimits.get(name) }),
    clock: options.clock,
    machines: () => machines,
    refresh: look,
    async filesOf(name) {
      const { client, ...rest } = await workerFiles(
        { ...options, mirrors },
        { name, port: machines.get(name)?.agentPort ?? agentPort },
      )
      issued.set(`node/${name}`, client)
      return rest
    },
    removeNode,
    connected: (name, signal) => unlessDead(name, untilConnected(name, signal)),
    ready: (name, signal) => unlessDead(name, untilReady(name, signal)),
  })

  return {
    stats: tunnelStats(tunnels),
    workers: () =>
      [...machines.values()]
        .sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }))
        .map((machine) => view(machine, nodeInformer?.get(machine.name))),
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async bringUp(names, work) {
      // A bare control plane needs no engine.
      if (names.length === 0) return
      needsEngine = true
      await provision(recipeFor(names), work)
    },
    async remove(name, work) {
      await runSteps(
        [
          { id: 'container', title: stepTitles.removeWorker, run: () => act(name, (each) => provider.remove(each)) },
          { id: 'node', title: stepTitles.removeNode, run: () => removeNode(name) },
        ],
        { ...work, clock: options.clock },
      )
      tunnels.close(name)
      await look()
    },
    stopWorker: (name) => act(name, stopGracefully),
    async startWorker(name) {
      await act(name, (each) => provider.start(each))
      await tunnels.up(name, AbortSignal.timeout(30_000))
      await untilReady(name, AbortSignal.timeout(60_000))
    },
    pauseWorker: (name) => act(name, (each) => provider.pause(each)),
    unpauseWorker: (name) => act(name, (each) => provider.unpause(each)),
    killWorker: (name) => act(name, (each) => provider.kill(each)),
    async limit(name, limits) {
      await act(name, (each) => provider.limit(each, limits))
      workerLimits.set(name, { ...workerLimits.get(name), ...limits })
      if (tunnels.isUp(name)) await askAgent(name, '/limits')
    },
    useMirrors(wanted) {
      mirrors = wanted
      return inTurn(tellMirrors)
    },
    output: (name, lines) => provider.lastOutput(name, lines),
    certificates: () => issued,
    frozen: (task) =>
      whilePaused(provider, async (names) => {
        const { client } = await api
        const stopRenewing = renewLeases({ names, client, clock: options.clock, log })
        return task().finally(stopRenewing)
      }),
    async stop(workers) {
      await stopEvents()
      await stopNodes?.()
      const listed = await provider.list().catch((): undefined => undefined)
      if (listed === undefined && !needsEngine) return
      const names = (listed ?? []).map(({ name }) => name)
      if (workers === 'stop') await Promise.all(names.map(stopGracefully))
      if (workers === 'remove') {
        await Promise.all(names.map((name) => provider.remove(name)))
        await provider.removeNetwork()
        await provider.removeVolume()
      }
    },
  }
}

/** Ready and schedulable: the taints of its absence are removed after the condition changes. */
const isUsable = (node: Node): boolean =>
  isNodeReady(node) && !node.spec?.taints?.some(({ key }) => notReadyTaints.includes(key))

function view({ name, state, address }: WorkerMachine, node: Node | undefined): Worker {
  return {
    name,
    state,
    ready: state === 'running' && node !== undefined && isUsable(node),
    simulated: false,
    ...(address ? { address } : {}),
  }
}

/**
 * The options of a worker's container. Keys travel in the archive, never in argv or environment. `version` changes with
 * the build, the authorities and the administrator's certificate, not with those of workers, which are issued at each start: an
 * agent that runs takes new ones when the cluster's are rotated.
 */
async function workerFiles(
  { name: cluster, pki, agentBundle, spec, ranges, kubelet, registryPort, mirrors }: FleetOptions,
  { name: nodeName, port }: { name: string; port: number },
): Promise<{ files: WorkerFile[]; version: string; client: string }> {
  const { client, server } = await pki.issueNode(nodeName)
  const config = {
    nodeName,
    cluster,
    tunnelPort: port,
    ...(port === kubeletPort ? {} : { kubeletPort }),
    apiPort,
    clusterDns: ranges.clusterDns,
    clusterDomain: ranges.clusterDomain,
    serviceCidr: ranges.serviceCidr,
    podCidr: ranges.podCidr,
    ...(ranges.ipv6 ? { ipv6: ranges.ipv6 } : {}),
    version: kubernetesVersion,
    ...spec,
    ...(kubelet ? { kubelet } : {}),
    ...(registryPort ? { registryPort } : {}),
  }
  const bundle = await readFile(agentBundle)
  const version = createHash('sha256')
    .update(bundle)
    .update(JSON.stringify([config, pki.ca, pki.tunnel.ca, pki.admin.cert]))
    .digest('hex')
  const files = [
    secret('agent.json', JSON.stringify(config)),
    secret('ca.crt', pki.ca),
    secret('tunnel-ca.crt', pki.tunnel.ca),
    secret('client.crt', client.cert),
    secret('client.key', client.key),
    secret('server.crt', server.cert),
    secret('server.key', server.key),
    mirrorsFile(mirrors),
    { path: '/opt/slipway/agent.cjs', content: bundle, mode: 0o644 },
  ]
  return { files, version, client: client.cert }
}

const secret = (name: string, content: string): WorkerFile => ({ path: `/etc/slipway/${name}`, content, mode: 0o600 })

/** Read by the agent before each pull, so that a change needs no restart. */
const mirrorsFile = (mirrors: RegistryMirrors): WorkerFile => secret('registry-mirrors.json', JSON.stringify(mirrors))
