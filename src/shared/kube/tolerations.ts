import type { Taint, Toleration } from './generated/types.ts'

/**
 * Whether the toleration matches the taint; an empty key with Exists matches every key, an empty effect every effect.
 */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false
  if (toleration.key && toleration.key !== taint.key) return false
  switch (toleration.operator ?? 'Equal') {
    case 'Exists':
      return true
    case 'Equal':
      return (toleration.key ?? '') === taint.key && (toleration.value ?? '') === (taint.value ?? '')
    default:
      return false
  }
}

/** The first taint with one of `effects` that no toleration matches. */
export const untolerated = (
  taints: readonly Taint[] | undefined,
  tolerations: readonly Toleration[] | undefined,
  effects: readonly string[],
): Taint | undefined =>
  taints?.find(
    (taint) => effects.includes(taint.effect) && !tolerations?.some((toleration) => tolerates(toleration, taint)),
  )
