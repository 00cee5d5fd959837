import { expect, it } from 'vitest'
import type { ObjectReader } from '../api/reader.ts'
import { startChecks } from './start-checks.ts'

/** A reader of a store that has nothing but these objects. */
const readerOf = (...names: string[]): ObjectReader =>
  ({
    get: (_resource: unknown, _namespace: string, name: string) => (names.includes(name) ? {} : undefined),
  }) as unknown as ObjectReader

it('has finished what writes first objects when they are there', () => {
  const checks = startChecks(readerOf('cluster-admin'), () => false)
  expect(checks['poststarthook/rbac/bootstrap-roles']?.()).toBeUndefined()
  expect(checks['poststarthook/bootstrap-controller']?.()).toBe('not finished')
})

it('has finished everything else when the server has started', () => {
  for (const name of ['informer-sync', 'autoregister-completion', 'poststarthook/crd-informer-synced']) {
    expect(startChecks(readerOf(), () => false)[name]?.()).toBe('not finished')
    expect(startChecks(readerOf(), () => true)[name]?.()).toBeUndefined()
  }
})
