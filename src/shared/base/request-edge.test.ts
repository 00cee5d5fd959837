import { expect, test } from 'vitest'
import {
  createEdge,
  readRequest,
  RequestRefused,
  respond,
  type EdgeRequest,
  type RequestStream,
} from './request-edge.ts'
import { silentLog, type Log } from './log.ts'

/** A stream that records its response. */
function createStream(state: { destroyed?: boolean; throws?: boolean } = {}) {
  const stream = {
    headersSent: false,
    destroyed: state.destroyed ?? false,
    closed: false,
    status: undefined as number | string | undefined,
    text: '',
    respond(headers: Record<string, string | number>) {
      if (state.throws) throw new Error('ERR_HTTP2_INVALID_STREAM')
      stream.headersSent = true
      stream.status = headers[':status']
    },
    end: (text = '') => (stream.text += text),
    close: () => (stream.closed = true),
    on: () => undefined,
  }
  return stream satisfies RequestStream & Record<string, unknown>
}

async function ask(
  headers: Record<string, unknown>,
  handle: (request: EdgeRequest) => Promise<void> = async () => undefined,
  stream = createStream(),
): Promise<{ status: unknown; text: string; logged: string[] }> {
  const logged: string[] = []
  const log: Log = {
    ...silentLog,
    error: (message, fields) => void logged.push(`${message}: ${String(fields?.error)}`),
  }
  createEdge({ name: 'test', handle: (_stream, request) => handle(request), log })(stream, headers)
  await new Promise((resolve) => setImmediate(resolve))
  return { status: stream.status, text: stream.text, logged }
}
const get = (path: unknown): Record<string, unknown> => ({ ':method': 'GET', ':path': path })
const connect = (authority: unknown): Record<string, unknown> => ({ ':method': 'CONNECT', ':authority': authority })

test.each<[string, string[], string]>([
  ['/', [''], ''],
  ['/images/a%2Fb%3Ac', ['images', 'a/b:c'], ''],
  ['/exec/ns/pod/c?command=a&command=b', ['exec', 'ns', 'pod', 'c'], 'command=a&command=b'],
  ['//', ['', ''], ''],
  ['/..', ['..'], ''],
  ['/a?b?c=%ff', ['a'], 'b%3Fc=%EF%BF%BD'],
])('%s has the parts %j', (path, segments, query) => {
  const request = readRequest(get(path))
  expect(request.segments).toEqual(segments)
  expect(request.query.toString()).toBe(query)
})

test.each([
  get('/%ff'),
  get('/%'),
  get('/images/%zz'),
  get('/a%00b'),
  get('http://host/'),
  get('*'),
  get(''),
  get(undefined),
  get(7),
  {},
  connect('10.0.0.1:99999'),
  connect('10.0.0.1:0'),
  connect('10.0.0.1'),
  connect(':80'),
  connect('a:b:80'),
  connect('user@host:80'),
  connect('[::1:80'),
  connect(undefined),
])('%j is answered with 400', async (headers) => {
  const { status, logged } = await ask(headers)
  expect(status).toBe(400)
  expect(logged).toEqual([])
})

test.each([
  ['10.0.0.1:80', { host: '10.0.0.1', port: 80 }],
  ['[fd00::1]:443', { host: 'fd00::1', port: 443 }],
  ['apiserver:443', { host: 'apiserver', port: 443 }],
])('CONNECT %s has the target %j', (authority, expected) => {
  expect(readRequest(connect(authority)).authority).toEqual(expected)
})

test('a refusal of a handler is answered with its status and not logged', async () => {
  const refused = await ask(get('/'), () => Promise.reject(new RequestRefused(403, 'not you')))
  expect(refused).toEqual({ status: 403, text: 'not you', logged: [] })
})

test('a handler that throws is answered with 500, and logged once', async () => {
  const failed = await ask(get('/'), () => {
    throw new TypeError('of undefined')
  })
  expect(failed).toEqual({ status: 500, text: 'of undefined', logged: ['request failed: of undefined'] })
})

test('a stream that has ended is not a fault', async () => {
  const gone = createStream({ destroyed: true })
  expect((await ask(get('/'), () => Promise.reject(new Error('closed')), gone)).logged).toEqual([])
  const ending = createStream({ throws: true })
  expect(respond(ending, { ':status': 200 })).toBe(false)
  expect((await ask(get('/%'), undefined, ending)).status).toBeUndefined()
})
