import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Container, Pod, PodSpec } from '#shared/kube/generated/types.ts'
import { startDockerCluster, type DockerCluster } from '../support/docker-cluster.ts'

/**
 * A container never runs with less confinement than its spec asks for: what the node cannot enforce keeps it from
 * starting. Against a real worker, where the engine takes an unknown profile for none.
 */
let cluster: DockerCluster
const clusterName = `confined-${process.pid}`
beforeAll(async () => {
  cluster = await startDockerCluster({ name: clusterName })
  // Forbids making folders, and nothing else.
  const profile = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }],
  }
  await inWorker(`mkdir -p /var/lib/kubelet/seccomp/profiles
cd /var/lib/kubelet/seccomp
echo '${JSON.stringify(profile)}' > profiles/no-mkdir.json
echo unconfined > word.json
echo '{}' > empty.json`)
})
afterAll(() => cluster?.remove())

const inWorker = async (script: string): Promise<string> =>
  (await promisify(execFile)('docker', ['exec', `slipway-${clusterName}-worker-1`, 'sh', '-c', script])).stdout.trim()

async function create(name: string, container: Partial<Container>, spec: Partial<PodSpec> = {}): Promise<void> {
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 0,
      containers: [
        { name: 'c', image: 'busybox:1.36', command: ['grep', 'Seccomp:', '/proc/self/status'], ...container },
      ],
      ...spec,
    },
  }
  const { code, stderr } = await cluster.kubectl.withInput(JSON.stringify(pod), 'apply', '-f', '-')
  if (code !== 0) throw new Error(stderr)
}
const get = async (name: string): Promise<Pod> =>
  JSON.parse(await cluster.kubectl.ok('get', 'pod', name, '-o', 'json')) as Pod
const succeeded = (name: string): Promise<void> =>
  cluster.kubectl.waitForValue(`pod/${name}`, '{.status.phase}', 'Succeeded')
const local = (localhostProfile: string) => ({ seccompProfile: { type: 'Localhost', localhostProfile } })

describe('a container is not started', () => {
  test.each<[string, Partial<Container>, Partial<PodSpec>, RegExp]>([
    [
      'seccomp-missing',
      { securityContext: local('nope.json') },
      {},
      /cannot load seccomp profile "\/var\/lib\/kubelet\/seccomp\/nope\.json": open .*: no such file or directory/,
    ],
    ['seccomp-missing-pod', {}, { securityContext: local('nope.json') }, /cannot load seccomp profile/],
    ['seccomp-word', { securityContext: local('word.json') }, {}, /cannot load seccomp profile/],
    ['seccomp-empty', { securityContext: local('empty.json') }, {}, /cannot load seccomp profile/],
    [
      'apparmor',
      { securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } },
      {},
      /Cannot enforce AppArmor: AppArmor is not enabled on the host/,
    ],
  ])('%s', async (name, container, spec, message) => {
    await create(name, container, spec)
    await cluster.kubectl.waitForValue(
      `pod/${name}`,
      '{.status.containerStatuses[0].state.waiting.reason}',
      'CreateContainerError',
    )
    const { status } = await get(name)
    expect(status?.phase).toBe('Pending')
    expect(status?.containerStatuses?.[0]?.state?.waiting?.message).toMatch(message)
    expect(status?.containerStatuses?.[0]?.containerID).toBeUndefined()
    await cluster.kubectl.ok('delete', 'pod', name)
  })
})

describe('a container is confined', () => {
  test('by a profile of its node', async () => {
    await create('profiled', {
      command: ['sh', '-c', 'grep Seccomp: /proc/self/status; mkdir /tmp/x 2>&1; true'],
      securityContext: local('profiles/no-mkdir.json'),
    })
    await succeeded('profiled')
    expect(await cluster.kubectl.ok('logs', 'profiled')).toMatch(/^Seccomp:\s+2\n.*Operation not permitted\n$/)
  })

  test('by the engine’s profile', async () => {
    await create('default', { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } })
    await succeeded('default')
    expect(await cluster.kubectl.ok('logs', 'default')).toMatch(/^Seccomp:\s+2\n$/)
  })

  test.each<[string, PodSpec['securityContext'], string]>([
    ['merged', {}, '1100 1200'],
    ['strict', { supplementalGroupsPolicy: 'Strict' }, '1100'],
    ['strict-primary', { supplementalGroupsPolicy: 'Strict', runAsGroup: 3000 }, '3000'],
    [
      'strict-more',
      { supplementalGroupsPolicy: 'Strict', supplementalGroups: [4000], fsGroup: 5000 },
      '1100 4000 5000',
    ],
  ])('to the groups of its policy, in commands too: %s', async (name, securityContext, groups) => {
    await create(
      name,
      { image: 'slipway/test-programs:2', command: ['sh', '-c', 'id -G; exec sleep 1000'] },
      { securityContext: { runAsUser: 1100, ...securityContext } },
    )
    await cluster.kubectl.ok('wait', '--for=condition=Ready', `pod/${name}`, '--timeout=60s')
    expect(await cluster.kubectl.ok('logs', name)).toBe(`${groups}\n`)
    expect(await cluster.kubectl.ok('exec', name, '--', 'id', '-G')).toBe(`${groups}\n`)
    const { uid, gid, supplementalGroups = [] } = (await get(name)).status?.containerStatuses?.[0]?.user?.linux ?? {}
    expect([uid, gid, supplementalGroups.join(' ')]).toEqual([1100, Number(groups.split(' ')[0]), groups])
  })

  test.each([true, false])(
    'to its user namespace: root there is nobody to the node, privileged %s',
    async (privileged) => {
      const name = `mapped-${privileged}`
      const forbidden = [
        'echo 1 > /proc/sys/vm/drop_caches',
        'echo s > /proc/sysrq-trigger',
        'echo -1000 > /proc/1/oom_score_adj',
        'mknod /tmp/disk b 254 0',
        'dmesg',
        'nice -n -5 true',
        'mount -o remount,rw /sys',
        'mkdir /sys/fs/cgroup/pids/x /sys/fs/cgroup/x',
      ]
      const script = forbidden.map((each) => `(${each}) >/dev/null 2>&1 && echo '${each}'`).join('; ')
      await create(
        name,
        {
          command: ['sh', '-c', `id -u; ${script}; sleep 4321`],
          securityContext: privileged ? { privileged } : { procMount: 'Unmasked' },
        },
        { hostUsers: false },
      )
      await expect
        .poll(() => cluster.kubectl.ok('logs', name).catch(() => ''), { timeout: 60_000, interval: 500 })
        .toBe('0\n')
      await expect.poll(() => inWorker("pgrep -xf 'sleep 4321' -u 0 || echo none"), { timeout: 20_000 }).toBe('none')
      expect(Number(await inWorker("stat -c %u /proc/$(pgrep -xf 'sleep 4321')"))).toBeGreaterThanOrEqual(65_536)
      await cluster.kubectl.ok('delete', 'pod', name)
    },
  )
})
