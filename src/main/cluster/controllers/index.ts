import type { Clock } from '#shared/base/clock.ts'
import { StopStack, type Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import type { Client, Resource } from '#shared/client/client.ts'
import { createSharedInformers } from '#shared/client/shared-informers.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import type { Reconciled, Reconciling } from '#shared/reconcile/controller.ts'
import { startAttachDetach } from './attach-detach/index.ts'
import { startCertificates, type CertificatesOptions } from './certificates.ts'
import { startClusterRoleAggregation } from './cluster-role-aggregation.ts'
import { startCronJobs } from './cronjob/index.ts'
import { startDaemonSets } from './daemonset/index.ts'
import { startDeployments } from './deployment/index.ts'
import { startDeviceTaintEviction } from './device-taint-eviction.ts'
import { startDisruption } from './disruption.ts'
import { startEndpointSlices } from './endpoint-slice.ts'
import { startEndpointSliceMirroring } from './endpoint-slice-mirroring.ts'
import { startEndpoints } from './endpoints.ts'
import { startEphemeralVolumes } from './ephemeral-volume.ts'
import { startEventTtl } from './event-ttl.ts'
import { startGarbageCollector } from './garbage-collector.ts'
import { startHorizontalPodAutoscalers } from './horizontal-pod-autoscaler/index.ts'
import { startJobs } from './job/index.ts'
import { startKubernetesService, type KubernetesServiceOptions } from './kubernetes-service.ts'
import { startNamespaces } from './namespace.ts'
import { startNodeIpam, type NodeIpamOptions } from './node-ipam.ts'
import { startNodeLifecycle, type NodeLifecycleOptions } from './node-lifecycle.ts'
import { startNodeTtl } from './node-ttl.ts'
import { startPersistentVolumes } from './persistent-volume/index.ts'
import { startPodGc, type PodGcOptions } from './pod-gc.ts'
import { startReplicaSets, startReplicationControllers } from './replicaset.ts'
import { startResourceClaims } from './resource-claim/index.ts'
import { startResourceQuotas } from './resource-quota.ts'
import { startRootCa } from './root-ca.ts'
import { startServiceAccounts } from './service-account.ts'
import { startServiceAccountTokens, type ServiceAccountTokenOptions } from './service-account-token.ts'
import { startServiceCidrs } from './service-cidr.ts'
import { startAttributesClassProtection, startClaimProtection, startVolumeProtection } from './storage-protection.ts'
import { startStatefulSets } from './statefulset/index.ts'
import { startTaintEviction } from './taint-eviction.ts'
import { startTokenCleaner } from './token-cleaner.ts'
import { startTtlAfterFinished } from './ttl-after-finished.ts'
import { startVolumeSnapshots } from './volume-snapshot/index.ts'
import { startVolumeExpand } from './volume-expand.ts'
import { startVolumeProvisioner, type VolumeProvisionerOptions } from './volume-provisioner/index.ts'

export interface ControllersOptions {
  /** The client of the shared informers. */
  client: Client
  /** The client that a controller writes with, by Kubernetes' name of the controller; `client` for all when unset. */
  clientFor?: (controller: string) => Client
  clock: Clock
  log: Log
  /** All stored resources of the API server: for namespace deletion, garbage collection and quotas. */
  resources: readonly Resource[]
  /** Announces custom resources that are added and removed, and lists the present ones. */
  customResources?: CustomResources
  /** PEM of the authority that signs the API server's certificate. */
  rootCa: string
  /** Signs certificate requests; none are signed when unset. */
  certificates?: CertificatesOptions
  /** Issues the tokens of token Secrets; none are issued when unset. */
  issueToken?: ServiceAccountTokenOptions['issueToken']
  kubernetesService: KubernetesServiceOptions
  nodeIpam?: NodeIpamOptions
  nodeLifecycle?: NodeLifecycleOptions
  podGc?: PodGcOptions
  volumeProvisioner?: VolumeProvisionerOptions
  /** Called after every reconcile; for metrics. */
  observe?: (event: Reconciling | Reconciled) => void
}

export interface CustomResources {
  /** The present custom resources, one version of each. */
  all(): readonly Resource[]
  /** Announces all present ones, then every change. */
  onChange(listener: (resource: Resource, served: boolean) => void): Stop
}

export interface Controllers {
  /** Stops every controller; resolves when the last reconcile has ended. */
  stop(): Promise<void>
}

/** Starts every controller of the control plane on one set of shared informers. */
export function startControllers(options: ControllersOptions): Controllers {
  const { client, clock, log, resources, observe } = options
  const informers = createSharedInformers({ client, clock, log })
  const clientFor = options.clientFor ?? (() => client)
  const as = (controller: string): ControllerContext => ({
    client: clientFor(controller),
    informers,
    clock,
    log,
    observe,
  })
  const stops = new StopStack()
  stops.add(() => informers.stop())

  stops.add(startServiceAccounts(as('service-account-controller')))
  stops.add(startRootCa(as('root-ca-cert-publisher'), options))
  const { issueToken, rootCa } = options
  stops.add(startEventTtl(as('event-ttl-controller')))
  // As in Kubernetes, this one has the rights of the controller manager itself.
  const own: ControllerContext = { client, informers, clock, log, observe }
  if (issueToken) stops.add(startServiceAccountTokens(own, { issueToken, rootCa }))
  stops.add(startTokenCleaner(as('token-cleaner')))
  if (options.certificates) stops.add(startCertificates(as('certificate-controller'), options.certificates))
  stops.add(startKubernetesService(as('kubernetes-service-controller'), options.kubernetesService))
  stops.add(startServiceCidrs(as('service-cidrs-controller')))
  stops.add(startNodeIpam(as('node-controller'), options.nodeIpam))
  stops.add(startNodeLifecycle(as('node-controller'), options.nodeLifecycle))
  stops.add(startNodeTtl(as('ttl-controller')))
  stops.add(startTaintEviction(as('taint-eviction-controller')))
  stops.add(startDeviceTaintEviction(as('device-taint-eviction-controller')))
  stops.add(startPodGc(as('pod-garbage-collector'), options.podGc))
  stops.add(startReplicaSets(as('replicaset-controller')))
  stops.add(startReplicationControllers(as('replication-controller')))
  const allResources = (): Resource[] => [...resources, ...(options.customResources?.all() ?? [])]
  stops.add(startDisruption(as('disruption-controller'), { resources: allResources }))
  stops.add(startResourceClaims(as('resource-claim-controller')))
  const onCustomResource = options.customResources?.onChange
  stops.add(
    startResourceQuotas(as('resourcequota-controller'), {
      resources,
      ...(onCustomResource ? { onCustomResource } : {}),
    }),
  )
  stops.add(startDeployments(as('deployment-controller')))
  stops.add(startDaemonSets(as('daemon-set-controller')))
  stops.add(startStatefulSets(as('statefulset-controller')))
  stops.add(startJobs(as('job-controller')))
  stops.add(startCronJobs(as('cronjob-controller')))
  stops.add(startHorizontalPodAutoscalers(as('horizontal-pod-autoscaler'), { resources: allResources }))
  stops.add(startTtlAfterFinished(as('ttl-after-finished-controller')))
  stops.add(startEndpoints(as('endpoint-controller')))
  stops.add(startEndpointSlices(as('endpointslice-controller')))
  stops.add(startEndpointSliceMirroring(as('endpointslicemirroring-controller')))
  stops.add(startClusterRoleAggregation(as('clusterrole-aggregation-controller')))
  stops.add(startPersistentVolumes(as('persistent-volume-binder')))
  stops.add(startEphemeralVolumes(as('ephemeral-volume-controller')))
  stops.add(startVolumeExpand(as('expand-controller')))
  stops.add(startVolumeProvisioner(as('volume-provisioner'), options.volumeProvisioner))
  stops.add(
    startVolumeSnapshots(as('snapshot-controller'), {
      onCustomResource,
      volumeData: options.volumeProvisioner?.volumeData,
    }),
  )
  stops.add(startAttachDetach(as('attachdetach-controller')))
  stops.add(startClaimProtection(as('pvc-protection-controller')))
  stops.add(startVolumeProtection(as('pv-protection-controller')))
  stops.add(startAttributesClassProtection(as('volumeattributesclass-protection-controller')))
  stops.add(
    startNamespaces(as('namespace-controller'), {
      namespacedResources: () => allResources().filter(({ namespaced }) => namespaced),
    }),
  )
  stops.add(
    startGarbageCollector(as('generic-garbage-collector'), {
      resources: resources.filter(isOwnable),
      ...(options.customResources ? { onResource: options.customResources.onChange } : {}),
    }),
  )

  return { stop: () => stops.stop() }
}

/** Events are many, and nothing owns them. */
const isOwnable = ({ kind, plural }: Resource): boolean => !(kind === 'Event' && plural === 'events')
