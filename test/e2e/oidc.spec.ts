import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@playwright/test'
import { parse } from 'yaml'
import { createKubectl, type Kubectl } from '../support/kubectl.ts'
import { startOidcIssuer } from '../support/oidc-issuer.ts'
import { serveSlipway, slipwayUp, type Slipway } from '../support/slipway.ts'

/** Tokens of a ServiceAccount are OIDC id tokens: one is good until the Secret that it is bound to is deleted. */
async function tokenBoundTo(admin: Kubectl, secret: string): Promise<string> {
  const bound = ['--bound-object-kind', 'Secret', '--bound-object-name', secret]
  return (await admin.ok('create', 'token', 'jane', ...bound)).trim()
}

const signOn = (admin: Kubectl, name: string): Promise<string> => admin.ok('create', 'secret', 'generic', name)

/** Two contexts of one user, whose id token has expired. */
async function writeContexts(cluster: Slipway, config: Record<string, string>): Promise<string> {
  const { clusters } = parse(await readFile(cluster.kubeconfig, 'utf8')) as { clusters: { name: string }[] }
  const context = { cluster: clusters[0]?.name, user: 'jane' }
  const file = join(cluster.data, 'jane.kubeconfig')
  await writeFile(
    file,
    JSON.stringify({
      clusters,
      users: [{ name: 'jane', user: { 'auth-provider': { name: 'oidc', config } } }],
      contexts: [
        { name: 'shop', context: { ...context, namespace: 'shop' } },
        { name: 'all', context },
      ],
    }),
  )
  return file
}

test('an expired OIDC token is refreshed for all contexts of its user, and a session that has ended is told', async ({
  page,
}) => {
  const cluster = await slipwayUp({ name: `oidc-${process.pid}`, args: ['--simulated', '1'] })
  const admin = createKubectl(cluster.kubeconfig)
  const issuer = await startOidcIssuer('slipway-test', (session) => tokenBoundTo(admin, `session-${session}`))
  try {
    await admin.ok('create', 'namespace', 'shop')
    await admin.ok('create', 'serviceaccount', 'jane')
    await admin.ok('create', 'clusterrolebinding', 'jane', '--clusterrole=view', '--serviceaccount=default:jane')
    await admin.ok('run', 'till', '--image=x', '-n', 'shop')
    await Promise.all([signOn(admin, 'session-1'), signOn(admin, 'session-2')])
    const expired = ['{}', JSON.stringify({ exp: 1 }), ''].map((part) => Buffer.from(part).toString('base64url'))
    const kubeconfig = await writeContexts(cluster, {
      'idp-issuer-url': issuer.url,
      'idp-certificate-authority-data': Buffer.from(issuer.ca).toString('base64'),
      'client-id': 'slipway-test',
      'id-token': expired.join('.'),
      'refresh-token': issuer.refreshToken(),
    })
    const app = await serveSlipway({ kubeconfig })
    try {
      await page.goto(app.url)
      const home = new URL('/', app.url).href
      const context = (name: string) => page.getByRole('listitem', { name: `Context ${name}` })
      for (const name of ['shop', 'all']) await expect(context(name)).toContainText(/\d ms/)
      expect(issuer.given()).toBe(1)

      await context('shop').getByRole('button', { name: 'Open shop' }).click()
      await page.getByRole('navigation', { name: 'Kinds' }).getByRole('link', { name: 'Pods', exact: true }).click()
      await expect(page.getByRole('cell', { name: 'till', exact: true })).toBeVisible()

      // The server refuses the token that is kept: another one is had without a question.
      await admin.ok('delete', 'secret', 'session-1')
      await page.goto(`${home}#/c/kubeconfig:shop/pods/shop/till`)
      await expect(page.getByRole('heading', { name: 'till' })).toBeVisible()
      await expect.poll(issuer.given).toBe(2)
      // kubectl, and the app when it starts again, find the token that the issuer takes next.
      await expect.poll(() => readFile(kubeconfig, 'utf8')).toContain(`"${issuer.refreshToken()}"`)

      issuer.endSession()
      await admin.ok('delete', 'secret', 'session-2')
      await page.goto('about:blank')
      await page.goto(home)
      for (const name of ['shop', 'all']) {
        await expect(context(name)).toContainText('Signed out')
        await expect(context(name)).toContainText('the OIDC issuer refused with 400: sign in again')
      }
    } finally {
      await app.end()
    }
  } finally {
    await issuer.close()
    await cluster.end()
  }
})
