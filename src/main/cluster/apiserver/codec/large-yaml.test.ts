import { afterEach, expect, it } from 'vitest'
import { createFakeClock } from '#test/support/fake-clock.ts'
import { createLargeYaml } from './large-yaml.ts'

const workerUrl = new URL('./yaml-worker.ts', import.meta.url)
const clock = createFakeClock()
const reader = createLargeYaml({ workerUrl, clock })
afterEach(() => reader.stop())

const lines = (count: number, line: (index: number) => string): Buffer =>
  Buffer.from(Array.from({ length: count }, (_, index) => `${line(index)}\n`).join(''))
const yaml = (bytes: Buffer, contentType = 'application/yaml') => ({ bytes, contentType })

it('leaves small bodies, JSON and other types unchanged', () => {
  const json = Buffer.from(JSON.stringify({ a: 'x'.repeat(100_000) }))
  const bodies = [
    yaml(Buffer.from('a: 1')),
    yaml(json),
    yaml(json, 'application/json'),
    yaml(lines(10_000, String), 'text/plain'),
  ]
  for (const body of bodies) expect(reader.asJson(body)).toBe(body)
})

it('converts large YAML to JSON, and reports duplicate keys', async () => {
  const body = yaml(Buffer.concat([lines(20_000, (i) => `k${i}: 0${i % 8}`), Buffer.from('k7: twice\n')]))
  const { bytes, repeated, contentType } = await reader.asJson(body)
  const value = JSON.parse(bytes.toString()) as Record<string, unknown>
  expect(Object.keys(value)).toHaveLength(20_000)
  expect(value).toMatchObject({ k0: 0, k5: 5, k7: 'twice' })
  expect(repeated).toEqual(['line 20001: key "k7" already set in map'])
  expect(contentType).toBe('application/yaml')
})

it.each([
  ['a syntax error', lines(20_000, () => 'a: [')],
  ['a scalar', lines(20_000, () => 'word')],
  ['nesting that is too deep', Buffer.from('- '.repeat(20_000))],
])('refuses %s', async (_, bytes) => {
  await expect(reader.asJson(yaml(bytes, 'application/apply-patch+yaml'))).rejects.toMatchObject({ code: 400 })
})

it('fails pending requests when it stops, and accepts new ones afterwards', async () => {
  const body = yaml(lines(20_000, (i) => `k${i}: v`))
  const waiting = reader.asJson(body)
  await reader.stop()
  await expect(waiting).rejects.toMatchObject({
    code: 400,
    message: expect.stringContaining('shutting down') as string,
  })
  expect((await reader.asJson(body)).bytes.toString()).toContain('"k19999":"v"')
})
