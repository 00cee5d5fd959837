import type {
  CrossVersionObjectReference,
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerBehavior,
  HPAScalingPolicy,
  HPAScalingRules,
} from '#shared/kube/generated/types.ts'
import { parseQuantity } from '#shared/kube/quantity.ts'
import { fieldForbidden, fieldInvalid, fieldNotSupported, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { checkSupported } from '../../../validation/fields.ts'
import { checkMetric, checkReference } from './metrics-validation.ts'
import type { Wire } from '../../../api/wire.ts'

type Spec = NonNullable<Wire<HorizontalPodAutoscaler>['spec']>

/** Sets the defaults of the stored form, which is v2. */
export function setAutoscalerDefaults(object: Wire<HorizontalPodAutoscaler>): void {
  const spec = (object.spec ??= {})
  spec.minReplicas ??= 1
  if (!spec.metrics?.length)
    spec.metrics = [
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
    ]
  const { behavior } = spec
  // As in Kubernetes, setting either direction sets the defaults of both.
  if (!behavior?.scaleUp && !behavior?.scaleDown) return
  behavior.scaleUp = { ...scaleUp(), ...behavior.scaleUp }
  behavior.scaleDown = { ...scaleDown(), ...behavior.scaleDown }
}

const scaleUp = (): HPAScalingRules => ({
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
})

const scaleDown = (): HPAScalingRules => ({
  selectPolicy: 'Max',
  policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
})

/** Counts of the status that must not be negative. */
export const autoscalerCounts = { counts: ['currentReplicas', 'desiredReplicas'] }

/** Validates the stored form. */
export function validateAutoscaler(
  { spec = {} }: Wire<HorizontalPodAutoscaler>,
  previous?: Wire<HorizontalPodAutoscaler>,
): FieldError[] {
  const errors: FieldError[] = []
  checkReplicas(spec, errors)
  const { scaleTargetRef: target = {}, metrics = [], behavior } = spec
  checkReference(target, 'spec.scaleTargetRef', errors)
  if (target.apiVersion !== previous?.spec?.scaleTargetRef?.apiVersion || !previous) checkTargetVersion(target, errors)
  metrics.forEach((metric, i) => checkMetric(metric, `spec.metrics[${i}]`, errors))
  checkBehavior(behavior, errors)
  return errors
}

function checkReplicas({ minReplicas = 1, maxReplicas = 0, metrics = [] }: Spec, errors: FieldError[]): void {
  const field = 'spec.maxReplicas'
  if (minReplicas < 1) errors.push(fieldInvalid('spec.minReplicas', minReplicas, 'must be greater than or equal to 1'))
  if (minReplicas === 0 && !metrics.some(({ type }) => type === 'Object' || type === 'External'))
    errors.push(
      fieldForbidden(
        'spec.metrics',
        'must specify at least one Object or External metric to support scaling to zero replicas',
      ),
    )
  if (maxReplicas === 0) errors.push(fieldRequired(field, 'must be set and greater than 0'))
  else if (maxReplicas < 0) errors.push(fieldInvalid(field, maxReplicas, 'must be greater than or equal to 1'))
  if (maxReplicas < minReplicas)
    errors.push(fieldInvalid(field, maxReplicas, 'must be greater than or equal to `minReplicas`'))
}

/** In the core group, only replication controllers have a scale. */
function checkTargetVersion({ apiVersion = '', kind }: Wire<CrossVersionObjectReference>, errors: FieldError[]): void {
  const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : ''
  if (group === '' && kind !== 'ReplicationController')
    errors.push(fieldInvalid('spec.scaleTargetRef.apiVersion', apiVersion, 'apiVersion must specify API group'))
}

function checkBehavior(behavior: Wire<HorizontalPodAutoscalerBehavior> | undefined, errors: FieldError[]): void {
  for (const direction of ['scaleUp', 'scaleDown'] as const) {
    const rules = behavior?.[direction]
    if (rules) checkRules(rules, `spec.behavior.${direction}`, errors)
  }
}

const maxWindow = 3600
const maxPeriod = 1800

function checkRules(rules: Wire<HPAScalingRules>, field: string, errors: FieldError[]): void {
  const { stabilizationWindowSeconds: window, selectPolicy, policies = [], tolerance } = rules
  const at = `${field}.stabilizationWindowSeconds`
  if (window !== undefined && window < 0) errors.push(fieldInvalid(at, window, 'must be greater than or equal to zero'))
  if (window !== undefined && window > maxWindow)
    errors.push(fieldInvalid(at, window, `must be less than or equal to ${maxWindow}`))
  checkSupported(selectPolicy, ['Disabled', 'Max', 'Min'], `${field}.selectPolicy`, errors)
  if (policies.length === 0) errors.push(fieldRequired(`${field}.policies`, 'must specify at least one Policy'))
  policies.forEach((policy, i) => checkPolicy(policy, `${field}.policies[${i}]`, errors))
  if (tolerance !== undefined && parseQuantity(tolerance).nano < 0n)
    errors.push(fieldInvalid(`${field}.tolerance`, tolerance, 'must be greater than or equal to 0'))
}

function checkPolicy(
  { type = '', value = 0, periodSeconds = 0 }: Wire<HPAScalingPolicy>,
  field: string,
  errors: FieldError[],
): void {
  const types = ['Percent', 'Pods']
  if (!types.includes(type)) errors.push(fieldNotSupported(`${field}.type`, type, types))
  if (value <= 0) errors.push(fieldInvalid(`${field}.value`, value, 'must be greater than zero'))
  const at = `${field}.periodSeconds`
  if (periodSeconds <= 0) errors.push(fieldInvalid(at, periodSeconds, 'must be greater than zero'))
  if (periodSeconds > maxPeriod)
    errors.push(fieldInvalid(at, periodSeconds, `must be less than or equal to ${maxPeriod}`))
}
