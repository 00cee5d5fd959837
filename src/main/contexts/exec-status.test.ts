import { expect, test } from 'vitest'
import { terminalResult } from './exec-status.ts'

test.each([
  ['a success', '{"metadata":{},"status":"Success"}', { code: 0 }],
  [
    'a non-zero exit',
    '{"status":"Failure","reason":"NonZeroExitCode","message":"command terminated with non-zero exit code: exit status 3","details":{"causes":[{"reason":"ExitCode","message":"3"}]}}',
    { code: 3 },
  ],
  [
    'a command that does not exist',
    '{"status":"Failure","reason":"InternalError","message":"exec: \\"bash\\": executable file not found"}',
    { message: 'exec: "bash": executable file not found' },
  ],
  ['plain text of an old server', 'container not running', { message: 'container not running' }],
])('reads %s', (_what, text, result) => {
  expect(terminalResult(text)).toEqual(result)
})
