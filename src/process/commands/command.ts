import { EXIT, OperatorError } from '../exit.ts'

/** One command of the command line. */
export type Command = {
  /** How it is called, such as `user create --email E --password P`. */
  usage: string
  summary: string
  /** Runs it; resolves with the exit code. Prints through `print`. */
  run(args: string[], print: (text: string) => void): Promise<number>
}

/** A mistake on the command line, told with the usage of the command. */
export function usageError(command: Pick<Command, 'usage'>, message: string): OperatorError {
  return new OperatorError(`${message}\nUsage: parley ${command.usage}`, EXIT.usage)
}
