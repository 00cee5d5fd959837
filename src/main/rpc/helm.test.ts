import { call } from '@orpc/server'
import { expect, test, vi } from 'vitest'
import type { Helm } from '#main/helm/index.ts'
import { helmTopic } from './helm.ts'
import type { Contexts } from './contexts.ts'

test('no password is part of the address of a repository, which is an argument of a program', async () => {
  const add = vi.fn(() => Promise.resolve())
  const { addRepository } = helmTopic({} as Contexts, { repositories: { add } } as unknown as Helm)
  const repository = { name: 'a', url: 'https://jane:pw@charts.example.com' }
  await expect(call(addRepository, repository, { context: {} })).rejects.toMatchObject({ code: 'BAD_REQUEST' })
  expect(add).not.toHaveBeenCalled()
  await call(addRepository, { name: 'a', url: 'https://charts.example.com/@scope' }, { context: {} })
  expect(add).toHaveBeenCalledOnce()
})
