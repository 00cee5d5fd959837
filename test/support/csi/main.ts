import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { promisify } from 'node:util'
import { systemClock } from '#shared/base/clock.ts'
import type { Log } from '#shared/base/log.ts'
import { createHttpTransport } from '#shared/client/http-transport.ts'
import { createClient } from '#shared/client/kube-client.ts'
import { createSharedInformers } from '#shared/client/shared-informers.ts'
import { createNodeFetch } from '../node-fetch.ts'
import { startTestDriver } from './driver.ts'
import { startSidecars } from './sidecars.ts'

/** Program of a driver's pod in a cluster: its node's part, and on one node the sidecars of the controller's part. */
const run = promisify(execFile)
const { DRIVER = '', NODE = '', DATA = '', SIDECARS } = process.env
const socket = '/csi/csi.sock'
const registration = `/registration/${DRIVER}-reg.sock`

const write = (message: string, more?: object): void => console.log(message, JSON.stringify(more ?? {}))
const log: Log = { debug: () => undefined, info: write, warn: write, error: write, child: () => log }

async function main(): Promise<void> {
  for (const stale of [socket, registration]) await rm(stale, { force: true })
  await mkdir(DATA, { recursive: true })
  await startTestDriver({
    name: DRIVER,
    nodeId: `id-of-${NODE}`,
    socket,
    registration,
    endpoint: `/var/lib/kubelet/plugins/${DRIVER}/csi.sock`,
    data: DATA,
    bind: async (source, target) => void (await run('mount', ['-o', 'bind', source, target])),
    async unbind(target) {
      await run('umount', [target]).catch((error: unknown) => log.info('umount', { error: String(error) }))
      await rm(target, { recursive: true, force: true })
    },
  })
  if (SIDECARS) {
    const account = '/var/run/secrets/kubernetes.io/serviceaccount'
    const client = createClient(
      createHttpTransport({
        server: 'https://kubernetes.default.svc',
        fetch: createNodeFetch({ ca: readFileSync(`${account}/ca.crt`, 'utf8') }).fetch,
        headers: () => ({ authorization: `Bearer ${readFileSync(`${account}/token`, 'utf8')}` }),
      }),
    )
    const informers = createSharedInformers({ client, clock: systemClock, log })
    startSidecars({ client, informers, clock: systemClock, log }, { driver: DRIVER, socket })
  }
  process.once('SIGTERM', () => {
    // As node-driver-registrar: its socket goes with it.
    void Promise.all([socket, registration].map((path) => rm(path, { force: true }))).finally(() => process.exit(0))
  })
}

main().catch((error: unknown) => {
  log.error('the driver ends', { error: String(error) })
  process.exit(1)
})
