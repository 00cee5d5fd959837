import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { startControlPlane } from '#main/cluster/control-plane.ts'
import { createLocalNode } from '../support/local-node.ts'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog } from '#shared/base/log.ts'
import { threadEntries } from '#test/support/thread-entries.ts'

const policy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  resources: [{group: '', resources: [secrets]}]
- level: RequestResponse
  verbs: [create]
- level: Metadata
  resources: [{group: '', resources: [pods]}]
`

it('records what kubectl does, and no Secret', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'slipway-audit-'))
  await writeFile(join(dir, 'audit-policy.yaml'), policy)
  const plane = await startControlPlane({
    name: 'test',
    dir,
    threads: threadEntries,
    connector: () => createLocalNode(),
    clock: systemClock,
    log: silentLog,
  })
  try {
    const kubectl = (...args: string[]): Promise<unknown> =>
      promisify(execFile)('kubectl', ['--kubeconfig', join(dir, 'kubeconfig'), ...args])
    await kubectl('create', 'secret', 'generic', 'hidden', '--from-literal=a=b')
    await kubectl('create', 'configmap', 'shown', '--from-literal=a=seen')
    await kubectl('create', 'configmap', 'borrowed', '--as=alice', '--as-group=system:masters')
    await kubectl('run', 'shell', '--image=x', '--overrides={"spec":{"nodeName":"worker"}}')
    await kubectl('exec', 'shell', '--', 'true')
    await kubectl(
      'get',
      'pods',
      '--token=wrong',
      '--kubeconfig=/dev/null',
      `--server=${plane.server}`,
      '--insecure-skip-tls-verify',
    ).catch(() => undefined)
    const log = await readFile(join(dir, 'audit.log'), 'utf8')
    expect(log).toMatch(
      /"verb":"create","user":\{"username":"kubernetes-admin".*"impersonatedUser":\{"username":"alice"/,
    )
    expect(log).toMatch(/"subresource":"exec"\}.*"stage":"ResponseStarted".*"code":101/)
    expect(log).toMatch(/"subresource":"exec"\}.*"stage":"ResponseComplete".*"code":101/)
    expect(log).toMatch(/"verb":"list","user":\{"username":"",.*"code":401/)
    expect(log).toMatch(/"level":"Metadata".*"resource":"secrets".*"code":201/)
    expect(log).toMatch(/"resource":"configmaps".*"requestObject":\{.*"seen"/)
    expect(log).not.toContain('"data":{"a":"Yg=="}')
    expect((await stat(join(dir, 'audit.log'))).mode & 0o777).toBe(0o600)
  } finally {
    await plane.stop()
    await rm(dir, { recursive: true })
  }
})
