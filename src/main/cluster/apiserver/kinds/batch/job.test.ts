import { describe, expect, it } from 'vitest'
import type { Job } from '#shared/kube/generated/types.ts'
import { cells, change, defaulted, findings, updateFindings } from '#test/support/kinds.ts'
import { job } from './job.ts'

const simple = {
  metadata: { name: 'j', namespace: 'ns', uid: 'u-1' },
  spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] } } },
}

function prepared(changes: Record<string, unknown> = {}): Job {
  const object = defaulted(job, change(simple, changes))
  job.prepareForCreate?.(object)
  return object
}

describe('a new job', () => {
  it('runs one pod to its end', () => {
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

  it('is a work queue when only the parallelism is given', () => {
    expect(prepared({ 'spec.parallelism': 2 }).spec).not.toHaveProperty('completions')
  })

  it('finds its pods by its uid', () => {
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

  it('keeps the selector that was made by hand', () => {
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
      'when its pods never end',
      { 'spec.template.spec.restartPolicy': 'Always' },
      ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
    ],
    [
      'when indexed without a number',
      { 'spec.completionMode': 'Indexed', 'spec.parallelism': 2 },
      ['spec.completions: Required value: when completion mode is Indexed'],
    ],
    [
      'with negative numbers',
      { 'spec.backoffLimit': -1 },
      ['spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      'with a foreign uid for its pods',
      { 'spec.template.metadata': { labels: { 'batch.kubernetes.io/controller-uid': 'x' } } },
      [
        'spec.selector: Invalid value: {"matchLabels":{"batch.kubernetes.io/controller-uid":"u-1"}}: `selector` not auto-generated',
        'spec.template.metadata.labels: Invalid value: {"controller-uid":"u-1","batch.kubernetes.io/controller-uid":"x","job-name":"j","batch.kubernetes.io/job-name":"j"}: `selector` does not match template `labels`',
      ],
    ],
  ])('%s', (_, changes, errors) => {
    expect(findings(job, change(simple, changes))).toEqual(errors)
  })
})

describe('an update', () => {
  const stored = prepared()

  it('may change how many run at once', () => {
    expect(updateFindings(job, change(stored, { 'spec.parallelism': 5 }), stored)).toEqual([])
  })

  it('may not change how many shall succeed', () => {
    expect(updateFindings(job, change(stored, { 'spec.completions': 5 }), stored)).toEqual([
      'spec.completions: Invalid value: 5: field is immutable',
    ])
  })

  it('may not change the template', () => {
    const errors = updateFindings(job, change(stored, { 'spec.template.spec.containers.0.image': 'other' }), stored)
    expect(errors).toHaveLength(1)
    expect(errors[0]).toMatch(/^spec\.template: Invalid value: .*: field is immutable$/)
  })

  it('may say where the pods of a suspended job go', () => {
    const suspended = change(stored, { 'spec.suspend': true })
    const placed = change(suspended, { 'spec.suspend': false, 'spec.template.spec.nodeSelector': { a: 'b' } })
    expect(updateFindings(job, placed, suspended)).toEqual([])
    expect(updateFindings(job, change(stored, { 'spec.template.spec.nodeSelector': { a: 'b' } }), stored)).toHaveLength(
      1,
    )
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
