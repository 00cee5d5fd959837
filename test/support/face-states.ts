import { expect, type Page } from '@playwright/test'
import type { Kubectl } from './kubectl.ts'

/** A page of the face, or a state of one, as the contact sheet shows it and axe reads it. */
export interface FaceState {
  name: string
  /** Behind the hash of the address. */
  path: string
  /** What is there once it can be looked at. */
  ready: (page: Page) => ReturnType<Page['locator']>
  /** What leads to the state from the page. */
  open?: (page: Page) => Promise<void>
}

/** What the states show: pods that run and pods that do not, every main kind, and a role with a binding. */
export async function createFaceObjects(kubectl: Kubectl): Promise<void> {
  await kubectl.withInput(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }), 'apply', '-f', '-')
  await kubectl.waitForValue('deployment/web', '{.status.readyReplicas}', '3', '-n', 'shop')
}

/** @param context `local:NAME` */
export function faceStates(context: string): FaceState[] {
  const at = (path: string): string => `/c/${context}/${path}`
  const object = (name: string, path: string): FaceState => ({
    name,
    path: at(path),
    ready: (page) => page.getByRole('heading', { level: 1 }),
  })
  const list = (plural: string): FaceState => ({
    name: `list-${plural}`,
    path: at(plural),
    ready: (page) => page.locator('[data-row]').first(),
  })
  const rowOf = (page: Page, name: string) => page.locator('[data-row]').filter({ hasText: name }).first()
  return [
    { name: 'home', path: '/', ready: (page) => page.getByRole('heading', { name: 'Clusters' }) },
    {
      name: 'create-cluster',
      path: '/',
      ready: (page) => page.getByRole('heading', { name: 'Clusters' }),
      open: async (page) => {
        await page.keyboard.press('Control+k')
        await page.getByRole('combobox', { name: 'Command palette' }).fill('>create cluster')
        await page.keyboard.press('Enter')
        await expect(page.getByRole('dialog')).toBeVisible()
      },
    },
    { name: 'overview', path: at('overview'), ready: (page) => page.getByRole('link', { name: 'mail' }).first() },
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
      ready: (page) => page.getByRole('link', { name: 'mail' }).first(),
    },
    ...['pods', 'deployments', 'services', 'configmaps', 'nodes', 'events', 'serviceaccounts'].map(list),
    { ...list('storageclasses'), ready: (page) => page.getByRole('heading', { level: 1 }) },
    object('pod', 'pods/shop/tool'),
    object('pod-broken', 'pods/shop/mail'),
    { ...object('pod-metrics', 'pods/shop/tool?tab=metrics'), ready: (page) => page.getByRole('slider').first() },
    { ...object('node-metrics', 'nodes/-/worker-1?tab=metrics'), ready: (page) => page.getByRole('slider').first() },
    object('deployment', 'deployments/shop/web'),
    object('service', 'services/shop/web'),
    object('configmap', 'configmaps/shop/settings'),
    object('secret', 'secrets/shop/token'),
    object('node', 'nodes/-/worker-1'),
    object('role', 'roles/shop/developer'),
    object('cron-job', 'cronjobs/shop/report'),
    object('unknown-object', 'pods/shop/nobody'),
    {
      name: 'drawer',
      path: at('configmaps'),
      ready: (page) => rowOf(page, 'settings'),
      open: async (page) => {
        await rowOf(page, 'settings').click()
        await expect(page.getByRole('complementary')).toBeVisible()
      },
    },
    {
      name: 'delete',
      path: at('configmaps/shop/settings'),
      ready: (page) => page.getByRole('heading', { level: 1 }),
      open: async (page) => {
        await page.getByRole('button', { name: /^Delete/ }).click()
        await expect(page.getByRole('dialog')).toBeVisible()
      },
    },
    {
      name: 'palette',
      path: at('pods'),
      ready: (page) => rowOf(page, 'tool'),
      open: async (page) => {
        await page.keyboard.press('Control+k')
        await expect(page.getByRole('dialog', { name: 'Command palette' })).toBeVisible()
      },
    },
    {
      name: 'cheat-sheet',
      path: at('pods'),
      ready: (page) => rowOf(page, 'tool'),
      open: async (page) => {
        await page.getByRole('button', { name: 'Keyboard help' }).click()
        await expect(page.getByRole('dialog', { name: 'Keyboard' })).toBeVisible()
      },
    },
    {
      name: 'access',
      path: at('access'),
      ready: (page) => page.getByRole('button', { name: 'You, pods: all verbs' }),
    },
    {
      name: 'access-why-not',
      path: `${at('access')}?subject=User+nora&verb=patch&resource=ingresses.networking.k8s.io&namespace=shop`,
      ready: (page) => page.getByRole('region', { name: 'Smallest change' }),
    },
    {
      name: 'time-machine',
      path: at('time-machine?namespace=shop&at=1'),
      ready: (page) => page.getByRole('region', { name: /differ/ }),
    },
    {
      name: 'time-machine-object',
      path: at('time-machine/deployments/shop/web'),
      ready: (page) => page.getByRole('region', { name: 'What changed' }),
    },
    { name: 'settings', path: '/settings', ready: (page) => page.getByRole('heading', { name: 'Settings', level: 1 }) },
    { name: 'no-context', path: '/c/local:nowhere/pods', ready: (page) => page.getByText('There is no context') },
    {
      name: 'dock-editor',
      path: at('configmaps/shop/settings'),
      ready: (page) => page.getByRole('heading', { level: 1 }),
      open: async (page) => {
        await page.getByRole('button', { name: /^Edit/ }).click()
        await expect(page.locator('.cm-content').first()).toBeVisible()
      },
    },
    {
      name: 'dock-logs',
      path: at('pods/shop/tool'),
      ready: (page) => page.getByRole('heading', { level: 1 }),
      open: async (page) => {
        await page.getByRole('button', { name: /^Logs/ }).first().click()
        await expect(page.getByRole('tablist', { name: 'Dock tabs' })).toBeVisible()
      },
    },
  ]
}

const meta = (name: string, more: object = {}) => ({ name, namespace: 'shop', ...more })
const container = { name: 'c', image: 'example/app:1', ports: [{ containerPort: 8080 }] }
const template = (app: string) => ({ metadata: { labels: { app } }, spec: { containers: [container] } })
const rbac = 'rbac.authorization.k8s.io'
const objects = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: meta('tool', { labels: { app: 'tool' } }),
    spec: { containers: [container] },
  },
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: meta('mail', { annotations: { 'simulated.slipway.dev/pull-error': 'manifest unknown' } }),
    spec: { containers: [container] },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: meta('web'),
    spec: { replicas: 3, selector: { matchLabels: { app: 'web' } }, template: template('web') },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta('web'),
    spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
  },
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: meta('settings'),
    data: { mode: 'test', 'app.yaml': 'a: 1\nb: 2\n' },
  },
  { apiVersion: 'v1', kind: 'Secret', metadata: meta('token'), stringData: { token: 'not a real one' } },
  {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: meta('report'),
    spec: {
      schedule: '0 3 * * *',
      jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers: [container] } } } },
    },
  },
  {
    apiVersion: `${rbac}/v1`,
    kind: 'Role',
    metadata: meta('developer'),
    rules: [
      { apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: ['networking.k8s.io'], resources: ['ingresses'], verbs: ['get', 'list'] },
      { apiGroups: [''], resources: ['secrets'], resourceNames: ['token'], verbs: ['get'] },
    ],
  },
  {
    apiVersion: `${rbac}/v1`,
    kind: 'RoleBinding',
    metadata: meta('dev-team'),
    roleRef: { apiGroup: rbac, kind: 'Role', name: 'developer' },
    subjects: [{ apiGroup: rbac, kind: 'User', name: 'nora' }],
  },
]
