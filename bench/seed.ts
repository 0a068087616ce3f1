/** The records that every HTTP target holds before its first round. */
export const seed = {
  conversations: 100,
  conversationsWithMessages: 10,
  messages: 50,
  title: 'Where does the parser keep its state?',
  content:
    'The parser keeps it in a stack of frames, one for each open bracket, and pops a frame as soon as its bracket closes.',
} as const
