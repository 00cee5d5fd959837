import { expect, test } from 'vitest'
import { podsOf, shell } from '../support/pods.ts'
import { serverWithWorkers } from '../support/server.ts'
import { testPrograms } from '../support/workloads.ts'

const server = await serverWithWorkers()
const { api } = server
const pods = await podsOf(server)

/** Runs a script in a container to its good end. @returns its log */
const runs = (script: string, securityContext: object, pod: object = {}): Promise<string> =>
  pods.run({ ...pod, containers: [shell(script, { securityContext })] })

test.concurrent(
  '[sig-node] Security Context When creating a container with runAsUser should run the container with uid 65534 [LinuxOnly] [NodeConformance] [Conformance]',
  async () => expect(await runs('id -u', { runAsUser: 65534 })).toBe('65534\n'),
)

test.concurrent(
  '[sig-node] Security Context When creating a pod with privileged should run the container as unprivileged when false [LinuxOnly] [NodeConformance] [Conformance]',
  async () => {
    const log = await runs('ip link add dummy0 type dummy || true', { privileged: false })
    expect(log).toContain('Operation not permitted')
  },
)

test.concurrent(
  '[sig-node] Security Context When creating a pod with readOnlyRootFilesystem should run the container with writable rootfs when readOnlyRootFilesystem=false [NodeConformance] [Conformance]',
  async () =>
    expect(await runs('touch /checkfile && ls /checkfile', { readOnlyRootFilesystem: false })).toBe('/checkfile\n'),
)

const ids = { runAsUser: 1001, runAsGroup: 2002 }

test.concurrent(
  '[sig-node] Security Context should support container.SecurityContext.RunAsUser And container.SecurityContext.RunAsGroup [LinuxOnly] [Conformance]',
  async () => expect(await runs('id', ids)).toMatch(/^uid=1001\b.* gid=2002\b/),
)

test.concurrent(
  '[sig-node] Security Context should support pod.Spec.SecurityContext.RunAsUser And pod.Spec.SecurityContext.RunAsGroup [LinuxOnly] [Conformance]',
  async () => expect(await runs('id', {}, { securityContext: ids })).toMatch(/^uid=1001\b.* gid=2002\b/),
)

test.concurrent(
  '[sig-node] Security Context when creating containers with AllowPrivilegeEscalation should not allow privilege escalation when false [LinuxOnly] [NodeConformance] [Conformance]',
  async () => {
    const effectiveUser = (more: object): Promise<string> =>
      pods.run({
        containers: [
          {
            name: 'main',
            image: testPrograms,
            command: ['setuid-id', '-u'],
            securityContext: { runAsUser: 1000, ...more },
          },
        ],
      })
    // The program belongs to root and has the setuid bit: without the field it runs as root.
    expect(await Promise.all([effectiveUser({ allowPrivilegeEscalation: false }), effectiveUser({})])).toEqual([
      '1000\n',
      '0\n',
    ])
  },
)

test.concurrent(
  '[sig-node] Sysctls [LinuxOnly] [NodeConformance] should reject invalid sysctls [Conformance]',
  async () => {
    const sysctls = [
      { name: 'foo-', value: 'bar' },
      { name: 'kernel.shmmax', value: '100000000' },
      { name: 'safe-and-unsafe', value: '100000000' },
      { name: 'bar..', value: '42' },
    ]
    const refused = await api.ask('POST', `${pods.root}/pods`, {
      body: { metadata: { name: 'sysctl' }, spec: { securityContext: { sysctls }, containers: [shell()] } },
    })
    expect([refused.status, refused.json.reason]).toEqual([422, 'Invalid'])
    expect(refused.json.details.causes.map(({ field }: { field: string }) => field)).toEqual([
      'spec.securityContext.sysctls[0].name',
      'spec.securityContext.sysctls[3].name',
    ])
    expect(refused.json.message).toContain('Invalid value: "foo-"')
    expect(refused.json.message).toContain('Invalid value: "bar.."')
  },
)

test.concurrent(
  '[sig-node] Sysctls [LinuxOnly] [NodeConformance] should support sysctls [Environment:NotInUserNS] [Conformance]',
  async () => {
    const sysctls = [{ name: 'kernel.shm_rmid_forced', value: '1' }]
    const log = await runs('sysctl kernel.shm_rmid_forced', {}, { securityContext: { sysctls } })
    expect(log).toBe('kernel.shm_rmid_forced = 1\n')
  },
)
