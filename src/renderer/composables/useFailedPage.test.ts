// @vitest-environment happy-dom
import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { defineComponent, h, shallowRef } from 'vue'
import { createMemoryHistory, createRouter, RouterView, type Router } from 'vue-router'
import type { Connection } from '../api/carrier.ts'
import { loadPart } from './load-part.ts'
import { useFailedPage } from './useFailedPage.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const text = (words: string) => defineComponent({ render: () => h('p', words) })

function page(connection = shallowRef<Connection>('up')) {
  let calls = 0
  const load = () => (++calls > 4 ? Promise.resolve(text('the part')) : Promise.reject(new Error('not reached')))
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/', component: text('home') },
      { path: '/late', component: () => loadPart(load) },
    ],
  })
  const frame = defineComponent({
    setup() {
      const { failed, retry } = useFailedPage(connection)
      return () => (failed.value ? h('button', { onClick: retry }, failed.value.reason) : h(RouterView))
    },
  })
  return { router, connection, shown: mount(frame, { global: { plugins: [router] } }) }
}
async function visit(router: Router, path: string): Promise<void> {
  void router.push(path).catch(() => undefined)
  await vi.advanceTimersByTimeAsync(2_000)
}
async function expectRetried(shown: VueWrapper): Promise<void> {
  await vi.advanceTimersByTimeAsync(2_000)
  await flushPromises()
  expect(shown.text()).toBe('the part')
}

test.each(['/', undefined])('a page that cannot be loaded, gone to from %s, is told and tried again', async (from) => {
  const { router, shown } = page()
  if (from) await visit(router, from)
  await visit(router, '/late')
  expect(shown.get('button').text()).toBe('not reached')
  await shown.get('button').trigger('click')
  await expectRetried(shown)
})

test('a page that cannot be loaded is tried again once the app answers', async () => {
  const { router, shown, connection } = page()
  await visit(router, '/late')
  connection.value = 'down'
  await vi.advanceTimersByTimeAsync(5_000)
  expect(shown.get('button').text()).toBe('not reached')
  connection.value = 'up'
  await expectRetried(shown)
})

test('another page takes the place of one that cannot be loaded', async () => {
  const { router, shown } = page()
  await visit(router, '/late')
  await visit(router, '/')
  expect(shown.text()).toBe('home')
})
