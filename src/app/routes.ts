import type { FastifyInstance } from 'fastify'
import annotationRoutes from '../../routes/annotations.ts'
import apiKeyRoutes from '../../routes/api-keys.ts'
import auditRoutes from '../../routes/audit.ts'
import authRoutes from '../../routes/auth.ts'
import authCookieRoutes from '../../routes/auth-cookie.ts'
import authMfaRoutes from '../../routes/auth-mfa.ts'
import authOAuthRoutes from '../../routes/auth-oauth.ts'
import authPasskeyRoutes from '../../routes/auth-passkeys.ts'
import authRecoveryRoutes from '../../routes/auth-recovery.ts'
import chatRoutes from '../../routes/chat.ts'
import conversationMemberRoutes from '../../routes/conversation-members.ts'
import conversationRoutes from '../../routes/conversations.ts'
import exportRoutes from '../../routes/exports.ts'
import graphRoutes from '../../routes/graph/index.ts'
import graphqlRoutes from '../../routes/graphql.ts'
import healthRoutes from '../../routes/health.ts'
import invitationRoutes from '../../routes/invitations.ts'
import jobRoutes from '../../routes/jobs.ts'
import mcpRoutes from '../../routes/mcp.ts'
import messageRoutes from '../../routes/messages.ts'
import reactionRoutes from '../../routes/reactions.ts'
import searchRoutes from '../../routes/search.ts'
import serviceAccountRoutes from '../../routes/service-accounts.ts'
import setupRoutes from '../../routes/setup.ts'
import sourceRoutes from '../../routes/sources.ts'
import uploadRoutes from '../../routes/uploads/index.ts'
import usageRoutes from '../../routes/usage.ts'
import userRoutes from '../../routes/users.ts'
import websocketRoutes from '../../routes/websocket.ts'
import wellKnownRoutes from '../../routes/well-known.ts'
import workspaceMemberRoutes from '../../routes/workspace-members.ts'
import workspaceRoutes from '../../routes/workspaces.ts'

/** Registers every route. A worker serves its health only. */
export async function registerRoutes(app: FastifyInstance, { worker }: { worker: boolean }): Promise<void> {
  await app.register(healthRoutes)
  await app.register(healthRoutes, { prefix: '/api' })
  if (worker) return
  await app.register(wellKnownRoutes)
  await app.register(authRoutes)
  await app.register(authCookieRoutes)
  await app.register(authRecoveryRoutes)
  await app.register(authMfaRoutes)
  await app.register(authOAuthRoutes)
  await app.register(authPasskeyRoutes)
  await app.register(apiKeyRoutes)
  await app.register(userRoutes)
  await app.register(usageRoutes)
  await app.register(exportRoutes)
  await app.register(setupRoutes)
  await app.register(auditRoutes)
  await app.register(workspaceRoutes)
  await app.register(workspaceMemberRoutes)
  await app.register(invitationRoutes)
  await app.register(serviceAccountRoutes)
  await app.register(conversationRoutes)
  await app.register(conversationMemberRoutes)
  await app.register(messageRoutes)
  await app.register(reactionRoutes)
  await app.register(uploadRoutes)
  await app.register(jobRoutes)
  await app.register(chatRoutes)
  await app.register(searchRoutes)
  await app.register(sourceRoutes)
  await app.register(graphRoutes)
  await app.register(annotationRoutes)
  await app.register(graphqlRoutes)
  await app.register(mcpRoutes)
  await app.register(websocketRoutes)
}
