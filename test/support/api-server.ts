import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPki, type Pki } from '#main/cluster/apiserver/auth/pki.ts'
import type { Authenticator, UserInfo } from '#main/cluster/apiserver/api/access.ts'
import { loadSchema } from '#main/cluster/apiserver/schema/schema.ts'
import type { ObjectReader } from '#main/cluster/apiserver/api/reader.ts'
import type { KindDeclaration } from '#main/cluster/apiserver/api/kind.ts'
import { ResourceTable } from '#main/cluster/apiserver/api/resources.ts'
import {
  createGenericServer,
  type GenericServer,
  type GenericServerOptions,
} from '#main/cluster/apiserver/edge/generic-server.ts'
import { createReader } from '#main/cluster/apiserver/registry/context.ts'
import { createMemoryStore } from '#main/cluster/store/memory.ts'
import type { Store } from '#main/cluster/store/store.ts'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog } from '#shared/base/log.ts'
import type { Client } from '#shared/client/client.ts'
import { createClient } from '#shared/client/kube-client.ts'
import { unauthorized } from '#shared/kube/status.ts'
import { smallKinds } from './small-kinds.ts'

/** An API server that listens on a free port of 127.0.0.1, over a memory store. */
export interface TestApiServer {
  server: GenericServer
  resources: ResourceTable
  reader: ObjectReader
  store: Store
  pki: Pki
  url: string
  /** PEM of the authority that signed the server's certificate. */
  ca: string
  /** Bearer token of `admin`. */
  token: string
  /** In-process client of `admin`. */
  client: Client
  stop(): Promise<void>
}

type Given = Partial<Omit<GenericServerOptions, 'tls' | 'resources' | 'reader'>>

export interface TestApiServerOptions extends Given {
  kinds?: readonly KindDeclaration[]
  /** Options that are built around what is served and how it is read. */
  around?(core: { store: Store; resources: ResourceTable; reader: ObjectReader }): Given
}

export const admin: UserInfo = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] }

/**
 * Starts one. Unless told otherwise it serves the small test kinds, knows a single token (the administrator's) and
 * allows everything.
 */
export async function startApiServer({
  kinds = smallKinds,
  around,
  ...options
}: TestApiServerOptions = {}): Promise<TestApiServer> {
  const clock = options.clock ?? systemClock
  const dir = await mkdtemp(join(tmpdir(), 'slipway-pki-'))
  const pki = await createPki({ dir, clock: systemClock })
  const store = options.store ?? createMemoryStore()
  const schema = options.schema ?? sharedSchema()
  const resources = new ResourceTable(kinds, (kind) => schema.type(kind.schema))
  const reader = createReader(store, resources)
  const server = createGenericServer({
    authenticator: tokenAuthenticator(pki.adminToken),
    authorizer: { authorize: () => ({ allowed: true }) },
    log: silentLog,
    version: 'v1.36.0+slipway',
    ...options,
    ...around?.({ store, resources, reader }),
    schema,
    clock,
    store,
    resources,
    reader,
    tls: { ...pki.apiServer, ca: pki.ca },
  })
  await server.listen()
  return {
    server,
    resources,
    reader,
    store,
    pki,
    url: server.url,
    ca: pki.ca,
    token: pki.adminToken,
    client: createClient(server.transportFor(admin)),
    async stop() {
      await server.stop()
      if (!options.store) await store.close()
      await rm(dir, { recursive: true })
    },
  }
}

let schema: ReturnType<typeof loadSchema> | undefined

/** Parsing the definitions takes a moment: once per test process. */
const sharedSchema = (): ReturnType<typeof loadSchema> => (schema ??= loadSchema())

function tokenAuthenticator(token: string): Authenticator {
  return {
    authenticate({ headers }) {
      if (headers.authorization === undefined) return undefined
      if (headers.authorization === `Bearer ${token}`) return admin
      throw unauthorized()
    },
  }
}
