import { expect, test } from 'vitest'
import { messageOf } from './message-of.ts'

const holdsItself: Record<string, unknown> = { code: 4 }
holdsItself.self = holdsItself

test.each([
  [new Error('no such pod'), 'no such pod'],
  ['thrown as text', 'thrown as text'],
  [{ message: 'thrown as an object' }, 'thrown as an object'],
  [{ code: 4 }, '{"code":4}'],
  [holdsItself, '{code,self}'],
  [undefined, 'undefined'],
  [new TypeError(' '), 'TypeError'],
  [new AggregateError([new Error('no ::1'), new Error('no 127.0.0.1')]), 'no ::1, no 127.0.0.1'],
  [
    new Error('(HTTP code 500) server error - write /var/lib/docker: no space left on device '),
    'write /var/lib/docker: no space left on device',
  ],
  [new Error('(HTTP code 404) no such container - No such container: a-b '), 'No such container: a-b'],
  [new Error('(HTTP code 409) unexpected - container is paused - unpause it'), 'container is paused - unpause it'],
  [new Error('(HTTP code 301) unexpected - '), 'HTTP 301 unexpected'],
  [new Error('pull failed: (HTTP code 500) server error - x'), 'pull failed: (HTTP code 500) server error - x'],
])('%s', (error, said) => expect(messageOf(error)).toBe(said))
