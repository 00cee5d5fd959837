import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createKubeconfigContexts, type KubeconfigContexts } from '#main/contexts/kubeconfig/index.ts'
import type { KubeContext } from '#main/contexts/kube-context.ts'
import { readOnly } from '#main/contexts/read-only.ts'
import { createReleaseReader, detailsOf, openHelm, type Helm } from '#main/helm/index.ts'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog } from '#shared/base/log.ts'
import type { HelmOperation, HelmStart } from '#shared/contract/helm.ts'
import { helmEnvironment, runHelm, serveCharts, testChart, type ChartRepository } from '../support/helm.ts'
import { startSimulatedCluster, type SimulatedCluster } from '../support/simulated-cluster.ts'

/** The real helm through the window's door, beside the same helm in a terminal, on the real API server. */
let cluster: SimulatedCluster
let contexts: KubeconfigContexts
let context: KubeContext
let helm: Helm
let charts: ChartRepository
let env: Record<string, string>
const secret = 'not-for-the-log'

beforeAll(async () => {
  cluster = await startSimulatedCluster({ count: 2 })
  const kubeconfig = join(cluster.dir, 'cluster/kubeconfig')
  env = {
    ...(await helmEnvironment(join(cluster.dir, 'helm'))),
    KUBECONFIG: kubeconfig,
  }
  contexts = createKubeconfigContexts({ files: [kubeconfig], log: silentLog })
  const [first] = await contexts.list()
  if (!first) throw new Error('the kubeconfig has no context')
  context = first
  helm = openHelm({
    dir: join(cluster.dir, 'slipway-helm'),
    clock: systemClock,
    env: { ...process.env, ...env },
  })
  charts = await serveCharts(join(cluster.dir, 'charts'), ['1.1.0', '1.2.0'], env)
})
afterAll(async () => {
  await helm?.close()
  await charts?.stop()
  await contexts?.stop()
  await cluster?.stop()
})

const terminal = (...args: string[]): Promise<string> => runHelm(args, env)
const release = { namespace: 'shop', name: 'web' }
const timing = { wait: true, timeout: 60 }

/** Runs an action to its end. @returns the run, with what it said */
async function act(wanted: HelmStart, at = context): Promise<HelmOperation & { log: string }> {
  const lines: string[] = []
  const { id } = helm.start(at, wanted)
  const ended = await helm.operations.follow(id, new AbortController().signal, (line) => {
    lines.push(line)
    return Promise.resolve()
  })
  return { ...ended, log: lines.join('\n') }
}
const openChart = async (version?: string): Promise<string> =>
  (await helm.openChart({ ref: 'tests/shop', version }, () => context)).id

it("finds charts in repositories, which are the terminal's too", async () => {
  expect(await helm.repositories.list()).toEqual([])
  expect(await helm.repositories.search('shop')).toEqual([])
  await helm.repositories.add({ name: 'tests', url: charts.url })
  expect(await terminal('repo', 'list')).toContain(charts.url)
  await helm.repositories.update()
  expect(await helm.repositories.search('small shop')).toEqual([
    { name: 'tests/shop', version: '1.2.0', appVersion: '2.9.1', description: "A small shop of Slipway's own tests" },
  ])
  expect((await helm.repositories.versions('tests/shop')).map(({ version }) => version)).toEqual(['1.2.0', '1.1.0'])
  const chart = await helm.openChart({ ref: 'tests/shop' }, () => context)
  expect(chart).toMatchObject({ name: 'shop', version: '1.2.0', appVersion: '2.9.1', definitions: 0 })
  expect(chart.values).toContain('# How many pods answer.')
  expect(JSON.parse(chart.schema ?? '')).toMatchObject({ required: ['replicas'] })
  await expect(helm.openChart({ ref: 'tests/none' }, () => context)).rejects.toThrow(/none/)
})

it('shows what an install would do, and that a locked context takes no more than that', async () => {
  const chart = await openChart('1.1.0')
  const values = `replicas: 1\npassword: ${secret}\n`
  const locked = readOnly(context, () => Promise.resolve(true))
  const rendered = await helm.render(locked, { action: 'install', ...release, chart, values })
  expect(rendered.changes.map(({ kind, name, change }) => `${kind}/${name} ${change}`).sort()).toEqual([
    'ConfigMap/web-settings created',
    'Deployment/web-web created',
    'Secret/web-bank created',
    'Service/web-web created',
  ])
  expect(rendered.notes).toContain('The shop web says Welcome.')
  expect(rendered.hooks).toEqual([{ kind: 'Pod', name: 'web-answers', events: ['test'] }])
  expect(JSON.stringify(rendered)).not.toContain(secret)
  const refused = await act(
    { action: 'install', context: '', ...release, chart, values, ...timing, createNamespace: true, rollBack: false },
    locked,
  )
  expect(refused).toMatchObject({ state: 'failed', error: expect.stringContaining('read-only in Slipway') as string })
  expect(await terminal('list', '-A', '-q')).toBe('')
})

it('says what the schema of the chart, and the server, have against it', async () => {
  const chart = await openChart()
  const render = (values: string): Promise<unknown> =>
    helm.render(context, { action: 'install', ...release, chart, values })
  await expect(render('replicas: many\n')).rejects.toThrow(/replicas/)
  await expect(render('greeting: "no: such"\n')).rejects.toThrow(/greeting/)
  await expect(render('a: [\n')).rejects.toThrow(/yaml/i)
})

it('installs, upgrades and rolls back releases that the terminal sees, and the other way round', async () => {
  const installed = await act({
    ...{ action: 'install', context: '', ...release, chart: await openChart('1.1.0') },
    ...{ values: `replicas: 1\npassword: ${secret}\n`, ...timing, createNamespace: true, rollBack: true },
  })
  expect(installed, installed.log).toMatchObject({ state: 'done' })
  expect(installed.log).not.toContain(secret)
  expect(JSON.parse(await terminal('list', '-A', '-o', 'json'))).toMatchObject([
    { name: 'web', namespace: 'shop', revision: '1', status: 'deployed', chart: 'shop-1.1.0', app_version: '2.9.1' },
  ])
  expect(await terminal('get', 'values', 'web', '-n', 'shop', '-o', 'yaml')).toContain(secret)

  const chart = await openChart('1.2.0')
  const values = `replicas: 2\ngreeting: Hello\npassword: ${secret}-too\n`
  const { changes } = await helm.render(context, { action: 'upgrade', ...release, chart, values })
  expect(Object.fromEntries(changes.map(({ kind, change }) => [kind, change]))).toEqual({
    ...{ ConfigMap: 'changed', Deployment: 'changed', Secret: 'changed', Service: 'same' },
  })
  const settings = changes.find(({ kind }) => kind === 'ConfigMap')
  expect([settings?.before, settings?.after].map((text) => /GREETING: (.*)/.exec(text ?? '')?.[1])).toEqual([
    '"Welcome"',
    '"Hello"',
  ])
  expect(JSON.stringify(changes)).not.toContain(secret)
  const upgraded = await act({ action: 'upgrade', context: '', ...release, chart, values, ...timing, rollBack: true })
  expect(upgraded, upgraded.log).toMatchObject({ state: 'done' })
  expect(await cluster.kubectl.ok('-n', 'shop', 'get', 'cm', 'web-settings', '-o', 'jsonpath={.data.GREETING}')).toBe(
    'Hello',
  )

  await terminal('upgrade', 'web', testChart, '-n', 'shop', '--set', 'greeting=Moin', '--wait')
  const reader = createReleaseReader(context)
  expect(await reader.list([])).toMatchObject([
    { namespace: 'shop', name: 'web', revision: 3, status: 'deployed', chart: 'shop', chartVersion: '1.2.0' },
  ])
  expect((await reader.history(release)).map(({ revision, status }) => `${revision} ${status}`)).toEqual([
    '3 deployed',
    '2 superseded',
    '1 superseded',
  ])
  expect(detailsOf(await reader.stored(release))).toMatchObject({
    values: 'greeting: Moin\n',
    notes: expect.stringContaining('says Moin') as string,
    hasChart: true,
  })
  expect(detailsOf(await reader.stored(release, 2)).manifest).toContain('PASSWORD: ••••••')

  const back = await act({ action: 'rollback', context: '', ...release, ...timing, revision: 1 })
  expect(back, back.log).toMatchObject({ state: 'done' })
  expect(JSON.parse(await terminal('history', 'web', '-n', 'shop', '-o', 'json'))).toHaveLength(4)
  expect(await cluster.kubectl.ok('-n', 'shop', 'get', 'cm', 'web-settings', '-o', 'jsonpath={.data.GREETING}')).toBe(
    'Welcome',
  )
})

it('changes values by the chart that the release carries', async () => {
  const chart = await helm.openChart({ release: { context: '', ...release } }, () => context)
  expect(chart).toMatchObject({ name: 'shop', version: '1.1.0' })
  const { changes } = await helm.render(context, {
    ...{ action: 'upgrade', ...release, chart: chart.id, values: `replicas: 1\npassword: ${secret}\ngreeting: Moin\n` },
  })
  expect(changes.filter(({ change }) => change !== 'same').map(({ kind }) => kind)).toEqual(['ConfigMap'])
})

it('tests a release, with the end of its test', async () => {
  const tested = await act({ action: 'test', context: '', ...release, timeout: 60 })
  expect(tested.log).toMatch(/TEST SUITE: +web-answers\n(?:.*\n)*Phase: +Succeeded/)
  expect(tested.log).not.toContain(secret)
  expect(tested).toMatchObject({ state: 'done' })
})

it("keeps the log of a run that is cancelled, and Helm's own mark of it", async () => {
  const chart = await openChart()
  const values = 'image: { repository: registry.example.com/shop/never }\n'
  await cluster.kubectl.ok('create', 'namespace', 'slow')
  await cluster.kubectl.ok('annotate', 'node', '--all', 'simulated.slipway.dev/pull-error=no such image')
  const wanted = { action: 'install' as const, context: '', namespace: 'slow', name: 'late', chart, values }
  const { id } = helm.start(context, { ...wanted, ...timing, createNamespace: false, rollBack: false })
  expect(() => helm.start(context, { ...wanted, ...timing, createNamespace: false, rollBack: false })).toThrow('busy')
  const reader = createReleaseReader(context)
  await expect.poll(() => reader.list(['slow']), { timeout: 30_000 }).toMatchObject([{ status: 'pending-install' }])
  helm.operations.cancel(id)
  const ended = await helm.operations.follow(id, new AbortController().signal, () => Promise.resolve())
  expect(ended).toMatchObject({ state: 'cancelled' })
  expect(await reader.list(['slow'])).toMatchObject([{ name: 'late', status: 'failed' }])
  await cluster.kubectl.ok('annotate', 'node', '--all', 'simulated.slipway.dev/pull-error-')
})

it('uninstalls', async () => {
  const gone = await act({ action: 'uninstall', context: '', ...release, ...timing, keepHistory: false })
  expect(gone, gone.log).toMatchObject({ state: 'done' })
  expect(JSON.parse(await terminal('list', '-n', 'shop', '-o', 'json'))).toEqual([])
  expect(await createReleaseReader(context).list(['shop'])).toEqual([])
})

it('builds a kustomization as kubectl does', async () => {
  const built = await helm.kustomize(join(import.meta.dirname, '../support/kustomization'))
  expect(built).toBe(await cluster.kubectl.ok('kustomize', join(import.meta.dirname, '../support/kustomization')))
  expect(built).toContain('name: try-settings')
})
