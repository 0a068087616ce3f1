const WIDTH = 28

/** Where the demo writes; a terminal gets moving bars and colours, anything else plain lines. */
export type Screen = { isTTY?: boolean | undefined; columns?: number; write(text: string): unknown }

const paint = (screen: Screen, code: number) => (text: string) =>
  screen.isTTY && !process.env.NO_COLOR ? `\u001b[${code}m${text}\u001b[0m` : text

/** Writes the steps of the demo. */
export function createTerminal(screen: Screen = process.stdout) {
  const green = paint(screen, 32)
  const red = paint(screen, 31)
  const dim = paint(screen, 2)
  let lineOpen = false

  const clearLine = (): void => {
    if (lineOpen) screen.write('\r\u001b[2K')
    lineOpen = false
  }
  const line = (text: string): void => {
    clearLine()
    screen.write(`${text}\n`)
  }

  return {
    line,
    dim,
    done: (text: string) => line(`${green('✓')} ${text}`),
    failed: (text: string) => line(`${red('✗')} ${text}`),
    /** Text that continues the present line, as a streamed answer does. */
    piece(text: string): void {
      clearLine()
      screen.write(text)
    },
    /** A bar for one piece of work. Off a terminal it writes a line at every quarter, and whenever the note changes. */
    bar(label: string) {
      let told = ''
      return {
        set(share: number, note = ''): void {
          const percent = Math.round(Math.min(1, Math.max(0, share)) * 100)
          if (screen.isTTY) {
            const full = Math.round((percent / 100) * WIDTH)
            const text = `  ${label.padEnd(10)} ${'█'.repeat(full)}${'░'.repeat(WIDTH - full)} ${String(percent).padStart(3)} % ${note}`
            screen.write(`\r\u001b[2K${text.slice(0, (screen.columns ?? 100) - 1)}`)
            lineOpen = true
            return
          }
          const state = `${Math.floor(percent / 25)} ${note}`
          if (state === told) return
          told = state
          line(`  ${label} ${percent} % ${note}`.trimEnd())
        },
        end: clearLine,
      }
    },
  }
}

/** What createTerminal returns. */
export type Terminal = ReturnType<typeof createTerminal>
