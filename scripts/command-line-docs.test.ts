import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { commandLineFile, commandLineReference } from './command-line-docs.ts'

test('docs/command-line.md says what the commands say; `npm run command-line-docs` writes it anew', async () => {
  expect(await readFile(commandLineFile, 'utf8')).toBe(commandLineReference())
})
