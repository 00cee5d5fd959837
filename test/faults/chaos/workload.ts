import type {
  CronJob,
  DaemonSet,
  Deployment,
  Job,
  PersistentVolume,
  PodSpec,
  PodTemplateSpec,
  Service,
  StatefulSet,
} from '#shared/kube/generated/types.ts'
import type { Client } from '#shared/client/client.ts'
import {
  cronJobs,
  daemonSets,
  deployments,
  jobs,
  persistentVolumes,
  services,
  statefulSets,
} from '#shared/kube/resources.ts'

/** One workload of each controller; all pods say in their command line who they are. */

export const namespace = 'default'
const image = 'busybox:1.36'
/** Of each round's Job. */
export const completions = 12
/** Folder of the worker in which pods of Jobs note what they did. */
export const ledger = '/var/lib/chaos/ledger'
/** Followed by the pod's name and uid in the command lines of a StatefulSet's pods. */
export const identityMark = 'chaos-identity'

/** Pods leave a lost node soon: a long fault then shows what eviction does. */
const tolerations = ['not-ready', 'unreachable'].map((condition) => ({
  key: `node.kubernetes.io/${condition}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: 5,
}))

const ownName = [
  { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
  { name: 'POD_UID', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } },
]

const selector = (app: string) => ({ matchLabels: { app } })
const template = (app: string, version: string, spec: PodSpec): PodTemplateSpec => ({
  metadata: { labels: { app }, annotations: { version } },
  spec: { terminationGracePeriodSeconds: 2, ...spec },
})

const webServer = `mkdir /www && echo "$POD_NAME" > /www/index.html && trap 'exit 0' TERM; httpd -f -h /www & wait`

export const webTemplate = (version: string): PodTemplateSpec =>
  template('web', version, {
    tolerations,
    containers: [
      {
        name: 'web',
        image,
        command: ['sh', '-c', webServer],
        env: ownName,
        readinessProbe: { httpGet: { path: '/', port: 80 }, periodSeconds: 1 },
      },
    ],
  })

export const databaseTemplate = (version: string): PodTemplateSpec =>
  template('db', version, {
    tolerations,
    containers: [
      {
        name: 'db',
        image,
        command: ['sh', '-c', `echo "$2" >> /data/owners; trap 'exit 0' TERM; sleep 100000 & wait`, identityMark],
        args: ['$(POD_NAME)', '$(POD_UID)'],
        env: ownName,
        volumeMounts: [{ name: 'data', mountPath: '/data' }],
      },
    ],
  })

export const agentTemplate = (version: string): PodTemplateSpec =>
  template('agent', version, {
    containers: [{ name: 'agent', image, command: ['sh', '-c', `trap 'exit 0' TERM; sleep 100000 & wait`] }],
  })

const noting = (script: string): PodSpec => ({
  restartPolicy: 'Never',
  tolerations,
  containers: [
    {
      name: 'work',
      image,
      command: ['sh', '-c', script],
      env: ownName,
      volumeMounts: [{ name: 'notes', mountPath: '/notes' }],
    },
  ],
  volumes: [{ name: 'notes', hostPath: { path: ledger, type: 'DirectoryOrCreate' } }],
})

/** Creates everything but Jobs, which rounds bring. */
export async function createWorkloads(client: Client): Promise<void> {
  for (const volume of [0, 1, 2, 3, 4].map(volumeFor)) await client.create(persistentVolumes, volume)
  await client.create(services, service('web', { selector: { app: 'web' }, ports: [{ port: 80 }] }))
  await client.create(
    services,
    service('db', {
      clusterIP: 'None',
      selector: { app: 'db' },
      ports: [{ port: 80 }],
      publishNotReadyAddresses: true,
    }),
  )
  await client.create(deployments, deployment)
  await client.create(statefulSets, database)
  await client.create(daemonSets, daemon)
  await client.create(cronJobs, tick)
}

const service = (name: string, spec: Service['spec']): Service => ({
  metadata: { name, namespace },
  ...(spec && { spec }),
})

const deployment: Deployment = {
  metadata: { name: 'web', namespace },
  spec: { replicas: 4, selector: selector('web'), template: webTemplate('0') },
}

const database: StatefulSet = {
  metadata: { name: 'db', namespace },
  spec: {
    replicas: 3,
    serviceName: 'db',
    selector: selector('db'),
    template: databaseTemplate('0'),
    volumeClaimTemplates: [
      {
        metadata: { name: 'data' },
        spec: {
          accessModes: ['ReadWriteOnce'],
          storageClassName: 'chaos',
          resources: { requests: { storage: '1Gi' } },
        },
      },
    ],
  },
}

const daemon: DaemonSet = {
  metadata: { name: 'agent', namespace },
  spec: { selector: selector('agent'), template: agentTemplate('0') },
}

const tick: CronJob = {
  metadata: { name: 'tick', namespace },
  spec: {
    schedule: '* * * * *',
    jobTemplate: { spec: { template: template('tick', '0', noting('echo tick')) } },
  },
}

const volumeFor = (number: number): PersistentVolume => ({
  metadata: { name: `data-${number}` },
  spec: {
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteOnce'],
    storageClassName: 'chaos',
    persistentVolumeReclaimPolicy: 'Retain',
    hostPath: { path: `/var/lib/chaos/data-${number}`, type: 'DirectoryOrCreate' },
  },
})

/** Each index takes a second or more, and notes that it was done. */
export const roundJob = (name: string): Job => ({
  metadata: { name, namespace },
  spec: {
    completionMode: 'Indexed',
    completions,
    parallelism: 4,
    backoffLimit: 100,
    template: template(
      'work',
      '0',
      noting(`sleep $((1 + JOB_COMPLETION_INDEX % 4)); echo "${name} $JOB_COMPLETION_INDEX" >> /notes/done`),
    ),
  },
})

export const createRoundJob = (client: Client, name: string): Promise<unknown> => client.create(jobs, roundJob(name))
