import { describe, expect, it } from 'vitest'
import type { AutoscalingV1HorizontalPodAutoscaler, HorizontalPodAutoscaler } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { cells, change, defaulted, findings, updateFindings } from '#test/support/kinds.ts'
import { horizontalPodAutoscalerV1 as v1 } from './v1.ts'
import { horizontalPodAutoscaler as v2 } from './index.ts'

const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }
const simple = { metadata: { name: 'h', namespace: 'ns' }, spec: { maxReplicas: 5, scaleTargetRef: target } }
const cpu = (percent: number): object => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percent } },
})
const queue = {
  type: 'External',
  external: {
    metric: { name: 'queue', selector: { matchLabels: { q: 'a' } } },
    target: { type: 'Value', value: '30' },
  },
}

describe('defaults', () => {
  it('are one replica and 80% CPU utilization', () => {
    expect(defaulted(v2, simple).spec).toEqual({ ...simple.spec, minReplicas: 1, metrics: [cpu(80)] })
    expect(defaulted(v1, simple).spec).toEqual({
      ...simple.spec,
      minReplicas: 1,
      targetCPUUtilizationPercentage: 80,
    })
  })

  it('of the behavior are set for both directions when one is given', () => {
    const { spec } = defaulted(v2, change(simple, { 'spec.behavior.scaleDown': { stabilizationWindowSeconds: 5 } }))
    expect(spec.behavior).toEqual({
      scaleUp: {
        stabilizationWindowSeconds: 0,
        selectPolicy: 'Max',
        policies: [
          { type: 'Pods', value: 4, periodSeconds: 15 },
          { type: 'Percent', value: 100, periodSeconds: 15 },
        ],
      },
      scaleDown: {
        stabilizationWindowSeconds: 5,
        selectPolicy: 'Max',
        policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
      },
    })
  })
})

describe('is refused', () => {
  const at = 'spec.metrics[0]'
  const metric = (value: object): Record<string, unknown> => ({ 'spec.metrics': [value] })

  it.each<[string, Record<string, unknown>, string[]]>([
    ['not when it is complete', { 'spec.metrics': [cpu(50), queue] }, []],
    [
      'without an upper bound',
      { 'spec.maxReplicas': undefined },
      [
        'spec.maxReplicas: Required value: must be set and greater than 0',
        'spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`',
      ],
    ],
    [
      'with maxReplicas below minReplicas',
      { 'spec.minReplicas': 6 },
      ['spec.maxReplicas: Invalid value: 5: must be greater than or equal to `minReplicas`'],
    ],
    [
      'with minReplicas 0',
      { 'spec.minReplicas': 0 },
      [
        'spec.minReplicas: Invalid value: 0: must be greater than or equal to 1',
        'spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas',
      ],
    ],
    [
      'without a target',
      { 'spec.scaleTargetRef': {} },
      [
        'spec.scaleTargetRef.kind: Required value',
        'spec.scaleTargetRef.name: Required value',
        'spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group',
      ],
    ],
    [
      'not with a target in the core group that has a scale',
      { 'spec.scaleTargetRef': { ...target, apiVersion: 'v1', kind: 'ReplicationController' } },
      [],
    ],
    [
      'with a target with a malformed version and a path as its name',
      { 'spec.scaleTargetRef': { ...target, apiVersion: 'a/b/c', name: 'a/b' } },
      [
        `spec.scaleTargetRef.name: Invalid value: "a/b": may not contain '/'`,
        'spec.scaleTargetRef.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
      ],
    ],
    [
      'with a metric without a type',
      metric({}),
      [
        `${at}.type: Required value: must specify a metric source type`,
        `${at}.type: Unsupported value: "": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"`,
        `${at}.type: Unsupported value: "": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"`,
      ],
    ],
    [
      'with a metric whose source is missing',
      metric({ type: 'Pods' }),
      [`${at}.pods: Required value: must populate information for the given metric source`],
    ],
    [
      'with a metric of two sources',
      metric({ ...cpu(50), external: queue.external }),
      [`${at}.external: Forbidden: must populate the given metric source only`],
    ],
    [
      'with a resource without a target',
      metric({ type: 'Resource', resource: { target: {} } }),
      [
        `${at}.resource.name: Required value: must specify a resource name`,
        `${at}.resource.target.type: Required value: must specify a metric target type`,
        `${at}.resource.target.type: Invalid value: "": must be either Utilization, Value, or AverageValue`,
        `${at}.resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization`,
      ],
    ],
    [
      'with a resource of two targets, both zero',
      metric({
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 0, averageValue: '0' } },
      }),
      [
        `${at}.resource.target.averageValue: Invalid value: "0": must be positive`,
        `${at}.resource.target.averageUtilization: Invalid value: 0: must be greater than 0`,
        `${at}.resource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization`,
      ],
    ],
    [
      'with an unknown container resource',
      metric({
        type: 'ContainerResource',
        containerResource: { name: 'fish', container: '', target: { type: 'AverageValue', averageValue: '1' } },
      }),
      [
        `${at}.containerResource.name: Invalid value: "fish": must be a standard resource type or fully qualified`,
        `${at}.containerResource.name: Invalid value: "fish": must be a standard resource for containers`,
        `${at}.containerResource.container: Required value: must specify a container`,
      ],
    ],
    [
      'with a pods metric without a name and an average',
      metric({ type: 'Pods', pods: { metric: {}, target: { type: 'Value', value: '1' } } }),
      [
        `${at}.pods.metric.name: Required value: must specify a metric name`,
        `${at}.pods.target.averageValue: Required value: must specify a positive target averageValue`,
      ],
    ],
    [
      'with an external metric of two targets',
      metric({
        type: 'External',
        external: { metric: { name: 'q' }, target: { type: 'Value', value: '1', averageValue: '1' } },
      }),
      [`${at}.external.target.value: Forbidden: may not set both a target value for metric and a per-pod target`],
    ],
    [
      'with an object metric without a target',
      metric({ type: 'Object', object: { metric: { name: 'q' }, target: { type: 'Value' } } }),
      [
        `${at}.object.describedObject.kind: Required value`,
        `${at}.object.describedObject.name: Required value`,
        `${at}.object.target.averageValue: Required value: must set either a target value or averageValue`,
      ],
    ],
    [
      'with an invalid behavior',
      {
        'spec.behavior.scaleUp': {
          stabilizationWindowSeconds: 3601,
          selectPolicy: 'Mean',
          policies: [{ type: 'Nodes', value: 0, periodSeconds: 1801 }],
          tolerance: '-1',
        },
        'spec.behavior.scaleDown': { stabilizationWindowSeconds: -1, policies: [] },
      },
      [
        'spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600',
        'spec.behavior.scaleUp.selectPolicy: Unsupported value: "Mean": supported values: "Disabled", "Max", "Min"',
        'spec.behavior.scaleUp.policies[0].type: Unsupported value: "Nodes": supported values: "Percent", "Pods"',
        'spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero',
        'spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800',
        'spec.behavior.scaleUp.tolerance: Invalid value: "-1": must be greater than or equal to 0',
        'spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: -1: must be greater than or equal to zero',
        'spec.behavior.scaleDown.policies: Required value: must specify at least one Policy',
      ],
    ],
  ])('%s', (_, changes, errors) => {
    expect(findings(v2, change(simple, changes))).toEqual(errors)
  })

  it('in v1 with the same validation', () => {
    expect(findings(v1, change(simple, { 'spec.maxReplicas': -1, 'spec.targetCPUUtilizationPercentage': 0 }))).toEqual([
      'spec.maxReplicas: Invalid value: -1: must be greater than or equal to 1',
      'spec.maxReplicas: Invalid value: -1: must be greater than or equal to `minReplicas`',
      'spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0',
    ])
  })

  it('not when the target had no group before the update', () => {
    const old = change(simple, { 'spec.scaleTargetRef.apiVersion': undefined })
    expect(updateFindings(v2, change(old, { 'spec.maxReplicas': 6 }), old)).toEqual([])
    expect(updateFindings(v1, change(old, { 'spec.maxReplicas': 6 }), old)).toEqual([])
  })
})

const annotation = 'autoscaling.alpha.kubernetes.io'

describe('conversion between v1 and v2', () => {
  const full = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'h', uid: 'u', resourceVersion: '1', namespace: 'ns', annotations: { mine: 'yes' } },
    spec: {
      minReplicas: 1,
      maxReplicas: 5,
      scaleTargetRef: target,
      metrics: [
        { type: 'Pods', pods: { metric: { name: 'hits' }, target: { type: 'AverageValue', averageValue: '1k' } } },
        {
          type: 'Object',
          object: {
            describedObject: { kind: 'Service', name: 's' },
            metric: { name: 'load' },
            target: { type: 'Value', value: '3' },
          },
        },
        queue,
        {
          type: 'ContainerResource',
          containerResource: { name: 'memory', container: 'c', target: { type: 'AverageValue', averageValue: '1Gi' } },
        },
        cpu(50),
      ],
      behavior: { scaleDown: { selectPolicy: 'Disabled', policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] } },
    },
    status: {
      currentReplicas: 2,
      desiredReplicas: 3,
      currentMetrics: [
        { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 40, averageValue: '400m' } } },
      ],
      conditions: [{ type: 'AbleToScale', status: 'True' }],
    },
  } as unknown as Stored<HorizontalPodAutoscaler>

  const older = v1.fromStorage?.(full) as AutoscalingV1HorizontalPodAutoscaler
  const note = (name: string): unknown => JSON.parse(older.metadata.annotations?.[`${annotation}/${name}`] ?? 'null')

  it('round-trips', () => {
    expect(v1.toStorage?.(older)).toEqual(full)
  })

  it('maps CPU to its fields in v1', () => {
    expect(older).toMatchObject({
      apiVersion: 'autoscaling/v1',
      metadata: { annotations: { mine: 'yes' } },
      spec: { maxReplicas: 5, targetCPUUtilizationPercentage: 50 },
      status: { currentReplicas: 2, desiredReplicas: 3, currentCPUUtilizationPercentage: 40 },
    })
    expect(older.spec).not.toHaveProperty('metrics')
  })

  it('stores other metrics in an annotation, with the field names of v1', () => {
    expect(note('metrics')).toEqual([
      { type: 'Pods', pods: { metricName: 'hits', targetAverageValue: '1k' } },
      { type: 'Object', object: { target: { kind: 'Service', name: 's' }, metricName: 'load', targetValue: '3' } },
      {
        type: 'External',
        external: { metricName: 'queue', metricSelector: { matchLabels: { q: 'a' } }, targetValue: '30' },
      },
      {
        type: 'ContainerResource',
        containerResource: { name: 'memory', container: 'c', targetAverageValue: '1Gi' },
      },
    ])
    expect(note('current-metrics')).toEqual([
      { type: 'Resource', resource: { name: 'cpu', currentAverageUtilization: 40, currentAverageValue: '400m' } },
    ])
    expect(note('conditions')).toEqual(full.status?.conditions)
  })

  it('stores the behavior in an annotation, with the field names of Go', () => {
    expect(note('behavior')).toEqual({
      ScaleDown: { SelectPolicy: 'Disabled', Policies: [{ Type: 'Pods', Value: 1, PeriodSeconds: 60 }] },
    })
  })

  it.each(['{', '5', '[1]', '{"ScaleDown":5}', '[{"type":"Pods","pods":{"metricName":5}}]', '[]'])(
    'ignores an annotation that is %s',
    (text) => {
      const annotations = { [`${annotation}/metrics`]: text, [`${annotation}/behavior`]: text }
      const stored = v1.toStorage?.(change(older, { 'metadata.annotations': annotations })) as HorizontalPodAutoscaler
      expect(stored.spec.metrics).toEqual([cpu(50)])
      expect(stored.spec).not.toHaveProperty('behavior.scaleDown')
      expect(stored.metadata).not.toHaveProperty('annotations')
    },
  )

  it('drops the zero value of an object metric with an average', () => {
    const metrics = JSON.stringify([
      { type: 'Object', object: { target: {}, metricName: 'm', targetValue: '0', averageValue: '2' } },
    ])
    const stored = v1.toStorage?.(change(older, { 'metadata.annotations': { [`${annotation}/metrics`]: metrics } }))
    expect((stored as HorizontalPodAutoscaler).spec.metrics?.[0]?.object?.target).toEqual({
      type: 'AverageValue',
      averageValue: '2',
    })
  })
})

describe('is printed as kubectl prints it', () => {
  const of = (metrics: object[], currentMetrics: object[] = []): unknown =>
    cells(v2, change(simple, { 'spec.metrics': metrics, status: { currentMetrics, currentReplicas: 2 } }))['Targets']

  it('with current and target values', () => {
    expect(of([])).toBe('<none>')
    expect(of([cpu(80)])).toBe('cpu: <unknown>/80%')
    expect(of([cpu(80)], [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 9 } } }])).toBe(
      'cpu: 9%/80%',
    )
    expect(of([queue])).toBe('<unknown>/30')
    expect(of([{ type: 'External', external: { target: { averageValue: '5' } } }])).toBe('<unknown>/5 (avg)')
  })

  it('with the first two of many', () => {
    expect(of([cpu(1), cpu(2), cpu(3), cpu(4)])).toBe('cpu: <unknown>/1%, cpu: <unknown>/2% + 2 more...')
  })
})
