import { delimiter } from 'node:path'

/** Beside the path, which a desktop app may have without these. */
const folders = ['/usr/local/bin', '/opt/homebrew/bin']

/** The environment in which the user's own Docker tools are found and run. */
export const toolEnvironment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  PATH: [process.env.PATH ?? '', ...folders].join(delimiter),
})
