import { expect, test } from 'vitest'
import type { ShellRequest } from '#shared/contract/app.ts'
import { createRequests } from './requests.ts'

test('a request reaches its window alone, and waits for a page that is loading', () => {
  const requests = createRequests()
  const [one, two]: [ShellRequest[], ShellRequest[]] = [[], []]
  requests.send(1, { visit: '/c/local:dev/pods' })
  void requests.onRequest(1, (request) => one.push(request))
  void requests.onRequest(2, (request) => two.push(request))
  requests.send(2, { command: 'palette' })
  expect(one).toEqual([{ visit: '/c/local:dev/pods' }])
  expect(two).toEqual([{ command: 'palette' }])
})

test('the page that is loaded anew gets requests even when the earlier one ends after it', async () => {
  const requests = createRequests()
  const later: ShellRequest[] = []
  const stopEarlier = requests.onRequest(1, () => undefined)
  void requests.onRequest(1, (request) => later.push(request))
  await stopEarlier()
  requests.send(1, { command: 'deploy' })
  expect(later).toEqual([{ command: 'deploy' }])
})
