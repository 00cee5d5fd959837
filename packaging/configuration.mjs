// The configuration of electron-builder: AppImage, deb and rpm; dmg; nsis.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../scripts/set-up.mjs'

const here = join(root, 'packaging')
const icons = join(root, 'resources/icons')
const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/**
 * @param options `staged`: the folder that `stage` has filled; `output`: where installers go; `electronDist`: an unpacked Electron
 * to use instead of the one that electron-builder downloads
 */
export function configuration({ staged, output, electronDist }) {
  return {
    appId: 'dev.slipway.desktop',
    productName: 'Slipway',
    directories: { output, buildResources: here },
    electronVersion: devDependencies.electron,
    ...(electronDist ? { electronDist } : {}),
    asar: true,
    npmRebuild: false,
    files: ['**/*'],
    extraResources: [
      { from: join(staged, 'cli'), to: 'cli' },
      { from: join(staged, 'LICENSES.txt'), to: 'LICENSES.txt' },
      { from: join(root, 'LICENSE'), to: 'LICENSE' },
    ],
    electronFuses: fuses,
    // No update feed: nothing asks a server for a newer version.
    publish: null,
    protocols: [{ name: 'Slipway', schemes: ['slipway'] }],
    linux: {
      target: ['AppImage', 'deb', 'rpm'],
      // `slipway` is the command line.
      executableName: 'slipway-desktop',
      icon: join(icons, 'app'),
      category: 'Development',
      synopsis: 'A real multi-node Kubernetes cluster on your desktop',
      description: 'Makes multi-node Kubernetes clusters on this machine in seconds, and shows them in a window.',
      maintainer: 'The Slipway authors <packages@slipway.dev>',
      // Offered for manifests: a desktop entry makes no default of them.
      mimeTypes: ['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml'],
      desktop: { entry: { Keywords: 'kubernetes;cluster;containers;docker;' } },
      syncDesktopName: true,
      extraResources: programs('node', 'bin/slipway'),
    },
    deb: {
      packageCategory: 'devel',
      recommends: ['docker.io | docker-ce'],
      fpm: [`${join(here, 'linux/slipway')}=/usr/bin/slipway`],
    },
    rpm: { fpm: [`${join(here, 'linux/slipway')}=/usr/bin/slipway`] },
    mac: {
      target: ['dmg'],
      icon: join(icons, 'app/1024x1024.png'),
      category: 'public.app-category.developer-tools',
      hardenedRuntime: true,
      gatekeeperAssess: false,
      entitlements: join(here, 'mac/entitlements.plist'),
      entitlementsInherit: join(here, 'mac/entitlements.plist'),
      // An alternate: Finder offers Slipway for manifests and leaves the default as it is.
      fileAssociations: [
        { ext: ['yaml', 'yml'], name: 'Kubernetes manifest', role: 'Editor', rank: 'Alternate', isPackage: false },
      ],
      // The credentials of Apple's notary come from the environment of the machine that releases.
      notarize: process.env.APPLE_TEAM_ID !== undefined,
      extraResources: programs('node', 'bin/slipway'),
    },
    dmg: { sign: false },
    win: {
      target: ['nsis'],
      icon: join(icons, 'app/256x256.png'),
      extraResources: programs('node.exe', 'bin/slipway.cmd'),
    },
    nsis: {
      oneClick: false,
      perMachine: false,
      allowToChangeInstallationDirectory: true,
      license: join(root, 'LICENSE'),
      include: join(here, 'windows/installer.nsh'),
    },
  }
}

/**
 * The app's binary is no Node, takes no debugger, and loads only its own archive, whose hash macOS and Windows verify. Without
 * that, any program could read, as Slipway, the keys that the user's keychain seals for it.
 */
const fuses = {
  runAsNode: false,
  enableNodeOptionsEnvironmentVariable: false,
  enableNodeCliInspectArguments: false,
  enableEmbeddedAsarIntegrityValidation: true,
  onlyLoadAppFromAsar: true,
  enableCookieEncryption: true,
  loadBrowserProcessSpecificV8Snapshot: false,
  grantFileProtocolExtraPrivileges: false,
}

/** The Node of the command line, and the script that starts it. */
function programs(node, command) {
  return [
    { from: join(root, 'node_modules/node/bin', node), to: node },
    { from: join(here, command), to: command },
  ]
}
