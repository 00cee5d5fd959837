import { afterAll } from 'vitest'
import type { Api, Wire } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'
import { serverWithWorkers, uniqueName } from '../support/server.ts'
import { busybox, hasEnded } from '../support/workloads.ts'

/** Pods with volumes, in one namespace for all tests of a file: they run at the same time. */
export interface VolumePods {
  api: Api
  namespace: string
  /** Path of the namespace. */
  core: string
  configMap(data: Record<string, string>, more?: object): Promise<string>
  secret(data: Record<string, string>, more?: object): Promise<string>
  /** Runs a script to its end with volumes at `/v/<name>`. @returns what it prints */
  output(script: string, volumes: Record<string, object>, more?: PodParts): Promise<string>
  /** Starts a pod that repeats a script every half a second, and waits until it runs. @returns its name */
  repeat(script: string, volumes: Record<string, object>, more?: PodParts): Promise<string>
  log(pod: string, container?: string): Promise<string>
  /** Waits until the log's last lines hold the text. */
  logHolds(pod: string, text: string): Promise<void>
}

export interface PodParts {
  spec?: object
  container?: object
  /** Of each mount. */
  mount?: object
  metadata?: object
}

/** Long enough for a refresh of volumes, which the agent does every 30 s. */
const patience = 75_000

export async function volumePods(): Promise<VolumePods> {
  const { api } = await serverWithWorkers()
  const namespace = uniqueName('storage')
  await api.create('/api/v1/namespaces', { metadata: { name: namespace } })
  afterAll(() => api.ask('DELETE', `/api/v1/namespaces/${namespace}`))
  const core = `/api/v1/namespaces/${namespace}`
  const create = async (resource: string, object: object): Promise<string> => {
    const name = uniqueName('one')
    await api.create(`${core}/${resource}`, { metadata: { name }, ...object })
    return name
  }
  const podOf = (script: string, volumes: Record<string, object>, parts: PodParts): Wire => ({
    metadata: { name: uniqueName('pod'), ...parts.metadata },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 0,
      ...parts.spec,
      containers: [
        {
          name: 'main',
          image: busybox,
          command: ['sh', '-c', script],
          volumeMounts: Object.keys(volumes).map((name) => ({ name, mountPath: `/v/${name}`, ...parts.mount })),
          ...parts.container,
        },
      ],
      volumes: Object.entries(volumes).map(([name, source]) => ({ name, ...source })),
    },
  })
  const log = async (pod: string, container = 'main'): Promise<string> =>
    (await api.ask('GET', `${core}/pods/${pod}/log`, { query: { container } })).text

  return {
    api,
    namespace,
    core,
    configMap: (data, more) => create('configmaps', { data, ...more }),
    secret: (stringData, more) => create('secrets', { stringData, ...more }),
    async output(script, volumes, parts = {}) {
      const { metadata } = await api.create(`${core}/pods`, podOf(script, volumes, parts))
      const path = `${core}/pods/${metadata.name as string}`
      const pod = await eventually(`${path} ends`, async () => {
        const seen: Wire = await api.get(path)
        return hasEnded(seen) ? seen : undefined
      })
      const text = await log(metadata.name)
      if (pod.status.phase !== 'Succeeded') throw new Error(`the pod failed: ${text}`)
      return text
    },
    async repeat(script, volumes, parts = {}) {
      const repeated = `while :; do ${script}; sleep 0.5; done`
      const { metadata } = await api.create(`${core}/pods`, podOf(repeated, volumes, parts))
      await eventually('the pod runs', async () => {
        const { status } = await api.get(`${core}/pods/${metadata.name as string}`)
        return status.phase === 'Running'
      })
      return metadata.name
    },
    log,
    async logHolds(pod, text) {
      const query = { container: 'main', tailLines: 12 }
      await eventually(
        `the log of ${pod} holds "${text}"`,
        async () => (await api.ask('GET', `${core}/pods/${pod}/log`, { query })).text.includes(text),
        patience,
      )
    },
  }
}
