/** What prints a new address of the running app. */
export const signInCommand = 'npm run -s slipway -- ui'
