import { expect } from 'vitest'
import type { Api, Wire } from './api.ts'
import { eventually } from './eventually.ts'
import type { PodServer } from './pod-server.ts'
import { removeAfterwards, uniqueName } from './server.ts'

export const registrationPath = (kind: 'validating' | 'mutating'): string =>
  `/apis/admissionregistration.k8s.io/v1/${kind}webhookconfigurations`

export const rule = (
  operations: string[],
  resource: string,
  { group = '', version = 'v1', scope = '*' }: { group?: string; version?: string; scope?: string } = {},
): object => ({ apiGroups: [group], apiVersions: [version], operations, resources: [resource], scope })

export interface Registering {
  server: PodServer
  /** The namespace whose objects are admitted; others are none of this webhook's business. */
  namespace: string
}

/** One webhook at a path of the server, for one namespace, that fails closed. */
export const webhook = (
  { server, namespace }: Registering,
  path: string,
  rules: object[],
  more: object = {},
): object => ({
  name: `${uniqueName('hook')}.example.com`,
  rules,
  clientConfig: clientConfig(server, path),
  failurePolicy: 'Fail',
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  timeoutSeconds: 10,
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
  ...more,
})

export const clientConfig = ({ namespace, service, port, caBundle }: PodServer, path: string): object => ({
  service: { namespace, name: service, port, path },
  caBundle,
})

/** Registers the webhooks until the test ends; resolves when they are in force. @returns the path of the configuration */
export async function register(
  api: Api,
  kind: 'validating' | 'mutating',
  { server, namespace }: Registering,
  webhooks: object[],
  labels: Record<string, string> = {},
): Promise<string> {
  const name = uniqueName('conformance')
  const at = `${registrationPath(kind)}/${name}`
  removeAfterwards(api, at)
  await api.create(registrationPath(kind), {
    metadata: { name, labels },
    webhooks: [...webhooks, marker({ server, namespace }, name)],
  })
  await inForce(api, namespace, name)
  return at
}

/** Denies what is marked with this name: what shows that a configuration is known to the API server. */
export const marker = (registering: Registering, name: string): object =>
  webhook(registering, '/always-deny', [rule(['CREATE'], 'configmaps')], {
    name: `marker.${name}.example.com`,
    objectSelector: { matchLabels: { marker: name } },
  })

const isDenied = async (api: Api, namespace: string, name: string): Promise<boolean> => {
  const body = { metadata: { generateName: 'marker-', labels: { marker: name } } }
  const answer = await api.ask('POST', `/api/v1/namespaces/${namespace}/configmaps`, { body, query: { dryRun: 'All' } })
  return answer.status >= 400
}

export const inForce = (api: Api, namespace: string, name: string): Promise<boolean> =>
  eventually(`the webhooks of ${name} are in force`, () => isDenied(api, namespace, name))

export const noLongerInForce = (api: Api, namespace: string, name: string): Promise<boolean> =>
  eventually(`the webhooks of ${name} are gone`, async () => !(await isDenied(api, namespace, name)))

/** What a denied request is answered with. */
export const denied = (message: string): Wire => ({
  code: 403,
  message: expect.stringMatching(new RegExp(`admission webhook ".*" denied the request: ${message}`)),
})
