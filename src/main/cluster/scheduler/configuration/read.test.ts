import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { registeredPlugins } from '../plugins/index.ts'
import { defaultConfiguration } from './configuration.ts'
import { configurationOf, readSchedulerConfiguration } from './read.ts'

const head = 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n'
const read = (body: string) => configurationOf(head + body)
const profile = (body: string) => {
  const [first] = read(`profiles:\n- ${body.trim().split('\n').join('\n  ')}\n`).profiles
  if (!first) throw new Error('no profile')
  return first
}
const pluginsAt = (body: string, point: 'filter' | 'score') =>
  profile(body)
    .plugins.filter(({ points }) => points.has(point))
    .map(({ registration, weight }) => (point === 'score' ? `${registration.name}:${weight}` : registration.name))

describe('a configuration', () => {
  test('that says nothing is the default one', () => {
    expect(read('')).toEqual(defaultConfiguration())
    expect(defaultConfiguration().profiles[0]?.plugins.map(({ registration }) => registration.name)).toEqual(
      registeredPlugins.map(({ name }) => name),
    )
  })

  test('has several profiles, back-offs and a share of nodes', () => {
    const { profiles, ...rest } = read(`
podInitialBackoffSeconds: 2
podMaxBackoffSeconds: 30
percentageOfNodesToScore: 40
leaderElection: { leaderElect: false }
profiles:
- schedulerName: default-scheduler
- schedulerName: packing
  percentageOfNodesToScore: 100
`)
    expect(rest).toEqual({ initialBackoffMs: 2_000, maxBackoffMs: 30_000 })
    expect(profiles.map((each) => [each.schedulerName, each.percentageOfNodesToScore])).toEqual([
      ['default-scheduler', 40],
      ['packing', 100],
    ])
  })

  test('takes plugins out at one point or at all, and weighs others', () => {
    expect(
      pluginsAt(
        'plugins:\n  score:\n    disabled: [{ name: "*" }]\n    enabled: [{ name: ImageLocality, weight: 7 }]',
        'score',
      ),
    ).toEqual(['ImageLocality:7'])
    const without =
      'plugins:\n  multiPoint:\n    disabled: [{ name: PodTopologySpread }]\n    enabled: [{ name: NodeAffinity, weight: 9 }]'
    expect(pluginsAt(without, 'filter')).not.toContain('PodTopologySpread')
    expect(pluginsAt(without, 'score')).toContain('NodeAffinity:9')
    const noFilter = 'plugins:\n  filter:\n    disabled: [{ name: NodeResourcesFit }]'
    expect(pluginsAt(noFilter, 'filter')).not.toContain('NodeResourcesFit')
    expect(pluginsAt(noFilter, 'score')).toContain('NodeResourcesFit:1')
  })

  test('puts the filters that a point enables itself first', () => {
    const [first] = pluginsAt('plugins:\n  filter:\n    enabled: [{ name: InterPodAffinity }]', 'filter')
    expect(first).toBe('InterPodAffinity')
  })

  test('gives plugins their arguments', () => {
    const { args } = profile(`
pluginConfig:
- name: NodeResourcesFit
  args:
    apiVersion: kubescheduler.config.k8s.io/v1
    kind: NodeResourcesFitArgs
    ignoredResourceGroups: [example.com]
    scoringStrategy:
      type: RequestedToCapacityRatio
      resources: [{ name: example.com/gpu, weight: 5 }]
      requestedToCapacityRatio:
        shape: [{ utilization: 0, score: 0 }, { utilization: 100, score: 10 }]
- name: InterPodAffinity
  args: { hardPodAffinityWeight: 5 }
- name: PodTopologySpread
  args:
    defaultingType: List
    defaultConstraints: [{ maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway }]
`)
    expect(args.NodeResourcesFit).toMatchObject({
      ignoredResourceGroups: ['example.com'],
      scoringStrategy: {
        type: 'RequestedToCapacityRatio',
        resources: [{ name: 'example.com/gpu', weight: 5 }],
        shape: [
          { utilization: 0, score: 0 },
          { utilization: 100, score: 10 },
        ],
      },
    })
    expect(args.InterPodAffinity.hardPodAffinityWeight).toBe(5)
    expect(args.PodTopologySpread.defaultConstraints).toHaveLength(1)
    expect(args.VolumeBinding.bindTimeoutSeconds).toBe(600)
  })
})

describe('what is not valid is named', () => {
  const config = (name: string, args: string) => `profiles:\n- pluginConfig:\n  - name: ${name}\n    args: ${args}\n`
  const plugins = (set: string) => `profiles:\n- plugins: ${set}\n`
  test.each([
    ['an unknown field', 'podInitialBackoff: 3', 'Unrecognized key: "podInitialBackoff"'],
    ['a share beyond 100', 'percentageOfNodesToScore: 101', 'percentageOfNodesToScore: not in valid range [0-100]'],
    ['no profile', 'profiles: []', 'profiles: Required value'],
    [
      'two profiles of a name',
      'profiles:\n- schedulerName: a\n- schedulerName: a',
      'profiles[1].schedulerName: Duplicate value: "a"',
    ],
    [
      'a back-off that shrinks',
      'podInitialBackoffSeconds: 20',
      'podMaxBackoffSeconds: must be greater than or equal to PodInitialBackoffSeconds',
    ],
    [
      'an unknown plugin',
      plugins('{ score: { enabled: [{ name: Mine }] } }'),
      'profiles[0].plugins.score.enabled[0].name: there is no plugin "Mine"',
    ],
    [
      'a plugin at a point where it does nothing',
      plugins('{ score: { enabled: [{ name: NodePorts }] } }'),
      'profiles[0].plugins.score: plugin "NodePorts" does not extend score plugin',
    ],
    [
      'no binder',
      plugins('{ bind: { disabled: [{ name: "*" }] } }'),
      'profiles[0]: at least one bind plugin is needed for profile with scheduler name "default-scheduler"',
    ],
    [
      'an unknown strategy',
      config('NodeResourcesFit', '{ scoringStrategy: { type: Best } }'),
      /^profiles\[0\]\.pluginConfig\[0\]\.args\.scoringStrategy\.type: /,
    ],
    [
      'a shape that falls back',
      config(
        'NodeResourcesFit',
        '{ scoringStrategy: { type: RequestedToCapacityRatio, requestedToCapacityRatio: { shape: [{ utilization: 5, score: 1 }, { utilization: 5, score: 2 }] } } }',
      ),
      /utilization values must be sorted in increasing order$/,
    ],
    [
      'default constraints beside those of the system',
      config(
        'PodTopologySpread',
        '{ defaultConstraints: [{ maxSkew: 1, topologyKey: z, whenUnsatisfiable: DoNotSchedule }] }',
      ),
      'profiles[0].pluginConfig[0].args.defaultingType: when .defaultConstraints are not empty, must be List',
    ],
    [
      'arguments of a plugin without any',
      config('NodePorts', '{ a: 1 }'),
      'profiles[0].pluginConfig[0].args: plugin "NodePorts" has no arguments',
    ],
    ['extenders', 'extenders: [{ urlPrefix: "http://x" }]', 'extenders: extenders are not supported'],
  ])('%s', (_, body, message) => expect(() => read(body)).toThrow(message))

  test('another kind', () => {
    expect(() => configurationOf('kind: Pod\napiVersion: v1')).toThrow('must be kubescheduler.config.k8s.io/v1')
    expect(() => configurationOf('')).toThrow()
  })

  test('in a file, whose name comes first', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'scheduler-'))
    try {
      const file = join(dir, 'scheduler.yaml')
      expect(await readSchedulerConfiguration(file)).toEqual(defaultConfiguration())
      await writeFile(file, `${head}profiles: []\n`)
      await expect(readSchedulerConfiguration(file)).rejects.toThrow(`${file}: profiles: Required value`)
      await writeFile(file, 'a: [')
      await expect(readSchedulerConfiguration(file)).rejects.toThrow(/^[^\n]*scheduler\.yaml: [^\n]+$/)
    } finally {
      await rm(dir, { recursive: true })
    }
  })
})
