import { expect, test } from 'vitest'
import type { Wire } from '../support/api.ts'
import { expectDiscovered, expectOperations, expectStatusOperations, type ResourceCase } from '../support/operations.ts'
import { simulatedServer } from '../support/server.ts'

const { api } = await simulatedServer()

const flowSchemas: ResourceCase = {
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  resource: 'flowschemas',
  kind: 'FlowSchema',
  subresources: ['status'],
  object: () => ({
    spec: {
      matchingPrecedence: 10_000,
      priorityLevelConfiguration: { name: 'global-default' },
      distinguisherMethod: { type: 'ByUser' },
      rules: [
        {
          subjects: [{ kind: 'User', user: { name: 'nobody-of-this-test' } }],
          nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
        },
      ],
    },
  }),
  change: (object) => void (object.spec.matchingPrecedence = 9_999),
}

const priorityLevels: ResourceCase = {
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  resource: 'prioritylevelconfigurations',
  kind: 'PriorityLevelConfiguration',
  subresources: ['status'],
  object: () => ({
    spec: { type: 'Limited', limited: { nominalConcurrencyShares: 2, limitResponse: { type: 'Reject' } } },
  }),
  change: (object) => void (object.spec.limited.nominalConcurrencyShares = 4),
}

const status = {
  patch: { status: { conditions: [{ type: 'PatchedStatusOfTest', status: 'True' }] } },
  update: (object: Wire) =>
    void (object.status = {
      conditions: [
        {
          type: 'UpdatedStatusOfTest',
          status: 'False',
          reason: 'Test',
          message: 'of the test',
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ],
    }),
  shown: (object: Wire) =>
    expect(object.status.conditions).toContainEqual(expect.objectContaining({ type: 'UpdatedStatusOfTest' })),
}

test('[sig-api-machinery] API priority and fairness should support FlowSchema API operations [Conformance]', async () => {
  await expectDiscovered(api, flowSchemas)
  await expectOperations(api, flowSchemas)
  await expectStatusOperations(api, flowSchemas, status)
})

test('[sig-api-machinery] API priority and fairness should support PriorityLevelConfiguration API operations [Conformance]', async () => {
  await expectDiscovered(api, priorityLevels)
  await expectOperations(api, priorityLevels)
  await expectStatusOperations(api, priorityLevels, status)
})
