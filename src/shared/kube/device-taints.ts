import type { DeviceTaint, DeviceToleration } from './generated/types.ts'

/** Whether a taint keeps new claims from the device. Effects other than these two are for information. */
export const prevents = ({ effect }: DeviceTaint): boolean => effect === 'NoSchedule' || effect === 'NoExecute'

export function tolerates(
  { key = '', operator = 'Equal', value = '', effect = '' }: DeviceToleration,
  taint: DeviceTaint,
): boolean {
  if (effect !== '' && effect !== taint.effect) return false
  if (key !== '' && key !== taint.key) return false
  return operator === 'Exists' || (operator === 'Equal' && value === (taint.value ?? ''))
}
