/** Omits counts of zero, as Kubernetes' types do (omitempty): `status.readyReplicas` is absent, not 0. */
export function withoutZeros<T extends object>(object: T, ...kept: (keyof T)[]): T {
  return Object.fromEntries(
    Object.entries(object).filter(([name, value]) => value !== 0 || kept.includes(name as keyof T)),
  ) as T
}
