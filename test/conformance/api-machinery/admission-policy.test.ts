import { expect, test } from 'vitest'
import type { Wire } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'
import { expectDiscovered, expectOperations, expectStatusOperations, type ResourceCase } from '../support/operations.ts'
import { removeAfterwards, simulatedServer, uniqueName } from '../support/server.ts'
import { podWith } from '../support/workloads.ts'

const { api, namespace: newNamespace } = await simulatedServer()

const registration = '/apis/admissionregistration.k8s.io/v1'
const group = { group: 'admissionregistration.k8s.io', version: 'v1' }
const ofDeployments = (namespace?: string): object => ({
  ...(namespace === undefined
    ? {}
    : { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } }),
  resourceRules: [
    { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['deployments'] },
  ],
})
const deployment = (name: string, replicas: number): Wire => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: { replicas, selector: { matchLabels: { app: name } }, template: podWith({ app: name }) },
})

/** Makes a policy and its binding for one namespace; both go with the test. */
async function bind(kind: 'validating' | 'mutating', namespace: string, spec: object): Promise<string> {
  const name = uniqueName('policy')
  const [policies, bindings] = [`${kind}admissionpolicies`, `${kind}admissionpolicybindings`]
  removeAfterwards(api, `${registration}/${policies}/${name}`)
  removeAfterwards(api, `${registration}/${bindings}/${name}`)
  await api.create(`${registration}/${policies}`, { metadata: { name }, spec })
  await api.create(`${registration}/${bindings}`, {
    metadata: { name },
    spec: {
      policyName: name,
      matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } },
      ...(kind === 'validating' ? { validationActions: ['Deny'] } : {}),
    },
  })
  return name
}

/** Waits until what breaks the policy is refused, on trial. */
const inForce = (path: string, breaking: Wire): Promise<Wire> =>
  eventually('the policy is in force', async () => {
    const { status, json } = await api.ask('POST', path, { body: breaking, query: { dryRun: 'All' } })
    return status === 422 && json
  })

test('[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should validate against a Deployment [Conformance]', async () => {
  const namespace = await newNamespace()
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments`
  const name = await bind('validating', namespace, {
    failurePolicy: 'Fail',
    matchConstraints: ofDeployments(),
    validations: [
      { expression: 'object.spec.replicas > 1', messageExpression: "'wants more than ' + string(1) + ' replicas'" },
      { expression: "object.metadata.name.startsWith('keep')", message: 'wrong prefix' },
    ],
  })
  const status = await inForce(path, deployment('keep-one', 1))
  expect(status.message).toContain(`ValidatingAdmissionPolicy '${name}' with binding '${name}' denied request`)
  expect(status.message).toContain('wants more than 1 replicas')
  await expect(api.create(path, deployment('drop', 2))).rejects.toMatchObject({
    code: 422,
    message: expect.stringContaining('wrong prefix'),
  })
  await api.create(path, deployment('keep-two', 2))
  await expect(api.patch(`${path}/keep-two`, { spec: { replicas: 1 } })).rejects.toMatchObject({ code: 422 })
})

test('[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should allow expressions to refer variables. [Conformance]', async () => {
  const namespace = await newNamespace()
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments`
  await bind('validating', namespace, {
    failurePolicy: 'Fail',
    matchConstraints: ofDeployments(),
    variables: [
      { name: 'replicas', expression: 'object.spec.replicas' },
      { name: 'oddReplicas', expression: 'variables.replicas % 2 == 1' },
    ],
    validations: [
      { expression: 'variables.replicas > 1' },
      { expression: 'variables.oddReplicas', message: 'wants an odd number of replicas' },
    ],
  })
  const status = await inForce(path, deployment('one', 1))
  expect(status.message).toContain('failed expression: variables.replicas > 1')
  await expect(api.create(path, deployment('two', 2))).rejects.toMatchObject({
    code: 422,
    message: expect.stringContaining('wants an odd number of replicas'),
  })
  await api.create(path, deployment('three', 3))
})

const validatingPolicies: ResourceCase = {
  ...group,
  resource: 'validatingadmissionpolicies',
  kind: 'ValidatingAdmissionPolicy',
  subresources: ['status'],
  object: () => ({
    spec: {
      matchConstraints: ofDeployments('no-such-namespace'),
      validations: [{ expression: 'object.spec.replicas <= 100' }],
    },
  }),
  change: ({ spec }) => void (spec.validations[0].expression = 'object.spec.replicas <= 50'),
}

test('[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should support ValidatingAdmissionPolicy API operations [Conformance]', async () => {
  await expectDiscovered(api, validatingPolicies)
  await expectOperations(api, validatingPolicies)
  const condition = (type: string): object => ({
    type,
    status: 'True',
    reason: 'Test',
    message: 'of the test',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  })
  await expectStatusOperations(api, validatingPolicies, {
    patch: { status: { conditions: [condition('PatchedStatus')] } },
    update: (object) => void (object.status.conditions = [condition('UpdatedStatus')]),
    shown: ({ status }) => expect(status.conditions).toContainEqual(condition('UpdatedStatus')),
  })
})

test('[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should support ValidatingAdmissionPolicyBinding API operations [Conformance]', async () => {
  const bindings: ResourceCase = {
    ...group,
    resource: 'validatingadmissionpolicybindings',
    kind: 'ValidatingAdmissionPolicyBinding',
    object: () => ({ spec: { policyName: 'no-such-policy', validationActions: ['Deny'] } }),
    change: ({ spec }) => void (spec.validationActions = ['Warn']),
  }
  await expectDiscovered(api, bindings)
  await expectOperations(api, bindings)
})

test('[sig-api-machinery] MutatingAdmissionPolicy [Privileged:ClusterAdmin] should mutate a Deployment [Conformance]', async () => {
  const namespace = await newNamespace()
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments`
  await bind('mutating', namespace, {
    failurePolicy: 'Fail',
    reinvocationPolicy: 'Never',
    matchConstraints: ofDeployments(),
    mutations: [
      { patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{spec: Object.spec{replicas: 3}}' } },
    ],
  })
  await eventually('the policy is in force', async () => {
    const { spec } = await api.create(path, deployment('trial', 1), { dryRun: 'All' })
    return spec.replicas === 3
  })
  const made = await api.create(path, deployment('mutated', 1))
  expect(made.spec.replicas).toBe(3)
  expect((await api.get(`${path}/mutated`)).spec.replicas).toBe(3)
})

test('[sig-api-machinery] MutatingAdmissionPolicy [Privileged:ClusterAdmin] should mutate a Deployment with annotations [Conformance]', async () => {
  const namespace = await newNamespace()
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments`
  await bind('mutating', namespace, {
    failurePolicy: 'Fail',
    reinvocationPolicy: 'IfNeeded',
    matchConstraints: ofDeployments(),
    mutations: [
      {
        patchType: 'JSONPatch',
        jsonPatch: {
          expression:
            '[JSONPatch{op: "add", path: "/metadata/annotations", value: {}}, ' +
            'JSONPatch{op: "add", path: "/metadata/annotations/" + jsonpatch.escapeKey("example.com/mutated"), value: "yes"}]',
        },
      },
    ],
  })
  await eventually('the policy is in force', async () => {
    const { metadata } = await api.create(path, deployment('trial', 1), { dryRun: 'All' })
    return metadata.annotations?.['example.com/mutated'] === 'yes'
  })
  await api.create(path, deployment('mutated', 1))
  expect((await api.get(`${path}/mutated`)).metadata.annotations).toMatchObject({ 'example.com/mutated': 'yes' })
})

test('[sig-api-machinery] MutatingAdmissionPolicy [Privileged:ClusterAdmin] should support MutatingAdmissionPolicy API operations [Conformance]', async () => {
  const policies: ResourceCase = {
    ...group,
    resource: 'mutatingadmissionpolicies',
    kind: 'MutatingAdmissionPolicy',
    object: () => ({
      spec: {
        reinvocationPolicy: 'Never',
        matchConstraints: ofDeployments('no-such-namespace'),
        mutations: [
          {
            patchType: 'ApplyConfiguration',
            applyConfiguration: { expression: 'Object{spec: Object.spec{replicas: 3}}' },
          },
        ],
      },
    }),
    change: ({ spec }) =>
      void (spec.mutations[0].applyConfiguration.expression = 'Object{spec: Object.spec{replicas: 4}}'),
  }
  await expectDiscovered(api, policies)
  await expectOperations(api, policies)
})

test('[sig-api-machinery] MutatingAdmissionPolicy [Privileged:ClusterAdmin] should support MutatingAdmissionPolicyBinding API operations [Conformance]', async () => {
  const bindings: ResourceCase = {
    ...group,
    resource: 'mutatingadmissionpolicybindings',
    kind: 'MutatingAdmissionPolicyBinding',
    object: () => ({ spec: { policyName: 'no-such-policy' } }),
    change: ({ spec }) => void (spec.policyName = 'nor-this-one'),
  }
  await expectDiscovered(api, bindings)
  await expectOperations(api, bindings)
})
