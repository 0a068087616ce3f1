const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 118 32" height="32">
  <rect width="32" height="32" rx="9" fill="#0f766e"/>
  <path d="M8 9.5h11a4 4 0 0 1 4 4v3a4 4 0 0 1-4 4h-4.5l-4.5 4v-4h-2z" fill="#f0fdfa"/>
  <text x="42" y="23" font-family="system-ui,sans-serif" font-size="20" font-weight="700" fill="#ffffff">Parley</text>
</svg>`

const CSS = `
.swagger-ui .topbar { background: #12302c; }
.swagger-ui .topbar .download-url-wrapper { display: none; }
.swagger-ui .topbar .dark-mode-toggle { margin-inline-start: auto; }
.swagger-ui .info { margin: 28px 0; }
.swagger-ui .scheme-container { padding: 14px 0; box-shadow: none; border-block: 1px solid rgb(0 0 0 / 10%); }
`

/** How Swagger UI looks: our name instead of the framework's, and no field for other servers' documents. */
export const docsTheme = {
  logo: { type: 'image/svg+xml', content: Buffer.from(LOGO), href: '/', target: '_self' as const },
  theme: { title: 'Parley API', css: [{ filename: 'parley.css', content: CSS }] },
}
