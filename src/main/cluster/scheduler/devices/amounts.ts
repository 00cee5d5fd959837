import { parseQuantity, formatQuantity, type Quantity } from '#shared/kube/quantity.ts'

/** Sums of quantities by name, in billionths. */
export type Amounts = Map<string, bigint>

export const nanoOf = (quantity: string): bigint => parseQuantity(quantity).nano

export function addTo(amounts: Amounts, name: string, nano: bigint): void {
  amounts.set(name, (amounts.get(name) ?? 0n) + nano)
}

/** Writes an amount in the format of a quantity. */
export const quantityText = (nano: bigint, { format }: Pick<Quantity, 'format'>): string =>
  formatQuantity({ nano, format })
