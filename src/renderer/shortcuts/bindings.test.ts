import { describe, expect, test } from 'vitest'
import { conflictOf, effectiveKeys, resetKeys, swapKeys, takeKeys } from './bindings.ts'
import { shortcutCommands } from './commands.ts'

test('every command has an id and keys of its own', () => {
  expect(new Set(shortcutCommands.map(({ id }) => id)).size).toBe(shortcutCommands.length)
  for (const { id, keys } of shortcutCommands) expect([id, conflictOf(id, keys, {})?.id]).toEqual([id, undefined])
})

describe('keys that another command has', () => {
  test('are told, sequences included', () => {
    expect(conflictOf('dock', 'Ctrl+B', {})?.id).toBe('sidebar')
    expect(conflictOf('dock', 'g', {})?.id).toBe('go-clusters')
    expect(conflictOf('dock', 'l x', {})?.id).toBe('logs')
    expect(conflictOf('dock', 'Ctrl+J', {})).toBeUndefined()
  })

  test('can be swapped', () => {
    const chosen = swapKeys({}, 'dock', 'Ctrl+B')
    expect(effectiveKeys('Ctrl+`', chosen)).toEqual(['Ctrl+B'])
    expect(effectiveKeys('Ctrl+B', chosen)).toEqual(['Ctrl+`'])
  })

  test('can be taken, which leaves the other without any', () => {
    const chosen = takeKeys({}, 'dock', 'Ctrl+B')
    expect(effectiveKeys('Ctrl+`', chosen)).toEqual(['Ctrl+B'])
    expect(effectiveKeys('Ctrl+B', chosen)).toEqual([])
    expect(effectiveKeys('Ctrl+B', resetKeys(chosen, 'sidebar'))).toEqual(['Ctrl+B'])
  })
})

test('keys of no command stay as they are', () => expect(effectiveKeys('Escape', {})).toEqual(['Escape']))
