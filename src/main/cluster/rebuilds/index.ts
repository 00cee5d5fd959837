import type { Clock } from '#shared/base/clock.ts'
import { StopStack, type Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Client } from '#shared/client/client.ts'
import { createEventRecorder } from '#shared/client/event-recorder.ts'
import type { SharedInformers } from '#shared/client/shared-informers.ts'
import type { RolledWorkload, StalePod } from '#shared/contract/rebuilds.ts'
import { rollOnRebuild } from '#shared/kube/rebuild.ts'
import { daemonSets, deployments, pods, replicaSets, statefulSets, type Resource } from '#shared/kube/resources.ts'
import { imageNames, staleContainers, workloadOf, workloadsOf, type NamedImage, type Workload } from './decide.ts'

/** Pods that run older images than this machine's engine has, and what replaces them. */
export interface Rebuilds {
  list(): readonly StalePod[]
  onChange(listener: () => void): Stop
  /** Loads the newer images into the workers, then restarts the workload. @returns the images @throws Error for the user */
  roll(workload: Workload): Promise<string[]>
  stop: Stop
}

export interface RebuildsOptions {
  client: Client
  informers: SharedInformers
  /** What the engine has under a name. @throws Error where it does not answer */
  imageOf(name: string): Promise<NamedImage | undefined>
  /** Calls back whenever a name may lead to another image. */
  onImagesChange(listener: () => void): Stop
  /** Has the workers hold the engine's image. @throws Error for the user */
  load(name: string): Promise<unknown>
  clock: Clock
  log: Log
}

/** Changes within this time are looked at together, ms: far below the second in which a build is to be noticed. */
const settleMs = 100

const rolled: Record<RolledWorkload['kind'], Resource> = {
  Deployment: deployments,
  StatefulSet: statefulSets,
  DaemonSet: daemonSets,
}

/** Follows the engine's images and the pods that run. Workloads with the annotation are rolled, once for each build. */
export function startRebuilds(options: RebuildsOptions): Rebuilds {
  const { client, informers, clock, log } = options
  const stops = new StopStack()
  const recorder = createEventRecorder({ client, clock, log, component: 'slipway-rebuilds' })
  const podInformer = informers.share(pods)
  const replicaSetInformer = informers.share(replicaSets)
  const workloadInformers = {
    Deployment: informers.share(deployments),
    StatefulSet: informers.share(statefulSets),
    DaemonSet: informers.share(daemonSets),
  }
  const listeners = new Set<() => void>()
  /** The engine's images by the names that pods use. */
  let known = new Map<string, NamedImage | undefined>()
  let stale: readonly StalePod[] = []
  /** Builds for which a workload was rolled by its annotation, by its uid. */
  const done = new Map<string, Set<string>>()

  async function look(anew: boolean): Promise<void> {
    const all = podInformer.list()
    const names = new Set(all.flatMap(imageNames))
    if (names.size > 0) followImages()
    const found = [...names].map(async (name): Promise<[string, NamedImage | undefined]> => [
      name,
      !anew && known.has(name) ? known.get(name) : await options.imageOf(name),
    ])
    known = new Map(await Promise.all(found))
    const next = all.flatMap((pod): StalePod[] => {
      const containers = staleContainers(pod, (name) => known.get(name))
      if (containers.length === 0) return []
      const { namespace, name, uid } = pod.metadata
      const workload = workloadOf(pod, (key) => replicaSetInformer.get(key))
      return [{ namespace, name, uid, ...(workload ? { workload } : {}), containers }]
    })
    if (JSON.stringify(next) !== JSON.stringify(stale)) {
      stale = next
      for (const listener of listeners) listener()
    }
    for (const workload of workloadsOf(stale)) rollByAnnotation(workload)
  }

  let imagesChanged = false
  let due: Stop | undefined
  let looking = Promise.resolve()
  const changed = (): void => {
    due ??= clock.after(settleMs, () => {
      const anew = imagesChanged
      imagesChanged = false
      due = undefined
      looking = looking
        .then(() => look(anew))
        .catch((error: unknown) => log.debug('images of this machine are not compared', { error: messageOf(error) }))
    })
  }
  stops.add(() => due?.())
  for (const informer of [podInformer, replicaSetInformer, ...Object.values(workloadInformers)]) {
    stops.add(() => informer.stop())
    stops.add(informer.onChange({ added: changed, updated: changed, deleted: changed }))
  }

  /** A control plane whose pods run nowhere needs no engine. */
  let following = false
  function followImages(): void {
    if (following) return
    following = true
    stops.add(
      options.onImagesChange(() => {
        imagesChanged = true
        changed()
      }),
    )
  }

  function rollByAnnotation(workload: Workload): void {
    const object = workloadInformers[workload.kind].get(`${workload.namespace}/${workload.name}`)
    if (object?.metadata.annotations?.[rollOnRebuild] !== 'true') return
    const builds = staleOf(workload).flatMap(({ containers }) =>
      containers.map(({ image, built }) => `${image} ${built}`),
    )
    const seen = done.get(object.metadata.uid) ?? new Set()
    if (builds.every((build) => seen.has(build))) return
    done.set(object.metadata.uid, new Set([...seen, ...builds]))
    roll(workload).then(
      (images) =>
        recorder.event(object, 'Normal', 'ImageRebuilt', `Restarted for the new build of ${images.join(', ')}`),
      (error: unknown) => recorder.event(object, 'Warning', 'RebuildNotRolled', messageOf(error)),
    )
  }

  const staleOf = ({ namespace, kind, name }: Workload): StalePod[] =>
    stale.filter((pod) => pod.namespace === namespace && pod.workload?.kind === kind && pod.workload.name === name)

  async function roll(workload: Workload): Promise<string[]> {
    const { kind, namespace, name } = workload
    const images = [...new Set(staleOf(workload).flatMap(({ containers }) => containers.map(({ image }) => image)))]
    if (images.length === 0) throw new Error(`no pod of ${name} runs an older image than this machine has`)
    for (const image of images) await options.load(image)
    const annotations = { 'kubectl.kubernetes.io/restartedAt': new Date(clock.now()).toISOString() }
    const body = { spec: { template: { metadata: { annotations } } } }
    await client.patch(rolled[kind], { namespace, name }, { type: 'strategic', body })
    return images
  }

  return {
    list: () => stale,
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    roll,
    stop: () => stops.stop(),
  }
}
