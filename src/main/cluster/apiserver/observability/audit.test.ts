import type { IncomingMessage } from 'node:http'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog } from '#shared/base/log.ts'
import { createAudit, type Audit } from './audit.ts'
import { auditOrder, type AuditPolicy } from './audit-policy.ts'
import type { Route } from '../api/route.ts'
import { splitResourcePath } from '../api/request.ts'

const user = { name: 'jane', groups: ['dev'] }
const message = {
  url: '/api/v1/namespaces/a/pods',
  headers: { 'audit-id': 'one', 'user-agent': 'kubectl/v1' },
  socket: { remoteAddress: '127.0.0.1' },
} as unknown as IncomingMessage
const routeOf = (path: string, verb = 'create'): Route => ({
  verb,
  path,
  info: splitResourcePath(path),
  resource: undefined,
  dryRun: false,
  connect: undefined,
})
const policy: AuditPolicy = {
  omitStages: ['RequestReceived'],
  rules: [
    { level: 'None', verbs: ['watch'] },
    { level: 'Metadata', resources: [{ group: '', resources: ['secrets'] }] },
    { level: 'None', nonResourceURLs: ['/healthz*'] },
    { level: 'RequestResponse', users: ['jane'] },
  ],
}

let dir: string
let audit: Audit | undefined
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'audit-'))))
afterEach(() => {
  audit?.close()
  rmSync(dir, { recursive: true })
})

it('goes by the first rule that matches', () => {
  const level = (path: string, verb?: string): string => auditOrder(policy, routeOf(path, verb), user).level
  expect(level('/api/v1/namespaces/a/secrets')).toBe('Metadata')
  expect(level('/api/v1/namespaces/a/secrets', 'watch')).toBe('None')
  expect(level('/api/v1/namespaces/a/pods')).toBe('RequestResponse')
  expect(level('/healthz/ping', 'get')).toBe('None')
  expect(auditOrder(policy, routeOf('/version', 'get'), { name: 'joe', groups: [] }).level).toBe('None')
})

it('does not take a resource for its subresources', () => {
  const only = (resource: string): string =>
    auditOrder(
      { rules: [{ level: 'Metadata', resources: [{ resources: [resource] }] }] },
      routeOf('/api/v1/namespaces/a/pods/b/log'),
      user,
    ).level
  expect(['pods', 'pods/log', 'pods/*', '*/log', '*'].map(only)).toEqual([
    'None',
    'Metadata',
    'Metadata',
    'Metadata',
    'Metadata',
  ])
})

it('writes bodies only at the levels that have them, for the owner alone', () => {
  const file = join(dir, 'audit.log')
  audit = createAudit({ policy, file, clock: systemClock, log: silentLog })
  for (const path of ['/api/v1/namespaces/a/pods', '/api/v1/namespaces/a/secrets']) {
    const record = audit.begin(message, routeOf(path), user)
    record?.allowed('RBAC')
    record?.request(() => ({ sent: 1 }))
    record?.complete(201, { got: 1 })
    record?.complete(500)
  }
  const [pod, secret, ...more] = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object)
  expect(more).toEqual([])
  expect(pod).toMatchObject({
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    auditID: 'one',
    level: 'RequestResponse',
    stage: 'ResponseComplete',
    verb: 'create',
    user: { username: 'jane' },
    sourceIPs: ['127.0.0.1'],
    objectRef: { resource: 'pods', namespace: 'a', apiVersion: 'v1' },
    responseStatus: { code: 201 },
    requestObject: { sent: 1 },
    responseObject: { got: 1 },
    annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': 'RBAC' },
  })
  expect(secret).not.toHaveProperty('requestObject')
  expect(secret).not.toHaveProperty('responseObject')
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

const written = (): Record<string, unknown>[] =>
  readFileSync(join(dir, 'audit.log'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

it('goes by who it really is that acts as somebody, and names both', () => {
  audit = createAudit({ policy, file: join(dir, 'audit.log'), clock: systemClock, log: silentLog })
  const acting = { name: 'root', groups: ['system:masters'], impersonator: user }
  audit.begin(message, routeOf('/api/v1/namespaces/a/pods'), acting)?.complete(201)
  expect(audit.begin(message, routeOf('/version', 'get'), { ...user, impersonator: { name: 'joe', groups: [] } })).toBe(
    undefined,
  )
  expect(written()).toMatchObject([
    { user: { username: 'jane' }, impersonatedUser: { username: 'root', groups: ['system:masters'] } },
  ])
})

it('leaves managed fields out where it is told to, of items of lists too', () => {
  const file = join(dir, 'audit.log')
  audit = createAudit({ policy: { ...policy, omitManagedFields: true }, file, clock: systemClock, log: silentLog })
  const object = { metadata: { name: 'a', managedFields: [{ manager: 'x' }] } }
  const record = audit.begin(message, routeOf('/api/v1/namespaces/a/pods'), user)
  record?.request(() => object)
  record?.complete(200, { items: [object] })
  expect(written()).toMatchObject([
    { requestObject: { metadata: { name: 'a' } }, responseObject: { items: [{ metadata: { name: 'a' } }] } },
  ])
  expect(readFileSync(file, 'utf8')).not.toContain('managedFields')
  expect(object.metadata.managedFields).toHaveLength(1)
})

it('records a request that the server failed over as such, and once', () => {
  audit = createAudit({ policy, file: join(dir, 'audit.log'), clock: systemClock, log: silentLog })
  const record = audit.begin(message, routeOf('/api/v1/namespaces/a/pods'), user)
  record?.panic()
  record?.complete(500)
  expect(written()).toMatchObject([{ stage: 'Panic', responseStatus: { code: 500 } }])
})

it('keeps no more old files than it was told', () => {
  audit = createAudit({
    policy,
    file: join(dir, 'audit.log'),
    clock: systemClock,
    log: silentLog,
    maxBytes: 10,
    maxFiles: 2,
  })
  for (let round = 0; round < 5; round++) audit.begin(message, routeOf('/version', 'get'), user)?.complete(200)
  expect(readdirSync(dir).sort()).toEqual(['audit.log', 'audit.log.1', 'audit.log.2'])
})
