import type { Clock } from '#shared/base/clock.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { refOf, type Client } from '#shared/client/client.ts'
import { keyOf } from '#shared/client/informer.ts'
import type { SharedInformers } from '#shared/client/shared-informers.ts'
import { isNotFound } from '#shared/kube/error-kinds.ts'
import type { Pod, Service } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isPodReady, summarizePod } from '#shared/kube/pod.ts'
import { pods, services } from '#shared/kube/resources.ts'
import { selectorAfter, standInLabel, standInSelector, takenAnnotation, takeoverOf } from '#shared/kube/takeover.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import { portsTaken, refusalOf, standInPod, type TakenPort } from './decide.ts'

export interface ServiceRef {
  namespace: string
  name: string
}

/** The traffic of Services, taken to ports of this machine and given back. What is taken is told by the Service itself. */
export interface Takeovers {
  /** Starts a pod that stands in, then has the Service select it alone. @throws Error for the user */
  take(service: ServiceRef, ports: readonly TakenPort[]): Promise<void>
  /** Gives the Service its selector back and removes the pod. @throws Error for the user */
  giveBack(service: ServiceRef): Promise<void>
}

export interface TakeoversOptions {
  client: Client
  informers: SharedInformers
  /** Has the engine of this machine hold the image of the pod. @returns its name @throws Error for the user */
  standInImage(): Promise<string>
  clock: Clock
}

/** How long the pod may take to start, ms. */
const startLimit = 60_000

export function createTakeovers({ client, informers, standInImage, clock }: TakeoversOptions): Takeovers {
  const busy = new Set<string>()
  /** One after the other, for a Service: what one removes, another may have had it select just now. @throws Error for the user */
  async function alone(ref: ServiceRef, act: () => Promise<void>): Promise<void> {
    const key = `${ref.namespace}/${ref.name}`
    if (busy.has(key)) throw new Error(`traffic of Service ${ref.name} is being taken or given back already`)
    busy.add(key)
    try {
      await act()
    } finally {
      busy.delete(key)
    }
  }

  const find = (ref: ServiceRef): Promise<Stored<Service>> => client.get(services, ref)

  /** Those of a Service that stand in; all but one, where it is named. */
  async function removeStandIns({ namespace, name }: ServiceRef, except?: string): Promise<void> {
    const { items } = await client.list(pods, { namespace, labelSelector: `${standInLabel}=${name}` })
    const leaving = items.filter(({ metadata }) => metadata.name !== except)
    await Promise.all(
      leaving.map((pod) =>
        client.delete(pods, refOf(pod)).catch((error: unknown) => {
          if (!isNotFound(error)) throw error
        }),
      ),
    )
  }

  /** @throws Error with what the pod waits for */
  async function started(pod: Stored<Pod>): Promise<void> {
    const informer = informers.share(pods)
    let latest: Pod = pod
    const { promise: late, reject } = Promise.withResolvers<never>()
    const stopTimer = clock.after(startLimit, () => {
      const { status } = summarizePod(latest)
      reject(new Error(`the pod that stands in did not start within ${startLimit / 1_000} s: ${status}`))
    })
    const ready = informer.until(keyOf(pod), (seen) => {
      latest = seen ?? latest
      return seen !== undefined && isPodReady(seen)
    })
    ready.catch(() => undefined)
    try {
      await Promise.race([ready, late])
    } finally {
      await stopTimer()
      informer.stop()
    }
  }

  async function take(ref: ServiceRef, wanted: readonly TakenPort[]): Promise<void> {
    const service = await find(ref)
    const refusal = refusalOf(service)
    if (refusal !== undefined) throw new Error(refusal)
    const taken = portsTaken(service, wanted)
    await removeStandIns(ref)
    const pod = await client.create(pods, standInPod(service, taken, await standInImage()))
    try {
      await started(pod)
      const selector = service.spec?.selector ?? {}
      const ports = Object.fromEntries(taken.map(({ port, hostPort }) => [String(port.port), hostPort]))
      const note = JSON.stringify({ selector, ports, since: timestamp(clock.now()) })
      await client.patch(services, ref, {
        type: 'json',
        body: [
          { op: 'test', path: '/metadata/uid', value: service.metadata.uid },
          // Somebody may have changed it meanwhile: what is given back has to be what was there.
          { op: 'test', path: '/spec/selector', value: selector },
          ...(service.metadata.annotations ? [] : [{ op: 'add', path: '/metadata/annotations', value: {} }]),
          { op: 'add', path: annotationPath, value: note },
          { op: 'replace', path: '/spec/selector', value: standInSelector(ref.name) },
        ],
      })
    } catch (error) {
      await removeStandIns(ref).catch(() => undefined)
      throw new Error(`traffic of Service ${ref.name} was not taken: ${messageOf(error)}`, { cause: error })
    }
    await removeStandIns(ref, pod.metadata.name)
  }

  async function giveBack(ref: ServiceRef): Promise<void> {
    const service = await find(ref)
    const taken = takeoverOf(service)
    if (!taken) throw new Error(`traffic of Service ${ref.name} is not taken`)
    await client.patch(services, ref, {
      type: 'json',
      body: [
        { op: 'test', path: '/metadata/uid', value: service.metadata.uid },
        { op: 'test', path: annotationPath, value: service.metadata.annotations?.[takenAnnotation] },
        { op: 'add', path: '/spec/selector', value: selectorAfter(service.spec?.selector, taken) },
        { op: 'remove', path: annotationPath },
      ],
    })
    await removeStandIns(ref)
  }

  return {
    take: (ref, ports) => alone(ref, () => take(ref, ports)),
    giveBack: (ref) => alone(ref, () => giveBack(ref)),
  }
}

const annotationPath = `/metadata/annotations/${takenAnnotation.replaceAll('~', '~0').replaceAll('/', '~1')}`
