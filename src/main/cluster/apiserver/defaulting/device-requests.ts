import type { DeviceClaim } from '#shared/kube/generated/types.ts'

/** Defaults of requests and of their alternatives: one device (SetDefaults_ExactDeviceRequest). */
export function setRequestDefaults(devices: DeviceClaim | undefined): void {
  for (const { exactly, firstAvailable = [] } of devices?.requests ?? [])
    for (const request of exactly ? [exactly, ...firstAvailable] : firstAvailable) {
      if (!request.allocationMode) request.allocationMode = 'ExactCount'
      if (request.allocationMode === 'ExactCount' && !request.count) request.count = 1
      for (const toleration of request.tolerations ?? []) toleration.operator ||= 'Equal'
    }
}
