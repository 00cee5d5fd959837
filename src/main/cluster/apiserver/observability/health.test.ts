import { expect, it } from 'vitest'
import { healthPage, type HealthChecks } from './health.ts'
import { splitUrl, type Answer, type Call } from '../api/request.ts'

const checks: HealthChecks = {
  ping: () => undefined,
  etcd: () => 'disk on fire',
  'poststarthook/rbac/bootstrap-roles': () => undefined,
  shutdown: () => 'process is shutting down',
}

async function ask(url: string): Promise<[code: number, body: string]> {
  const answer: Answer = await healthPage(splitUrl(url) as Call, checks)
  return answer.type === 'bytes' ? [answer.code, String(answer.body)] : [0, '']
}

it('fails by name, without the reason', async () => {
  expect(await ask('/livez')).toEqual([
    500,
    '[+]ping ok\n[-]etcd failed: reason withheld\n[+]poststarthook/rbac/bootstrap-roles ok\nlivez check failed\n',
  ])
})

it('is ready only when it is not shutting down', async () => {
  expect(await ask('/livez?exclude=etcd')).toEqual([200, 'ok'])
  expect((await ask('/readyz?exclude=etcd'))[0]).toBe(500)
})

it('leaves out every excluded check, and says which it does not know', async () => {
  expect(await ask('/readyz?exclude=etcd&exclude=shutdown&exclude=moon&verbose')).toEqual([
    200,
    '[+]ping ok\n[+]etcd excluded: ok\n[+]poststarthook/rbac/bootstrap-roles ok\n[+]shutdown excluded: ok\n' +
      'warn: some health checks cannot be excluded: no matches for "moon"\nreadyz check passed\n',
  ])
})

it('answers for one check', async () => {
  expect(await ask('/livez/ping')).toEqual([200, 'ok'])
  expect(await ask('/livez/poststarthook/rbac/bootstrap-roles')).toEqual([200, 'ok'])
  expect(await ask('/livez/etcd')).toEqual([500, 'internal server error: disk on fire\n'])
  expect((await ask('/livez/moon'))[0]).toBe(404)
})
