import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createCgroups } from './cgroup.ts'

let root: string
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'cgroup-'))))
afterEach(() => rmSync(root, { recursive: true }))

function write(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
}

const version1 = {
  'cpuacct/docker/c/cpuacct.usage': '2500000000\n',
  'cpuacct/docker/c/cpuacct.usage_user': '2000000000\n',
  'cpuacct/docker/c/cpuacct.usage_sys': '500000000\n',
  'cpu/docker/c/cpu.stat': 'nr_periods 10\nnr_throttled 4\nthrottled_time 123000000\n',
  'cpu/docker/c/cpu.shares': '102\n',
  'cpu/docker/c/cpu.cfs_quota_us': '50000\n',
  'cpu/docker/c/cpu.cfs_period_us': '100000\n',
  'memory/docker/c/memory.usage_in_bytes': '1000000\n',
  'memory/docker/c/memory.stat':
    'cache 1\nrss 2\ntotal_cache 400000\ntotal_rss 500000\ntotal_mapped_file 7\ntotal_inactive_file 300000\ntotal_pgfault 12\ntotal_pgmajfault 3\ntotal_swap 9\n',
  'memory/docker/c/memory.kmem.usage_in_bytes': '77\n',
  'memory/docker/c/memory.max_usage_in_bytes': '2000000\n',
  'memory/docker/c/memory.failcnt': '5\n',
  'memory/docker/c/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 1\n',
  'memory/docker/c/memory.limit_in_bytes': '67108864\n',
  'memory/docker/c/memory.soft_limit_in_bytes': '9223372036854771712\n',
  'memory/docker/c/memory.memsw.limit_in_bytes': '67108864\n',
  'memory/docker/c/cgroup.procs': '11\n12\n',
  'pids/docker/c/pids.current': '3\n',
  'pids/docker/c/pids.max': 'max\n',
  'blkio/docker/c/blkio.throttle.io_service_bytes_recursive':
    '254:0 Read 4096\n254:0 Write 8192\n254:0 Total 12288\nTotal 12288\n',
  'blkio/docker/c/blkio.throttle.io_serviced_recursive': '254:0 Read 1\n254:0 Write 2\nTotal 3\n',
}

const version2 = {
  'cgroup.controllers': 'cpu io memory pids\n',
  'docker/c/cpu.stat':
    'usage_usec 2500000\nuser_usec 2000000\nsystem_usec 500000\nnr_periods 10\nnr_throttled 4\nthrottled_usec 123000\n',
  'docker/c/cpu.weight': '5\n',
  'docker/c/cpu.max': '50000 100000\n',
  'docker/c/memory.current': '1000000\n',
  'docker/c/memory.stat':
    'anon 500000\nfile 400000\nkernel 77\nfile_mapped 7\ninactive_file 300000\npgfault 12\npgmajfault 3\n',
  'docker/c/memory.swap.current': '9\n',
  'docker/c/memory.peak': '2000000\n',
  'docker/c/memory.events': 'low 0\nhigh 0\nmax 5\noom 1\noom_kill 1\n',
  'docker/c/memory.max': '67108864\n',
  'docker/c/memory.low': '0\n',
  'docker/c/memory.swap.max': 'max\n',
  'docker/c/cgroup.procs': '11\n12\n',
  'docker/c/pids.current': '3\n',
  'docker/c/pids.max': '100\n',
  'docker/c/io.stat': '254:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n',
}

const usage = {
  cpuNanos: 2_500_000_000,
  memory: { usage: 1_000_000, workingSet: 700_000, rss: 500_000, pageFaults: 12, majorPageFaults: 3 },
  swap: 9,
  tasks: 3,
}
const details = {
  cpu: {
    userNanos: 2_000_000_000,
    systemNanos: 500_000_000,
    periods: 10,
    throttledPeriods: 4,
    throttledNanos: 123_000_000,
  },
  memory: { cache: 400_000, mappedFile: 7, kernel: 77, max: 2_000_000, failures: 5, oomEvents: 1 },
  processes: 2,
  io: [{ device: '254:0', readBytes: 4096, writtenBytes: 8192, reads: 1, writes: 2 }],
}

test('version 1', () => {
  write(version1)
  const cgroups = createCgroups({ root })
  expect(cgroups.usage('/docker/c')).toEqual(usage)
  expect(cgroups.details('/docker/c')).toEqual({
    ...details,
    cpuLimits: { shares: 102, quota: 50_000, period: 100_000 },
    memoryLimits: { memory: 67_108_864, reservation: 0, swap: 67_108_864 },
    mostTasks: 0,
  })
})

test('version 2', () => {
  write(version2)
  const cgroups = createCgroups({ root })
  expect(cgroups.usage('/docker/c')).toEqual(usage)
  expect(cgroups.details('/docker/c')).toEqual({
    ...details,
    cpuLimits: { shares: 107, quota: 50_000, period: 100_000 },
    memoryLimits: { memory: 67_108_864, reservation: 0, swap: 0 },
    mostTasks: 100,
  })
})

test('a group that does not exist has no usage, in either version', () => {
  expect(createCgroups({ root }).usage('/docker/c')).toBeUndefined()
  expect(createCgroups({ root }).details('/docker/c')).toBeUndefined()
  write({ 'cgroup.controllers': '' })
  expect(createCgroups({ root }).usage('/docker/c')).toBeUndefined()
  expect(createCgroups({ root }).details('/docker/c')).toBeUndefined()
})

test('more inactive page cache than usage leaves a working set of 0', () => {
  write({ ...version1, 'memory/docker/c/memory.usage_in_bytes': '10\n' })
  expect(createCgroups({ root }).usage('/docker/c')?.memory.workingSet).toBe(0)
})
