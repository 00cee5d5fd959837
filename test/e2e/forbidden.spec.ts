import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@playwright/test'
import { createKubectl } from '../support/kubectl.ts'
import { serveSlipway, slipwayUp } from '../support/slipway.ts'

/** A user of somebody else's cluster, who may see the pods of one namespace and may not list namespaces. */
test('who may not see all namespaces is told so, and sees the one that he names', async ({ page }) => {
  const cluster = await slipwayUp({ name: `theirs-${process.pid}`, args: ['--simulated', '1'] })
  const kubeconfig = join(cluster.data, 'bob.kubeconfig')
  try {
    const admin = createKubectl(cluster.kubeconfig)
    await admin.ok('create', 'namespace', 'shop')
    await admin.ok('create', 'serviceaccount', 'bob')
    await admin.ok('create', 'role', 'reader', '--verb=get,list,watch', '--resource=pods', '-n', 'shop')
    await admin.ok('create', 'rolebinding', 'bob', '--role=reader', '--serviceaccount=default:bob', '-n', 'shop')
    await admin.ok('run', 'till', '--image=x', '-n', 'shop')
    const token = (await admin.ok('create', 'token', 'bob')).trim()
    const clusterName = await admin.ok('config', 'view', '-o', 'jsonpath={.clusters[0].name}')
    await copyFile(cluster.kubeconfig, kubeconfig)
    const bob = createKubectl(kubeconfig)
    await bob.ok('config', 'set-credentials', 'bob', `--token=${token}`)
    await bob.ok('config', 'set-context', 'bob', `--cluster=${clusterName}`, '--user=bob')
    const app = await serveSlipway({ kubeconfig })
    try {
      await page.goto(app.url)
      await page.getByRole('listitem', { name: 'Context bob' }).getByRole('button', { name: 'Open bob' }).click()
      await expect(page.getByText(/may not be read or did not answer/)).toBeVisible()
      await page.getByRole('navigation', { name: 'Kinds' }).getByRole('link', { name: 'Pods', exact: true }).click()
      await expect(page.getByText('You may not list Pods', { exact: true })).toBeVisible()
      await expect(page.getByText('cannot list resource "pods" in API group "" at the cluster scope')).toBeVisible()

      await page.getByRole('button', { name: /^Namespaces:/ }).click()
      await expect(page.getByText('You may not list namespaces')).toBeVisible()
      await page.getByRole('searchbox', { name: 'Find a namespace' }).fill('shop')
      await page.getByRole('option', { name: 'Use “shop”' }).click()
      await expect(page.getByRole('button', { name: /^Namespaces:/ })).toHaveText(/shop/)
      await expect(page.getByText('till')).toBeVisible()

      // A second one, which is forbidden, hides nothing of the first.
      await page.getByRole('searchbox', { name: 'Find a namespace' }).fill('kube-system')
      await page.getByRole('option', { name: 'Use “kube-system”' }).click()
      await expect(page.getByText('1 of 2 namespaces is hidden.')).toBeVisible()
      await expect(page.getByText('You may not list pods in kube-system.')).toBeVisible()
      await expect(page.getByRole('cell', { name: 'till', exact: true })).toBeVisible()
      await page.keyboard.press('Escape')
      await page.getByRole('button', { name: 'Leave it out' }).click()
      await expect(page.getByText('1 of 2 namespaces is hidden.')).toHaveCount(0)
      await expect(page.getByRole('cell', { name: 'till', exact: true })).toBeVisible()
    } finally {
      await app.end()
    }
  } finally {
    await cluster.end()
  }
})
