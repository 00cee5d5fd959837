import { describe, expect, it } from 'vitest'
import type { Job } from '#shared/kube/generated/types.ts'
import { cells, change, defaulted, findings, updateFindings } from '#test/support/kinds.ts'
import { job } from './index.ts'

const simple = {
  metadata: { name: 'j', namespace: 'ns', uid: 'u-1' },
  spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] } } },
}

const indexed = { 'spec.completionMode': 'Indexed', 'spec.completions': 3 }

function prepared(changes: Record<string, unknown> = {}): Job {
  const object = defaulted(job, change(simple, changes))
  job.prepareForCreate?.(object)
  return object
}

describe('a new job', () => {
  it('defaults to one completion', () => {
    expect(prepared().spec).toMatchObject({
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      completions: 1,
      manualSelector: false,
      parallelism: 1,
      podReplacementPolicy: 'TerminatingOrFailed',
      suspend: false,
    })
  })

  it('is a work queue when only parallelism is set', () => {
    expect(prepared({ 'spec.parallelism': 2 }).spec).not.toHaveProperty('completions')
  })

  it('selects its pods by its uid', () => {
    const { spec, metadata } = prepared({ 'spec.template.metadata': { labels: { app: 'a' } } })
    const labels = {
      app: 'a',
      'controller-uid': 'u-1',
      'batch.kubernetes.io/controller-uid': 'u-1',
      'job-name': 'j',
      'batch.kubernetes.io/job-name': 'j',
    }
    expect(spec?.selector).toEqual({ matchLabels: { 'batch.kubernetes.io/controller-uid': 'u-1' } })
    expect(spec?.template.metadata?.labels).toEqual(labels)
    expect(metadata.labels).toEqual({ app: 'a' })
  })

  it('keeps a manual selector', () => {
    const selector = { matchLabels: { app: 'a' } }
    const { spec } = prepared({
      'spec.manualSelector': true,
      'spec.selector': selector,
      'spec.template.metadata': { labels: { app: 'a' } },
    })
    expect(spec?.selector).toEqual(selector)
    expect(spec?.template.metadata?.labels).toEqual({ app: 'a' })
  })
})

describe('a job is refused', () => {
  it.each<[string, Record<string, unknown>, string[]]>([
    [
      'with restart policy Always',
      { 'spec.template.spec.restartPolicy': 'Always' },
      ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
    ],
    [
      'when Indexed without completions',
      { 'spec.completionMode': 'Indexed', 'spec.parallelism': 2 },
      ['spec.completions: Required value: when completion mode is Indexed'],
    ],
    [
      'with negative numbers',
      { 'spec.backoffLimit': -1 },
      ['spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      'with a different uid in the template labels',
      { 'spec.template.metadata': { labels: { 'batch.kubernetes.io/controller-uid': 'x' } } },
      [
        `spec.template.metadata.labels[batch.kubernetes.io/controller-uid]: Invalid value: {"controller-uid":"u-1","batch.kubernetes.io/controller-uid":"x","job-name":"j","batch.kubernetes.io/job-name":"j"}: must be 'u-1'`,
        'spec.template.metadata.labels: Invalid value: {"controller-uid":"u-1","batch.kubernetes.io/controller-uid":"x","job-name":"j","batch.kubernetes.io/job-name":"j"}: `selector` does not match template `labels`',
      ],
    ],
    [
      'with a different uid in the selector',
      { 'spec.selector': { matchLabels: { 'batch.kubernetes.io/controller-uid': 'x' } } },
      [
        'spec.selector: Invalid value: {"matchLabels":{"batch.kubernetes.io/controller-uid":"x"}}: `selector` not auto-generated',
        'spec.template.metadata.labels: Invalid value: {"controller-uid":"u-1","batch.kubernetes.io/controller-uid":"u-1","job-name":"j","batch.kubernetes.io/job-name":"j"}: `selector` does not match template `labels`',
      ],
    ],
    [
      'with a name that is not valid for its last pod',
      { 'metadata.name': 'a.b', ...indexed },
      ['metadata.name: Invalid value: "a.b": will not able to create pod with invalid DNS label: a.b-2'],
    ],
    [
      'with managedBy that has no domain',
      { 'spec.managedBy': 'me' },
      ['spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")'],
    ],
    [
      'with managedBy that is too long',
      { 'spec.managedBy': `example.com/${'x'.repeat(52)}` },
      ['spec.managedBy: Too long: may not be more than 63 bytes'],
    ],
    [
      'with limits per index when NonIndexed',
      { 'spec.backoffLimitPerIndex': 1, 'spec.maxFailedIndexes': 1 },
      [
        'spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode',
        'spec.maxFailedIndexes: Invalid value: 1: requires indexed completion mode',
      ],
    ],
    [
      'with maxFailedIndexes above completions and no backoffLimitPerIndex',
      { ...indexed, 'spec.maxFailedIndexes': 4 },
      [
        'spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified',
        'spec.maxFailedIndexes: Invalid value: 4: must be less than or equal to completions',
      ],
    ],
    [
      'with too many indexes without maxFailedIndexes',
      { ...indexed, 'spec.completions': 100_001, 'spec.parallelism': 10_001, 'spec.backoffLimitPerIndex': 1 },
      [
        'spec.maxFailedIndexes: Required value: must be specified when completions is above 100000',
        'spec.parallelism: Invalid value: 10001: must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index',
      ],
    ],
    [
      'with a failure policy and pod replacement before termination',
      { 'spec.podFailurePolicy': { rules: [] }, 'spec.podReplacementPolicy': 'TerminatingOrFailed' },
      ['spec.podReplacementPolicy: Unsupported value: "TerminatingOrFailed": supported values: "Failed"'],
    ],
    [
      'with a failure policy and restart policy OnFailure',
      { 'spec.podFailurePolicy': { rules: [] }, 'spec.template.spec.restartPolicy': 'OnFailure' },
      [
        'spec.template.spec.restartPolicy: Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy is specified',
      ],
    ],
  ])('%s', (_, changes, errors) => {
    expect(findings(job, change(simple, changes))).toEqual(errors)
  })
})

describe('a pod failure policy is refused', () => {
  const at = 'spec.podFailurePolicy.rules'
  const exit = { operator: 'In', values: [1] }

  it.each<[string, Record<string, unknown>[], string[]]>([
    [
      'without an action and without a requirement',
      [{}],
      [
        `${at}[0].action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]`,
        `${at}[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required`,
      ],
    ],
    [
      'with an unknown action',
      [{ action: 'Cry', onExitCodes: exit }],
      [`${at}[0].action: Unsupported value: "Cry": supported values: "Count", "FailIndex", "FailJob", "Ignore"`],
    ],
    [
      'with action FailIndex without backoffLimitPerIndex',
      [{ action: 'FailIndex', onExitCodes: exit }],
      [`${at}[0].action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set`],
    ],
    [
      'with both requirements',
      [{ action: 'Ignore', onExitCodes: exit, onPodConditions: [{ type: 'DisruptionTarget' }] }],
      [`${at}[0]: Invalid value: specifying both OnExitCodes and OnPodConditions is not supported`],
    ],
    [
      'with exit codes that are unordered, duplicate and zero',
      [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [3, 3, 0] } }],
      [
        `${at}[0].onExitCodes.values[1]: Duplicate value: 3`,
        `${at}[0].onExitCodes.values[2]: Invalid value: 0: must not be 0 for the In operator`,
        `${at}[0].onExitCodes.values: Invalid value: [3,3,0]: must be ordered`,
      ],
    ],
    [
      'without exit codes, for an unknown container',
      [{ action: 'FailJob', onExitCodes: { operator: 'Is', containerName: 'x', values: [] } }],
      [
        `${at}[0].onExitCodes.operator: Unsupported value: "Is": supported values: "In", "NotIn"`,
        `${at}[0].onExitCodes.containerName: Invalid value: "x": must be one of the container or initContainer names in the pod template`,
        `${at}[0].onExitCodes.values: Invalid value: []: at least one value is required`,
      ],
    ],
    [
      'with too many exit codes',
      [{ action: 'FailJob', onExitCodes: { operator: 'NotIn', values: Array.from({ length: 256 }, (_, i) => i) } }],
      [`${at}[0].onExitCodes.values: Too many: 256: must have at most 255 items`],
    ],
    [
      'with a condition of an unknown status',
      [{ action: 'Count', onPodConditions: [{ type: 'Ready', status: 'Maybe' }] }],
      [`${at}[0].onPodConditions[0].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"`],
    ],
    [
      'with too many rules',
      Array.from({ length: 21 }, () => ({ action: 'Count', onExitCodes: exit })),
      [`${at}: Too many: 21: must have at most 20 items`],
    ],
  ])('%s', (_, rules, errors) => {
    expect(findings(job, change(simple, { 'spec.podFailurePolicy': { rules } }))).toEqual(errors)
  })

  it('not without a condition status, which defaults to True', () => {
    const rules = [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] }]
    expect(findings(job, change(simple, { 'spec.podFailurePolicy': { rules } }))).toEqual([])
    expect(prepared({ 'spec.podFailurePolicy': { rules } }).spec).toMatchObject({
      podFailurePolicy: { rules: [{ onPodConditions: [{ status: 'True' }] }] },
      podReplacementPolicy: 'Failed',
    })
  })
})

describe('a success policy', () => {
  const at = 'spec.successPolicy.rules'
  const refused = (rule: object, errors: string[]): void =>
    expect(findings(job, change(simple, { ...indexed, 'spec.successPolicy': { rules: [rule] } }))).toEqual(errors)

  it.each<[string, object, string[]]>([
    ['may name indexes', { succeededIndexes: '0,1-2' }, []],
    ['may count a subset of indexes', { succeededIndexes: '0-2', succeededCount: 3 }, []],
    [
      'says something',
      {},
      [`${at}[0]: Required value: at least one of succeededCount or succeededIndexes must be specified`],
    ],
    [
      'may not exceed the number of indexes',
      { succeededCount: 4, succeededIndexes: '1-2' },
      [
        `${at}[0].succeededCount: Invalid value: 4: must be less than or equal to 3 (the number of specified completions)`,
        `${at}[0].succeededCount: Invalid value: 4: must be less than or equal to 2 (the number of indexes in the specified succeededIndexes field)`,
      ],
    ],
    [
      'may only name existing indexes',
      { succeededIndexes: '3' },
      [`${at}[0].succeededIndexes: Invalid value: "3": error parsing succeededIndexes: too large index: "3"`],
    ],
    [
      'must name indexes in order',
      { succeededIndexes: '2,0' },
      [
        `${at}[0].succeededIndexes: Invalid value: "2,0": error parsing succeededIndexes: non-increasing order, previous: 2, current: 0`,
      ],
    ],
    [
      'must name indexes by number',
      { succeededIndexes: 'a' },
      [
        `${at}[0].succeededIndexes: Invalid value: "a": error parsing succeededIndexes: cannot convert string to integer for index: "a"`,
      ],
    ],
    [
      'must name intervals of two ends',
      { succeededIndexes: '0-1-2' },
      [
        `${at}[0].succeededIndexes: Invalid value: "0-1-2": error parsing succeededIndexes: the fragment "0-1-2" violates the requirement that an index interval can have at most two parts separated by '-'`,
      ],
    ],
  ])('%s', (_, rule, errors) => refused(rule, errors))

  it('requires an Indexed job and at least one rule', () => {
    expect(findings(job, change(simple, { 'spec.successPolicy': { rules: [] } }))).toEqual([
      'spec.successPolicy: Invalid value: {"rules":[]}: requires indexed completion mode',
    ])
    expect(findings(job, change(simple, { ...indexed, 'spec.successPolicy': { rules: [] } }))).toEqual([
      `${at}: Required value: at least one rules must be specified when the successPolicy is specified`,
    ])
  })
})

describe('an update', () => {
  const stored = prepared()

  it('may change parallelism', () => {
    expect(updateFindings(job, change(stored, { 'spec.parallelism': 5 }), stored)).toEqual([])
  })

  it('may not change completions', () => {
    expect(updateFindings(job, change(stored, { 'spec.completions': 5 }), stored)).toEqual([
      'spec.completions: Invalid value: 5: field is immutable',
    ])
  })

  it('may change completions of an Indexed job together with parallelism', () => {
    const grows = prepared({ ...indexed, 'spec.parallelism': 3 })
    expect(updateFindings(job, change(grows, { 'spec.completions': 5, 'spec.parallelism': 5 }), grows)).toEqual([])
    expect(updateFindings(job, change(grows, { 'spec.completions': 5 }), grows)).toEqual([
      'spec.completions: Invalid value: 5: can only be modified in tandem with spec.parallelism',
    ])
  })

  it('may not change managedBy or the completion mode', () => {
    const next = change(stored, { 'spec.managedBy': 'example.com/me', ...indexed, 'spec.completions': 1 })
    expect(updateFindings(job, next, stored)).toEqual([
      'spec.completionMode: Invalid value: "Indexed": field is immutable',
      'spec.managedBy: Invalid value: "example.com/me": field is immutable',
    ])
  })

  it('may not change the template', () => {
    const errors = updateFindings(job, change(stored, { 'spec.template.spec.containers.0.image': 'other' }), stored)
    expect(errors).toHaveLength(1)
    expect(errors[0]).toMatch(/^spec\.template\.spec: Invalid value: .*: field is immutable$/)
  })

  it('may change the scheduling directives of a suspended job', () => {
    const suspended = change(stored, { 'spec.suspend': true })
    const placed = change(suspended, { 'spec.suspend': false, 'spec.template.spec.nodeSelector': { a: 'b' } })
    expect(updateFindings(job, placed, suspended)).toEqual([])
    expect(updateFindings(job, change(stored, { 'spec.template.spec.nodeSelector': { a: 'b' } }), stored)).toHaveLength(
      1,
    )
  })

  it('may change scheduling directives and resources of a suspended job once its pods are gone', () => {
    const next = {
      'spec.template.spec.containers.0.resources': { requests: { cpu: '1' } },
      'spec.template.spec.affinity': { nodeAffinity: {} },
    }
    const started = change(stored, { 'spec.suspend': true, 'status.startTime': '2026-01-01T00:00:00Z' })
    const rests = change(started, { 'status.conditions': [{ type: 'Suspended', status: 'True' }] })
    expect(updateFindings(job, change(rests, next), rests)).toEqual([])
    expect(updateFindings(job, change(started, next), started)).toHaveLength(1)
    const busy = change(rests, { 'status.active': 1 })
    expect(updateFindings(job, change(busy, next), busy)).toHaveLength(1)
    const other = change(rests, { 'spec.template.spec.affinity': { podAffinity: {} } })
    expect(updateFindings(job, other, rests)).toHaveLength(1)
  })
})

describe('a status is refused', () => {
  const stored = prepared({ ...indexed, 'spec.backoffLimitPerIndex': 1 })
  const started = { startTime: '2026-01-01T00:00:00Z', succeeded: 1 }
  const condition = (...types: string[]): object => ({ conditions: types.map((type) => ({ type, status: 'True' })) })
  const ended = { ...started, completionTime: '2026-01-01T00:00:05Z' }

  it.each<[string, object, object, string[]]>([
    ['not when it completes', started, { ...ended, ...condition('SuccessCriteriaMet', 'Complete') }, []],
    ['not when it fails', started, { ...started, ...condition('FailureTarget', 'Failed') }, []],
    [
      'when Complete is set without SuccessCriteriaMet and a completion time',
      started,
      { ...started, ...condition('Complete') },
      [
        'status.completionTime: Required value: completionTime is required for Complete jobs',
        'status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
      ],
    ],
    [
      'when it completes before its start time',
      started,
      { ...ended, completionTime: '2025-01-01T00:00:00Z', ...condition('SuccessCriteriaMet', 'Complete') },
      ['status.completionTime: Invalid value: "2025-01-01T00:00:00Z": completionTime cannot be set before startTime'],
    ],
    [
      'when a finished job has active pods',
      started,
      { ...started, active: 1, ...condition('FailureTarget', 'Failed') },
      ['status.active: Invalid value: 1: active>0 is invalid for finished job'],
    ],
    [
      'when a terminal condition is removed',
      { ...started, ...condition('FailureTarget', 'Failed') },
      started,
      [
        'status.conditions: Invalid value: cannot disable the terminal Failed=True condition',
        'status.conditions: Invalid value: cannot disable the terminal FailureTarget=True condition',
      ],
    ],
    [
      'when the succeeded counter decreases',
      started,
      { ...started, succeeded: 0 },
      ['status.succeeded: Invalid value: 0: cannot decrease the succeeded counter'],
    ],
    [
      'when the start time is removed',
      started,
      { succeeded: 1 },
      ['status.startTime: Required value: startTime cannot be removed for unsuspended job'],
    ],
    [
      'when an index is both failed and completed',
      started,
      { ...started, completedIndexes: '0-1', failedIndexes: '1' },
      ['status.failedIndexes: Invalid value: "1": failedIndexes and completedIndexes overlap at index: 1'],
    ],
    [
      'when more pods are ready than active',
      started,
      { ...started, ready: 1 },
      ['status.ready: Invalid value: 1: cannot set more ready pods than active'],
    ],
  ])('%s', (_, previous, next, errors) => {
    const found = job.status?.validateStatus?.({ ...stored, status: next }, { ...stored, status: previous }) ?? []
    expect(found.map(({ field, message }) => `${field}: ${message}`)).toEqual(errors)
  })
})

it.each<[Record<string, unknown>, Record<string, unknown>]>([
  [{ status: {} }, { Status: 'Running', Completions: '0/1', Duration: '' }],
  [
    {
      status: {
        succeeded: 1,
        startTime: '2026-01-01T00:00:00Z',
        completionTime: '2026-01-01T00:00:42Z',
        conditions: [{ type: 'Complete', status: 'True' }],
      },
    },
    { Status: 'Complete', Completions: '1/1', Duration: '42s' },
  ],
  [
    {
      'spec.completions': undefined,
      'spec.parallelism': 3,
      status: { conditions: [{ type: 'Failed', status: 'True' }] },
    },
    { Status: 'Failed', Completions: '0/1 of 3' },
  ],
])('is printed as kubectl prints it: %j', (changes, expected) => {
  expect(cells(job, change(prepared(), changes))).toMatchObject(expected)
})
