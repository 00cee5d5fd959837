import type { Client } from '#shared/client/client.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import { clusterVolumeProvisioner } from '#shared/kube/cluster-volumes.ts'
import { isPodActive } from '#shared/kube/pod.ts'
import {
  endpoints,
  endpointSlices,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  podDisruptionBudgets,
  pods,
  replicaSets,
  services,
  storageClasses,
} from '#shared/kube/resources.ts'
import { crashTest } from '#test/support/crash-points.ts'
import { startDisruption } from './disruption.ts'
import { startEndpointSlices } from './endpoint-slice.ts'
import { startEndpoints } from './endpoints.ts'
import { startPersistentVolumes } from './persistent-volume/index.ts'
import { startPodGc } from './pod-gc.ts'
import { startReplicaSets } from './replicaset.ts'
import { startClaimProtection, startVolumeProtection } from './storage-protection.ts'
import { startTaintEviction } from './taint-eviction.ts'
import { startVolumeProvisioner } from './volume-provisioner/index.ts'

/** Controllers of Services, volumes, budgets and nodes that are ended between any two of their writes. */

const pod = (namespace: string, name: string, spec: object = {}): Pod => ({
  metadata: { name, namespace, labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image: name }], ...spec },
})

const namesOf = async (client: Client, namespace: string): Promise<string[]> =>
  (await client.list(pods, { namespace })).items
    .filter(isPodActive)
    .map(({ metadata }) => metadata.name)
    .sort()

/** What Endpoints and EndpointSlices of the Service say, sorted. */
async function backEnds(client: Client, namespace: string) {
  const slices = (await client.list(endpointSlices, { namespace })).items
  const all = (await client.list(endpoints, { namespace })).items
  return {
    slices: slices.map((slice) => ({
      pods: (slice.endpoints ?? []).map(({ targetRef, conditions }) => [targetRef?.name, conditions?.ready]).sort(),
      ports: slice.ports?.map(({ port }) => port),
    })),
    endpoints: all.flatMap(({ subsets = [] }) =>
      subsets.map(({ addresses, ports }) => ({
        pods: addresses?.map(({ targetRef }) => targetRef?.name).sort(),
        ports: ports?.map(({ port }) => port),
      })),
    ),
  }
}

const hasBackEnds =
  (names: readonly string[], port: number) =>
  async (client: Client, namespace: string): Promise<boolean> => {
    const seen = await backEnds(client, namespace)
    return (
      JSON.stringify(seen) ===
      JSON.stringify({
        slices: [{ pods: names.map((name) => [name, true]), ports: [port] }],
        endpoints: [{ pods: names, ports: [port] }],
      })
    )
  }

crashTest('a Service follows its pods and its ports', {
  controllers: [startEndpoints, startEndpointSlices],
  podsCreated: 3,
  mostActive: 3,
  steps: [
    {
      async act(client, namespace) {
        await client.create(services, {
          metadata: { name: 'web', namespace },
          spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
        })
        await Promise.all(['a', 'b', 'c'].map((name) => client.create(pods, pod(namespace, name))))
      },
      isSettled: hasBackEnds(['a', 'b', 'c'], 80),
    },
    {
      act: (client, namespace) => client.delete(pods, { namespace, name: 'b' }),
      isSettled: hasBackEnds(['a', 'c'], 80),
    },
    {
      act: (client, namespace) =>
        client.patch(
          services,
          { namespace, name: 'web' },
          { type: 'merge', body: { spec: { ports: [{ port: 80, targetPort: 8080 }] } } },
        ),
      isSettled: hasBackEnds(['a', 'c'], 8080),
    },
  ],
  state: backEnds,
})

const sizes = { small: '1Gi', large: '5Gi' }

/** Claims and volumes of the namespace, whose name is their class: volumes have no namespace. */
async function bindings(client: Client, namespace: string) {
  const claims = (await client.list(persistentVolumeClaims, { namespace })).items
  const volumes = (await client.list(persistentVolumes)).items.filter(
    ({ spec }) => spec?.storageClassName === namespace,
  )
  const local = (name = ''): string => name.replace(`${namespace}-`, '')
  return {
    claims: claims.map(({ metadata, spec, status }) => [
      metadata.name,
      status?.phase,
      local(spec?.volumeName),
      Object.keys(metadata.annotations ?? {}).sort(),
    ]),
    volumes: volumes.map(({ metadata, spec, status }) => [
      local(metadata.name),
      status?.phase,
      spec?.claimRef?.name,
      Object.keys(metadata.annotations ?? {}),
    ]),
  }
}

crashTest('claims are bound to one volume each, which is released with them', {
  controllers: [startPersistentVolumes],
  podsCreated: 0,
  mostActive: 0,
  steps: [
    {
      async act(client, namespace) {
        for (const [name, storage] of Object.entries(sizes))
          await client.create(persistentVolumes, {
            metadata: { name: `${namespace}-${name}` },
            spec: {
              storageClassName: namespace,
              capacity: { storage },
              accessModes: ['ReadWriteOnce'],
              hostPath: { path: '/data' },
            },
          })
        for (const name of ['first', 'second'])
          await client.create(persistentVolumeClaims, {
            metadata: { name, namespace },
            spec: {
              storageClassName: namespace,
              accessModes: ['ReadWriteOnce'],
              resources: { requests: { storage: sizes[name === 'first' ? 'small' : 'large'] } },
            },
          })
      },
      async isSettled(client, namespace) {
        const { claims, volumes } = await bindings(client, namespace)
        return [...claims, ...volumes].every(([, phase]) => phase === 'Bound')
      },
    },
    {
      act: (client, namespace) => client.delete(persistentVolumeClaims, { namespace, name: 'first' }),
      async isSettled(client, namespace) {
        const { claims, volumes } = await bindings(client, namespace)
        return claims.length === 1 && volumes.some(([, phase]) => phase === 'Released')
      },
    },
  ],
  state: bindings,
})

/** Phase and capacity of the claims of the namespace, then of the volumes of its class. */
async function provisioned(client: Client, namespace: string): Promise<string[]> {
  const claims = (await client.list(persistentVolumeClaims, { namespace })).items
  const volumes = (await client.list(persistentVolumes)).items.filter(
    ({ spec }) => spec?.storageClassName === namespace,
  )
  return [
    ...claims.map(({ status }) => `${status?.phase ?? ''} ${status?.capacity?.['storage'] ?? ''}`),
    ...volumes.map(({ spec, status }) => `${status?.phase ?? ''} ${spec?.capacity?.['storage'] ?? ''}`),
  ]
}

const patchClaim =
  (body: object) =>
  (client: Client, namespace: string): Promise<unknown> =>
    client.patch(persistentVolumeClaims, { namespace, name: 'data' }, { type: 'merge', body })

crashTest('a claim gets a volume from the provisioner, which grows with it and goes with it', {
  controllers: [startPersistentVolumes, startVolumeProvisioner, startClaimProtection, startVolumeProtection],
  podsCreated: 0,
  mostActive: 0,
  steps: [
    {
      async act(client, namespace) {
        await client.create(storageClasses, {
          metadata: { name: namespace },
          provisioner: clusterVolumeProvisioner,
          allowVolumeExpansion: true,
        })
        await client.create(persistentVolumeClaims, {
          metadata: { name: 'data', namespace },
          spec: {
            storageClassName: namespace,
            accessModes: ['ReadWriteOnce'],
            resources: { requests: { storage: '1Gi' } },
          },
        })
      },
      isSettled: async (client, namespace) => (await provisioned(client, namespace)).join() === 'Bound 1Gi,Bound 1Gi',
    },
    {
      act: patchClaim({ spec: { resources: { requests: { storage: '2Gi' } } } }),
      isSettled: async (client, namespace) => (await provisioned(client, namespace)).join() === 'Bound 2Gi,Bound 2Gi',
    },
    {
      act: (client, namespace) => client.delete(persistentVolumeClaims, { namespace, name: 'data' }),
      isSettled: async (client, namespace) => (await provisioned(client, namespace)).length === 0,
    },
  ],
  state: provisioned,
})

const isBudgetFull = async (client: Client, namespace: string): Promise<boolean> => {
  const { status } = await client.get(podDisruptionBudgets, { namespace, name: 'web' })
  return status?.currentHealthy === 3 && status.disruptionsAllowed === 1 && !status.disruptedPods
}

crashTest('an eviction takes from the budget, and its replacement gives back', {
  controllers: [(context) => startDisruption(context, { resources: () => [replicaSets] }), startReplicaSets],
  podsCreated: 4,
  mostActive: 3,
  steps: [
    {
      async act(client, namespace) {
        await client.create(podDisruptionBudgets, {
          metadata: { name: 'web', namespace },
          spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'web' } } },
        })
        await client.create(replicaSets, {
          metadata: { name: 'web', namespace },
          spec: {
            replicas: 3,
            selector: { matchLabels: { app: 'web' } },
            template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'v1' }] } },
          },
        })
      },
      isSettled: isBudgetFull,
    },
    {
      async act(client, namespace) {
        const [name = ''] = await namesOf(client, namespace)
        await client.post(pods, { namespace, name }, 'eviction', {
          apiVersion: 'policy/v1',
          kind: 'Eviction',
          metadata: { name, namespace },
        })
      },
      isSettled: async (client, namespace) =>
        (await isBudgetFull(client, namespace)) &&
        (await client.list(pods, { namespace })).items.length === 3 &&
        (await client.get(replicaSets, { namespace, name: 'web' })).status?.availableReplicas === 3,
    },
  ],
  async state(client, namespace) {
    const { conditions, ...status } = (await client.get(podDisruptionBudgets, { namespace, name: 'web' })).status ?? {}
    return { ...status, conditions: conditions?.map(({ type, reason }) => [type, reason]) }
  },
})

const nodeOf = ({ metadata }: Pod): string => `${metadata.namespace ?? ''}-node`
const toleration = { key: 'broken', operator: 'Exists', effect: 'NoExecute' }

crashTest('a taint evicts the pods that do not tolerate it', {
  controllers: [startTaintEviction],
  kubelets: { nodeOf },
  podsCreated: 3,
  mostActive: 3,
  steps: [
    {
      async act(client, namespace) {
        await client.create(nodes, { metadata: { name: `${namespace}-node` } })
        await client.create(pods, pod(namespace, 'a'))
        await client.create(pods, pod(namespace, 'b', { tolerations: [{ ...toleration, tolerationSeconds: 0 }] }))
        await client.create(pods, pod(namespace, 'c', { tolerations: [toleration] }))
      },
      isSettled: async (client, namespace) =>
        (await client.list(pods, { namespace })).items.every(({ status }) => status?.phase === 'Running'),
    },
    {
      act: (client, namespace) =>
        client.patch(
          nodes,
          { name: `${namespace}-node` },
          { type: 'merge', body: { spec: { taints: [{ key: 'broken', effect: 'NoExecute' }] } } },
        ),
      isSettled: async (client, namespace) => (await client.list(pods, { namespace })).items.length === 1,
    },
  ],
  state: namesOf,
})

crashTest('pods of a node that is gone are removed', {
  controllers: [(context) => startPodGc(context, { quarantineMs: 0 })],
  kubelets: { nodeOf, ends: () => false },
  podsCreated: 2,
  mostActive: 2,
  steps: [
    {
      async act(client, namespace) {
        await client.create(nodes, { metadata: { name: `${namespace}-node` } })
        await Promise.all(['a', 'b'].map((name) => client.create(pods, pod(namespace, name))))
      },
      isSettled: async (client, namespace) =>
        (await client.list(pods, { namespace })).items.every(({ status }) => status?.phase === 'Running'),
    },
    {
      act: (client, namespace) => client.delete(nodes, { name: `${namespace}-node` }),
      isSettled: async (client, namespace) => (await client.list(pods, { namespace })).items.length === 0,
    },
  ],
  state: namesOf,
})
