import type { Api, Wire } from './api.ts'

/** The images that `npm run images` builds. */
export const pause = 'registry.k8s.io/pause:3.10'
/** Another image for nodes without machines, which run anything. */
export const otherPause = 'registry.k8s.io/pause:3.9'
export const busybox = 'busybox:1.36'
export const nginx = 'nginx:stable'
export const redis = 'redis:7'
/** Node.js */
export const testServer = 'slipway/test-server:1'
/** Programs that show how they were started; see resources/images/Dockerfile. */
export const testPrograms = 'slipway/test-programs:2'

/** A pod's labels and spec, for a template or a pod: one container that does nothing. */
export const podWith = (labels: Record<string, string>): { metadata: object; spec: object } => ({
  metadata: { labels },
  spec: { containers: [{ name: 'pause', image: pause }], terminationGracePeriodSeconds: 0 },
})

/** Waits until the pod is as wanted; its end is an error unless wanted. */
export async function podUntil(api: Api, path: string, wanted: (pod: Wire) => boolean): Promise<Wire> {
  const slash = path.lastIndexOf('/')
  const watching = await api.watch(path.slice(0, slash), { fieldSelector: `metadata.name=${path.slice(slash + 1)}` })
  const { object } = await watching.until(({ type, object }) => type !== 'DELETED' && wanted(object))
  watching.stop()
  return object
}

export const isReady = ({ status }: Wire): boolean =>
  (status?.conditions ?? []).some(({ type, status }: Wire) => type === 'Ready' && status === 'True')

export const hasEnded = ({ status }: Wire): boolean => ['Succeeded', 'Failed'].includes(status?.phase)

/** uid of the object that controls this one. */
export const controllerUid = ({ metadata }: Wire): string | undefined =>
  (metadata.ownerReferences ?? []).find(({ controller }: Wire) => controller)?.uid
