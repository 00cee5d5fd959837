import { join } from 'node:path'
import type { Clock } from '#shared/base/clock.ts'
import { StopStack } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import type { Client } from '#shared/client/client.ts'
import { createClient } from '#shared/client/kube-client.ts'
import type { ClusterSpec } from '#shared/contract/clusters.ts'
import type { VolumeData } from '#shared/kube/cluster-volumes.ts'
import { createSharedInformers, type SharedInformers } from '#shared/client/shared-informers.ts'
import { keyFiles, type KeyFiles } from '#main/keys/key-files.ts'
import {
  compileDeviceSelector,
  componentUser,
  controllerUser,
  createPki,
  kubeconfigText,
  startApiServer,
  writeKubeconfig,
  type ApiServer,
  type MetricsText,
  type NodeConnector,
  type Pki,
  type UserInfo,
} from './apiserver/index.ts'
import { startControllers, type Controllers } from './controllers/index.ts'
import { keptPort } from './kept-port.ts'
import { createUsage, type Usage } from './metrics/usage.ts'
import { podCidrsOf, rangesOf, serviceCidrsOf, type ClusterRanges } from './ranges.ts'
import { ensurePrivateFolder } from './private-folder.ts'
import type { SchedulerConfiguration } from './scheduler/configuration/configuration.ts'
import { readSchedulerConfiguration } from './scheduler/configuration/read.ts'
import { createScheduler, type Scheduler } from './scheduler/scheduler.ts'
import { openChronicle, type Chronicle } from './store/chronicle/index.ts'
import { createFileStore } from './store/file.ts'
import { secretsKey } from './store/secret-key.ts'
import type { Contents, Store } from './store/store.ts'
import { nodeVolumeData } from './volume-data.ts'

/** The Kubernetes version that the API serves. */
export const kubernetesVersion = 'v1.36.0'

/**
 * Age of a worker's lease at which its node counts as lost, ms: half of Kubernetes' default, since all run on one
 * machine.
 */
const monitorGraceMs = 20_000

export interface ControlPlane<Connector extends NodeConnector = NodeConnector> {
  server: string
  port: number
  pki: Pki
  /** In-process client with administrator rights. */
  client: Client
  informers: SharedInformers
  readonly usage: Usage
  /** The versions of its objects. */
  readonly chronicle: Pick<Chronicle, 'versions' | 'changesSince' | 'size'>
  /** The connections to the workers, made by the options' `network`. */
  connector: Connector
  /** What the scheduler's filters say of a pod on each node. */
  judge: Scheduler['judge']
  /** Connects from a node's network to a pod or the node itself, and to nothing else. @throws Error */
  dial: NodeConnector['connect']
  kubeconfig(): string
  /** All objects at one revision, Secrets in the clear. */
  objects(): Contents
  stop(): Promise<void>
}

/** Entry files of the worker threads: `log-worker.ts` and `yaml-worker.ts` themselves, or their bundles. */
export interface ThreadEntries {
  store: URL
  yaml: URL
}

export interface ControlPlaneOptions<Connector extends NodeConnector> {
  name: string
  /** Folder of the cluster, with its store, keys and kubeconfig, and `scheduler.yaml` where the user has one. */
  dir: string
  threads: ThreadEntries
  /** Creates the connections to the workers from the cluster's keys and the API server's port. */
  connector(pki: Pki, apiServerPort: number): Connector
  /** Ranges of pods and Services; the default ones when unset. */
  ranges?: ClusterRanges
  /** Ranges of pod addresses; those of `ranges` when unset (simulated pods have others). */
  podRanges?: readonly string[]
  /** How the cluster's keys are stored; as files of mode 0600 when unset. */
  keys?: KeyFiles
  /** Features of v1.36 that are on or off against its defaults. */
  featureGates?: ClusterSpec['featureGates']
  /** Further metrics of the process, for `/metrics`. */
  metrics?: readonly MetricsText[]
  clock: Clock
  log: Log
}

/**
 * Starts store, API server, controllers and scheduler, in this order; stops them in reverse.
 * @throws Error that names file and field where `scheduler.yaml` is not a valid KubeSchedulerConfiguration
 */
export async function startControlPlane<Connector extends NodeConnector>(
  options: ControlPlaneOptions<Connector>,
): Promise<ControlPlane<Connector>> {
  const { name, dir, threads, ranges = rangesOf({}), clock, log } = options
  const stops = new StopStack()
  try {
    await ensurePrivateFolder(dir)
    const scheduling = await readSchedulerConfiguration(join(dir, 'scheduler.yaml'))
    const keys = options.keys ?? keyFiles()
    const [pki, { store, chronicle }] = await Promise.all([
      createPki({ dir: join(dir, 'pki'), keys, serviceAddress: ranges.kubernetesService, clock }),
      openStore(options, keys, stops),
    ])

    const port = await keptPort(join(dir, 'port'))
    const connector = options.connector(pki, port)
    const running = new Set<string>()
    const isRunning = (component: string) => () => (running.has(component) ? undefined : 'it is not running')
    const usage = createUsage({ clock, log })
    const server = await startApiServer({
      dir,
      store,
      pki,
      connector,
      podRanges: options.podRanges ?? podCidrsOf(ranges),
      services: { cidrs: serviceCidrsOf(ranges), dns: ranges.clusterDns },
      yamlThread: threads.yaml,
      port,
      version: kubernetesVersion,
      featureGates: options.featureGates,
      components: {
        'controller-manager': isRunning('controller-manager'),
        scheduler: isRunning('scheduler'),
      },
      usage,
      ...(options.metrics ? { processMetrics: options.metrics } : {}),
      clock,
      log,
    })
    stops.add(() => server.stop())

    const controllers = startControllersOn(server, {
      pki,
      ranges,
      volumeData: nodeVolumeData(connector),
      clock,
      log,
    })
    stops.add(() => controllers.stop())
    running.add('controller-manager')

    const informers = createSharedInformers({ client: server.client, clock, log })
    stops.add(() => informers.stop())
    const scheduler = await startSchedulerOn(server, stops, { configuration: scheduling, clock, log })
    server.metrics.scheduling.countPending(() => scheduler.pending())
    running.add('scheduler')

    const access = { name: `slipway-${name}`, server: server.url, ca: pki.ca, credentials: pki.admin }
    await writeKubeconfig(join(dir, 'kubeconfig'), access)
    return {
      server: server.url,
      port,
      pki,
      client: server.client,
      informers,
      usage,
      chronicle,
      connector,
      judge: (key) => scheduler.judge(key),
      dial: server.connect,
      kubeconfig: () => kubeconfigText(access),
      objects: () => ({ entries: [...store.entries()], revision: store.revision }),
      stop: () => stops.stop(),
    }
  } catch (error) {
    await stops.stop().catch(() => undefined)
    throw error
  }
}

/** The store, and the versions of its objects. */
async function openStore(
  { dir, threads, clock, log }: Pick<ControlPlaneOptions<NodeConnector>, 'dir' | 'threads' | 'clock' | 'log'>,
  keys: KeyFiles,
  stops: StopStack,
): Promise<{ store: Store; chronicle: Chronicle }> {
  const secretKey = await secretsKey(dir, keys)
  const store = await createFileStore({ dir: join(dir, 'store'), log, workerUrl: threads.store, secretKey })
  stops.add(() => store.close())
  const chronicle = await openChronicle({ dir: join(dir, 'versions'), store, secretKey, clock, log })
  stops.add(() => chronicle.stop())
  return { store, chronicle }
}

/** Every controller uses its own service account, as with `--use-service-account-credentials`. */
function startControllersOn(
  server: ApiServer,
  {
    pki,
    ranges,
    volumeData,
    clock,
    log,
  }: { pki: Pki; ranges: ClusterRanges; volumeData: VolumeData; clock: Clock; log: Log },
): Controllers {
  const clientOf = (user: UserInfo): Client => createClient(server.transportFor(user, 'kube-controller-manager'))
  return startControllers({
    client: clientOf(componentUser('kube-controller-manager')),
    clientFor: (controller) => clientOf(controllerUser(controller)),
    clock,
    log,
    resources: server.stored,
    customResources: server.custom,
    rootCa: pki.ca,
    certificates: { requests: pki.requests },
    issueToken: server.issueToken,
    kubernetesService: {
      clusterIP: ranges.kubernetesService,
      advertised: { address: ranges.kubernetesService, port: 443 },
    },
    nodeIpam: { podCIDRs: podCidrsOf(ranges) },
    nodeLifecycle: { monitorGraceMs },
    volumeProvisioner: { volumeData },
    observe: server.metrics.workqueues.observe,
  })
}

async function startSchedulerOn(
  server: ApiServer,
  stops: StopStack,
  { configuration, clock, log }: { configuration: SchedulerConfiguration; clock: Clock; log: Log },
): Promise<Scheduler> {
  const client = createClient(server.transportFor(componentUser('kube-scheduler'), 'kube-scheduler'))
  const informers = createSharedInformers({ client, clock, log })
  stops.add(() => informers.stop())
  const scheduler = createScheduler({
    client,
    informers,
    configuration,
    clock,
    log: log.child({ part: 'scheduler' }),
    compileSelector: compileDeviceSelector,
    observe: server.metrics.scheduling.observe,
    onPreemption: server.metrics.scheduling.preempted,
    onPoint: server.metrics.scheduling.observePoint,
    onQueued: server.metrics.scheduling.queued,
  })
  stops.add(() => scheduler.stop())
  await scheduler.start()
  return scheduler
}
