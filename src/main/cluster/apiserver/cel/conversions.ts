import type { Environment } from '@marcbachmann/cel-js'
import type { Duration } from '@marcbachmann/cel-js/evaluator'

const timestamp = 'google.protobuf.Timestamp'
const duration = 'google.protobuf.Duration'

/** Conversions and comparisons of the CEL standard that the library lacks. */
export function registerConversions(environment: Environment): void {
  environment
    .registerFunction(`string(${timestamp}): string`, timestampText)
    .registerFunction(`string(${duration}): string`, String)
    .registerFunction(`int(${timestamp}): int`, (time: Date) => BigInt(Math.floor(time.getTime() / 1_000)))
    .registerFunction(`timestamp(${timestamp}): ${timestamp}`, (time: Date) => time)
    .registerFunction(`duration(${duration}): ${duration}`, (length: Duration) => length)
    .registerOperator('bytes < bytes: bool', (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) < 0)
    .registerOperator('bytes <= bytes: bool', (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) <= 0)
    .registerOperator('bytes > bytes: bool', (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) > 0)
    .registerOperator('bytes >= bytes: bool', (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) >= 0)
}

/** RFC 3339, with a fraction if there is one. */
export const timestampText = (time: Date): string => time.toISOString().replace(/\.?0+Z$/, 'Z')
