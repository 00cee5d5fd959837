import { expect, it } from 'vitest'
import type { FieldError } from '#shared/kube/status.ts'
import { checkPodSpec } from './pod-spec.ts'

const container = {
  name: 'c',
  image: 'i',
  terminationMessagePolicy: 'File',
  imagePullPolicy: 'Always',
}

function findings(spec: Record<string, unknown>, more: Record<string, unknown> = {}): string[] {
  const errors: FieldError[] = []
  const whole = { restartPolicy: 'Always', dnsPolicy: 'Default', containers: [{ ...container, ...more }], ...spec }
  checkPodSpec(whole, 'spec', errors)
  return errors.map(({ field, message }) => `${field}: ${message}`)
}

it.each<[string, Record<string, unknown>, Record<string, unknown>, string[]]>([
  ['nothing special', {}, {}, []],
  [
    'a preemption policy that is none',
    { preemptionPolicy: 'x' },
    {},
    ['spec.preemptionPolicy: Unsupported value: "x": supported values: "PreemptLowerPriority", "Never"'],
  ],
  [
    'a claim without a source, which a container does not name',
    { resourceClaims: [{ name: 'a', resourceClaimName: 'b' }] },
    { resources: { claims: [{ name: 'z' }] } },
    ['spec.containers[0].resources.claims[0]: Not found: "z": must be one of the names in pod.spec.resourceClaims: a'],
  ],
  [
    'a device that is no claim',
    { volumes: [{ name: 'v', emptyDir: {} }] },
    { volumeDevices: [{ name: 'v', devicePath: '/dev/x' }] },
    [
      'spec.containers[0].volumeDevices[0].name: Invalid value: "v": can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode',
    ],
  ],
  [
    'rules for restarts, but no policy',
    {},
    { restartPolicyRules: [{ action: 'Restart' }] },
    [
      'spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used',
      'spec.containers[0].restartPolicyRules[0].exitCodes: Required value: must be specified',
    ],
  ],
  [
    'a resize policy of an unknown resource',
    {},
    { resizePolicy: [{ resourceName: 'disk', restartPolicy: 'NotRequired' }] },
    ['spec.containers[0].resizePolicy: Unsupported value: "disk": supported values: "cpu", "memory"'],
  ],
])('A pod with %s', (_, spec, more, expected) => {
  expect(findings(spec, more)).toEqual(expected)
})
