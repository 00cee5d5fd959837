import { fillTemplate, parseTemplate, valueOf, type Field, type Template } from './own-fields.ts'

/** A command with everything that it is run with. No shell reads it. */
export interface FilledCommand {
  words: string[]
  /** Values that a script of a shell gets by its environment. */
  env: Record<string, string>
}

const shells = new Set(['sh', 'ash', 'bash', 'dash', 'ksh', 'zsh'])
/** Programs that have an argument run as code: by which flags. */
const interpreters: Record<string, RegExp> = {
  fish: /^-[a-z]*c$/,
  cmd: /^\/[ck]$/i,
  powershell: /^-c/i,
  pwsh: /^-c/i,
  su: /^(-[a-z]*c|--command)$/,
  script: /^-[a-z]*c$/,
  python: /^-[a-z]*c$/i,
  perl: /^-[a-z]*e$/i,
  ruby: /^-[a-z]*e$/i,
  node: /^(-[a-z]*[ep]|--eval|--print)$/,
  deno: /^eval$/,
  php: /^-r$/,
}
/** Programs that join their arguments for a shell. */
const joining = new Set(['ssh', 'watch', 'eval', 'parallel'])

/** Whether `${…}` in a script is a field of the object, and not one of the shell's own, such as `${HOME}` or `${file%.txt}`. */
const isScriptField = (name: string): boolean => /^(?:kind|apiVersion)$|^[A-Za-z_][\w-]*[.[]/.test(name)

/**
 * How each word of a command is filled. A field in the script of `sh -c` becomes a variable of its environment; in code of
 * another program, and in what a program has a shell read, it is refused, because a value could be code there.
 * @throws Error for the user
 */
export function readCommand(command: readonly string[]): { word: Template; script: boolean }[] {
  return command.map((text, at) => {
    const code = codeAt(command, at)
    const word = parseTemplate(text, code === undefined ? undefined : isScriptField)
    const field = word.find((part) => typeof part !== 'string')
    if (field === undefined) return { word, script: false }
    if (code === 'own script') return { word, script: true }
    if (code !== undefined)
      throw new Error(`${code} would run ${field.name} as code: pass it as an argument after the script`)
    const joins = command
      .slice(0, at)
      .map(programOf)
      .find((program) => joining.has(program) && !isExec(command))
    if (joins !== undefined)
      throw new Error(`${joins} has a shell read its arguments: ${field.name} could be code there`)
    if (at === 0) throw new Error('the program itself cannot be a field')
    return { word, script: false }
  })
}

/** `watch -x` runs its arguments as they are. */
const isExec = (command: readonly string[]): boolean =>
  programOf(command[0]) === 'watch' && command.some((word) => /^(-[a-z]*x|--exec)$/.test(word))

/** Whose code a word is: of the shell that is run, `own script`, or of another program. */
function codeAt(command: readonly string[], at: number): string | undefined {
  const flag = command[at - 1] ?? ''
  for (const [place, word] of command.slice(0, Math.max(0, at - 1)).entries()) {
    const program = programOf(word)
    if (shells.has(program) && /^-[a-z]*c$/.test(flag)) return place === 0 ? 'own script' : program
    if (interpreters[program]?.test(flag)) return program
  }
  return undefined
}

/** Flags behind which many a program takes code. */
const codeFlag = /^(?:-[a-z]*[ceprx]|--?(?:eval|exec|execute|expr|expression|command|code|run|print))$/i
/** What parts the words of any language: quotes, brackets, and what ends a statement or a command. */
const likeCode = /["'`(){}<>|;&\\\n]/
/** Such a value ends no quotes and no statement, and calls nothing. */
const plain = /^[\w.:/@+,%-]*$/

/**
 * Whether a field in this word could be code, whatever the program is: the word looks like code, or is behind a flag of such.
 * A shell's own script is none: it gets its values by the environment.
 */
function couldBeCode(word: Template, before: string): boolean {
  return codeFlag.test(before) || word.some((part) => typeof part === 'string' && likeCode.test(part))
}

const programOf = (word = ''): string =>
  (word.split(/[/\\]/).at(-1) ?? '')
    .toLowerCase()
    .replace(/\.exe$/, '')
    .replace(/^(python|perl|ruby|php|node)[\d.]+$/, '$1')

/**
 * Fills a command with the fields of an object: each word stays one argument, whatever the values hold. Where a value could be code,
 * it has to be a plain word.
 * @throws Error for the user where a field is missing, or where its value would be read as an option or could be code
 */
export function fillCommand(command: readonly string[], object: unknown): FilledCommand {
  const env: Record<string, string> = {}
  const variableOf = (field: Field): string => {
    const variable = `SLIPWAY_FIELD_${Object.keys(env).length + 1}`
    env[variable] = whole(valueOf(field, object))
    return `\${${variable}}`
  }
  let optionsEnded = false
  const words = readCommand(command).map(({ word, script }, at) => {
    if (script) return word.map((part) => (typeof part === 'string' ? part : variableOf(part))).join('')
    const [first] = word
    if (couldBeCode(word, command[at - 1] ?? ''))
      for (const field of word) if (typeof field !== 'string') requirePlain(field, object)
    const text = fillTemplate(word, object, whole)
    if (typeof first === 'object' && text.startsWith('-') && !optionsEnded)
      throw new Error(`${first.name} begins with a dash and would be read as an option: put it behind --`)
    optionsEnded ||= text === '--'
    return text
  })
  return { words, env }
}

/** @throws Error for the user where the value is more than a plain word */
function requirePlain(field: Field, object: unknown): void {
  if (!plain.test(valueOf(field, object)))
    throw new Error(
      `${field.name} has characters that could be code there: pass it as an argument of its own, or to a script`,
    )
}

function whole(value: string): string {
  if (value.includes('\0')) throw new Error('a field holds a character that no command can take')
  return value
}
