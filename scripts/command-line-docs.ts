import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { commands } from '#main/commands/index.ts'

/** `npm run command-line-docs`: writes docs/command-line.md from what the commands say of themselves. */
export const commandLineFile = join(import.meta.dirname, '../docs/command-line.md')

/** The reference of the command line, in the order of its overview. */
export function commandLineReference(): string {
  const links = Object.entries(commands).map(
    ([name, { summary }]) => `- [slipway ${name}](#slipway-${name}): ${summary}`,
  )
  const parts = Object.entries(commands).map(([name, { usage, summary, help }]) =>
    [`## slipway ${name}`, sentence(summary), fenced(usage), fenced(help)].join('\n\n'),
  )
  return `${[introduction, links.join('\n'), ...parts].join('\n\n')}\n`
}

const introduction = `# The command line

An installed Slipway has the command \`slipway\`; in a checkout it is \`npm run -s slipway --\`. Each command takes \`--help\`. Results go to
stdout, logs to stderr; a failure is one line on stderr and a non-zero exit code. This page is written by \`npm run command-line-docs\`
from the commands themselves.`

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
const fenced = (text: string): string => `\`\`\`text\n${text}\n\`\`\``

if (import.meta.main) await writeFile(commandLineFile, commandLineReference())
