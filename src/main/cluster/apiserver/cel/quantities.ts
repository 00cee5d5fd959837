import type { Environment } from '@marcbachmann/cel-js'
import { formatQuantity, isQuantity, parseQuantity, type QuantityFormat } from '#shared/kube/quantity.ts'

/** A Kubernetes quantity as a CEL value. */
class Quantity {
  readonly nano: bigint
  readonly format: QuantityFormat

  constructor(nano: bigint, format: QuantityFormat) {
    this.nano = nano
    this.format = format
  }

  toString(): string {
    return formatQuantity(this)
  }
}

const one = 1_000_000_000n
const parse = (text: string): Quantity => {
  const { nano, format } = parseQuantity(text)
  return new Quantity(nano, format)
}
/** A quantity as a CEL value. @throws QuantitySyntaxError */
export const celQuantity: (text: string) => unknown = parse
const ofInteger = (value: bigint): bigint => value * one

/** `quantity('1Gi').isGreaterThan(quantity('1G'))` and the rest of Kubernetes' quantity library. */
export function registerQuantities(environment: Environment): void {
  environment
    .registerType('kubernetes.Quantity', { ctor: Quantity, fields: {} })
    .registerFunction('isQuantity(string): bool', (text: string) => isQuantity(text))
    .registerFunction('quantity(string): kubernetes.Quantity', parse)
    .registerFunction('kubernetes.Quantity.sign(): int', ({ nano }: Quantity) =>
      nano > 0n ? 1n : nano < 0n ? -1n : 0n,
    )
    .registerFunction('kubernetes.Quantity.isInteger(): bool', ({ nano }: Quantity) => nano % one === 0n)
    .registerFunction('kubernetes.Quantity.asInteger(): int', ({ nano }: Quantity) => {
      if (nano % one !== 0n) throw new Error('cannot convert value to integer')
      return nano / one
    })
    .registerFunction('kubernetes.Quantity.asApproximateFloat(): double', ({ nano }: Quantity) => Number(nano) / 1e9)
    .registerFunction(
      'kubernetes.Quantity.isGreaterThan(kubernetes.Quantity): bool',
      (a: Quantity, b: Quantity) => a.nano > b.nano,
    )
    .registerFunction(
      'kubernetes.Quantity.isLessThan(kubernetes.Quantity): bool',
      (a: Quantity, b: Quantity) => a.nano < b.nano,
    )
    .registerFunction('kubernetes.Quantity.compareTo(kubernetes.Quantity): int', (a: Quantity, b: Quantity) =>
      a.nano < b.nano ? -1n : a.nano > b.nano ? 1n : 0n,
    )
    .registerFunction(
      'kubernetes.Quantity.add(kubernetes.Quantity): kubernetes.Quantity',
      (a: Quantity, b: Quantity) => new Quantity(a.nano + b.nano, a.format),
    )
    .registerFunction(
      'kubernetes.Quantity.add(int): kubernetes.Quantity',
      (a: Quantity, b: bigint) => new Quantity(a.nano + ofInteger(b), a.format),
    )
    .registerFunction(
      'kubernetes.Quantity.sub(kubernetes.Quantity): kubernetes.Quantity',
      (a: Quantity, b: Quantity) => new Quantity(a.nano - b.nano, a.format),
    )
    .registerFunction(
      'kubernetes.Quantity.sub(int): kubernetes.Quantity',
      (a: Quantity, b: bigint) => new Quantity(a.nano - ofInteger(b), a.format),
    )
    .registerFunction('string(kubernetes.Quantity): string', String)
    .registerOperator('kubernetes.Quantity == kubernetes.Quantity', (a: Quantity, b: Quantity) => a.nano === b.nano)
}
