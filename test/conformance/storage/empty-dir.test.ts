import { describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { busybox } from '../support/workloads.ts'
import { volumePods } from './volume-pods.ts'

const pods = await volumePods()
const title = (words: string): string => `[sig-storage] EmptyDir ${words}`

const media = { default: {}, tmpfs: { medium: 'Memory' } } as const
const users = { root: 0, 'non-root': 1001 } as const

describe.concurrent('modes of files', () => {
  for (const [medium, emptyDir] of Object.entries(media))
    for (const [user, runAsUser] of Object.entries(users))
      for (const mode of ['0644', '0666', '0777'])
        test(
          title(`volumes should support (${user},${mode},${medium}) [LinuxOnly] [NodeConformance] [Conformance]`),
          async ({ expect }) => {
            const script = `echo content > /v/d/f && chmod ${mode} /v/d/f && stat -c %a:%u /v/d/f && cat /v/d/f; grep ' /v/d ' /proc/mounts`
            const text = await pods.output(script, { d: { emptyDir } }, { spec: { securityContext: { runAsUser } } })
            const [stat, content, mount = ''] = text.split('\n')
            expect([stat, content]).toEqual([`${Number(mode)}:${runAsUser}`, 'content'])
            expect(mount.startsWith('tmpfs')).toBe(medium === 'tmpfs')
          },
        )

  for (const [medium, emptyDir] of Object.entries(media))
    test(
      title(
        `volumes volume on ${medium === 'tmpfs' ? 'tmpfs' : 'default medium'} should have the correct mode [LinuxOnly] [NodeConformance] [Conformance]`,
      ),
      async ({ expect }) => {
        const text = await pods.output("stat -c %A /v/d; grep ' /v/d ' /proc/mounts", { d: { emptyDir } })
        const [mode, mount = ''] = text.split('\n')
        expect(mode).toBe('drwxrwxrwx')
        expect(mount.startsWith('tmpfs')).toBe(medium === 'tmpfs')
      },
    )
})

test(title('volumes pod should support shared volumes between containers [Conformance]'), async () => {
  const volumeMounts = [{ name: 'd', mountPath: '/v/d' }]
  const container = (name: string, script: string) => ({
    name,
    image: busybox,
    command: ['sh', '-c', script],
    volumeMounts,
  })
  await pods.api.create(`${pods.core}/pods`, {
    metadata: { name: 'shared' },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 0,
      containers: [
        container('main', 'until [ -e /v/d/f ]; do sleep 0.1; done; cat /v/d/f'),
        container('sub', 'echo shared > /v/d/f; sleep 600'),
      ],
      volumes: [{ name: 'd', emptyDir: {} }],
    },
  })
  await eventually('the file is read', async () => (await pods.log('shared')) === 'shared\n')
})

test(title('wrapper volumes should not conflict [Conformance]'), async () => {
  const secretName = await pods.secret({ 'data-1': 'value-1' })
  const name = await pods.configMap({ 'data-1': 'value-2' })
  const text = await pods.output('cat /v/s/data-1; echo; cat /v/c/data-1', {
    s: { secret: { secretName } },
    c: { configMap: { name } },
  })
  expect(text).toBe('value-1\nvalue-2')
})

test(
  title('wrapper volumes should not cause race condition when used for configmaps [Serial] [Conformance]'),
  async () => {
    const names = await Promise.all(Array.from({ length: 50 }, (_, at) => pods.configMap({ 'data-1': String(at) })))
    const volumes = Object.fromEntries(names.map((name, at) => [`c${at}`, { configMap: { name } }]))
    const script = 'for at in $(seq 0 49); do cat /v/c$at/data-1; echo; done'
    const texts = await Promise.all(Array.from({ length: 5 }, () => pods.output(script, volumes)))
    for (const text of texts) expect(text.trim().split('\n')).toEqual(names.map((_, at) => String(at)))
  },
)
