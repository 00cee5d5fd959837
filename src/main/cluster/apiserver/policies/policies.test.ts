import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type {
  ConfigMap,
  MutatingAdmissionPolicySpec,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBindingSpec,
  ValidatingAdmissionPolicySpec,
} from '#shared/kube/generated/types.ts'
import { systemClock } from '#shared/base/clock.ts'
import { StopStack } from '#shared/base/disposable.ts'
import { silentLog } from '#shared/base/log.ts'
import type { Resource } from '#shared/client/client.ts'
import { createClient } from '#shared/client/kube-client.ts'
import { createSharedInformers } from '#shared/client/shared-informers.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { configMaps, deployments, namespaces, validatingAdmissionPolicies } from '#shared/kube/resources.ts'
import type { ApiError } from '#shared/kube/status.ts'
import { startApiServer, type TestApiServer } from '#test/support/api-server.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { createAuthorizer } from '../auth/authorizer.ts'
import type { RbacAuthorizer } from '../auth/rbac.ts'
import { kinds } from '../kinds/index.ts'
import { mutatingPolicies } from './mutating.ts'
import { startTypeChecking } from '../loops/type-checking.ts'
import { validatingPolicies } from './validating.ts'

let api: TestApiServer

let authorizer: RbacAuthorizer

beforeEach(async () => {
  api = await startApiServer({
    kinds,
    store: createMemoryStore(),
    around({ store, resources, reader }) {
      authorizer = createAuthorizer({ store, reader })
      const options = { resources, authorizer }
      return { admission: [mutatingPolicies(options), validatingPolicies(options)] }
    },
  })
  await api.client.create(namespaces, { metadata: { name: 'team', labels: { tier: 'gold' } } })
})
afterEach(async () => {
  await authorizer.stop()
  await api.stop()
  await api.store.close()
})

const group = 'admissionregistration.k8s.io'
const resource = (kind: string, plural: string): Resource => ({ group, version: 'v1', kind, plural, namespaced: false })
const rules = (resources: string, apiGroups = '') => ({
  resourceRules: [
    { operations: ['CREATE', 'UPDATE'], apiGroups: [apiGroups], apiVersions: ['v1'], resources: [resources] },
  ],
})

async function validating(
  spec: Partial<ValidatingAdmissionPolicySpec>,
  binding: Partial<ValidatingAdmissionPolicyBindingSpec> = {},
): Promise<void> {
  await api.client.create(resource('ValidatingAdmissionPolicy', 'validatingadmissionpolicies'), {
    metadata: { name: 'rule' },
    spec: { matchConstraints: rules('configmaps'), ...spec },
  } as KubeObject)
  await api.client.create(resource('ValidatingAdmissionPolicyBinding', 'validatingadmissionpolicybindings'), {
    metadata: { name: 'everywhere' },
    spec: { policyName: 'rule', validationActions: ['Deny'], ...binding },
  } as KubeObject)
}

async function mutating(spec: Partial<MutatingAdmissionPolicySpec>): Promise<void> {
  await api.client.create(resource('MutatingAdmissionPolicy', 'mutatingadmissionpolicies'), {
    metadata: { name: 'change' },
    spec: { matchConstraints: rules('configmaps'), reinvocationPolicy: 'Never', ...spec },
  } as KubeObject)
  await api.client.create(resource('MutatingAdmissionPolicyBinding', 'mutatingadmissionpolicybindings'), {
    metadata: { name: 'everywhere' },
    spec: { policyName: 'change' },
  } as KubeObject)
}

const make = (name: string, data: Record<string, string> = {}): Promise<ConfigMap> =>
  api.client.create(configMaps, { metadata: { name, namespace: 'team' }, data })
const refusal = (promise: Promise<unknown>): Promise<ApiError['status']> =>
  promise.then(
    () => Promise.reject(new Error('it was admitted')),
    (error: unknown) => (error as ApiError).status,
  )

describe('a validating policy', () => {
  it('refuses violations with the policy’s own message', async () => {
    await validating({
      variables: [{ name: 'size', expression: 'size(object.data)' }],
      validations: [
        { expression: 'variables.size <= 1', messageExpression: '"has %d keys".format([variables.size])' },
        { expression: 'object.metadata.name != "bad"', reason: 'Forbidden' },
      ],
    })
    await make('ok', { a: '1' })
    expect(await refusal(make('many', { a: '1', b: '2' }))).toMatchObject({
      code: 422,
      reason: 'Invalid',
      message:
        "configmaps \"many\" is forbidden: ValidatingAdmissionPolicy 'rule' with binding 'everywhere' denied request: has 2 keys",
    })
    expect(await refusal(make('bad', { a: '1' }))).toMatchObject({
      code: 403,
      details: { causes: [{ message: 'failed expression: object.metadata.name != "bad"' }] },
    })
  })

  it('applies to requests that match its rules, selectors and conditions', async () => {
    await validating(
      {
        validations: [{ expression: 'false' }],
        matchConditions: [{ name: 'not-exempt', expression: '!object.metadata.name.startsWith("exempt")' }],
      },
      { matchResources: { namespaceSelector: { matchLabels: { tier: 'gold' } } } },
    )
    await make('exempt-1')
    await api.client.create(namespaces, { metadata: { name: 'other' } })
    await api.client.create(configMaps, { metadata: { name: 'm', namespace: 'other' } })
    expect(await refusal(make('m'))).toMatchObject({ code: 422 })
  })

  it('sees a Scale when a workload is scaled, as a request for its subresource', async () => {
    const labels = { app: 'web' }
    const web = await api.client.create(deployments, {
      metadata: { name: 'web', namespace: 'team' },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      },
    })
    await mutating({
      matchConstraints: rules('deployments/scale', 'apps'),
      mutations: [
        {
          patchType: 'JSONPatch',
          jsonPatch: {
            expression: 'object.spec.replicas == 5 ? [JSONPatch{op: "replace", path: "/spec/replicas", value: 6}] : []',
          },
        },
      ],
    })
    await validating({
      matchConstraints: rules('deployments/scale', 'apps'),
      validations: [{ expression: 'object.kind == "Scale" && object.spec.replicas <= oldObject.spec.replicas + 5' }],
    })
    const scale = (replicas: number) =>
      api.client.patch(
        deployments,
        { name: 'web', namespace: 'team' },
        { type: 'merge', body: { spec: { replicas } } },
        { subresource: 'scale' },
      )
    expect(web.spec?.replicas).toBe(1)
    expect(await refusal(scale(50))).toMatchObject({ code: 422 })
    await scale(5)
    const scaled = await api.client.get(deployments, { name: 'web', namespace: 'team' })
    expect(scaled.spec?.replicas).toBe(6)
  })

  it('checks permissions of the user or a service account by the authorizer', async () => {
    const roles = { group: 'rbac.authorization.k8s.io', version: 'v1', kind: 'Role', plural: 'roles', namespaced: true }
    await api.client.create(roles, {
      metadata: { name: 'reader', namespace: 'team' },
      rules: [{ apiGroups: [''], resources: ['pods/log'], resourceNames: ['web'], verbs: ['get'] }],
    } as KubeObject)
    await api.client.create({ ...roles, kind: 'RoleBinding', plural: 'rolebindings' }, {
      metadata: { name: 'readers', namespace: 'team' },
      roleRef: { apiGroup: roles.group, kind: 'Role', name: 'reader' },
      subjects: [{ kind: 'ServiceAccount', name: 'robot', namespace: 'team' }],
    } as KubeObject)
    await validating({
      variables: [
        {
          name: 'robot',
          expression: "authorizer.serviceAccount('team', 'robot').group('').resource('pods').subresource('log')",
        },
        { name: 'mine', expression: "authorizer.requestResource.check('create')" },
      ],
      validations: [
        { expression: "variables.robot.namespace('team').name('web').check('get').allowed()" },
        { expression: "!variables.robot.namespace('other').name('web').check('get').allowed()" },
        { expression: "variables.robot.namespace('team').name('web').check('get').reason().contains('readers')" },
        { expression: "authorizer.path('/healthz').check('get').allowed() && !variables.mine.errored()" },
        { expression: "variables.mine.error() == '' && variables.mine.allowed()", message: 'not yours' },
      ],
    })
    await make('ok')
    const nobody = createClient(api.server.transportFor({ name: 'nobody', groups: ['system:authenticated'] }))
    const refused = nobody.create(configMaps, { metadata: { name: 'm', namespace: 'team' } })
    expect((await refusal(refused)).message).toContain('denied request: not yours')
  })

  it('has variables for namespace, old object, request and parameters', async () => {
    await api.client.create(configMaps, { metadata: { name: 'limits', namespace: 'team' }, data: { most: '2' } })
    await validating(
      {
        paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
        validations: [
          {
            expression:
              'size(object.data) <= int(params.data.most) && namespaceObject.metadata.labels.tier == "gold" && request.userInfo.username == "kubernetes-admin" && (request.operation != "UPDATE" || oldObject.data.size() > 0)',
          },
        ],
      },
      { paramRef: { name: 'limits', parameterNotFoundAction: 'Deny' } },
    )
    await make('two', { a: '1', b: '2' })
    expect(await refusal(make('three', { a: '1', b: '2', c: '3' }))).toMatchObject({ code: 422 })
    await api.client.delete(configMaps, { namespace: 'team', name: 'limits' })
    expect((await refusal(make('none'))).message).toContain('no params found')
  })

  it('refuses when its expression fails, unless its failure policy is Ignore', async () => {
    await validating({ validations: [{ expression: 'object.data.missing == "x"' }] })
    expect((await refusal(make('m', { a: '1' }))).message).toContain('resulted in error: no such key: missing')
    await api.client.patch(
      resource('ValidatingAdmissionPolicy', 'validatingadmissionpolicies'),
      { name: 'rule' },
      { type: 'merge', body: { spec: { failurePolicy: 'Ignore' } } },
    )
    await make('m')
  })

  it('that does not compile is rejected with the path of the expression', async () => {
    const status = await refusal(
      validating({ validations: [{ expression: 'object.x >' }], variables: [{ name: 'v', expression: 'nobody' }] }),
    )
    expect(status.details?.causes?.map(({ field }) => field)).toEqual([
      'spec.variables[0].expression',
      'spec.validations[0].expression',
    ])
    expect(status.message).toContain('compilation failed')
  })
})

describe('the types of a validating policy', () => {
  it('are checked against the matched kinds, with warnings in its status', async () => {
    const stops = new StopStack()
    const context = { client: api.client, clock: systemClock, log: silentLog }
    const informers = createSharedInformers(context)
    stops.add(() => informers.stop())
    stops.add(startTypeChecking({ ...context, informers }, { resources: api.resources }))
    try {
      await validating({
        matchConstraints: {
          resourceRules: [
            {
              operations: ['*'],
              apiGroups: ['apps'],
              apiVersions: ['v1'],
              resources: ['deployments', 'daemonsets'],
            },
          ],
        },
        variables: [{ name: 'known', expression: 'object.metadata.name' }],
        validations: [
          { expression: 'object.replicas > 1', messageExpression: '"no " + object.unknown' },
          { expression: 'object.spec.replicas > 1 && variables.known != "" && request.userInfo.groups.size() > 0' },
          { expression: 'object.metadata.labels.all(l, l.startsWith(object.spec.template.spec.nodeName))' },
        ],
      })
      const get = (): Promise<ValidatingAdmissionPolicy> =>
        api.client.get(validatingAdmissionPolicies, { name: 'rule' })
      await expect.poll(async () => (await get()).status?.observedGeneration).toBe(1)
      expect((await get()).status?.typeChecking?.expressionWarnings).toEqual([
        {
          fieldRef: 'spec.validations[0].expression',
          warning:
            "apps/v1, Kind=DaemonSet: ERROR: <input>:1:7: undefined field 'replicas'\n | object.replicas > 1\n | ......^\n" +
            "apps/v1, Kind=Deployment: ERROR: <input>:1:7: undefined field 'replicas'\n | object.replicas > 1\n | ......^\n",
        },
        {
          fieldRef: 'spec.validations[0].messageExpression',
          warning: expect.stringContaining("undefined field 'unknown'") as string,
        },
        {
          fieldRef: 'spec.validations[1].expression',
          warning: expect.stringMatching(/^apps\/v1, Kind=DaemonSet: .*undefined field 'replicas'/) as string,
        },
      ])
    } finally {
      await stops.stop()
    }
  })
})

describe('a mutating policy', () => {
  it('applies a configuration', async () => {
    await mutating({
      mutations: [
        {
          patchType: 'ApplyConfiguration',
          applyConfiguration: {
            expression: 'Object{metadata: Object.metadata{labels: {"by": "policy"}}, data: {"added": object.data.a}}',
          },
        },
      ],
    })
    const made = await make('m', { a: '1' })
    expect(made.metadata.labels).toEqual({ by: 'policy' })
    expect(made.data).toEqual({ a: '1', added: '1' })
  })

  it('merges lists by their keys', async () => {
    await mutating({
      matchConstraints: rules('deployments', 'apps'),
      mutations: [
        {
          patchType: 'ApplyConfiguration',
          applyConfiguration: {
            expression:
              'Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{containers: [Object.spec.template.spec.containers{name: "side", image: "busybox"}]}}}}',
          },
        },
      ],
    })
    const made = await api.client.create(deployments, {
      metadata: { name: 'd', namespace: 'team' },
      spec: {
        selector: { matchLabels: { a: 'b' } },
        template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'main', image: 'nginx' }] } },
      },
    })
    expect(made.spec?.template.spec?.containers.map(({ name }) => name).sort()).toEqual(['main', 'side'])
  })

  it('patches', async () => {
    await mutating({
      mutations: [
        {
          patchType: 'JSONPatch',
          jsonPatch: { expression: '[JSONPatch{op: "add", path: "/data/n", value: string(object.data.size() + 1)}]' },
        },
      ],
    })
    expect((await make('m', { a: '1' })).data).toEqual({ a: '1', n: '2' })
  })
})
