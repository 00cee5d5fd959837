import type { Command } from './command.ts'
import { startHeadless } from './headless.ts'
import { number } from './number.ts'

export const serveCommand: Command = {
  usage: 'slipway serve [--data DIR] [--ui-port N]',
  summary: 'serve the app on 127.0.0.1 for a browser, without starting a cluster',
  help: 'Prints one address with a one-time token, and runs until SIGINT or SIGTERM, then stops the workers of running clusters.\n\n  --data DIR   the data folder; ~/.local/share/slipway when unset\n  --ui-port N  the port of the app; when unset the last one, or any free one',
  options: { data: { type: 'string' }, 'ui-port': { type: 'string' } },
  async run({ data, 'ui-port': uiPort }) {
    const app = await startHeadless({
      data: data as string | undefined,
      uiPort: number('--ui-port', uiPort, 0, 0, 65_535),
    })
    console.log(app.web.signInUrl())
    await app.stop(await app.ended)
    process.exit(0)
  },
}
