import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, type Page } from '@playwright/test'
import { expectAccessible as expectAccessibleWhole, expectAccessibleInBothThemes } from '../support/axe.ts'
import { createKubectl, type Kubectl } from '../support/kubectl.ts'
import { slipwayUp, type Slipway } from '../support/slipway.ts'

/** What objects' pages say and do, on one simulated cluster that all tests share. */
test.describe.configure({ mode: 'serial' })

const cluster = `pages-${process.pid}`
let slipway: Slipway
let kubectl: Kubectl
let page: Page
let home: string

test.beforeAll(async ({ browser }) => {
  slipway = await slipwayUp({ name: cluster, args: ['--simulated', '2'] })
  kubectl = createKubectl(slipway.kubeconfig)
  await apply(...objects())
  // Axe opens a page of its own in the same context.
  page = await (await browser.newContext()).newPage()
  await page.goto(slipway.ready.ui)
  home = new URL('/', slipway.ready.ui).href
})
test.afterAll(() => slipway?.end())

const apply = (...items: object[]) =>
  kubectl.withInput(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }), 'apply', '-f', '-')
const inShop = (name: string, annotations: Record<string, string> = {}) => ({ name, namespace: 'shop', annotations })
const template = (app: string, image: string, settings: Record<string, string> = {}) => ({
  metadata: {
    labels: { app },
    annotations: Object.fromEntries(
      Object.entries(settings).map(([name, value]) => [`simulated.slipway.dev/${name}`, value]),
    ),
  },
  spec: { containers: [{ name: app, image, resources: { requests: { cpu: '100m', memory: '64Mi' } } }] },
})
const workload = (kind: string, app: string, image: string, settings: Record<string, string> = {}) => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: inShop(app),
  spec: {
    replicas: 3,
    selector: { matchLabels: { app } },
    template: template(app, image, settings),
    ...(kind === 'StatefulSet' ? { serviceName: app, podManagementPolicy: 'Parallel' } : {}),
  },
})
const pod = (name: string, settings: Record<string, string>, spec: object = {}) => {
  const { metadata, spec: base } = template(name, 'shop/tool:1', settings)
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, name, namespace: 'shop' },
    spec: { ...base, ...spec },
  }
}

/** A certificate that openssl has signed itself. */
function certificate(): { cert: string; key: string } {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-cert-'))
  const at = (name: string): string => join(folder, name)
  execFileSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '10'],
    ...['-subj', '/CN=shop.localhost', '-keyout', at('key'), '-out', at('cert')],
  ])
  const [cert, key] = [readFileSync(at('cert'), 'utf8'), readFileSync(at('key'), 'utf8')]
  rmSync(folder, { recursive: true })
  return { cert, key }
}
const base64 = (value: string | Buffer): string => Buffer.from(value).toString('base64')

function objects(): object[] {
  const { cert, key } = certificate()
  const runs = template('report', 'shop/report:1', { 'run-duration': '200ms' })
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
    workload('Deployment', 'web', 'shop/web:1'),
    workload('StatefulSet', 'db', 'shop/db:1'),
    pod('crash', { 'exit-code': '7', 'run-duration': '200ms' }),
    pod('lost-image', { 'pull-error': 'manifest unknown' }),
    pod('nowhere', {}, { nodeSelector: { disk: 'fast' } }),
    pod('greedy', { 'oom-after': '200ms' }),
    {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: inShop('agent'),
      spec: { selector: { matchLabels: { app: 'agent' } }, template: template('agent', 'shop/agent:1') },
    },
    {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: inShop('import'),
      spec: {
        ...{ completions: 3, parallelism: 3, completionMode: 'Indexed' },
        template: { ...runs, spec: { ...runs.spec, restartPolicy: 'Never' } },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: inShop('disk'),
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'nowhere',
        resources: { requests: { storage: '1Gi' } },
      },
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: inShop('web'),
      spec: {
        ingressClassName: 'slipway',
        rules: [
          {
            host: 'shop.localhost',
            http: {
              paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }],
            },
          },
        ],
      },
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: inShop('quiet'),
      spec: { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Ingress'] },
    },
    { apiVersion: 'v1', kind: 'ResourceQuota', metadata: inShop('limits'), spec: { hard: { pods: '40' } } },
    {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: inShop('db'),
      spec: {
        ...{
          minReplicas: 3,
          maxReplicas: 3,
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db' },
        },
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
        ],
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/tls',
      metadata: inShop('tls'),
      data: { 'tls.crt': base64(cert), 'tls.key': base64(key) },
    },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: inShop('bytes'),
      data: { blob: base64(Buffer.from([0xff, 0xfe, 0x00, 0x9c])), word: base64('hidden-word') },
    },
    {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: inShop('report'),
      spec: {
        schedule: '0 4 * * *',
        jobTemplate: {
          spec: { template: { ...runs, spec: { ...runs.spec, restartPolicy: 'Never' } } },
        },
      },
    },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: inShop('flags'), data: { mode: 'fast' } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: inShop('web'),
      spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
    },
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name: 'few' },
      spec: {
        matchConstraints: {
          resourceRules: [
            { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['deployments/scale'] },
          ],
        },
        validations: [{ expression: 'object.spec.replicas <= 9', message: 'nine pods are enough' }],
      },
    },
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name: 'few' },
      spec: { policyName: 'few', validationActions: ['Deny'] },
    },
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: 'sidecars' },
      webhooks: [
        {
          name: 'sidecars.example.com',
          clientConfig: { service: { name: 'injector', namespace: 'shop' } },
          rules: [{ apiGroups: ['example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['boats'] }],
          ...{ failurePolicy: 'Ignore', sideEffects: 'None', admissionReviewVersions: ['v1'] },
        },
      ],
    },
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: inShop('web'),
      spec: { minAvailable: 2, selector: { matchLabels: { app: 'web' } } },
    },
    {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'late' },
      ...{ value: 100, preemptionPolicy: 'Never', description: 'Runs when there is room.' },
    },
    {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'boats.example.com' },
      spec: {
        ...{ group: 'example.com', scope: 'Namespaced', names: { kind: 'Boat', plural: 'boats', shortNames: ['bt'] } },
        versions: [
          {
            ...{ name: 'v1', served: true, storage: true },
            schema: {
              openAPIV3Schema: {
                type: 'object',
                properties: { spec: { type: 'object', properties: { masts: { type: 'integer', minimum: 1 } } } },
              },
            },
          },
        ],
      },
    },
  ]
}

const go = (plural: string, name: string, namespace = 'shop') =>
  page.goto(`${home}#/c/local:${cluster}/${plural}/${namespace}/${name}`)
const open = async (plural: string, name: string, namespace = 'shop'): Promise<void> => {
  await go(plural, name, namespace)
  await expect(page.getByRole('heading', { level: 1, name })).toBeVisible()
}
/** The frame has its own spec. */
const frame = { without: ['header:not(main header)', '#sidebar'] }
const expectAccessible = (of: Page) => expectAccessibleWhole(of, frame)
const matter = () => page.getByRole('region', { name: 'What is the matter' })
const dialog = () => page.getByRole('dialog')
const press = (name: string | RegExp) => page.getByRole('main').getByRole('button', { name }).first().click()

test('a pod says in one sentence why it does not run, and what to try', async () => {
  await open('pods', 'crash')
  await expect(page.getByRole('main').locator('header')).toContainText('CrashLoopBackOff')
  await expect(matter()).toContainText('exit code 7')
  await expect(matter()).toContainText('What to try')
  await expectAccessible(page)

  await open('pods', 'lost-image')
  await expect(page.getByRole('main').locator('header')).toContainText('ImagePullBackOff')
  await expect(matter()).toContainText('manifest unknown')

  await open('pods', 'nowhere')
  await expect(matter()).toContainText('None of the 2 nodes takes this pod: ')
  await expect(matter()).toContainText(/node affinity\/selector/)

  await open('pods', 'greedy')
  await expect(matter()).toContainText('the kernel ended container greedy, which has no memory limit')
})

test('a Deployment shows its rollout live, and is taken back with date and diff of all that changes', async () => {
  await open('deployments', 'web')
  const rollout = page.getByRole('region', { name: 'Rollout' })
  await expect(rollout).toContainText('Revision 1')
  await expect(rollout.getByText('rolled out, 3 of 3 ready')).toBeVisible()
  await apply({
    ...workload('Deployment', 'web', 'shop/web:2', { 'ready-delay': '4s' }),
    metadata: inShop('web', { 'kubernetes.io/change-cause': 'the new till' }),
  })
  await expect(rollout).toContainText('new, revision 2')
  await expect(rollout).toContainText('old, revision 1')
  await expect(rollout).toContainText('What revision 2 changes')
  await expectAccessible(page)
  await expect(rollout.getByText('old, revision 1')).toHaveCount(0)

  await press('Undo to revision 1')
  await expect(dialog()).toContainText('Revision 1')
  await expect(dialog()).toContainText(String(new Date().getFullYear()))
  await expect(dialog()).toContainText(`${cluster} / shop`)
  await expect(dialog().getByText('image: shop/web:1').last()).toBeVisible()
  await expect(dialog().getByText('simulated.slipway.dev/ready-delay').first()).toBeVisible()
  await expect(dialog().getByRole('button', { name: 'Copy kubectl command' })).toHaveAttribute(
    'title',
    /kubectl --context \S+ -n shop rollout undo --to-revision=1 deployment\/web/,
  )
  await expectAccessible(page)
  await dialog()
    .getByRole('button', { name: /^Roll back web in .* to revision 1$/ })
    .click()
  await expect(dialog()).toHaveCount(0)
  await expect(rollout).toContainText('Revision 3')
  await kubectl.waitForValue('deployment/web', '{.spec.template.spec.containers[0].image}', 'shop/web:1', '-n', 'shop')
  expect((await kubectl.ok('get', 'deployment', 'web', '-n', 'shop', '-o', 'yaml')).includes('ready-delay: ')).toBe(
    false,
  )
})

test('a StatefulSet is taken back to one of its revisions', async () => {
  await apply(workload('StatefulSet', 'db', 'shop/db:2'))
  await open('statefulsets', 'db')
  await expect(page.getByRole('region', { name: 'Revisions' }).getByRole('listitem')).toHaveCount(2)
  await press('Roll back db')
  await dialog()
    .getByRole('button', { name: /^Roll back db in .* to revision 1$/ })
    .click()
  await expect(dialog()).toHaveCount(0)
  await kubectl.waitForValue('statefulset/db', '{.spec.template.spec.containers[0].image}', 'shop/db:1', '-n', 'shop')
})

test('a scale that the server refuses keeps its dialog and its number, and says why', async () => {
  await open('deployments', 'web')
  await press('Scale web')
  const field = dialog().getByRole('textbox', { name: 'Replicas' })
  await field.fill('')
  await expect(dialog()).toContainText('A whole number, 0 or more.')
  await field.fill('50')
  await dialog().getByRole('button', { name: 'Scale web in' }).click()
  await expect(dialog().getByRole('alert')).toContainText('nine pods are enough')
  await expect(field).toHaveValue('50')
  await expectAccessible(page)
  await field.fill('4')
  await dialog().getByRole('button', { name: 'Scale web in' }).click()
  await expect(dialog()).toHaveCount(0)
  await kubectl.waitForValue('deployment/web', '{.spec.replicas}', '4', '-n', 'shop')
})

test('a Secret shows sizes, bytes and certificates, and its values only when asked', async () => {
  await open('secrets', 'tls')
  const certificate = page.getByRole('region', { name: 'tls.crt' })
  await expect(certificate).toContainText('CN=shop.localhost')
  await expect(certificate).toContainText(/until .* left/)
  await expect(page.getByText('PRIVATE KEY')).toHaveCount(0)

  await open('secrets', 'bytes')
  await expect(page.getByRole('region', { name: 'blob' })).toContainText('4 B')
  await expect(page.getByText('hidden-word')).toHaveCount(0)
  await press('Show values')
  await expect(page.getByText('hidden-word')).toBeVisible()
  await expect(page.getByRole('region', { name: 'blob' })).toContainText('ff fe 00 9c')
  await expectAccessible(page)
})

test('a CronJob tells its next runs, runs now and is suspended', async () => {
  await open('cronjobs', 'report')
  await expect(page.getByRole('region', { name: 'Next runs' }).getByRole('listitem')).not.toHaveCount(0)
  await press('Run now report')
  await dialog()
    .getByRole('button', { name: /^Run report/ })
    .click()
  await expect(dialog()).toHaveCount(0)
  const runs = page.getByRole('region', { name: 'Runs', exact: true }).getByRole('listitem')
  await expect(runs).toHaveText(/report-manual-.*Complete/)
  await press('Suspend report')
  await expect(page.getByRole('main').getByRole('button', { name: 'Resume report' })).toBeVisible()
  await kubectl.waitForValue('cronjob/report', '{.spec.suspend}', 'true', '-n', 'shop')
  await expectAccessible(page)
})

test('Delete names its target, and asks for the name of what takes much with it', async () => {
  await open('configmaps', 'flags')
  await press('Delete flags')
  await expect(dialog()).toContainText('Delete ConfigMap flags?')
  await expect(dialog()).toContainText(`${cluster} / shop`)
  await page.keyboard.press('Escape')
  await expect(dialog()).toHaveCount(0)

  await open('namespaces', 'shop', '-')
  await press('Delete shop')
  const act = dialog().getByRole('button', { name: /^Delete shop in/ })
  await expect(dialog()).toContainText('2 Secrets')
  await expect(act).toBeDisabled()
  await dialog().getByRole('textbox', { name: 'Name to confirm' }).fill('shop')
  await expect(act).toBeEnabled()
  await page.keyboard.press('Escape')

  await open('configmaps', 'flags')
  await press('Delete flags')
  await dialog()
    .getByRole('button', { name: /^Delete flags in/ })
    .click()
  await expect(dialog()).toHaveCount(0)
  await expect(page.getByText('shop/flags does not exist.')).toBeVisible()
})

test('a definition leads to its objects with their count', async () => {
  await apply({ apiVersion: 'example.com/v1', kind: 'Boat', metadata: inShop('ship'), spec: { masts: 3 } })
  await open('customresourcedefinitions', 'boats.example.com', '-')
  await page.getByRole('link', { name: '1 object', exact: true }).click()
  await expect(page.getByRole('cell', { name: 'ship', exact: true })).toBeVisible()
})

test('at 1920 px a page has four columns, at 1440 px three, and none at 900 px but two', async () => {
  const columns = (): Promise<number> =>
    page.getByRole('tabpanel').evaluate((panel) => {
      const lefts = [...panel.querySelectorAll('section.card')].map((card) =>
        Math.round(card.getBoundingClientRect().left),
      )
      return new Set(lefts).size
    })
  await open('pods', 'db-0')
  for (const [width, count] of [
    [1920, 4],
    [1440, 3],
    [900, 2],
  ] as const) {
    await page.setViewportSize({ width, height: 900 })
    await expect.poll(columns).toBe(count)
  }
  await page.setViewportSize({ width: 1440, height: 900 })
})

test('every page says something, and none has a violation of axe, in both themes', async () => {
  const node = (await kubectl.ok('get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}')).trim()
  const pages = [
    ['nodes', node, '-', 'Capacity'],
    ['services', 'web', 'shop', 'Endpoints'],
    ['clusterroles', 'admin', '-', 'What it allows'],
    ['clusterrolebindings', 'cluster-admin', '-', 'cluster-admin'],
    ['serviceaccounts', 'default', 'shop', 'Roles that it has'],
    ['validatingadmissionpolicies', 'few', '-', 'What has to hold'],
    ['namespaces', 'shop', '-', 'What is in it'],
    ['storageclasses', 'standard', '-', 'Claims that name no class get this one.'],
    ['mutatingwebhookconfigurations', 'sidecars', '-', 'This Service does not exist'],
    ['poddisruptionbudgets', 'web', 'shop', 'A drain leaves at least 2 running, of the pods with app=web.'],
    ['priorityclasses', 'late', '-', 'They wait for room: no other pod is ended for them.'],
    ['customresourcedefinitions', 'boats.example.com', '-', 'integer, ≥ 1'],
    ['daemonsets', 'agent', 'shop', 'app=agent'],
    ['jobs', 'import', 'shop', '3 of 3'],
    ['persistentvolumeclaims', 'disk', 'shop', '1Gi asked for'],
    ['ingresses', 'web', 'shop', 'shop.localhost'],
    ['networkpolicies', 'quiet', 'shop', 'Nothing may come in.'],
    ['resourcequotas', 'limits', 'shop', 'of 40'],
    ['horizontalpodautoscalers', 'db', 'shop', '50 %'],
    ['pods', 'db-0', 'shop', 'Resources'],
  ] as const
  for (const [plural, name, namespace, says] of pages) {
    await open(plural, name, namespace)
    await expect(page.getByRole('tabpanel').getByText(says).first()).toBeVisible()
    await expectAccessibleInBothThemes(page, frame)
  }
  for (const tab of ['Timeline', 'Related', 'YAML']) {
    await page.getByRole('tab', { name: tab }).click()
    await expectAccessibleInBothThemes(page, frame)
  }
})
