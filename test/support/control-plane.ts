import { namespaceLifecycle } from '#main/cluster/apiserver/admission/namespace-lifecycle.ts'
import type { Pki } from '#main/cluster/apiserver/auth/pki.ts'
import { kinds } from '#main/cluster/apiserver/kinds/index.ts'
import { startDefinitions } from '#main/cluster/apiserver/loops/definitions.ts'
import type { Clock } from '#shared/base/clock.ts'
import { systemClock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import { silentLog } from '#shared/base/log.ts'
import type { Client, Resource } from '#shared/client/client.ts'
import { createInformer, keyOf } from '#shared/client/informer.ts'
import { createSharedInformers } from '#shared/client/shared-informers.ts'
import { isNotFound } from '#shared/kube/error-kinds.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { namespaces, pods } from '#shared/kube/resources.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { startApiServer } from './api-server.ts'

/** The real API server in process, some controllers on it, and a stand-in for the kubelets. */
export interface TestControlPlane {
  client: Client
  /** The cluster's authority, and what it signs. */
  pki: Pki
  /** Starts a controller; it ends with the control plane, or by its own stop. */
  start(run: (context: ControllerContext) => Stop): Stop
  /** Plays scheduler and kubelets for every pod. */
  startKubelets(behaviour?: KubeletBehaviour): Stop
  /** Resolves with the objects of a resource as soon as `accepts` holds for them; namespace `default` unless told. */
  until<T extends KubeObject>(
    resource: Resource<T>,
    accepts: (objects: Stored<T>[]) => boolean,
    options?: { namespace?: string },
  ): Promise<Stored<T>[]>
  /** The same for one object. */
  untilOne<T extends KubeObject>(
    resource: Resource<T>,
    name: string,
    accepts: (object: Stored<T>) => boolean,
  ): Promise<Stored<T>>
  stop(): Promise<void>
}

export interface KubeletBehaviour {
  /** Node that a pod goes to; `node-1` when unset, left unscheduled when undefined. */
  nodeOf?: (pod: Pod) => string | undefined
  /** What becomes of a pod once it is on its node; ready when unset. */
  run?: (pod: Pod) => 'ready' | 'running' | 'succeeded' | 'failed' | 'pending'
  /** Whether a pod under deletion is let go. */
  ends?: (pod: Pod) => boolean
}

/** The one plugin that controllers wait for; the others would only get in the way of what tests set up. */
const admission = [namespaceLifecycle]

export async function startControlPlane({
  clock = systemClock,
  log = silentLog,
  customResources = false,
}: {
  clock?: Clock
  log?: Log
  /** Serves what CustomResourceDefinitions define. */
  customResources?: boolean
} = {}): Promise<TestControlPlane> {
  const api = await startApiServer({
    kinds,
    admission,
    clock,
  })
  const { client } = api
  const stops = new Set<Stop>()
  const once = (stop: Stop): Stop => {
    let running: Promise<void> | undefined
    const run = (): Promise<void> => {
      stops.delete(run)
      return (running ??= Promise.resolve(stop()))
    }
    stops.add(run)
    return run
  }
  await client.create(namespaces, { metadata: { name: 'default' } })

  const until: TestControlPlane['until'] = (resource, accepts, { namespace = 'default' } = {}) => {
    const informer = createInformer({
      client,
      resource,
      clock: systemClock,
      log,
      ...(resource.namespaced ? { namespace } : {}),
    })
    return new Promise((resolve) => {
      const check = (): void => {
        const objects = informer.list()
        if (!informer.hasSynced || !accepts(objects)) return
        informer.stop()
        resolve(objects)
      }
      informer.onChange({ added: check, updated: check, deleted: check })
      informer.start()
      void informer.synced.then(check)
      stops.add(() => informer.stop())
    })
  }

  const start: TestControlPlane['start'] = (run) => {
    const informers = createSharedInformers({ client, clock: systemClock, log })
    const stop = run({ client, informers, clock, log })
    return once(async () => {
      await stop()
      informers.stop()
    })
  }
  if (customResources) start((context) => startDefinitions(context, { custom: api.server.custom }))

  return {
    client,
    pki: api.pki,
    start,
    startKubelets: (behaviour) => once(startKubelets({ client, clock, log, ...behaviour })),
    until,
    async untilOne(resource, name, accepts) {
      const objects = await until(resource, (all) =>
        all.some((object) => object.metadata.name === name && accepts(object)),
      )
      const found = objects.find((object) => object.metadata.name === name)
      if (!found) throw new Error(`${name} is gone`)
      return found
    },
    async stop() {
      for (const stop of [...stops].reverse()) await stop()
      await api.stop()
    },
  }
}

/** Binds pods, walks them to what `run` says and lets deleted ones go: what scheduler and kubelets come to. */
export function startKubelets({
  client,
  clock,
  log,
  nodeOf = () => 'node-1',
  run = () => 'ready',
  ends = () => true,
}: KubeletBehaviour & { client: Client; clock: Clock; log: Log }): Stop {
  const informer = createInformer({ client, resource: pods, clock: systemClock, log })
  let address = 0
  const settled = new Set<string>()

  const handle = async (pod: Stored<Pod>): Promise<void> => {
    const ref = { namespace: pod.metadata.namespace, name: pod.metadata.name }
    const uid = pod.metadata.uid
    if (pod.metadata.deletionTimestamp) {
      if (ends(pod)) await client.delete(pods, ref, { gracePeriodSeconds: 0, preconditions: { uid } })
      return
    }
    const node = pod.spec?.nodeName ?? nodeOf(pod)
    if (!node) return
    if (!pod.spec?.nodeName) {
      await client.post(pods, ref, 'binding', {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: ref,
        target: { apiVersion: 'v1', kind: 'Node', name: node },
      })
      return
    }
    if (settled.has(uid)) return
    settled.add(uid)
    const status = statusOf(pod, run(pod), podAddress(++address), timestamp(clock.now()))
    if (status) await client.updateStatus(pods, { ...pod, status })
  }

  const attempt = (pod: Stored<Pod>): void =>
    void handle(pod).catch((error: unknown) => {
      settled.delete(pod.metadata.uid)
      const present = informer.get(keyOf(pod))
      if (!isNotFound(error) && present && present !== pod) attempt(present)
    })
  informer.onChange({ added: attempt, updated: (_, pod) => attempt(pod) })
  informer.start()
  return () => informer.stop()
}

/** The nth address of 10.244.0.0/16. */
const podAddress = (n: number): string => `10.244.${(n >> 8) & 255}.${n & 255}`

function statusOf(pod: Pod, what: string, podIP: string, now: string): Pod['status'] {
  if (what === 'pending') return undefined
  const exit = { succeeded: 0, failed: 1 }[what]
  const phase = what === 'succeeded' ? 'Succeeded' : what === 'failed' ? 'Failed' : 'Running'
  return {
    ...pod.status,
    phase,
    podIP,
    podIPs: [{ ip: podIP }],
    conditions: [{ type: 'Ready', status: what === 'ready' ? 'True' : 'False', lastTransitionTime: now }],
    ...(exit === undefined
      ? {}
      : {
          containerStatuses: (pod.spec?.containers ?? []).map(({ name, image = '' }) => ({
            name,
            image,
            imageID: '',
            ready: false,
            restartCount: 0,
            state: { terminated: { exitCode: exit, finishedAt: now } },
          })),
        }),
  }
}
