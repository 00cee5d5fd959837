import { expect, test } from '@playwright/test'
import { expectAccessible } from '../support/axe.ts'
import { createKubectl } from '../support/kubectl.ts'
import { slipwayUp } from '../support/slipway.ts'

const manifests = `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: developer, namespace: default }
rules:
  - { apiGroups: [networking.k8s.io], resources: [ingresses], verbs: [get, list] }
  - { apiGroups: [''], resources: [secrets], resourceNames: [cert], verbs: [get] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: dev-team, namespace: default }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: developer }
subjects: [{ apiGroup: rbac.authorization.k8s.io, kind: User, name: nora }]
`

test('who can do what: everyone, one subject as a matrix, who can, and why not with the smallest change', async ({
  browser,
}) => {
  const cluster = `access-${process.pid}`
  const slipway = await slipwayUp({ name: cluster, args: ['--workers', '0'] })
  const page = await (await browser.newContext()).newPage()
  try {
    await createKubectl(slipway.kubeconfig).withInput(manifests, 'apply', '-f', '-')
    await page.goto(slipway.ready.ui)
    await expect(page.getByRole('heading', { name: 'Clusters' })).toBeVisible()
    await page
      .getByRole('button', { name: /^Open / })
      .first()
      .click()
    await expect(page.getByRole('heading', { name: 'Overview', level: 1 })).toBeVisible()
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox', { name: 'Command palette' }).fill('who can')
    await page.keyboard.press('Enter')
    await expect(page.getByRole('heading', { name: 'Who can do what', level: 1 })).toBeVisible()
    await expect(page.getByRole('button', { name: 'You, pods: all verbs' })).toBeVisible()

    await page.getByRole('button', { name: 'nora, ingresses: may read' }).click()
    await expect(page.getByRole('button', { name: 'list ingresses.networking.k8s.io: yes' })).toBeVisible()
    await expect(page.getByRole('button', { name: 'get secrets: some, only cert' })).toBeVisible()
    await page.getByLabel('Verb', { exact: true }).selectOption('patch')
    const answer = page.getByRole('region', { name: 'May nora patch ingresses.networking.k8s.io?' })
    await expect(answer).toContainText('No rule gives patch')
    await expect(answer).toContainText('has get, list')
    await expect(answer).toContainText('rule 1 of 2')
    const change = page.getByRole('region', { name: 'Smallest change' })
    await expect(change).toContainText('Role developer')
    await expect(change).toContainText('- patch')

    await page.getByLabel('Verb', { exact: true }).selectOption('list')
    await expect(page.getByRole('region', { name: /^May nora list/ })).toContainText('Yes, in default.')
    await expect(change).toHaveCount(0)
    await expect(page.getByRole('region', { name: /^Who can list ingresses/ })).toContainText('by dev-team')
    await expectAccessible(page)
  } finally {
    await slipway.end()
  }
})
