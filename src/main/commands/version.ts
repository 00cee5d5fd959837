import { findInstallation } from '../installation.ts'
import type { Command } from './command.ts'

export const versionCommand: Command = {
  usage: 'slipway version',
  summary: 'print the versions of Slipway and of the Kubernetes API that it serves',
  help: 'Prints one line.',
  options: {},
  async run() {
    console.log(`slipway ${findInstallation().version} (Kubernetes v1.36.0, Node ${process.version})`)
  },
}
