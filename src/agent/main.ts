import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { networkInterfaces, release } from 'node:os'
import { systemClock } from '#shared/base/clock.ts'
import { StopStack } from '#shared/base/disposable.ts'
import { createEventRecorder } from '#shared/client/event-recorder.ts'
import { createHttpTransport } from '#shared/client/http-transport.ts'
import { createClient } from '#shared/client/kube-client.ts'
import { createInformer } from '#shared/client/informer.ts'
import { createSharedInformers } from '#shared/client/shared-informers.ts'
import { ipText, isHostLocal, isInCidr, parseCidr, parseIp } from '#shared/kube/ip.ts'
import { defaultKubeletSettings } from '#shared/kube/kubelet/settings.ts'
import type { RegistryAuth } from '#shared/kube/registry-credentials.ts'
import { endpointSlices, namespaces, networkPolicies, nodes, pods, services } from '#shared/kube/resources.ts'
import { createApiFetch } from './api-fetch.ts'
import { readConfig, type AgentFiles } from './config.ts'
import { startDns } from './dns/server.ts'
import { createDnsSource } from './dns/source.ts'
import { watchFaults } from './faults.ts'
import { keepHeapSmall } from './heap.ts'
import { openCheckpoint } from './kubelet/dra/checkpoint.ts'
import { hasClusterVolume } from './kubelet/cluster-volumes.ts'
import { createImages } from './kubelet/images.ts'
import { ensureMemory, systemMounts } from './kubelet/files/mounts.ts'
import { createKubelet, type Kubelet } from './kubelet/index.ts'
import { isLinuxSince } from './kubelet/kernel.ts'
import { nodeCapacity } from './kubelet/node.ts'
import { createHierarchy } from './kubelet/pod-groups/hierarchy.ts'
import { createPodGroups } from './kubelet/pod-groups/index.ts'
import { parseResolvConf } from './kubelet/pod-files.ts'
import { openPullRecords } from './kubelet/pull-records.ts'
import { createMirrors, readMirrors } from './kubelet/registry-mirrors.ts'
import { createUserNamespaces } from './kubelet/pod/user-namespaces.ts'
import { createDockerRuntime } from './kubelet/runtime/docker.ts'
import { createEngineSettings } from './kubelet/runtime/engine-settings.ts'
import { givesOwnHostnames, givesUserNamespaces } from './kubelet/runtime/shim.ts'
import { memoryFolder } from './kubelet/volume-folders.ts'
import { createAgentLog } from './log.ts'
import { runCommand } from './network/command.ts'
import { defaultGateway, gatewaysOf } from './network/gateways.ts'
import { prepareIpv6 } from './network/ipv6.ts'
import { createPodNetwork, type PodNetwork } from './network/pod-network.ts'
import { enforcePolicies } from './network/policy/index.ts'
import { healthzPort, startProxy, statusPort } from './proxy/index.ts'
import { createTunnelServer } from './tunnel/server.ts'

const pauseImage = 'registry.k8s.io/pause:3.10'
const kubeletRoot = '/var/lib/kubelet'
/** Set by the worker image; workers created from earlier images use the engine's default. */
const engineSocket = (process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock').replace(/^unix:\/\//, '')

/**
 * The agent of one worker: starts the tunnel, then access to the API server, then network, kubelet, proxy and DNS
 * together.
 */
async function main(config: AgentFiles): Promise<void> {
  const log = createAgentLog()
  const settings = config.kubelet ?? defaultKubeletSettings
  const clock = systemClock
  const faults = watchFaults({ log, end: () => process.exit(1) })
  const stops = new StopStack()
  const ip = ownAddress()
  const ip6 = config.ipv6 && (await prepareIpv6({ ...config.ipv6, run: runCommand }))
  const late: { kubelet?: Kubelet } = {}

  const tunnel = await createTunnelServer({
    port: config.tunnelPort,
    apiPort: config.apiPort,
    registryPort: config.registryPort,
    tls: config.tunnel,
    mayReach: reachable([config.podCidr, ...(config.ipv6 ? [config.ipv6.podCidr] : [])]),
    onFault: () => faults.request(),
    onKubeletRequest: (stream, headers) => {
      if (late.kubelet) late.kubelet.serve(stream, headers)
      else stream.respond({ ':status': 503 }, { endStream: true })
    },
    log,
  })
  stops.add(() => tunnel.stop())
  const api = createApiFetch({ port: config.apiPort, tls: config.api })
  stops.add(api.stop)
  const transport = createHttpTransport({
    server: 'https://kubernetes',
    fetch: api.fetch,
    headers: () => ({ 'user-agent': `slipway-agent/${config.version}` }),
  })
  const client = createClient(transport)
  const informers = createSharedInformers({ client, clock, log })
  stops.add(() => informers.stop())

  const runtime = createDockerRuntime({ socketPath: engineSocket, pauseImage, log })
  await Promise.all([engineAnswers(runtime), ensureMemory(systemMounts, memoryFolder(kubeletRoot))])
  const hostCredentials = (reference: string): Promise<readonly RegistryAuth[]> => tunnel.hostCredentials(reference)
  const mirrors = createMirrors({
    runtime,
    mirrors: () => readMirrors('/etc/slipway/registry-mirrors.json'),
    engine: createEngineSettings({
      file: '/etc/docker/daemon.json',
      reload: async () => void process.kill(Number(await readFile('/var/run/docker.pid', 'utf8')), 'SIGHUP'),
      insecure: () => runtime.insecureRegistries(),
    }),
    hostCredentials,
    log,
  })
  const images = createImages({
    runtime,
    fetchImage: tunnel.fetchImage,
    hostImage: tunnel.hostImage,
    hostCredentials,
    mirrors,
    records: await openPullRecords(`${kubeletRoot}/image_manager/pulled.json`),
    parallelPulls: settings.images.parallelPulls,
    log,
  })
  const nodeInformer = informers.share(nodes)
  const serviceInformer = informers.share(services)
  const sliceInformer = informers.share(endpointSlices)
  const podInformer = createInformer({
    client,
    resource: pods,
    fieldSelector: `spec.nodeName=${config.nodeName}`,
    clock,
    log,
  })
  const network: PodNetwork = createPodNetwork({
    nodeName: config.nodeName,
    podCidr: config.podCidr,
    podCidr6: config.ipv6?.podCidr,
    nodes: nodeInformer,
    run: runCommand,
    leases: `${kubeletRoot}/network/leases.json`,
    reservedPorts: new Set([
      config.tunnelPort,
      config.apiPort,
      config.kubeletPort ?? 0,
      config.registryPort ?? 0,
      healthzPort,
      statusPort,
    ]),
    policies: {
      inPlace: (namespace) => policies.inPlace(namespace),
      changed: () => policies.changed(),
    },
    log,
  })
  stops.add(() => network.stop())
  const policies = enforcePolicies({
    client,
    transport,
    policies: informers.share(networkPolicies),
    namespaces: informers.share(namespaces),
    pods: podInformer,
    addresses: network,
    families: config.ipv6 ? ['IPv4', 'IPv6'] : ['IPv4'],
    clusterDns: config.clusterDns,
    run: runCommand,
    clock,
    log,
  })
  stops.add(policies.stop)

  const host = parseResolvConf(readFileSync('/etc/resolv.conf', 'utf8'))
  const capacity = nodeCapacity(config)
  const kubelet = createKubelet({
    runtime,
    groups: createPodGroups({ hierarchy: createHierarchy(), cpuMillis: capacity.cpuMillis, clock, log }),
    images,
    network,
    client,
    nodes: nodeInformer,
    pods: podInformer,
    recorder: createEventRecorder({ client, component: 'kubelet', host: config.nodeName, clock, log }),
    clock,
    log,
    root: kubeletRoot,
    heldClaims: await openCheckpoint(`${kubeletRoot}/dra_manager_state`, log),
    mounts: systemMounts,
    node: { name: config.nodeName, ip, ...(ip6 ? { ip6 } : {}), ...capacity },
    dns: {
      clusterDns: config.clusterDns,
      clusterDomain: config.clusterDomain,
      host: { ...host, nameservers: [config.clusterDns] },
    },
    services: () => serviceInformer.list(),
    version: config.version,
    faults,
    hasClusterVolume: await hasClusterVolume(),
    settings,
    ...(config.memoryBytes ? { memoryLimit: config.memoryBytes } : {}),
    pinnedImages: [pauseImage],
    keepsWarm: givesOwnHostnames(),
    recursiveReadOnly: isLinuxSince(release(), [5, 12]),
    ...(givesUserNamespaces({ release: release() }) ? { userNamespaces: createUserNamespaces({ runtime }) } : {}),
    ...(config.kubeletPort
      ? {
          nodePort: {
            host: ip,
            port: config.kubeletPort,
            certificateFile: config.servingFile,
            clientCa: config.api.ca,
          },
        }
      : {}),
  })
  late.kubelet = kubelet
  stops.add(() => kubelet.stop())

  const serveServices = async (): Promise<void> => {
    // On lo, because not every kernel has dummy interfaces.
    await runCommand('ip', ['addr', 'replace', `${config.clusterDns}/32`, 'dev', 'lo'])
    const source = createDnsSource({
      services: serviceInformer,
      slices: sliceInformer,
      namespaces: informers.share(namespaces),
    })
    stops.add(
      await startDns({
        address: config.clusterDns,
        port: 53,
        domain: config.clusterDomain,
        source,
        upstreams: host.nameservers,
        hostAddress: () => defaultGateway(readFileSync('/proc/net/route', 'utf8')),
        log,
      }),
    )
    const proxySettings = {
      nodeName: config.nodeName,
      nodeIp: ip,
      apiPort: config.apiPort,
      podCidr: config.podCidr,
      serviceCidr: config.serviceCidr,
      localIps: new Set([config.clusterDns]),
    }
    stops.add(
      await startProxy({
        services: serviceInformer,
        slices: sliceInformer,
        nodes: nodeInformer,
        network,
        run: runCommand,
        clock,
        log,
        settings: proxySettings,
        ipv6: config.ipv6,
      }),
    )
  }
  const shared = images.ensure({ name: 'pause', image: pauseImage, imagePullPolicy: 'IfNotPresent' }, () => undefined)
  process.once('SIGTERM', () => void stops.stop().finally(() => process.exit(0)))
  await Promise.all([shared, serveServices(), kubelet.start()])
  log.info('the worker is ready', { node: config.nodeName })
}

/** The worker's address on the cluster's network. */
function ownAddress(): string {
  const address = networkInterfaces().eth0?.find(({ family }) => family === 'IPv4')?.address
  if (!address) throw new Error('the worker has no address on eth0')
  return address
}

/** Whether an address belongs to a pod or another worker, not to this worker's loopback or its machine. */
function reachable(podCidrs: readonly string[]): (host: string) => boolean {
  const own = networkInterfaces().eth0?.find(({ family }) => family === 'IPv4')?.cidr
  const ranges = [...podCidrs, own ?? ''].flatMap((text) => parseCidr(text) ?? [])
  const gateways = gatewaysOf(readFileSync('/proc/net/route', 'utf8'))
  return (host) => {
    const address = parseIp(host)
    if (address === undefined || isHostLocal(address) || gateways.has(ipText(address))) return false
    return ranges.some((range) => isInCidr(range, address))
  }
}

async function engineAnswers(runtime: ReturnType<typeof createDockerRuntime>): Promise<void> {
  for (;;) {
    try {
      await runtime.version()
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

keepHeapSmall()
main(readConfig('/etc/slipway')).catch((error: unknown) => {
  createAgentLog().error('the agent is exiting', {
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  })
  process.exit(1)
})
