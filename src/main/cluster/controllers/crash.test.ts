import {
  controllerRevisions,
  cronJobs,
  daemonSets,
  deployments,
  horizontalPodAutoscalers,
  jobs,
  nodes,
  persistentVolumeClaims,
  pods,
  replicaSets,
  replicationControllers,
  resourceClaims,
  resourceClaimTemplates,
  statefulSets,
} from '#shared/kube/resources.ts'
import { isConditionTrue } from '#shared/kube/conditions.ts'
import type { Client, Resource } from '#shared/client/client.ts'
import type { Pod, PodTemplateSpec } from '#shared/kube/generated/types.ts'
import { isPodActive } from '#shared/kube/pod.ts'
import { deleteProtection } from '#shared/kube/resource-claims.ts'
import { crashTest } from '#test/support/crash-points.ts'
import { startCronJobs } from './cronjob/index.ts'
import { startDaemonSets } from './daemonset/index.ts'
import { targetOf } from './daemonset/pods.ts'
import { startDeployments } from './deployment/index.ts'
import { startHorizontalPodAutoscalers } from './horizontal-pod-autoscaler/index.ts'
import { startJobs } from './job/index.ts'
import { startReplicaSets, startReplicationControllers } from './replicaset.ts'
import { startResourceClaims } from './resource-claim/index.ts'
import { startStatefulSets } from './statefulset/index.ts'

/** Controllers that are ended between any two of their writes, and started again, come to the same end. */

const template = (image: string, spec: object = {}): PodTemplateSpec => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image }], ...spec },
})
const selector = { matchLabels: { app: 'web' } }

const patchSpec =
  (resource: Resource, name: string, spec: object) =>
  (client: Client, namespace: string): Promise<unknown> =>
    client.patch(resource, { namespace, name }, { type: 'merge', body: { spec } })

const isJobComplete = async (client: Client, namespace: string): Promise<boolean> => {
  const { status } = await client.get(jobs, { namespace, name: 'work' })
  return isConditionTrue(status?.conditions, 'Complete')
}

/** Images of active pods, the only thing about them that is the same each time. */
const images = async (client: Client, namespace: string): Promise<(string | undefined)[]> =>
  (await client.list(pods, { namespace })).items
    .filter(isPodActive)
    .map(({ spec }) => spec?.containers[0]?.image)
    .sort()

crashTest('a ReplicaSet grows and shrinks', {
  controllers: [startReplicaSets],
  podsCreated: 5,
  mostActive: 5,
  steps: [
    {
      act: (client, namespace) =>
        client.create(replicaSets, {
          metadata: { name: 'web', namespace },
          spec: { replicas: 5, selector, template: template('v1') },
        }),
      isSettled: async (client, namespace) =>
        (await client.get(replicaSets, { namespace, name: 'web' })).status?.availableReplicas === 5,
    },
    {
      act: patchSpec(replicaSets, 'web', { replicas: 2 }),
      async isSettled(client, namespace) {
        const { status } = await client.get(replicaSets, { namespace, name: 'web' })
        return (
          status?.availableReplicas === 2 &&
          status.replicas === 2 &&
          status.terminatingReplicas === 0 &&
          status.observedGeneration === 2
        )
      },
    },
  ],
  state: async (client, namespace) => ({
    images: await images(client, namespace),
    status: (await client.get(replicaSets, { namespace, name: 'web' })).status,
  }),
})

crashTest('a ReplicationController grows and shrinks', {
  controllers: [startReplicationControllers],
  podsCreated: 4,
  mostActive: 4,
  steps: [
    {
      act: (client, namespace) =>
        client.create(replicationControllers, {
          metadata: { name: 'web', namespace },
          spec: { replicas: 4, selector: selector.matchLabels, template: template('v1') },
        }),
      isSettled: async (client, namespace) =>
        (await client.get(replicationControllers, { namespace, name: 'web' })).status?.availableReplicas === 4,
    },
    {
      act: patchSpec(replicationControllers, 'web', { replicas: 1 }),
      async isSettled(client, namespace) {
        const { status } = await client.get(replicationControllers, { namespace, name: 'web' })
        return status?.availableReplicas === 1 && status.replicas === 1 && status.observedGeneration === 2
      },
    },
  ],
  state: async (client, namespace) => ({
    images: await images(client, namespace),
    status: (await client.get(replicationControllers, { namespace, name: 'web' })).status,
  }),
})

const isRolledOut =
  (generation: number) =>
  async (client: Client, namespace: string): Promise<boolean> => {
    const { metadata, status } = await client.get(deployments, { namespace, name: 'web' })
    return (
      metadata.generation === generation &&
      status?.observedGeneration === generation &&
      status.replicas === 3 &&
      status.updatedReplicas === 3 &&
      status.terminatingReplicas === 0 &&
      status.availableReplicas === 3 &&
      status.conditions?.find(({ type }) => type === 'Progressing')?.reason === 'NewReplicaSetAvailable'
    )
  }

crashTest('a Deployment rolls over, and keeps one revision of its history', {
  controllers: [startReplicaSets, startDeployments],
  podsCreated: 9,
  // The bounds hold for the sizes of ReplicaSets: pods of one that was scaled down and has not deleted them come on top.
  mostActive: 6,
  steps: [
    {
      act: (client, namespace) =>
        client.create(deployments, {
          metadata: { name: 'web', namespace },
          spec: {
            replicas: 3,
            revisionHistoryLimit: 1,
            progressDeadlineSeconds: 600,
            strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } },
            selector,
            template: template('v1'),
          },
        }),
      isSettled: isRolledOut(1),
    },
    ...['v2', 'v3'].map((image, turn) => ({
      act: patchSpec(deployments, 'web', { template: template(image) }),
      isSettled: async (client: Client, namespace: string) =>
        (await isRolledOut(turn + 2)(client, namespace)) &&
        (await client.list(replicaSets, { namespace })).items.length === 2,
    })),
  ],
  async state(client, namespace) {
    const deployment = await client.get(deployments, { namespace, name: 'web' })
    const sets = (await client.list(replicaSets, { namespace })).items
    return {
      images: await images(client, namespace),
      revision: deployment.metadata.annotations?.['deployment.kubernetes.io/revision'],
      sets: sets.map(({ metadata, spec, status }) => ({
        name: metadata.name,
        annotations: metadata.annotations,
        replicas: [spec?.replicas, status?.replicas],
      })),
      status: {
        ...deployment.status,
        conditions: deployment.status?.conditions?.map(({ type, status, reason }) => [type, status, reason]).sort(),
      },
    }
  },
})

crashTest('a Job runs to completion and counts each pod once', {
  controllers: [startJobs],
  kubelets: { run: () => 'succeeded' },
  podsCreated: 5,
  mostActive: 2,
  steps: [
    {
      act: (client, namespace) =>
        client.create(jobs, {
          metadata: { name: 'work', namespace },
          spec: { completions: 5, parallelism: 2, template: template('v1', { restartPolicy: 'Never' }) },
        }),
      isSettled: isJobComplete,
    },
  ],
  async state(client, namespace) {
    const { status } = await client.get(jobs, { namespace, name: 'work' })
    const { startTime: _, completionTime: __, conditions, ...counts } = status ?? {}
    const all = (await client.list(pods, { namespace })).items
    return {
      counts,
      conditions: conditions?.map(({ type, reason }) => [type, reason]),
      finalizers: all.flatMap(({ metadata }) => metadata.finalizers ?? []),
    }
  },
})

crashTest('an Indexed Job gives each index to one pod', {
  controllers: [startJobs],
  kubelets: { run: () => 'succeeded' },
  podsCreated: 4,
  mostActive: 3,
  steps: [
    {
      act: (client, namespace) =>
        client.create(jobs, {
          metadata: { name: 'work', namespace },
          spec: {
            completionMode: 'Indexed',
            completions: 4,
            parallelism: 3,
            template: template('v1', { restartPolicy: 'Never' }),
          },
        }),
      isSettled: isJobComplete,
    },
  ],
  async state(client, namespace) {
    const { status } = await client.get(jobs, { namespace, name: 'work' })
    const all = (await client.list(pods, { namespace })).items
    return {
      completed: [status?.completedIndexes, status?.succeeded, status?.failed],
      indexes: all.map(({ metadata }) => metadata.annotations?.['batch.kubernetes.io/job-completion-index']).sort(),
    }
  },
})

const completionIndexOf = ({ metadata }: Pod): string | undefined =>
  metadata.annotations?.['batch.kubernetes.io/job-completion-index']

const endedJob = async (client: Client, namespace: string): Promise<unknown> => {
  const { status } = await client.get(jobs, { namespace, name: 'work' })
  const { startTime: _, completionTime: __, conditions, ...counts } = status ?? {}
  return { counts, conditions: conditions?.map(({ type, reason }) => [type, reason]) }
}

const hasJobEnded = async (client: Client, namespace: string): Promise<boolean> => {
  const { status } = await client.get(jobs, { namespace, name: 'work' })
  return isConditionTrue(status?.conditions, 'Complete') || isConditionTrue(status?.conditions, 'Failed')
}

crashTest('an Indexed Job fails for the index that failed', {
  controllers: [startJobs],
  kubelets: { run: (pod) => (completionIndexOf(pod) === '1' ? 'failed' : 'succeeded') },
  podsCreated: 3,
  mostActive: 3,
  steps: [
    {
      act: (client, namespace) =>
        client.create(jobs, {
          metadata: { name: 'work', namespace },
          spec: {
            completionMode: 'Indexed',
            completions: 3,
            parallelism: 3,
            backoffLimitPerIndex: 0,
            template: template('v1', { restartPolicy: 'Never' }),
          },
        }),
      isSettled: hasJobEnded,
    },
  ],
  state: endedJob,
})

crashTest('an Indexed Job succeeds by its policy and counts no pod that it stops', {
  controllers: [startJobs],
  kubelets: { run: (pod) => (completionIndexOf(pod) === '2' ? 'succeeded' : 'running') },
  podsCreated: 3,
  mostActive: 3,
  steps: [
    {
      act: (client, namespace) =>
        client.create(jobs, {
          metadata: { name: 'work', namespace },
          spec: {
            completionMode: 'Indexed',
            completions: 3,
            parallelism: 3,
            successPolicy: { rules: [{ succeededIndexes: '2' }] },
            template: template('v1', { restartPolicy: 'Never' }),
          },
        }),
      isSettled: hasJobEnded,
    },
  ],
  state: endedJob,
})

crashTest('a Job fails at once for an exit code that its policy names', {
  controllers: [startJobs],
  kubelets: { run: () => 'failed' },
  podsCreated: 1,
  mostActive: 1,
  steps: [
    {
      act: (client, namespace) =>
        client.create(jobs, {
          metadata: { name: 'work', namespace },
          spec: {
            podFailurePolicy: { rules: [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [1] } }] },
            template: template('v1', { restartPolicy: 'Never' }),
          },
        }),
      isSettled: hasJobEnded,
    },
  ],
  state: endedJob,
})

crashTest('an Indexed Job gives up an index for an exit code that its policy names', {
  controllers: [startJobs],
  kubelets: { run: (pod) => (completionIndexOf(pod) === '1' ? 'failed' : 'succeeded') },
  podsCreated: 3,
  mostActive: 3,
  steps: [
    {
      act: (client, namespace) =>
        client.create(jobs, {
          metadata: { name: 'work', namespace },
          spec: {
            completionMode: 'Indexed',
            completions: 3,
            parallelism: 3,
            backoffLimitPerIndex: 4,
            podFailurePolicy: { rules: [{ action: 'FailIndex', onExitCodes: { operator: 'In', values: [1] } }] },
            template: template('v1', { restartPolicy: 'Never' }),
          },
        }),
      isSettled: hasJobEnded,
    },
  ],
  state: endedJob,
})

crashTest('a CronJob that forbids a second Job starts one', {
  controllers: [startCronJobs],
  podsCreated: 0,
  mostActive: 0,
  steps: [
    {
      act: (client, namespace) =>
        client.create(cronJobs, {
          metadata: { name: 'tick', namespace },
          spec: {
            schedule: '@every 1s',
            concurrencyPolicy: 'Forbid',
            jobTemplate: { spec: { template: template('v1', { restartPolicy: 'Never' }) } },
          },
        }),
      isSettled: async (client, namespace) =>
        (await client.get(cronJobs, { namespace, name: 'tick' })).status?.active?.length === 1,
    },
    {
      act: (client, namespace) =>
        client.patch(cronJobs, { namespace, name: 'tick' }, { type: 'merge', body: { spec: { suspend: true } } }),
      isSettled: () => Promise.resolve(true),
    },
  ],
  async state(client, namespace) {
    const { status } = await client.get(cronJobs, { namespace, name: 'tick' })
    const all = (await client.list(jobs, { namespace })).items
    return {
      jobs: all.length,
      isActive: status?.active?.every(({ uid }) => all.some(({ metadata }) => metadata.uid === uid)),
      isLast: all.every(
        ({ metadata }) =>
          metadata.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp'] === status?.lastScheduleTime,
      ),
    }
  },
})

const isDaemonRolledOut =
  (generation: number) =>
  async (client: Client, namespace: string): Promise<boolean> => {
    const { status } = await client.get(daemonSets, { namespace, name: 'agent' })
    return (
      status?.observedGeneration === generation && status.updatedNumberScheduled === 3 && status.numberAvailable === 3
    )
  }

crashTest('a DaemonSet covers the nodes and rolls over', {
  controllers: [startDaemonSets],
  kubelets: { nodeOf: targetOf },
  podsCreated: 6,
  mostActive: 3,
  steps: [
    {
      async act(client, namespace) {
        const there = (await client.list(nodes)).items.length
        if (there === 0) await Promise.all(['a', 'b', 'c'].map((name) => client.create(nodes, { metadata: { name } })))
        return client.create(daemonSets, {
          metadata: { name: 'agent', namespace },
          spec: { selector, template: template('v1') },
        })
      },
      isSettled: isDaemonRolledOut(1),
    },
    {
      act: patchSpec(daemonSets, 'agent', { template: template('v2') }),
      isSettled: isDaemonRolledOut(2),
    },
  ],
  state: async (client, namespace) => ({
    images: await images(client, namespace),
    status: (await client.get(daemonSets, { namespace, name: 'agent' })).status,
  }),
})

const statefulUntil =
  (generation: number, replicas: number) =>
  async (client: Client, namespace: string): Promise<boolean> => {
    const { status } = await client.get(statefulSets, { namespace, name: 'web' })
    return (
      status?.observedGeneration === generation &&
      status.replicas === replicas &&
      status.updatedReplicas === replicas &&
      status.availableReplicas === replicas &&
      status.currentRevision === status.updateRevision
    )
  }

for (const podManagementPolicy of ['OrderedReady', 'Parallel'])
  crashTest(`a StatefulSet grows, rolls over and shrinks (${podManagementPolicy})`, {
    controllers: [startStatefulSets],
    podsCreated: 4,
    mostActive: 2,
    steps: [
      {
        act: (client, namespace) =>
          client.create(statefulSets, {
            metadata: { name: 'web', namespace },
            spec: {
              replicas: 2,
              podManagementPolicy,
              serviceName: 'web',
              selector,
              template: template('v1'),
              persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' },
              volumeClaimTemplates: [
                {
                  metadata: { name: 'data' },
                  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
                },
              ],
            },
          }),
        isSettled: statefulUntil(1, 2),
      },
      { act: patchSpec(statefulSets, 'web', { template: template('v2') }), isSettled: statefulUntil(2, 2) },
      { act: patchSpec(statefulSets, 'web', { replicas: 1 }), isSettled: statefulUntil(3, 1) },
    ],
    state: async (client, namespace) => ({
      images: await images(client, namespace),
      status: (await client.get(statefulSets, { namespace, name: 'web' })).status,
      revisions: (await client.list(controllerRevisions, { namespace })).items.map(({ revision }) => revision).sort(),
      claims: (await client.list(persistentVolumeClaims, { namespace })).items.map(({ metadata }) => [
        metadata.name,
        metadata.ownerReferences?.map(({ kind, name }) => [kind, name]),
      ]),
    }),
  })

crashTest('a HorizontalPodAutoscaler grows its target to where the metrics want it', {
  controllers: [
    startReplicaSets,
    (context) =>
      startHorizontalPodAutoscalers(context, {
        resources: () => [replicaSets],
        syncMs: 20,
        // A load of 80 that the pods share, 20 for each wanted.
        metrics: {
          async read(_, namespace) {
            const { items } = await context.client.list(pods, { namespace })
            const value = 80_000 / Math.max(1, items.length)
            return { samples: new Map(items.map(({ metadata }) => [metadata.name, { value, at: 0, windowMs: 0 }])) }
          },
        },
      }),
  ],
  podsCreated: 4,
  mostActive: 4,
  steps: [
    {
      async act(client, namespace) {
        await client.create(replicaSets, {
          metadata: { name: 'web', namespace },
          spec: { replicas: 1, selector, template: template('v1') },
        })
        await client.create(horizontalPodAutoscalers, {
          metadata: { name: 'web', namespace },
          spec: {
            scaleTargetRef: { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web' },
            maxReplicas: 5,
            metrics: [
              {
                type: 'Pods',
                pods: { metric: { name: 'load' }, target: { type: 'AverageValue', averageValue: '20' } },
              },
            ],
          },
        })
      },
      async isSettled(client, namespace) {
        const { status } = await client.get(horizontalPodAutoscalers, { namespace, name: 'web' })
        const set = await client.get(replicaSets, { namespace, name: 'web' })
        return (
          status?.currentReplicas === 4 &&
          status.conditions?.find(({ type }) => type === 'AbleToScale')?.reason === 'ReadyForNewScale' &&
          set.status?.availableReplicas === 4
        )
      },
    },
  ],
  async state(client, namespace) {
    const { status } = await client.get(horizontalPodAutoscalers, { namespace, name: 'web' })
    const set = await client.get(replicaSets, { namespace, name: 'web' })
    return {
      replicas: [set.spec?.replicas, status?.currentReplicas, status?.desiredReplicas],
      conditions: status?.conditions?.map(({ type, status: value, reason }) => [type, value, reason]),
    }
  },
})

const claimStates = async (client: Client, namespace: string): Promise<unknown[]> =>
  (await client.list(resourceClaims, { namespace })).items.map(({ metadata, status }) => ({
    owner: metadata.ownerReferences?.[0]?.name,
    allocated: status?.allocation !== undefined,
    users: status?.reservedFor?.map(({ name }) => name),
  }))

crashTest('a pod gets a claim of devices from a template, and gives it back when it has ended', {
  controllers: [startResourceClaims],
  podsCreated: 1,
  mostActive: 1,
  steps: [
    {
      async act(client, namespace) {
        const devices = { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu' } }] }
        await client.create(resourceClaimTemplates, {
          metadata: { name: 'gpu', namespace },
          spec: { spec: { devices } },
        })
        const resourceClaimEntries = [{ name: 'gpu', resourceClaimTemplateName: 'gpu' }]
        const spec = { containers: [{ name: 'c', image: 'app' }], resourceClaims: resourceClaimEntries }
        await client.create(pods, { metadata: { name: 'train', namespace }, spec })
      },
      isSettled: async (client, namespace) =>
        (await client.get(pods, { namespace, name: 'train' })).status?.resourceClaimStatuses?.length === 1,
    },
    {
      // The scheduler's part.
      async act(client, namespace) {
        const { metadata, status } = await client.get(pods, { namespace, name: 'train' })
        const name = status?.resourceClaimStatuses?.[0]?.resourceClaimName ?? ''
        const finalizers = [deleteProtection]
        await client.patch(resourceClaims, { namespace, name }, { type: 'merge', body: { metadata: { finalizers } } })
        const results = [{ request: 'r', driver: 'd.example.com', pool: 'p', device: 'gpu-0' }]
        const reservedFor = [{ resource: 'pods', name: 'train', uid: metadata.uid }]
        const body = { status: { allocation: { devices: { results } }, reservedFor } }
        await client.patch(resourceClaims, { namespace, name }, { type: 'merge', body }, { subresource: 'status' })
        const ended = { status: { phase: 'Succeeded' } }
        await client.patch(
          pods,
          { namespace, name: 'train' },
          { type: 'merge', body: ended },
          { subresource: 'status' },
        )
      },
      isSettled: async (client, namespace) => (await claimStates(client, namespace)).length === 0,
    },
  ],
  state: claimStates,
})
