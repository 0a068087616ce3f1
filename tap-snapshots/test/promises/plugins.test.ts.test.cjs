/* IMPORTANT
 * This snapshot file is auto-generated, but designed for humans.
 * It should be checked into source control and tracked carefully.
 * Re-generate by setting TAP_SNAPSHOT=1 and running tests.
 * Make sure to inspect the output below.  Do not ignore changes!
 */
'use strict'
exports[`test/promises/plugins.test.ts > TAP > plugins are named and stand in dependency order > the order of the plugins 1`] = `
config
sealer
logging
errors
bodies
security
metrics
lifecycle
db
redis
rate-limit
attempts
pubsub
events
cache
queue
storage
scanner
mailer
tokens
sessions
cookie-sign-in
auth
idempotency
conditional
websockets
upgrades
workspaces
changes
sign-in
accounts
setup
mfa
oauth
passkeys
service-accounts
uploads
jobs
mail-jobs
trash
privacy
retrieval
graph
conversations
invitations
assistant
usage
messages
chat
search
presence
audit
docs
graphql
asyncapi
static
`
