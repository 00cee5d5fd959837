import { spawn } from 'node:child_process'

/** Runs a program with `input` on its standard input. @throws Error with its stderr */
export type Command = (program: string, args: readonly string[], input?: string) => Promise<string>

export const runCommand: Command = (program, args, input = '') =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    let output = ''
    let errors = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(output)
      else reject(new Error(`${program} ${args.join(' ')}: ${errors.trim() || `exit code ${code ?? ''}`}`))
    })
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
  })
