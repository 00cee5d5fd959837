import { describe, expect, test } from 'vitest'
import type { KubeObject } from '#shared/kube/object.ts'
import { createRedactor, redacted } from './redact.ts'

const of = (kind: string, rest: object): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name: 'x', namespace: 'shop' },
  ...rest,
})
const base64 = (text: string): string => Buffer.from(text).toString('base64')

test('a Secret keeps its keys and loses its values, in each form, wherever else they are', async () => {
  const redactor = createRedactor()
  const found = redactor.object(of('Secret', { type: 'Opaque', data: { password: base64('hunter2-long') } }))
  expect(found).toMatchObject({ type: 'Opaque', data: { password: redacted } })
  for (const text of ['sent hunter2-long to db', `got ${base64('hunter2-long')}`])
    expect(await redactor.text(text)).toContain(redacted)
  expect(await redactor.text('sent hunter2-long to db')).toBe(`sent ${redacted} to db`)
})

test('values of ConfigMaps, of environments and of headers go; where they come from stays', () => {
  const redactor = createRedactor()
  expect(redactor.object(of('ConfigMap', { data: { 'app.ini': 'db=secretly' } }))).toMatchObject({
    data: { 'app.ini': redacted },
  })
  const from = { secretKeyRef: { name: 'redis', key: 'password' } }
  const pod = of('Pod', {
    spec: {
      containers: [
        {
          env: [
            { name: 'A', value: 'plain-value' },
            { name: 'B', valueFrom: from },
          ],
          livenessProbe: { httpGet: { httpHeaders: [{ name: 'Authorization', value: 'Bearer abc' }] } },
        },
      ],
    },
  })
  expect(redactor.object(pod)).toMatchObject({
    spec: {
      containers: [
        {
          env: [
            { name: 'A', value: redacted },
            { name: 'B', valueFrom: from },
          ],
          livenessProbe: { httpGet: { httpHeaders: [{ name: 'Authorization', value: redacted }] } },
        },
      ],
    },
  })
})

test('fields of custom kinds that are secret by their name, and what repeats an object, go', () => {
  const redactor = createRedactor()
  const object = of('Database', {
    metadata: {
      name: 'x',
      managedFields: [{ manager: 'kubectl' }],
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"spec":{}}', note: 'kept' },
    },
    spec: { adminPassword: 'very-secret', secretName: 'kept-name', apiKey: 'key-12345', size: 3 },
  })
  const found = redactor.object(object)
  expect(found).toMatchObject({
    metadata: { name: 'x', annotations: { note: 'kept' } },
    spec: { adminPassword: redacted, secretName: 'kept-name', apiKey: redacted, size: 3 },
  })
  expect(JSON.stringify(found)).not.toMatch(/managedFields|last-applied/)
})

test('what looks like a key, a token or a password goes from any text', async () => {
  const { text } = createRedactor()
  const key = '-----BEGIN PRIVATE KEY-----\nMIGH\nxyz\n-----END PRIVATE KEY-----'
  expect(await text(`before ${key} after`)).toBe(`before ${redacted} after`)
  expect(await text('token eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln end')).toBe(`token ${redacted} end`)
  expect(await text('Authorization: Bearer abcdefghijk')).toContain(`Bearer ${redacted}`)
  expect(await text('postgres://app:pa55word@db:5432/x')).toBe(`postgres://${redacted}@db:5432/x`)
  expect(await text('redis://:pa55word@cache:6379/0')).toBe(`redis://${redacted}@cache:6379/0`)
  expect(await text('password: "correct horse, battery" # mine')).toBe(`password: "${redacted}" # mine`)
  expect(await text("token='a b c' user='me'")).toBe(`token='${redacted}' user='me'`)
  expect(await text('{"msg":"secret: \\"a b c\\"","n":1}')).toBe(`{"msg":"secret: \\"${redacted}"","n":1}`)
  expect(await text('--db-password=opensesame --user=me')).toBe(`--db-password=${redacted} --user=me`)
  expect(await text('the token controller has started')).toBe('the token controller has started')
})

test('a secret is found as JSON has it, and as its own base64', async () => {
  const redactor = createRedactor()
  const data = {
    dsn: Buffer.from('pa"ss\\word').toString('base64'),
    line: Buffer.from('end-of-line\n').toString('base64'),
  }
  redactor.object(of('Secret', { data }))
  const text = `${JSON.stringify({ msg: 'with pa"ss\\word' })} ${data.line}`
  expect(await redactor.text(text)).toBe(`{"msg":"with ${redacted}"} ${redacted}`)
})

test('secrets that begin alike, lie side by side or are long go as a whole', async () => {
  const redactor = createRedactor()
  const long = Array.from({ length: 40 }, (_, at) => `word-${at} of it`).join(' ')
  for (const secret of ['shared-begin', 'shared-beginning-1', 'shared-beginning-2', long]) redactor.secret(secret)
  expect(await redactor.text('a shared-beginning-2 b shared-begin c shared-begi')).toBe(
    `a ${redacted} b ${redacted} c shared-begi`,
  )
  expect(await redactor.text('shared-beginshared-beginning-1.')).toBe(`${redacted}.`)
  expect(await redactor.text(`<${long}>`)).toBe(`<${redacted}>`)
})

test('a text is looked through as a whole, wherever its pieces end', async () => {
  const { text } = createRedactor()
  for (const filler of ['x'.repeat(99), 'a=b,', 'line of a log\n']) {
    const found = await text(`${filler.repeat(2_000)} db-password=opensesame `.repeat(8))
    expect(found).not.toContain('opensesame')
  }
})

describe('a text holds up nothing else of the process, and takes time in proportion to its length', () => {
  /** ms of CPU in all, and the most ms of CPU during which nothing else could run. */
  async function measured(text: string, secrets: readonly string[]): Promise<{ cpu: number; held: number }> {
    const redactor = createRedactor()
    for (const secret of secrets) redactor.secret(secret)
    await redactor.text('the table is made')
    const began = process.cpuUsage()
    const spent = (since: NodeJS.CpuUsage): number => {
      const { user, system } = process.cpuUsage(since)
      return (user + system) / 1_000
    }
    let [turn, held, done] = [began, 0, false]
    const next = (): void => {
      held = Math.max(held, spent(turn))
      turn = process.cpuUsage()
      if (!done) setImmediate(next)
    }
    setImmediate(next)
    await redactor.text(text)
    done = true
    next()
    return { cpu: spent(began), held }
  }
  const bytes = Number(process.env.SLIPWAY_REDACT_BYTES ?? 2_000_000)
  const filled = (unit: string, length = bytes): string => unit.repeat(Math.ceil(length / unit.length))
  const many = Array.from({ length: 3_000 }, (_, at) => `-----BEGIN CERTIFICATE-----${'A'.repeat(40)}${at}`)
  const texts: Record<string, string> = {
    'lines of a log': filled(
      '2026-11-30T02:00:00Z level=info msg="a request was answered" status=200 path=/api/v1/pods\n',
    ),
    'one line': filled('status=200 path=/api/v1/pods '),
    'one word': filled('a'),
    'words with dashes': filled('-eyJ'),
    'chains of words': filled('a.'),
    'names of secrets': filled('token'),
    blanks: filled('token   '),
    addresses: filled('a://'),
    'beginnings of keys': filled('-----BEGIN '),
    'ends of keys': `-----BEGIN PRIVATE KEY-----${filled('-----END ')}`,
    'beginnings of secrets': filled('-----BEGIN CERTIFICATE-----AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'),
  }
  test.each(Object.keys(texts))('%s', { timeout: 120_000 }, async (name) => {
    const whole = texts[name] ?? ''
    const tenth = await measured(whole.slice(0, whole.length / 10), many)
    const { cpu, held } = await measured(whole, many)
    if (process.env.SLIPWAY_REDACT_BYTES)
      console.log(`${name}: ${cpu.toFixed(0)} ms of CPU, held up ${held.toFixed(0)} ms`)
    // Ten times the text: a hundred times the time would be a pattern that looks back.
    expect(cpu).toBeLessThan(40 * tenth.cpu + 500)
    expect(held).toBeLessThan(500)
  })
})
