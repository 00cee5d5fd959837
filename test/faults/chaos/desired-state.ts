import type { Client } from '#shared/client/client.ts'
import { isConditionTrue } from '#shared/kube/conditions.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import { isNodeReady } from '#shared/kube/node.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isPodReady, isPodTerminal } from '#shared/kube/pod.ts'
import { daemonSets, deployments, endpointSlices, jobs, nodes, pods, statefulSets } from '#shared/kube/resources.ts'
import type { Machines } from './faults.ts'
import { completions, ledger, namespace } from './workload.ts'

/** What still differs from the desired state; nothing once all is as declared, in the API and in the workers. */
export async function differences(
  client: Client,
  machines: Machines,
  { workers, jobs: named }: { workers: readonly string[]; jobs: readonly string[] },
): Promise<string[]> {
  const all = (await client.list(pods)).items
  return [
    ...(await unreadyNodes(client, workers.length)),
    ...(await unfinishedRollouts(client, workers.length)),
    ...(await unfinishedJobs(client, named)),
    ...restlessPods(all),
    ...(await wrongEndpoints(client, all)),
    ...(await Promise.all(workers.map((worker) => strayParts(machines, worker, all)))).flat(),
  ]
}

async function unreadyNodes(client: Client, wanted: number): Promise<string[]> {
  const all = (await client.list(nodes)).items
  const usable = all.filter((node) => isNodeReady(node) && !node.spec?.taints?.length)
  return usable.length === wanted ? [] : [`${usable.length} of ${wanted} nodes are usable`]
}

async function unfinishedRollouts(client: Client, workers: number): Promise<string[]> {
  const web = await client.get(deployments, { namespace, name: 'web' })
  const db = await client.get(statefulSets, { namespace, name: 'db' })
  const agent = await client.get(daemonSets, { namespace, name: 'agent' })
  const isDone = {
    'Deployment web':
      web.status?.observedGeneration === web.metadata.generation &&
      [web.status?.replicas, web.status?.updatedReplicas, web.status?.availableReplicas].every(
        (count) => count === web.spec?.replicas,
      ),
    'StatefulSet db':
      db.status?.observedGeneration === db.metadata.generation &&
      db.status?.currentRevision === db.status?.updateRevision &&
      [db.status?.replicas, db.status?.updatedReplicas, db.status?.availableReplicas].every(
        (count) => count === db.spec?.replicas,
      ),
    'DaemonSet agent':
      agent.status?.observedGeneration === agent.metadata.generation &&
      [
        agent.status?.desiredNumberScheduled,
        agent.status?.updatedNumberScheduled,
        agent.status?.numberAvailable,
        agent.status?.currentNumberScheduled,
      ].every((count) => count === workers),
  }
  const statuses = { 'Deployment web': web.status, 'StatefulSet db': db.status, 'DaemonSet agent': agent.status }
  return Object.entries(isDone)
    .filter(([, done]) => !done)
    .map(([name]) => `${name}: ${JSON.stringify(statuses[name as keyof typeof statuses])}`)
}

async function unfinishedJobs(client: Client, named: readonly string[]): Promise<string[]> {
  const all = (await client.list(jobs, { namespace })).items
  return all
    .filter(({ status }) => !isConditionTrue(status?.conditions, 'Complete'))
    .filter(({ metadata }) => named.includes(metadata.name) || isOld(metadata.creationTimestamp))
    .map(({ metadata, status }) => `Job ${metadata.name}: ${JSON.stringify(status)}`)
}

/** A run of the CronJob that has just begun is no sign of a fault. */
const isOld = (time: string | null | undefined): boolean => Date.now() - Date.parse(time ?? '') > 15_000

const describe = ({ metadata, spec, status }: Stored<Pod>): string =>
  `pod ${metadata.name} (${metadata.uid}) on ${spec?.nodeName ?? 'no node'}: ${status?.phase ?? ''}` +
  (metadata.deletionTimestamp ? `, deleted at ${metadata.deletionTimestamp}` : '')

const restlessPods = (all: readonly Stored<Pod>[]): string[] =>
  all
    .filter((pod) => pod.metadata.deletionTimestamp || !(isPodTerminal(pod) || isPodReady(pod)))
    .filter((pod) => pod.metadata.deletionTimestamp || isOld(pod.metadata.creationTimestamp))
    .map(describe)

async function wrongEndpoints(client: Client, all: readonly Stored<Pod>[]): Promise<string[]> {
  const slices = (await client.list(endpointSlices, { namespace })).items
  return ['web', 'db'].flatMap((service) => {
    const found = slices
      .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service)
      .flatMap(({ endpoints = [] }) => endpoints.filter(({ conditions }) => conditions?.ready))
      .flatMap(({ addresses }) => addresses)
      .sort()
    const wanted = all
      .filter(({ metadata }) => metadata.labels?.['app'] === service)
      .map(({ status }) => status?.podIP ?? '')
      .sort()
    return found.join() === wanted.join()
      ? []
      : [`endpoints of ${service}: ${found.join()} instead of ${wanted.join()}`]
  })
}

/** Containers, folders and interfaces in a worker that no pod of it accounts for, and those of its pods that lack. */
async function strayParts(machines: Machines, worker: string, all: readonly Stored<Pod>[]): Promise<string[]> {
  const own = all.filter(({ spec }) => spec?.nodeName === worker)
  const live = own.filter((pod) => !isPodTerminal(pod))
  const [containers = '', folders = '', interfaces = ''] = (await machines.run(worker, inventory)).split('--\n')
  // Sandboxes that wait for pods are nobody's.
  const held = containers.split('\n').filter(Boolean).sort()
  const lines = held.filter((line) => !line.startsWith('warm-'))
  const waiting = held.length - lines.length
  const known = new Set(own.map(({ metadata }) => metadata.uid))
  const wanted = live.flatMap(({ metadata, spec }) => [
    `${metadata.uid} sandbox running`,
    ...(spec?.containers ?? []).map(() => `${metadata.uid} container running`),
  ])
  const running = lines.filter((line) => line.endsWith(' running'))
  const stray = [
    ...lines.filter((line) => !known.has(line.slice(0, line.indexOf(' ')))),
    ...folders.split('\n').filter((uid) => uid && !known.has(uid)),
  ]
  const pairs = Number(interfaces)
  return [
    ...(stray.length > 0 ? [`${worker} holds what is no pod's: ${stray.join('; ')}`] : []),
    ...(running.join() === wanted.sort().join()
      ? []
      : [`${worker} runs ${running.join('; ')} instead of ${wanted.join('; ')}`]),
    ...(pairs >= live.length && pairs <= live.length + waiting
      ? []
      : [`${worker} has ${pairs} interfaces for ${live.length} pods`]),
  ]
}

/** Workers have no command line of the engine. */
const listContainers = `require('http').get(
  { socketPath: process.env.DOCKER_HOST.replace('unix://', ''), path: '/containers/json?all=1' },
  (answer) => {
    let text = ''
    answer.on('data', (piece) => (text += piece))
    answer.on('end', () => {
      for (const { Names, Labels, State } of JSON.parse(text)) {
        const kind = Labels['io.kubernetes.container.kind']
        const uid = kind === 'sandbox' ? Names[0].split('_').at(-1) : Labels['io.kubernetes.pod.uid']
        console.log(uid, kind, State)
      }
    })
  },
)`

const inventory = `node -e "${listContainers}"
echo --
ls -1 /var/lib/kubelet/pods 2>/dev/null
echo --
ls /sys/class/net | grep -c '^slip'`

/** Indexes of a Job whose work was done, from the notes of all workers. */
export async function indexesDone(machines: Machines, workers: readonly string[], job: string): Promise<Set<string>> {
  const notes = await Promise.all(workers.map((worker) => machines.run(worker, `cat ${ledger}/done 2>/dev/null`)))
  const lines = notes.flatMap((text) => text.split('\n'))
  return new Set(lines.filter((line) => line.startsWith(`${job} `)).map((line) => line.slice(job.length + 1)))
}

/** What is wrong with the counts of a Job that is complete. */
export async function miscounts(
  client: Client,
  job: string,
  { done, pods: seen }: { done: Set<string>; pods: { created: number; succeeded: number; failed: number } },
): Promise<string[]> {
  const { status } = await client.get(jobs, { namespace, name: job })
  const left = (await client.list(pods, { namespace, labelSelector: `batch.kubernetes.io/job-name=${job}` })).items
  const held = left.filter(({ metadata }) => metadata.finalizers?.length)
  const { succeeded = 0, failed = 0, active = 0 } = status ?? {}
  const uncounted = status?.uncountedTerminatedPods
  const counted = `${succeeded} succeeded, ${failed} failed, ${active} active; seen: ${JSON.stringify(seen)}`
  return [
    ...(done.size === completions ? [] : [`${job}: only ${[...done].join()} were done`]),
    ...(succeeded === completions && active === 0 && status?.completedIndexes === `0-${completions - 1}`
      ? []
      : [`${job}: ${counted}, ${status?.completedIndexes ?? ''}`]),
    ...(succeeded + failed <= seen.created ? [] : [`${job} counts a pod twice: ${counted}`]),
    ...(held.length === 0 ? [] : [`${job}: ${held.length} pods keep a finalizer`]),
    ...(uncounted?.succeeded?.length || uncounted?.failed?.length ? [`${job}: ${JSON.stringify(uncounted)}`] : []),
  ]
}
