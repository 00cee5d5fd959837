import { request } from 'node:https'
import { createInterface } from 'node:readline'
import { untilTrue, type Load } from './load.ts'

export interface Pod {
  metadata: { name: string; uid: string; labels?: Record<string, string> }
  spec?: { nodeName?: string }
  status?: {
    conditions?: { type: string; status: string }[]
    containerStatuses?: { containerID?: string; restartCount?: number }[]
  }
}

/** Pods of a namespace as a watch tells them, by name: a client that polls would take its share of the processor. */
export interface PodWatch {
  pods: ReadonlyMap<string, Pod>
  onPod(listener: (pod: Pod) => void): void
  stop(): void
}

export function watchPods({ server, token, path }: { server: string; token: string; path: string }): PodWatch {
  const pods = new Map<string, Pod>()
  const listeners: ((pod: Pod) => void)[] = []
  const { hostname, port } = new URL(server)
  const headers = { authorization: `Bearer ${token}` }
  const options = { hostname, port, path: `${path}?watch=1`, headers, rejectUnauthorized: false, agent: false as const }
  const outgoing = request(options, (response) => {
    const lines = createInterface({ input: response })
    // It ends by being cut.
    lines.on('error', () => undefined)
    lines.on('line', (line) => {
      const { type, object } = JSON.parse(line) as { type: string; object: Pod }
      if (type === 'DELETED') pods.delete(object.metadata.name)
      else pods.set(object.metadata.name, object)
      for (const listener of listeners) listener(object)
    })
  })
  outgoing.on('error', () => undefined)
  outgoing.end()
  return { pods, onPod: (listener) => void listeners.push(listener), stop: () => outgoing.destroy() }
}

export const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false

export const podSpec = (image: string) => ({
  terminationGracePeriodSeconds: 0,
  containers: [{ name: 'c', image, command: ['sleep', '100000'] }],
})

/** Creates a pod and waits until it is seen Ready. @returns how long that took, ms */
export async function startPod(
  { load, path, watch }: { load: Load; path: string; watch: PodWatch },
  name: string,
  image: string,
): Promise<number> {
  const begun = performance.now()
  await load.send('POST', path, { metadata: { name }, spec: podSpec(image) })
  await untilReady(watch, name)
  return performance.now() - begun
}

export const untilReady = (watch: PodWatch, name: string): Promise<void> =>
  untilTrue(() => {
    const pod = watch.pods.get(name)
    return pod !== undefined && isReady(pod)
  }, 1)
