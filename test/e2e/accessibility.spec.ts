import { join } from 'node:path'
import { expect, test, type Page } from '@playwright/test'
import { expectAccessibleInBothThemes } from '../support/axe.ts'
import { createFaceObjects, createFaceRelease, faceStates } from '../support/face-states.ts'
import { focusProblems } from '../support/focus.ts'
import { helmEnvironment } from '../support/helm.ts'
import { createKubectl, type Kubectl } from '../support/kubectl.ts'
import { sidewaysScrolls } from '../support/layout.ts'
import { newDataFolder, slipwayUp, type Slipway } from '../support/slipway.ts'

/**
 * Every page and state of the contact sheet: axe in both themes, nothing scrolls sideways, and keys lead to each control and show where
 * they are.
 */
const cluster = `access-${process.pid}`
let slipway: Slipway
let page: Page
let kubectl: Kubectl

test.beforeAll(async ({ browser }) => {
  const data = await newDataFolder()
  const env = await helmEnvironment(join(data, 'helm'))
  slipway = await slipwayUp({
    name: cluster,
    data,
    args: ['--simulated', '2'],
    env,
  })
  kubectl = createKubectl(slipway.kubeconfig)
  await createFaceObjects(kubectl)
  await createFaceRelease(slipway.kubeconfig, env)
  page = await browser.newPage({ reducedMotion: 'reduce', colorScheme: 'light' })
  await page.goto(slipway.ready.ui)
  await expect(page.getByRole('heading', { name: 'Clusters' })).toBeVisible()
})
test.afterAll(async () => {
  await page.close()
  await slipway.end()
})

for (const { name, path, ready, open } of faceStates(`local:${cluster}`))
  test(`${name}: nothing for axe to say in either theme, and keys reach everything`, async () => {
    // Another document: what an earlier state has opened is gone.
    await page.goto('about:blank')
    await page.goto(new URL(`/#${path}`, slipway.ready.ui).href)
    await ready(page).waitFor()
    await open?.(page, kubectl)
    expect(await sidewaysScrolls(page)).toEqual([])
    await expectAccessibleInBothThemes(page)
    expect(await focusProblems(page)).toEqual([])
  })
