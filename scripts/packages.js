/**
 * Packages that come as hundreds of small ES modules. Each would be found, read and compiled by itself at every start, so they go into the
 * bundle with our own code; all others stay as they are in node_modules.
 */
const BUNDLED = ['typebox', 'drizzle-orm', 'uuid', 'p-queue', '@modelcontextprotocol/sdk', 'zod']

/** Plug-in of esbuild that leaves packages outside the bundle, but for those few. */
export const packages = {
  name: 'packages',
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, ({ kind, path }) => {
      const bundled = BUNDLED.some((name) => path === name || path.startsWith(`${name}/`))
      return kind === 'entry-point' || bundled ? undefined : { external: true }
    })
  },
}
