import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, type Locator, type Page } from '@playwright/test'
import { encodeRelease, releaseSecretName, releaseSecretType } from '#main/helm/release-codec.ts'
import { runHelm, testChart } from './helm.ts'
import type { Kubectl } from './kubectl.ts'

/** A page of the face, or a state of one, as the contact sheet shows it and axe reads it. */
export interface FaceState {
  name: string
  /** Behind the hash of the address. */
  path: string
  /** What is there once it can be looked at. */
  ready: (page: Page) => Locator
  /** What leads to the state from the page, or happens in the cluster meanwhile. */
  open?: (page: Page, kubectl: Kubectl) => Promise<void>
  /** The app is frozen while the state is looked at, before `open`. */
  frozen?: boolean
  /** It is looked at in German too. */
  german?: boolean
  /** `open` finds its way in German: the others stay at the page. */
  opensInGerman?: boolean
}

const coupon = {
  apiVersion: 'example.com/v1',
  kind: 'Coupon',
  metadata: { name: 'spring', namespace: 'shop' },
  spec: { percent: 10, code: 'SPRING', valid: { from: '2027-03-01', until: '2027-05-31' } },
}

/** A release as Helm keeps it, of objects that are there. */
async function helmRelease(): Promise<object> {
  const manifest =
    '---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n---\napiVersion: v1\nkind: Service\nmetadata:\n  name: gone\n'
  const release = await encodeRelease({
    ...{
      name: 'storefront',
      namespace: 'shop',
      version: 1,
      manifest,
      config: { greeting: 'Moin', password: 'hidden' },
    },
    info: {
      last_deployed: '2026-11-20T10:00:00Z',
      status: 'deployed',
      description: 'Install complete',
      notes: 'Open the shop.',
    },
    chart: { metadata: { name: 'storefront', version: '4.1.0', appVersion: '2.9.0' } },
    hooks: [{ name: 'storefront-answers', kind: 'Pod', events: ['test'] }],
  })
  const name = releaseSecretName('storefront', 1)
  const labels = { owner: 'helm', name: 'storefront', version: '1', status: 'deployed' }
  return {
    ...{ apiVersion: 'v1', kind: 'Secret', type: releaseSecretType },
    metadata: { name, namespace: 'shop', labels },
    data: { release },
  }
}

/**
 * What the states show: pods that run and pods that do not, every main kind, and a role with a binding.
 * @returns a time before the last changes, ms since the epoch
 */
export async function createFaceObjects(kubectl: Kubectl): Promise<number> {
  const objects = await readFile(join(import.meta.dirname, 'face-objects.yaml'), 'utf8')
  const { code, stderr } = await kubectl.withInput(objects, 'apply', '-f', '-')
  if (code !== 0) throw new Error(stderr)
  await kubectl.ok('wait', '--for=condition=Established', 'crd/coupons.example.com', '--timeout=60s')
  await kubectl.withInput(JSON.stringify(coupon), 'create', '-f', '-')
  await kubectl.waitForValue('deployment/web', '{.status.readyReplicas}', '3', '-n', 'shop')
  const release = JSON.stringify(await helmRelease())
  await kubectl.withInput(release, 'create', '-f', '-')
  await kubectl.ok('create', 'configmap', 'banner', '--from-literal=text=Autumn', '-n', 'shop')
  const before = Date.now()
  // A second revision, for the page of the Deployment.
  await kubectl.ok('set', 'image', 'deployment/web', 'web=registry.example.com/shop/web:2.9.1', '-n', 'shop')
  await kubectl.ok('delete', 'configmap', 'banner', '-n', 'shop')
  return before
}

/** A release of Helm's own with two revisions. @param env of `helmEnvironment` */
export async function createFaceRelease(kubeconfig: string, env: Record<string, string>): Promise<void> {
  const helm = (...args: string[]): Promise<string> =>
    runHelm([...args, '-n', 'default'], { ...env, KUBECONFIG: kubeconfig })
  await helm('install', 'front', testChart, '--set', 'password=hidden')
  await helm('upgrade', 'front', testChart, '--reuse-values', '--set', 'greeting=Moin', '--set', 'replicas=2')
}

interface TroubleEvent {
  pod: string
  reason: string
  message: string
  /** RFC 3339; now when unset. */
  at?: string
}

/**
 * Pods that do not run, each for a reason of its own. Simulated workers make most of it; what only a kubelet with machines
 * behind it says of probes, mounts and memory of its node is written here in its words.
 */
export async function createTroubleObjects(kubectl: Kubectl): Promise<void> {
  const objects = await readFile(join(import.meta.dirname, 'face-trouble.yaml'), 'utf8')
  await kubectl.withInput(objects, 'apply', '-f', '-')
  await kubectl.waitForValue('pod/restarted', '{.status.containerStatuses[0].restartCount}', '1', '-n', 'lab')
  const path = 'jsonpath={.status.containerStatuses[0].lastState.terminated.finishedAt}'
  const at = await kubectl.ok('get', 'pod', 'restarted', '-n', 'lab', '-o', path)
  await say(kubectl, {
    ...{ pod: 'restarted', reason: 'Unhealthy', at },
    message:
      'Liveness probe failed: Get "http://10.128.0.30:8080/healthz": dial tcp 10.128.0.30:8080: connect: connection refused',
  })
  await say(kubectl, {
    ...{ pod: 'restarted', reason: 'Killing', at },
    message: 'Container cart failed liveness probe, will be restarted',
  })
  await say(kubectl, {
    ...{ pod: 'unready', reason: 'Unhealthy' },
    message: 'Readiness probe failed: HTTP probe failed with statuscode: 503',
  })
  await say(kubectl, {
    ...{ pod: 'archive', reason: 'FailedMount' },
    message:
      'MountVolume.SetUp failed for volume "films" : mount failed: exit status 32, mount.nfs: Connection timed out',
  })
  await kubectl.ok('delete', 'pod', 'leaving', '-n', 'lab', '--wait=false')
  const reason = {
    reason: 'Evicted',
    message:
      'The node was low on resource: memory. Threshold quantity: 100Mi, available: 92Mi. Container cache was using 412Mi, request is 0, has larger consumption of memory.',
  }
  const terminated = { exitCode: 137, reason: 'Error', startedAt: at, finishedAt: at }
  const cache = { name: 'cache', image: 'shop/cache:1.0.0', imageID: '', ready: false, restartCount: 0 }
  const containerStatuses = [{ ...cache, state: { terminated } }]
  const status = JSON.stringify({ status: { phase: 'Failed', ...reason, containerStatuses } })
  await kubectl.ok('patch', 'pod', 'evicted', '-n', 'lab', '--subresource=status', '--type=merge', '-p', status)
}

async function say(kubectl: Kubectl, { pod, reason, message, at }: TroubleEvent): Promise<void> {
  const uid = await kubectl.ok('get', 'pod', pod, '-n', 'lab', '-o', 'jsonpath={.metadata.uid}')
  const time = at ?? new Date().toISOString().replace(/\.\d+/, '')
  const event = {
    ...{ apiVersion: 'v1', kind: 'Event', metadata: { name: `${pod}.${reason.toLowerCase()}`, namespace: 'lab' } },
    involvedObject: { apiVersion: 'v1', kind: 'Pod', name: pod, namespace: 'lab', uid },
    ...{ reason, message, type: 'Warning', count: 3, firstTimestamp: time, lastTimestamp: time },
    source: { component: 'kubelet' },
  }
  await kubectl.withInput(JSON.stringify(event), 'create', '-f', '-')
}

/** States of pods that do not run, which `createTroubleObjects` has made. @param context `local:NAME` */
export const troubleStates = (context: string): FaceState[] =>
  [
    ...['pods/lab/hungry', 'pods/lab/restarted', 'pods/lab/unready', 'pods/lab/archive', 'pods/lab/migrating'],
    ...['pods/lab/once', 'pods/lab/evicted', 'pods/lab/leaving', 'replicasets/lab/crowd'],
  ].map((path) => ({
    ...{ name: `trouble-${path.replace(/^.*\//, '')}`, path: `/c/${context}/${path}`, german: true },
    ready: (page) => page.getByRole('tab').first(),
  }))

/** One state of each kind: axe reads each in both themes, which takes a second or two. */
const main = new Set([
  ...[
    'home',
    'create-cluster',
    'overview',
    'overview-places',
    'overview-namespace',
    'topology',
    'list-pods',
    'list-deployments',
    'list-services',
  ],
  ...[
    'list-nodes',
    'list-events',
    'list-empty',
    'list-unknown-kind',
    'time-machine',
    'time-machine-object',
    'promote',
    ...['helm', 'helm-release', 'helm-install'],
    'selection',
    'bulk-delete',
    'columns',
  ],
  ...[
    'pod',
    'pod-broken',
    'pod-metrics',
    'node-metrics',
    'deployment',
    'service',
    'configmap',
    'secret',
    'node',
    'role',
    'cron-job',
  ],
  ...['unknown-object', 'drawer', 'delete', 'palette', 'cheat-sheet', 'access', 'access-why-not', 'care', 'settings'],
  ...['shortcut-conflict', 'bell'],
  ...['helm-upgrade', 'helm-history', 'editor-conflict', 'editor-problems', 'dock-maximised', 'dock-split'],
  ...['overview-empty', 'topology-empty', 'topology-config'],
  ...['no-context', 'dock-editor', 'dock-logs', 'deploy-form', 'build', 'yours', 'forwards-new'],
])

/** The states that axe reads and keys walk through: one of each kind. @param context `local:NAME` */
export const faceStates = (context: string): FaceState[] => sheetStates(context).filter(({ name }) => main.has(name))

/**
 * Every page and state.
 * @param context `local:NAME`
 * @param moment what `createFaceObjects` returned
 */
export function sheetStates(context: string, moment = Date.now()): FaceState[] {
  const at = (path: string): string => `/c/${context}/${path}`
  const worker = `${context.replace('local:', '')}-worker-1`
  const heading = (page: Page): Locator => page.getByRole('heading', { level: 1 })
  const row = (page: Page, name: string): Locator => page.locator('[data-row]').filter({ hasText: name }).first()
  const dialog = (page: Page): Promise<void> => expect(page.getByRole('dialog')).toBeVisible()
  /** A state of a page that a button of that name leads to. */
  const pressed =
    (button: RegExp, shown: (page: Page) => Promise<void> = dialog) =>
    async (page: Page): Promise<void> => {
      await page.getByRole('button', { name: button }).first().click()
      await shown(page)
    }
  const object = (name: string, path: string): FaceState => ({
    ...{ name, path: at(path) },
    ready: (page) => page.getByRole('tab').first(),
  })
  const list = (plural: string): FaceState => ({
    ...{ name: `list-${plural}`, path: at(plural) },
    ready: (page) => page.locator('[data-row]').first(),
  })
  const inList = (name: string, plural: string, of: string, open: FaceState['open']): FaceState => ({
    ...{ name, path: at(plural), ready: (page) => row(page, of) },
    ...(open && { open }),
  })
  const inObject = (name: string, path: string, open: NonNullable<FaceState['open']>): FaceState => ({
    ...object(name, path),
    open,
  })
  const timeMachine = (name: string): FaceState => ({
    ...{ name, path: at(`time-machine?namespace=shop&at=${moment}`) },
    ready: (page) => page.getByRole('region', { name: /differ/ }),
  })
  const dock = (page: Page): Promise<void> =>
    expect(
      page
        .getByRole('tablist', { name: 'Dock tabs' })
        .or(page.getByRole('tablist', { name: 'Tabs' }))
        .first(),
    ).toBeVisible()
  const notice = async (page: Page): Promise<void> => {
    for (const name of ['checkout', 'web']) {
      await row(page, name).click({ button: 'right' })
      await page.getByRole('menuitem', { name: 'Restart' }).click()
    }
    await expect(page.getByText('web restarts')).toBeVisible()
  }
  const germanToo = { german: true, opensInGerman: true }
  const select = async (page: Page): Promise<void> => {
    for (const name of ['mail', 'tool']) await row(page, name).getByRole('checkbox').check()
  }
  const createForm =
    (form?: string | RegExp) =>
    async (page: Page): Promise<void> => {
      await page
        .getByRole('banner')
        .getByRole('button', { name: /^(Deploy|Bereitstellen)$/ })
        .click()
      await expect(page.getByRole('navigation', { name: /^(What to begin with|Womit begonnen wird)$/ })).toBeVisible()
      if (form) await page.getByRole('button', { name: form, exact: true }).click()
    }

  return [
    { name: 'home', path: '/', german: true, ready: (page) => page.getByRole('region', { name: /^Cluster / }) },
    {
      ...{ name: 'create-cluster', path: '/', ...germanToo },
      ready: (page) => page.getByRole('region', { name: /^Cluster / }),
      open: async (page) => {
        await page.getByRole('main').getByRole('button').first().click()
        await dialog(page)
      },
    },
    {
      name: 'overview',
      path: at('overview'),
      german: true,
      ready: (page) => page.getByRole('link', { name: 'mail' }).first(),
    },
    {
      name: 'overview-places',
      path: at('overview'),
      ready: (page) => page.getByRole('button', { name: /^tool in shop/ }),
      open: async (page) => {
        await page.getByRole('button', { name: /^tool in shop/ }).click()
        await expect(page.getByRole('region', { name: 'Where tool can go' })).toContainText('It is here now.')
      },
    },
    {
      name: 'overview-namespace',
      path: at('overview/shop'),
      german: true,
      ready: (page) => page.getByRole('link', { name: 'mail' }).first(),
    },
    {
      ...{ name: 'topology', path: at('topology/shop'), german: true },
      ready: (page) => page.locator('[data-node="Service/gone"]'),
    },
    {
      ...{ name: 'topology-problems', path: at('topology/shop') },
      ready: (page) => page.locator('[data-node="Service/gone"]'),
      open: pressed(/ broken$/, async (page) => {
        await expect(page.getByRole('complementary', { name: 'Problems' })).toBeVisible()
      }),
    },
    {
      ...{ name: 'topology-config', path: at('topology/shop') },
      ready: (page) => page.locator('[data-node="Service/gone"]'),
      open: pressed(/^Configuration$/, async (page) => {
        await expect(page.locator('[data-node="ConfigMap/settings"]')).toBeVisible()
      }),
    },
    {
      ...{ name: 'topology-choice', path: at('topology') },
      ready: (page) => page.getByRole('main').getByRole('link', { name: 'shop' }),
    },
    {
      ...{ name: 'add-kubeconfig', path: '/' },
      ready: (page) => page.getByRole('region', { name: /^Cluster / }),
      open: pressed(/^Add kubeconfig/),
    },
    ...['pods', 'deployments', 'services', 'configmaps', 'nodes', 'serviceaccounts'].map(list),
    { ...list('events'), german: true },
    ...['ingresses', 'persistentvolumeclaims', 'jobs', 'roles', 'customresourcedefinitions', 'coupons.example.com'].map(
      list,
    ),
    { ...list('pods'), name: 'list-filtered', path: `${at('pods')}?filter=status:crash` },
    {
      ...{ name: 'list-filter-hides-all', path: `${at('pods')}?filter=status:evicted+age<5m` },
      ready: (page) => page.getByRole('button', { name: /Clear/ }).first(),
    },
    { name: 'list-empty', path: at('volumeattachments'), german: true, ready: heading },
    { name: 'list-empty-create', path: at('replicationcontrollers'), ready: heading },
    { name: 'list-empty-custom', path: at('gateways.gateway.networking.k8s.io'), ready: heading },
    { name: 'list-unknown-kind', path: at('nothings'), ready: (page) => page.getByText('has no kind') },
    {
      ...list('pods'),
      ...{ name: 'list-stale', frozen: true },
      open: (page) => expect(page.getByRole('alert').first()).toBeVisible(),
    },
    {
      ...{ name: 'list-loading', path: at('nodes'), ready: (page) => page.locator('[data-row]').first(), frozen: true },
      open: async (page) => {
        await page.evaluate(() => (location.hash = location.hash.replace(/nodes$/, 'leases')))
        await page.waitForTimeout(400)
      },
    },
    inList('selection', 'pods', 'tool', select),
    inList('bulk-delete', 'pods', 'tool', async (page) => {
      await select(page)
      await page.getByRole('button', { name: /^Delete 2/ }).click()
      await dialog(page)
    }),
    inList('bulk-label', 'pods', 'tool', async (page) => {
      await select(page)
      await page.getByRole('button', { name: 'Label', exact: true }).click()
      await dialog(page)
    }),
    inList('bulk-scale', 'deployments', 'checkout', async (page) => {
      await row(page, 'checkout').getByRole('checkbox').check()
      await page.getByRole('button', { name: 'Scale', exact: true }).click()
      await dialog(page)
    }),
    inList('row-menu', 'pods', 'tool', async (page) => {
      await row(page, 'tool').click({ button: 'right' })
      await expect(page.getByRole('menu')).toBeVisible()
    }),
    inList('columns', 'pods', 'tool', pressed(/^Columns/)),
    inList('namespaces', 'pods', 'tool', pressed(/^Namespaces:/)),
    inList('filter-completion', 'pods', 'tool', async (page) => {
      await page.keyboard.press('/')
      await page.keyboard.type('status:')
      await expect(page.getByRole('listbox')).toBeVisible()
    }),
    { ...object('pod', 'pods/shop/tool'), german: true },
    { ...object('pod-broken', 'pods/shop/mail'), german: true },
    { ...object('pod-metrics', 'pods/shop/tool?tab=metrics'), ready: (page) => page.getByRole('slider').first() },
    { ...object('node-metrics', `nodes/-/${worker}?tab=metrics`), ready: (page) => page.getByRole('slider').first() },
    object('pod-unschedulable', 'pods/shop/large'),
    object('pod-config-error', 'pods/shop/unset'),
    { ...object('deployment', 'deployments/shop/web'), german: true },
    object('deployment-broken', 'deployments/shop/checkout'),
    object('stateful-set', 'statefulsets/shop/postgres'),
    object('daemon-set', 'daemonsets/shop/log-agent'),
    object('job', 'jobs/shop/import'),
    object('job-failed', 'jobs/shop/migrate'),
    object('cron-job', 'cronjobs/shop/report'),
    object('service', 'services/shop/web'),
    object('service-no-endpoint', 'services/shop/checkout'),
    object('ingress', 'ingresses/shop/shop'),
    object('network-policy', 'networkpolicies/shop/postgres'),
    object('autoscaler', 'horizontalpodautoscalers/shop/web'),
    object('disruption-budget', 'poddisruptionbudgets/shop/web'),
    object('configmap', 'configmaps/shop/settings'),
    object('secret', 'secrets/shop/token'),
    object('quota', 'resourcequotas/shop/shop'),
    object('limit-range', 'limitranges/shop/shop'),
    object('claim', 'persistentvolumeclaims/shop/data-postgres-0'),
    object('claim-pending', 'persistentvolumeclaims/shop/uploads'),
    object('storage-class', 'storageclasses/-/standard'),
    { ...object('node', `nodes/-/${worker}`), german: true },
    { ...object('namespace', 'namespaces/-/shop'), german: true },
    object('role', 'roles/shop/developer'),
    object('binding', 'rolebindings/shop/dev-team'),
    object('service-account', 'serviceaccounts/shop/reader'),
    object('priority-class', 'priorityclasses/-/batch'),
    object('admission-policy', 'validatingadmissionpolicies/-/at-most-ten'),
    object('admission-policy-binding', 'validatingadmissionpolicybindings/-/at-most-ten'),
    object('webhook', 'validatingwebhookconfigurations/-/images'),
    object('crd', 'customresourcedefinitions/-/coupons.example.com'),
    object('custom-object', 'coupons.example.com/shop/spring'),
    { name: 'unknown-object', path: at('pods/shop/nobody'), ready: heading },
    { ...object('tab-timeline', 'deployments/shop/checkout?tab=timeline') },
    { ...object('tab-yaml', 'deployments/shop/web?tab=yaml') },
    { ...object('tab-related', 'deployments/shop/web?tab=related') },
    { ...object('tab-logs', 'pods/shop/tool?tab=logs') },
    inList('drawer', 'pods', 'mail', async (page) => {
      await row(page, 'mail').click()
      await expect(page.getByRole('complementary')).toBeVisible()
    }),
    inObject('delete', 'configmaps/shop/settings', pressed(/^Delete/)),
    inObject('delete-namespace', 'namespaces/-/shop', pressed(/^Delete/)),
    inObject('scale', 'deployments/shop/web', pressed(/^Scale/)),
    inObject('roll-back', 'deployments/shop/web', pressed(/^Undo|^Roll back/)),
    inObject(
      'drain',
      `nodes/-/${worker}`,
      pressed(/^Drain/, (page) => expect(page.getByRole('dialog').getByRole('table')).toBeVisible()),
    ),
    inObject(
      'object-menu',
      'deployments/shop/web',
      pressed(/^More|^All actions/, (page) => expect(page.getByRole('menu')).toBeVisible()),
    ),
    {
      ...inList('palette', 'pods', 'tool', async (page) => {
        await page.keyboard.press('Control+k')
        await dialog(page)
        await page.keyboard.type('web')
        await page.waitForTimeout(500)
      }),
    },
    inList('cheat-sheet', 'pods', 'tool', async (page) => {
      await page.keyboard.press('?')
      await dialog(page)
    }),
    {
      ...{ name: 'access', path: at('access'), german: true },
      ready: (page) => page.getByRole('button', { name: 'You, pods: all verbs' }),
    },
    {
      name: 'access-why-not',
      path: `${at('access')}?subject=User+nora&verb=patch&resource=ingresses.networking.k8s.io&namespace=shop`,
      ready: (page) => page.getByRole('region', { name: 'Smallest change' }),
    },
    { ...timeMachine('time-machine'), german: true },
    {
      ...timeMachine('time-machine-checked'),
      open: async (page) => {
        await page.getByRole('button', { name: /^Choose all/ }).click()
        await page.getByRole('button', { name: 'Dry run' }).click()
        await expect(page.getByText('The server would take it').first()).toBeVisible()
      },
    },
    {
      name: 'time-machine-object',
      path: at('time-machine/deployments/shop/web'),
      german: true,
      ready: (page) => page.getByRole('region', { name: 'What changed' }),
    },
    {
      ...{ name: 'promote', path: at(`promote/shop?to=${context}&into=staging`), german: true },
      ready: (page) => page.getByRole('button', { name: /^Apply \d+ objects|^\d+ Objekte in/ }),
    },
    {
      name: 'promote-workload',
      path: at(`promote/shop?to=${context}&into=staging&objects=deployments/web`),
      ready: (page) => page.getByRole('button', { name: /^Apply \d+ objects/ }),
    },
    { name: 'helm', path: at('helm'), german: true, ready: (page) => page.getByRole('link', { name: 'storefront' }) },
    {
      ...{ name: 'helm-release', path: at('helm/shop/storefront') },
      ready: (page) => page.getByText('Missing', { exact: true }),
    },
    {
      ...{ name: 'helm-install', path: at(`helm-install?chart=${encodeURIComponent(testChart)}`), german: true },
      ready: (page) => page.getByRole('button', { name: /shop-web/ }).first(),
    },
    {
      ...{ name: 'helm-history', path: at('helm/default/front?tab=history'), german: true },
      ready: (page) => page.getByText(/GREETING/).first(),
    },
    {
      ...{ name: 'helm-roll-back', path: at('helm/default/front?tab=history') },
      ready: (page) => page.getByText(/GREETING/).first(),
      open: async (page) => {
        await page.getByRole('button', { name: /^1 Superseded/ }).click()
        await pressed(/^Roll back to 1/)(page)
      },
    },
    {
      ...{ name: 'helm-upgrade', path: at(`helm/default/front/upgrade?chart=${encodeURIComponent(testChart)}`) },
      ready: (page) => page.getByRole('textbox', { name: /values/i }).first(),
      open: async (page) => {
        await page.locator('.cm-content').first().click()
        await page.keyboard.press('Control+a')
        await page.keyboard.insertText('replicas: many\n')
        await expect(page.getByText(/takes an integer/)).toBeVisible()
        await page.keyboard.press('Control+a')
        await page.keyboard.insertText('replicas: 3\ngreeting: Hello\npassword: hidden\n')
        await page.getByRole('button', { name: /Deployment front-web/ }).click()
        await page.waitForTimeout(1_500)
      },
    },
    { name: 'forwards', path: at('port-forwards'), ready: heading },
    {
      ...{ name: 'forwards-some', path: at('port-forwards'), ready: heading },
      open: async (page) => {
        for (const [service, port] of [
          ['web', '18480'],
          ['postgres', '18481'],
        ] as const) {
          await page.getByRole('button', { name: 'New forward' }).first().click()
          const form = page.getByRole('dialog', { name: 'New forward' })
          await form.getByRole('combobox', { name: 'To' }).fill(service)
          await form.getByRole('option', { name: new RegExp(`^${service} Service`) }).click()
          await form.getByRole('textbox', { name: 'Port here' }).fill(port)
          await form.getByLabel('Open in browser').uncheck()
          await form.getByRole('button', { name: /^Forward/ }).click()
          await expect(form).toBeHidden()
        }
      },
    },
    { name: 'forwards-new', path: at('port-forwards'), ready: heading, open: pressed(/^New forward/) },
    {
      ...{ name: 'care', path: `/care/${context.replace('local:', '')}`, german: true },
      ready: (page) => page.getByText('API server', { exact: true }).or(page.getByText('API-Server', { exact: true })),
    },
    { name: 'settings', path: '/settings', german: true, ready: heading },
    { name: 'settings-yours', path: '/settings/yours', ready: heading },
    {
      ...{ name: 'yours', path: '/yours', german: true },
      ready: (page) => page.getByRole('textbox', { name: /^Your file|^Ihre Datei/ }),
    },
    { name: 'settings-shortcuts', path: '/settings/shortcuts', ready: heading },
    {
      ...{ name: 'shortcut-conflict', path: '/settings/shortcuts', ready: heading },
      open: async (page) => {
        await page.getByRole('button', { name: 'Change the keys of “Cheat sheet of the keys”' }).click()
        await page.keyboard.press('Control+,')
        await expect(page.getByText('already does “Settings”')).toBeVisible()
      },
    },
    { name: 'no-context', path: '/c/local:nowhere/pods', ready: (page) => page.getByText('There is no context') },
    inObject('build', 'deployments/shop/web', async (page) => {
      await createForm('A Dockerfile’s folder')(page)
      await expect(page.getByRole('form', { name: 'Build and deploy a folder' })).toBeVisible()
    }),
    inObject('dock-editor', 'deployments/shop/web', async (page) => {
      await page.getByRole('button', { name: /^Edit/ }).first().click()
      await expect(page.locator('.cm-content').first()).toBeVisible()
    }),
    inObject('editor-problems', 'deployments/shop/checkout', async (page) => {
      await page.getByRole('button', { name: /^Edit/ }).first().click()
      await page.getByRole('button', { name: 'Maximise dock' }).click()
      const line = page.locator('.cm-line').filter({ hasText: 'replicas: ' }).last()
      await line.click()
      await page.keyboard.press('End')
      await page.keyboard.type('x')
      await expect(page.getByRole('region', { name: 'Problems' })).toContainText('takes an integer')
    }),
    inObject('editor-conflict', 'deployments/default/cart', async (page, kubectl) => {
      await page.getByRole('button', { name: /^Edit/ }).first().click()
      await page.getByRole('button', { name: 'Maximise dock' }).click()
      const line = page.locator('.cm-line').filter({ hasText: 'image: cart' }).last()
      await line.click()
      await page.keyboard.press('End')
      await page.keyboard.type('-mine')
      await kubectl.ok('set', 'image', 'deployment/cart', `cart=cart:${Date.now() % 100_000}`, '-n', 'default')
      await page.getByRole('button', { name: /^Save cart to/ }).click()
      await expect(page.getByRole('region', { name: /^Conflict in .*image$/ })).toBeVisible()
    }),
    inObject('dock-maximised', 'deployments/shop/web', async (page) => {
      await page.getByRole('button', { name: /^Edit/ }).first().click()
      await page.getByRole('button', { name: 'Maximise dock' }).click()
      await expect(page.locator('.cm-content').first()).toBeVisible()
    }),
    inObject('dock-split', 'deployments/shop/web', async (page) => {
      await page.getByRole('button', { name: /^Logs/ }).first().click()
      await page.getByRole('button', { name: /^Edit/ }).first().click()
      await page.getByRole('button', { name: 'Show side by side' }).click()
      await expect(page.locator('.cm-content').first()).toBeVisible()
    }),
    { ...{ name: 'overview-empty', path: at('overview/kube-public'), german: true }, ready: heading },
    {
      ...{ name: 'topology-empty', path: at('topology/kube-public'), german: true },
      ready: (page) => page.getByText(/^(Nothing runs in|In kube-public läuft)/),
    },
    inObject('dock-logs', 'pods/shop/tool', pressed(/^Logs/, dock)),
    inObject('dock-shell', 'pods/shop/tool', pressed(/^Shell/, dock)),
    inObject('dock-debug', 'pods/shop/tool', async (page) => {
      await page
        .getByRole('button', { name: /^Debug/ })
        .first()
        .click()
      await dock(page)
    }),
    { ...inList('deploy', 'pods', 'tool', createForm()), ...germanToo },
    { ...inList('deploy-form', 'pods', 'tool', createForm(/^App (with|mit) Service$/)), ...germanToo },
    // The last: what these do would be seen in others.
    inList('notices', 'deployments', 'checkout', async (page) => {
      await notice(page)
    }),
    inList('bell', 'deployments', 'checkout', async (page) => {
      await notice(page)
      await page.getByRole('button', { name: /^Notices/ }).click()
      await dialog(page)
    }),
    {
      ...{ name: 'promote-done', path: at(`promote/shop?to=${context}&into=staging&objects=deployments/web`) },
      ready: (page) => page.getByRole('button', { name: /^Apply \d+ objects/ }),
      open: async (page) => {
        await page.getByRole('button', { name: /^Apply \d+ objects/ }).click()
        await expect(page.getByText('0 would change')).toBeVisible({ timeout: 30_000 })
      },
    },
  ]
}
