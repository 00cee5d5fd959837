// Starts the chromedriver that fits the system's Chromium, with Spectron's arguments, and ends with it.
const { spawn } = require('node:child_process')

const driver = spawn(process.env.CHROMEDRIVER ?? '/usr/bin/chromedriver', process.argv.slice(2), { stdio: 'inherit' })
driver.on('error', (error) => {
  process.stderr.write(`chromedriver: ${error.message}\n`)
  process.exit(1)
})
driver.on('exit', (code) => process.exit(code ?? 1))
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => driver.kill(signal))
