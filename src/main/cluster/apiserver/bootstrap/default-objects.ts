import type { Client, Resource } from '#shared/client/client.ts'
import { defaultServiceCidr } from '#shared/kube/cluster-ranges.ts'
import { clusterVolumeProvisioner } from '#shared/kube/cluster-volumes.ts'
import { setCondition } from '#shared/kube/conditions.ts'
import { isAlreadyExists, isNotFound } from '#shared/kube/error-kinds.ts'
import type {
  Condition,
  Namespace,
  PriorityClass,
  Service,
  ServiceCIDR,
  StorageClass,
} from '#shared/kube/generated/types.ts'
import type { KubeObject, Named, Stored } from '#shared/kube/object.ts'
import {
  customResourceDefinitions,
  flowSchemas,
  namespaces,
  priorityClasses,
  priorityLevelConfigurations,
  serviceCidrs,
  services,
  storageClasses,
} from '#shared/kube/resources.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import { snapshotDefinitions } from './snapshot-definitions.ts'
import { defaultFlowSchemas, defaultPriorityLevels, foundLevel } from '../flow-control/default-objects.ts'

export interface DefaultObjectsOptions {
  /** Acts as an administrator. */
  client: Client
  /** Address of cluster DNS: `10.96.0.10` when unset. */
  dnsAddress?: string
  /** Ranges of the cluster IPs of Services, one of each family: `10.96.0.0/16` when unset. */
  serviceCidrs?: readonly string[]
}

/**
 * Creates the default objects of a cluster: namespaces, priority classes, a storage class, the DNS service, the range of
 * Services and the flow control objects. Existing objects are left alone, changed ones too. The storage class is created
 * in a new cluster only, so that a deleted one does not come back. The definitions of the snapshot API are made where they are
 * missing.
 */
export async function ensureDefaultObjects({
  client,
  dnsAddress = '10.96.0.10',
  serviceCidrs: ranges = [defaultServiceCidr],
}: DefaultObjectsOptions): Promise<void> {
  const isNew = !(await exists(client, namespaces, systemNamespace))
  await Promise.all(defaultNamespaces.map((object) => ensure(client, namespaces, object)))
  await Promise.all([
    ...systemPriorities.map((object) => ensure(client, priorityClasses, object)),
    ensure(client, services, dnsService(dnsAddress)),
    isNew ? ensure(client, storageClasses, standardClass) : allowExpansion(client),
    ...snapshotDefinitions.map((object) => ensure(client, customResourceDefinitions, object)),
    ensureServiceCidr(client, ranges),
    ensureFlowControl(client),
  ])
}

/** Created with condition Ready: the API server itself allocates from it. */
async function ensureServiceCidr(client: Client, cidrs: readonly string[]): Promise<void> {
  const created = await ensure<ServiceCIDR>(client, serviceCidrs, {
    metadata: { name: 'kubernetes', finalizers: ['networking.k8s.io/service-cidr-finalizer'] },
    spec: { cidrs: [...cidrs] },
  })
  if (!created) return
  const message = 'Kubernetes default Service CIDR is ready'
  const update = { type: 'Ready', status: 'True', reason: '', message }
  const conditions = setCondition<Condition>(undefined, update, timestamp(Date.now()))
  await client.updateStatus(serviceCidrs, { ...created, status: { conditions } })
}

async function ensureFlowControl(client: Client): Promise<void> {
  await Promise.all(defaultPriorityLevels().map((level) => ensure(client, priorityLevelConfigurations, level)))
  const now = timestamp(Date.now())
  await Promise.all(
    defaultFlowSchemas().map(async (schema) => {
      const created = await ensure(client, flowSchemas, schema)
      const level = schema.spec?.priorityLevelConfiguration.name ?? ''
      if (created) await client.updateStatus(flowSchemas, { ...created, status: foundLevel(level, now) })
    }),
  )
}

const systemNamespace = 'kube-system'

const defaultNamespaces: readonly (Namespace & Named)[] = [
  'default',
  systemNamespace,
  'kube-public',
  'kube-node-lease',
].map((name) => ({ metadata: { name } }))

const systemPriorities: readonly (PriorityClass & Named)[] = [
  {
    metadata: { name: 'system-cluster-critical' },
    value: 2_000_000_000,
    description:
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  },
  {
    metadata: { name: 'system-node-critical' },
    value: 2_000_001_000,
    description: 'Used for system critical pods that must not be moved from their current node.',
  },
]

const standardClass: StorageClass & Named = {
  metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: clusterVolumeProvisioner,
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'WaitForFirstConsumer',
  allowVolumeExpansion: true,
}

/** The class of clusters that were made before its volumes could be expanded. */
async function allowExpansion(client: Client): Promise<void> {
  const name = standardClass.metadata.name
  const present = await client.get(storageClasses, { name }).catch((error: unknown) => {
    if (!isNotFound(error)) throw error
    return undefined
  })
  if (present?.provisioner !== clusterVolumeProvisioner || present.allowVolumeExpansion !== undefined) return
  const body = { metadata: { uid: present.metadata.uid }, allowVolumeExpansion: true }
  await client.patch(storageClasses, { name }, { type: 'merge', body })
}

/** Without a selector: the agent of every node answers for DNS itself. */
const dnsService = (clusterIP: string): Service & Named => ({
  metadata: {
    name: 'kube-dns',
    namespace: systemNamespace,
    labels: { 'k8s-app': 'kube-dns', 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' },
  },
  spec: {
    clusterIP,
    ports: [
      { name: 'dns', port: 53, protocol: 'UDP' },
      { name: 'dns-tcp', port: 53, protocol: 'TCP' },
    ],
  },
})

/** Creates an object unless it exists. @returns the created object */
async function ensure<T extends KubeObject>(
  client: Client,
  resource: Resource<T>,
  object: T & Named,
): Promise<Stored<T> | undefined> {
  if (await exists(client, resource, object.metadata.name, object.metadata.namespace)) return undefined
  const { group, version, kind } = resource
  try {
    return await client.create(resource, { apiVersion: group ? `${group}/${version}` : version, kind, ...object })
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    return undefined
  }
}

async function exists(client: Client, resource: Resource, name: string, namespace?: string): Promise<boolean> {
  try {
    await client.get(resource, { name, namespace })
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}
