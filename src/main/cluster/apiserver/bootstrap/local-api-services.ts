import type { Client } from '#shared/client/client.ts'
import { isAlreadyExists, isNotFound } from '#shared/kube/error-kinds.ts'
import type { APIService, ConfigMap } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { apiServices, configMaps } from '#shared/kube/resources.ts'
import type { Pki } from '../auth/pki.ts'
import type { KindDeclaration } from '../api/kind.ts'

/** Registers every group version that this server answers itself, as Kubernetes' autoregistration does. */
export async function ensureLocalApiServices({
  client,
  kinds,
}: {
  client: Client
  kinds: readonly KindDeclaration[]
}): Promise<void> {
  const versions = new Map(kinds.map(({ group, version }) => [`${version}.${group}`, { group, version }]))
  const known = new Set((await client.list(apiServices)).items.map(({ metadata }) => metadata.name))
  await Promise.all(
    [...versions]
      .filter(([name]) => !known.has(name))
      .map(([name, { group, version }]) => create(client, localService(name, group, version))),
  )
}

async function create(client: Client, service: APIService): Promise<void> {
  try {
    await client.create(apiServices, service)
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
  }
}

const localService = (name: string, group: string, version: string): APIService => ({
  apiVersion: 'apiregistration.k8s.io/v1',
  kind: 'APIService',
  metadata: { name, labels: { 'kube-aggregator.kubernetes.io/automanaged': 'onstart' } },
  spec: { group, version, groupPriorityMinimum: group === '' ? 18_000 : 17_000, versionPriority: 15 },
})

const configName = { namespace: 'kube-system', name: 'extension-apiserver-authentication' }

/** Publishes the CAs and header names with which aggregated API servers authenticate this server and its users. */
export async function ensureAuthenticationConfig({ client, pki }: { client: Client; pki: Pki }): Promise<void> {
  const data = {
    'client-ca-file': pki.ca,
    'requestheader-client-ca-file': pki.frontProxy.ca,
    'requestheader-allowed-names': JSON.stringify(['front-proxy-client']),
    'requestheader-extra-headers-prefix': JSON.stringify(['X-Remote-Extra-']),
    'requestheader-group-headers': JSON.stringify(['X-Remote-Group']),
    'requestheader-uid-headers': JSON.stringify(['X-Remote-Uid']),
    'requestheader-username-headers': JSON.stringify(['X-Remote-User']),
  }
  let present: Stored<ConfigMap> | undefined
  try {
    present = await client.get(configMaps, configName)
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
  if (!present) await client.create(configMaps, { metadata: configName, data })
  else if (!jsonEqual(present.data, data)) await client.update(configMaps, { ...present, data })
}
