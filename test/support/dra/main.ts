import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createHttpTransport } from '#shared/client/http-transport.ts'
import type { Client } from '#shared/client/client.ts'
import { createClient } from '#shared/client/kube-client.ts'
import { isAlreadyExists } from '#shared/kube/error-kinds.ts'
import { resourceClaims, resourceSlices } from '#shared/kube/resources.ts'
import { createNodeFetch } from '../node-fetch.ts'
import { startDeviceDriver, type AllocatedDevice } from './driver.ts'

/** Program of a driver's pod in a cluster: `COUNT` devices on its node, offered again where they were removed. */
const { DRIVER = '', NODE = '', COUNT = '2' } = process.env
const socket = '/plugin/dra.sock'
const registration = `/registration/${DRIVER}-reg.sock`

async function main(): Promise<void> {
  for (const stale of [socket, registration]) await rm(stale, { force: true })
  const account = '/var/run/secrets/kubernetes.io/serviceaccount'
  const client = createClient(
    createHttpTransport({
      server: 'https://kubernetes.default.svc',
      fetch: createNodeFetch({ ca: readFileSync(`${account}/ca.crt`, 'utf8') }).fetch,
      headers: () => ({ authorization: `Bearer ${readFileSync(`${account}/token`, 'utf8')}` }),
    }),
  )
  await startDeviceDriver({
    name: DRIVER,
    socket,
    registration,
    endpoint: `/var/lib/kubelet/plugins/${DRIVER}/dra.sock`,
    cdi: '/cdi',
    async devicesOf({ namespace, name }): Promise<AllocatedDevice[]> {
      const claim = await client.get(resourceClaims, { namespace, name })
      return (claim.status?.allocation?.devices?.results ?? []).filter(({ driver }) => driver === DRIVER)
    },
  })
  const offerAgain = (): void => {
    offer(client)
      .catch((error: unknown) => console.error(String(error)))
      .finally(() => setTimeout(offerAgain, 2_000))
  }
  offerAgain()
  process.once('SIGTERM', () => {
    void Promise.all([socket, registration].map((path) => rm(path, { force: true }))).finally(() => process.exit(0))
  })
}

async function offer(client: Client): Promise<void> {
  const name = `${NODE}-${DRIVER}`
  const devices = Array.from({ length: Number(COUNT) }, (_, index) => ({ name: `fake-${index}` }))
  await client
    .create(resourceSlices, {
      apiVersion: 'resource.k8s.io/v1',
      kind: 'ResourceSlice',
      metadata: { name },
      spec: {
        driver: DRIVER,
        nodeName: NODE,
        pool: { name: NODE, generation: 1, resourceSliceCount: 1 },
        devices,
      },
    })
    .catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error
    })
}

main().catch((error: unknown) => {
  console.error('the driver ends', String(error))
  process.exit(1)
})
