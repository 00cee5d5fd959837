// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { expect, test, vi } from 'vitest'
import { defineComponent, h, nextTick, ref, type VNode } from 'vue'
import ActionButton from './ActionButton.vue'
import CommittedField from './CommittedField.vue'
import ErrorNote from './ErrorNote.vue'
import ResourceTable from './ResourceTable.vue'
import StatusDot from './StatusDot.vue'
import StepList from './StepList.vue'
import TabBar from './TabBar.vue'

test('ActionButton names its target and is pressed', async () => {
  const wrapper = mount(ActionButton, { props: { label: 'Restart', target: 'web in dev / shop' } })
  const button = wrapper.get('button')
  expect(button.attributes('aria-label')).toBe('Restart web in dev / shop')
  expect(button.text()).toBe('Restart')
  await button.trigger('click')
  expect(wrapper.emitted('press')).toHaveLength(1)
})

test('ActionButton that cannot be pressed keeps its focus and says why', async () => {
  const reason = 'You may not patch deployments in shop.'
  const wrapper = mount(ActionButton, { props: { label: 'Restart', target: 'web', reason } })
  const button = wrapper.get('button')
  expect(button.attributes()).toMatchObject({ 'aria-disabled': 'true', 'aria-description': reason })
  expect(button.attributes('disabled')).toBeUndefined()
  await button.trigger('click')
  expect(wrapper.emitted('press')).toBeUndefined()
})

test('ActionButton says what it is doing, and cannot be pressed meanwhile', async () => {
  const props = { label: 'Drain', target: 'w1 in dev', busy: '2 of 5 evicted' }
  const wrapper = mount(ActionButton, { props })
  const button = wrapper.get('button')
  expect(button.text()).toBe('2 of 5 evicted')
  expect(button.attributes('aria-disabled')).toBe('true')
  await button.trigger('click')
  expect(wrapper.emitted('press')).toBeUndefined()
})

test('ErrorNote is an alert, and nothing without a text', () => {
  expect(
    mount(ErrorNote, { props: { text: '' } })
      .find('[role=alert]')
      .exists(),
  ).toBe(false)
  expect(mount(ErrorNote, { props: { text: 'no' } }).attributes('role')).toBe('alert')
})

test.each(['good', 'done', 'warn', 'bad', 'quiet'] as const)('StatusDot tells %s by its shape and in words', (tone) => {
  const shapes = (['good', 'done', 'warn', 'bad', 'quiet'] as const).map((each) =>
    mount(StatusDot, { props: { tone: each, text: '' } })
      .find('svg')
      .html(),
  )
  const dot = mount(StatusDot, { props: { tone, text: 'Running' } })
  expect(dot.text()).toBe('Running')
  expect(shapes.filter((shape) => shape === dot.find('svg').html())).toHaveLength(1)
})

const step = { id: 'a', title: 'Start workers', state: 'failed' as const, ms: 1_500, message: 'no space' }
test('StepList shows steps with their state and time, and offers to retry a failed operation', async () => {
  const operation = {
    kind: 'create' as const,
    state: 'failed' as const,
    steps: [step],
    log: ['one', 'two'],
    error: 'no space',
    startedAt: 0,
  }
  const list = mount(StepList, { props: { operation } })
  expect(list.find('li').text()).toMatch(/Start workers.*failed.*no space.*1\.5 s/s)
  expect(list.find('[role=alert]').text()).toBe('no space')
  const [retry, showLog] = list.findAll('button')
  await retry?.trigger('click')
  expect(list.emitted('retry')).toHaveLength(1)
  await showLog?.trigger('click')
  expect(list.find('pre').text()).toBe('one\ntwo')
})

test('TabBar moves with the arrow keys, and one tab is in the tab order', async () => {
  const chosen = ref('a')
  const bar = mount(
    defineComponent(
      () => () =>
        h(TabBar, {
          names: ['a', 'b', 'c'],
          label: 'Views',
          modelValue: chosen.value,
          'onUpdate:modelValue': (to: string) => (chosen.value = to),
        }),
    ),
    { attachTo: document.body },
  )
  await bar.trigger('keydown', { key: 'ArrowLeft' })
  expect(chosen.value).toBe('c')
  expect(document.activeElement?.textContent.trim()).toBe('c')
  await bar.trigger('keydown', { key: 'ArrowRight' })
  expect(chosen.value).toBe('a')
  await nextTick()
  expect(bar.findAll('[tabindex="0"]').map((tab) => tab.text())).toEqual(['a'])
  bar.unmount()
})

const columns = [
  { id: 'name', title: 'Name' },
  { id: 'age', title: 'Age', numeric: true },
]
async function table(count: number) {
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(300)
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(800)
  const texts = vi.fn((now: number) => `${now}s`)
  const rows = Array.from({ length: count }, (_, i) => ({
    id: `r${i}`,
    leaving: false,
    cells: [{ text: `r${i}` }, { text: texts }],
  }))
  const now = ref(1)
  const emitted: [event: string, value: string][] = []
  const record = (event: string) => (value: string) => void emitted.push([event, value])
  const host = defineComponent(
    () => () =>
      h(ResourceTable, {
        label: 'Pods',
        columns,
        rows,
        selected: new Set(['r1']),
        current: 'r2',
        sort: { column: 'name', descending: false },
        now: now.value,
        onOpen: record('open'),
        onSelect: record('select'),
        onSort: record('sort'),
      }),
  )
  const wrapper = mount(host, { attachTo: document.body })
  await nextTick()
  await nextTick()
  return { wrapper, texts, now, emitted }
}

test('ResourceTable draws the rows in sight alone, and again only those when the time has changed', async () => {
  const { wrapper, texts, now } = await table(10_000)
  const drawn = wrapper.findAll('[role=row]').length - 1
  expect(drawn).toBeGreaterThan(5)
  expect(drawn).toBeLessThan(60)
  expect(wrapper.attributes('aria-rowcount')).toBe('10001')
  texts.mockClear()
  now.value = 2
  await nextTick()
  expect(wrapper.findAll('[role=row]').at(1)?.text()).toContain('2s')
  expect(texts.mock.calls.length).toBeLessThanOrEqual(drawn * 2)
  wrapper.unmount()
})

test('ResourceTable opens, selects and sorts; a click on a box does not open its row', async () => {
  const { wrapper, emitted } = await table(3)
  const [, first, second] = wrapper.findAll('[role=row]')
  expect(second?.attributes('aria-selected')).toBe('true')
  await first?.trigger('click')
  expect(emitted).toEqual([['open', 'r0']])
  await first?.find('input').setValue(true)
  await first?.find('input').trigger('click')
  expect(emitted).toContainEqual(['select', 'r0'])
  expect(emitted.filter(([event]) => event === 'open')).toHaveLength(1)
  await wrapper.findAll('[role=columnheader] button').at(1)?.trigger('click')
  expect(emitted.at(-1)).toEqual(['sort', 'age'])
  wrapper.unmount()
})

test.each([false, true])(
  'CommittedField keeps what is typed while its page is drawn anew (multiline: %s)',
  async (multiline) => {
    // The document of happy-dom is an instance of its own class alone, by which Vue knows a focused field.
    vi.stubGlobal('Document', document.constructor)
    const [value, title] = [ref('shop'), ref('Namespace')]
    const taken = vi.fn()
    const drawn = (): VNode =>
      h(CommittedField, { modelValue: value.value, multiline, title: title.value, 'onUpdate:modelValue': taken })
    const wrapper = mount(
      defineComponent(() => drawn),
      { attachTo: document.body },
    )
    const field = wrapper.get<HTMLInputElement>('.field').element
    field.focus()
    field.value = 'sta'
    title.value = 'Another'
    await nextTick()
    expect(field.title).toBe('Another')
    expect(field.value).toBe('sta')
    field.value = 'staging'
    field.dispatchEvent(new Event('change'))
    expect(taken.mock.calls).toEqual([['staging']])
    field.blur()
    value.value = 'prod'
    await nextTick()
    expect(field.value).toBe('prod')
    wrapper.unmount()
    vi.unstubAllGlobals()
  },
)
