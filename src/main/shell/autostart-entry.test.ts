import { expect, test } from 'vitest'
import { autostartEntry } from './autostart-entry.ts'

test('a path with blanks, quotes and percent signs is one word of the command', () => {
  const lines = autostartEntry(['/home/jane doe/100% "Slipway".AppImage', '--hidden']).split('\n')
  expect(lines).toContain('Exec="/home/jane doe/100%% \\"Slipway\\".AppImage" "--hidden"')
  expect(lines[0]).toBe('[Desktop Entry]')
})
