import type { DeviceClaim } from '#shared/kube/generated/types.ts'
import { fieldDuplicate, fieldRequired, type FieldError } from '#shared/kube/status.ts'

/** Validates the device requests of a claim (resource.k8s.io/v1). */
export function deviceRequestFindings(devices: DeviceClaim | undefined, field: string): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  devices?.requests?.forEach(({ name, exactly, firstAvailable }, i) => {
    const at = `${field}.requests[${i}]`
    if (!name) errors.push(fieldRequired(`${at}.name`))
    if (seen.has(name)) errors.push(fieldDuplicate(`${at}.name`, name))
    seen.add(name)
    if ((exactly === undefined) === (firstAvailable === undefined))
      errors.push(fieldRequired(at, 'exactly one of `exactly` or `firstAvailable` is required'))
    if (exactly && !exactly.deviceClassName) errors.push(fieldRequired(`${at}.exactly.deviceClassName`))
  })
  return errors
}
