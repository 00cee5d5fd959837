import { mkdtemp, readFile, rm, truncate, copyFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { createSnapshots, openCluster, removeLeftovers } from '#main/cluster/index.ts'
import { openLocalClusters, type LocalClusters } from '#main/contexts/local-clusters.ts'
import { keyFiles } from '#main/keys/key-files.ts'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog } from '#shared/base/log.ts'
import { testEngine } from '../support/docker-cluster.ts'
import { createKubectl, type Kubectl } from '../support/kubectl.ts'
import { threadEntries } from '../support/thread-entries.ts'

/**
 * The guestbook on a real worker, with its entries in a claim: a snapshot, a restore and a clone, byte for byte. The files
 * beside Redis' own have all that a copy may lose.
 */
const name = `snap${process.pid}`
const engine = testEngine()
const root = join(import.meta.dirname, '../..')
let home: string
let clusters: LocalClusters

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'slipway-snapshots-'))
  const common = { engine, threads: threadEntries, keys: keyFiles(), clock: systemClock, log: silentLog }
  const agentBundle = process.env.SLIPWAY_AGENT ?? join(root, 'out/agent/agent.cjs')
  clusters = await openLocalClusters({
    ...common,
    dir: join(home, 'clusters'),
    open: (cluster) => openCluster({ ...common, ...cluster, agentBundle }),
    snapshots: createSnapshots({ ...common, version: 'test' }),
    workerDisk: (cluster) => engine.providerFor(cluster).diskUse(),
    snapshotsDir: join(home, 'snapshots'),
    removeLeftovers: (leftovers) => removeLeftovers({ ...leftovers, engine }),
    engine: () => engine.state(),
    requireIpv6: () => engine.requireIpv6(),
    version: 'test',
  })
  clusters.create({ name, workers: 1 })
  await clusters.settled(name)
}, 120_000)
afterAll(async () => {
  await clusters?.close('remove')
  if (home) await rm(home, { recursive: true, force: true })
}, 120_000)

const kubectlOf = (cluster: string): Kubectl => createKubectl(join(home, 'clusters', cluster, 'kubeconfig'))

/** Runs a command in the worker. */
async function inWorker(cluster: string, script: string): Promise<string> {
  const container = (await engine.connect()).getContainer(`slipway-${cluster}-worker-1`)
  const exec = await container.exec({ Cmd: ['sh', '-c', script], AttachStdout: true, AttachStderr: true, Tty: true })
  return text(await exec.start({ Tty: true }))
}

const [setAttribute, getAttribute] = process.arch === 'arm64' ? [5, 8] : [188, 191]
const volumes = '/var/lib/slipway/volumes'

/** Owners, modes, times, links, holes and content of all files, and the attribute of one. */
const listing = (cluster: string): Promise<string> =>
  inWorker(
    cluster,
    `cd ${volumes} && find . -printf '%P %y %U:%G %m %s %l %T@\\n' | grep -v '^ ' | sort && find . -type f -exec sha256sum {} + | sort -k2 &&
     f=$(find . -name attributed) && perl -e '($f, $n, $b) = ($ARGV[0], "user.note", "\\0" x 9); syscall(${getAttribute}, $f, $n, $b, 9); print "$b\\n"' $f && stat -c '%n %b' $(find . -name sparse) && stat -c %h $(find . -name linked)`,
  )

const redis = async (kubectl: Kubectl, ...command: string[]): Promise<string> => {
  const args = [
    'exec',
    '-n',
    'guestbook',
    'deploy/redis',
    '--',
    'redis-cli',
    '-a',
    'slipway-guestbook',
    '--no-auth-warning',
  ]
  return (await kubectl.ok(...args, ...command)).trim()
}
const rolledOut = async (kubectl: Kubectl): Promise<void> => {
  for (const deployment of ['redis', 'frontend'])
    await kubectl.ok('rollout', 'status', '-n', 'guestbook', `deployment/${deployment}`, '--timeout=90s')
}
const done = async (cluster: string): Promise<void> => clusters.settled(cluster)

test(
  'the guestbook comes back with its data, byte for byte; a clone has it, too, and keys of its own',
  { timeout: 300_000 },
  async () => {
    const kubectl = kubectlOf(name)
    await kubectl.ok('apply', '-f', join(root, 'resources/manifests/samples/guestbook.yaml'))
    await rolledOut(kubectl)
    await redis(kubectl, 'RPUSH', 'entries', 'first')
    await inWorker(
      name,
      `cd ${volumes}/pvc-* && mkdir -p own && cd own && printf hello > attributed && chown 1234:4321 attributed && chmod 4750 attributed &&
       perl -e '($f, $n, $v) = ("attributed", "user.note", "kept"); syscall(${setAttribute}, $f, $n, $v, 4, 0) == 0 or die $!' &&
       truncate -s 64M sparse && printf x | dd of=sparse bs=1 seek=33554432 conv=notrunc 2>/dev/null && ln attributed linked && ln -s ../nowhere dangling &&
       mkfifo pipe && touch -d '2001-02-03 04:05:06.789' old && chmod 1777 . && chown 7:8 .`,
    )
    const before = await listing(name)
    expect(before).toContain('own/attributed f 1234:4321 4750 5')
    expect(before).toContain('kept')

    const taken = await clusters.snapshots.take(name, 'whole')
    await done(name)
    const [snapshot] = await clusters.snapshots.list(name)
    expect(snapshot).toMatchObject({ name: taken, volumes: 1, workers: 1 })
    // Nothing was restarted for it.
    expect(await redis(kubectl, 'LRANGE', 'entries', '0', '-1')).toBe('first')
    expect(await listing(name)).toBe(before)

    await redis(kubectl, 'RPUSH', 'entries', 'second')
    await inWorker(name, `cd ${volumes}/pvc-*/own && rm -f attributed sparse && chmod 700 . && printf new > added`)
    await kubectl.ok('delete', 'deployment', '-n', 'guestbook', 'frontend')
    await kubectl.ok('create', 'configmap', '-n', 'guestbook', 'later')

    // A broken file changes nothing, not even for a moment.
    const broken = join(home, 'broken.slipway')
    await copyFile(snapshot?.file ?? '', broken)
    await truncate(broken, Math.floor((snapshot?.bytes ?? 0) * 0.9))
    clusters.snapshots.restore(name, broken, { first: false })
    await expect(done(name)).rejects.toThrow(/cannot be used.*Nothing was changed/)
    expect(await redis(kubectl, 'LRANGE', 'entries', '0', '-1')).toBe('first\nsecond')

    clusters.snapshots.restore(name, taken, { first: true })
    await done(name)
    await rolledOut(kubectl)
    expect(await redis(kubectl, 'LRANGE', 'entries', '0', '-1')).toBe('first')
    expect(withoutRedis(await listing(name))).toBe(withoutRedis(before))
    expect((await kubectl('get', 'configmap', '-n', 'guestbook', 'later')).code).toBe(1)
    const names = (await clusters.snapshots.list(name)).map((each) => each.name)
    expect(names).toHaveLength(2)
    expect(names[0]).toMatch(/^before-/)

    const clone = `${name}c`
    await clusters.snapshots.clone(name, clone, taken)
    await done(clone)
    const other = kubectlOf(clone)
    await rolledOut(other)
    expect(await redis(other, 'LRANGE', 'entries', '0', '-1')).toBe('first')
    expect(withoutRedis(await listing(clone))).toBe(withoutRedis(before))
    expect((await other.ok('get', 'nodes', '-o', 'name')).trim()).toBe(`node/${clone}-worker-1`)
    // Neither knows the other's administrator.
    expect(await userOf(clone)).not.toEqual(await userOf(name))
    const crossed = await other('--server', clusters.running(name).server, 'get', 'nodes')
    expect(crossed.stderr).toMatch(/certificate|x509/)
  },
)

/** Redis writes to its own files when it starts. */
const withoutRedis = (lines: string): string =>
  lines
    .split('\n')
    .filter((line) => line.includes('own') || !line.includes('/'))
    .join('\n')

async function userOf(cluster: string): Promise<unknown> {
  const config = parse(await readFile(join(home, 'clusters', cluster, 'kubeconfig'), 'utf8')) as { users: unknown[] }
  return config.users[0]
}
