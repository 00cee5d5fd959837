import { parseArgs, type ParseArgsConfig } from 'node:util'
import { messageOf } from '#shared/base/message-of.ts'
import type { OptionValues } from './commands/command.ts'
import { commands } from './commands/index.ts'
import { ExpectedError } from './commands/expected-error.ts'
import { optimiseLater } from './tiering.ts'

/**
 * `slipway …`: finds the command, parses its options, and turns every failure into one line and a non-zero exit code.
 */
async function main(words: string[]): Promise<void> {
  const [name, ...rest] = words
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    console.log(overview())
    return
  }
  const command = commands[name]
  if (!command) throw new ExpectedError(`unknown command "${name}"; see: slipway --help`)
  if (rest.includes('--help') || rest.includes('-h')) {
    console.log(`${command.usage}\n\n${command.help}`)
    return
  }
  const { values, positionals } = parse(rest, command.options, command.usage)
  await command.run(values, positionals)
}

function parse(
  words: string[],
  options: NonNullable<ParseArgsConfig['options']>,
  usage: string,
): { values: OptionValues; positionals: string[] } {
  try {
    const { values, positionals } = parseArgs({ args: words, options, allowPositionals: true, strict: true })
    return { values: values as OptionValues, positionals }
  } catch (error) {
    throw new ExpectedError(`${messageOf(error).split('. ')[0] ?? ''}; usage: ${usage}`)
  }
}

function overview(): string {
  const lines = Object.values(commands).map(({ usage, summary }) => `  ${usage}\n      ${summary}`)
  return `slipway: a real multi-node Kubernetes cluster on this machine\n\n${lines.join('\n')}`
}

optimiseLater()
main(process.argv.slice(2)).catch((error: unknown) => {
  const reason = messageOf(error)
  process.stderr.write(`slipway: ${reason.split('\n')[0] ?? ''}\n`)
  if (!(error instanceof ExpectedError) && process.env.SLIPWAY_DEBUG && error instanceof Error)
    process.stderr.write(`${error.stack ?? ''}\n`)
  process.exit(1)
})
