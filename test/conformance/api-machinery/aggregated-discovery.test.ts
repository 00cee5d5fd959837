import { expect, test } from 'vitest'
import { sinceKubectl } from '../../support/kubectl.ts'
import type { Wire } from '../support/api.ts'
import { simpleDefinition } from '../support/custom-resources.ts'
import { eventually } from '../support/eventually.ts'
import { removeAfterwards, simulatedServer } from '../support/server.ts'

const { api, kubectl } = await simulatedServer()

const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

async function discover(root: '/api' | '/apis'): Promise<Wire> {
  const answer = await api.ask('GET', root, { headers: { accept: `${aggregated},application/json` } })
  expect(answer.status).toBe(200)
  expect(answer.headers['content-type']).toBe(aggregated)
  expect(answer.json).toMatchObject({ kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2' })
  return answer.json
}

/** Every resource as `group/version/resource`. */
const resourcesOf = (list: Wire): string[] =>
  list.items.flatMap((group: Wire) =>
    group.versions.flatMap((version: Wire) =>
      version.resources.map(({ resource }: Wire) => `${group.metadata.name ?? ''}/${version.version}/${resource}`),
    ),
  )

const builtIn = [
  'admissionregistration.k8s.io/v1/mutatingwebhookconfigurations',
  'admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
  'apiextensions.k8s.io/v1/customresourcedefinitions',
  'apiregistration.k8s.io/v1/apiservices',
  'apps/v1/controllerrevisions',
  'apps/v1/daemonsets',
  'apps/v1/deployments',
  'apps/v1/replicasets',
  'apps/v1/statefulsets',
  'authentication.k8s.io/v1/tokenreviews',
  'authorization.k8s.io/v1/subjectaccessreviews',
  'autoscaling/v1/horizontalpodautoscalers',
  'autoscaling/v2/horizontalpodautoscalers',
  'batch/v1/cronjobs',
  'batch/v1/jobs',
  'certificates.k8s.io/v1/certificatesigningrequests',
  'coordination.k8s.io/v1/leases',
  'discovery.k8s.io/v1/endpointslices',
  'events.k8s.io/v1/events',
  'networking.k8s.io/v1/ingresses',
  'networking.k8s.io/v1/networkpolicies',
  'node.k8s.io/v1/runtimeclasses',
  'policy/v1/poddisruptionbudgets',
  'scheduling.k8s.io/v1/priorityclasses',
  'storage.k8s.io/v1/storageclasses',
]

test('[sig-api-machinery] AggregatedDiscovery should support raw aggregated discovery endpoint Accept headers [Conformance]', async () => {
  const core = await discover('/api')
  expect(resourcesOf(core)).toEqual(expect.arrayContaining(['/v1/pods', '/v1/services', '/v1/nodes', '/v1/secrets']))
  const groups = await discover('/apis')
  expect(resourcesOf(groups)).toEqual(expect.arrayContaining(builtIn))
  const pods = core.items[0].versions[0].resources.find(({ resource }: Wire) => resource === 'pods')
  expect(pods).toMatchObject({ scope: 'Namespaced', singularResource: 'pod', responseKind: { kind: 'Pod' } })
  expect(pods.verbs).toEqual(expect.arrayContaining(['create', 'get', 'list', 'watch', 'deletecollection']))
  // Without the parameters the answer is the plain list of groups.
  expect(await api.get('/apis')).toMatchObject({ kind: 'APIGroupList' })
})

test('[sig-api-machinery] AggregatedDiscovery should support aggregated discovery interface [Conformance]', async () => {
  // The discovery interface of a client: kubectl asks for the aggregated form, and names what it finds.
  const found = (await kubectl.ok('api-resources', '--no-headers', '-o', 'name', '--cached=false')).trim().split('\n')
  const named = builtIn.map((name) => name.split('/')).map(([group, , resource]) => `${resource}.${group}`)
  expect(found).toEqual(expect.arrayContaining(['pods', 'services', 'nodes', ...named]))
  if (sinceKubectl(27)) {
    const trace = await kubectl('api-resources', '--cached=false', '-v=9')
    expect(trace.stderr).toContain('as=APIGroupDiscoveryList')
  }
})

test('[sig-api-machinery] AggregatedDiscovery should support raw aggregated discovery request for CRDs [Conformance]', async () => {
  const { definition, name, group, plural } = simpleDefinition()
  removeAfterwards(api, `${definitions}/${name}`)
  await api.create(definitions, definition)
  await eventually(`${plural} in aggregated discovery`, async () =>
    resourcesOf(await discover('/apis')).includes(`${group}/v1/${plural}`),
  )
})

test('[sig-api-machinery] AggregatedDiscovery should support aggregated discovery interface for CRDs [Conformance]', async () => {
  const { definition, name, group, plural } = simpleDefinition()
  removeAfterwards(api, `${definitions}/${name}`)
  await api.create(definitions, definition)
  await eventually(`${plural} among kubectl's resources`, async () => {
    const found = await kubectl.ok(
      'api-resources',
      '--no-headers',
      '-o',
      'name',
      '--cached=false',
      `--api-group=${group}`,
    )
    return found.trim() === `${plural}.${group}`
  })
})
