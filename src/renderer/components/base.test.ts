// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { h, nextTick } from 'vue'
import { settle } from '#test/support/mounted-face.ts'
import AppBanner from './AppBanner.vue'
import AppMenu from './AppMenu.vue'
import EmptyState from './EmptyState.vue'
import LoadingRows from './LoadingRows.vue'
import MeterBar from './MeterBar.vue'
import StatusShape from './StatusShape.vue'
import { toneText, type Tone } from './tone.ts'

const tones = Object.keys(toneText) as Tone[]

test('every tone has a shape of its own', () => {
  const shapes = tones.map((tone) => mount(StatusShape, { props: { tone } }).find('svg').element.innerHTML)
  expect(new Set(shapes).size).toBe(tones.length)
})

test('a banner says what, why, and what to do', () => {
  const banner = mount(AppBanner, {
    props: { tone: 'bad', title: 'dev does not answer.', detail: 'Next try in 8 s.' },
    slots: { default: () => h('button', 'Retry now') },
  })
  expect(banner.attributes('role')).toBe('alert')
  expect(banner.text()).toContain('dev does not answer.')
  expect(banner.text()).toContain('Next try in 8 s.')
  expect(banner.find('button').text()).toBe('Retry now')
})

test('an empty state says what is not there', () => {
  expect(mount(EmptyState, { props: { title: 'No CronJobs in shop', text: 'A CronJob starts Jobs.' } }).text()).toBe(
    'No CronJobs in shopA CronJob starts Jobs.',
  )
})

test.each([
  [50, 'bg-data'],
  [80, 'bg-warn'],
  [95, 'bg-bad'],
])('a meter at %d %% is %s, and told in words', (use, fill) => {
  const meter = mount(MeterBar, { props: { use, limit: 100, request: 30, label: 'Memory', text: `${use} of 100` } })
  expect(meter.attributes()).toMatchObject({ role: 'meter', 'aria-valuetext': `${use} of 100` })
  expect(meter.find('i').classes()).toContain(fill)
})

describe('with a clock', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('outlines of rows appear after 150 ms', async () => {
    const rows = mount(LoadingRows, { props: { rows: 3 } })
    expect(rows.findAll('.skeleton')).toHaveLength(0)
    vi.advanceTimersByTime(150)
    await nextTick()
    expect(rows.findAll('.skeleton')).toHaveLength(12)
  })
})

test('a menu opens and closes by key, stays when the pointer leaves, and tells why a line cannot be chosen', async () => {
  const run = vi.fn()
  const menu = mount(AppMenu, {
    attachTo: document.body,
    props: {
      label: 'Actions',
      entries: [{ label: 'Restart', run }, 'line', { label: 'Delete', danger: true, reason: 'not allowed', run }],
    },
    slots: { default: () => h('button', 'More') },
  })
  const items = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('[role=menuitem]')]
  await menu.get('button').trigger('keydown', { key: 'Enter' })
  await settle()
  expect(items().map(({ textContent }) => textContent)).toEqual(['Restart', 'Delete'])
  document.querySelector('[role=menu]')?.dispatchEvent(new PointerEvent('pointerleave', { bubbles: true }))
  document.querySelector('[role=menu]')?.dispatchEvent(new MouseEvent('mouseleave', { bubbles: true }))
  await settle()
  expect(items()).toHaveLength(2)
  items()[1]?.click()
  await settle()
  expect(run).not.toHaveBeenCalled()
  expect(items()[1]?.title).toBe('not allowed')
  items()[0]?.click()
  await settle()
  expect(run).toHaveBeenCalledOnce()
  expect(items()).toHaveLength(0)
  menu.unmount()
})
