const SMALL_TALK: [RegExp, SmallTalk][] = [
  [
    /^(hi|hello|hey|hallo|good (morning|afternoon|evening)|greetings)\b[\s\p{P}]*(there|parley|assistant|everybody|all)?[\s\p{P}]*$/iu,
    'greeting',
  ],
  [
    /^(thanks?|thank you|thx|cheers|great|perfect|nice|ok(ay)?|got it)\b[\s\p{P}]*(a lot|very much|so much|you|that helps)?[\s\p{P}]*$/iu,
    'thanks',
  ],
  [/^((who|what) are you|what can you do|help|how do you work|what do you know)[\s\p{P}]*$/iu, 'self'],
]

/** Talk that asks for nothing in the files. */
export type SmallTalk = 'greeting' | 'thanks' | 'self'

/** Which kind of small talk a message is, if it is nothing else. */
export function smallTalkOf(text: string): SmallTalk | undefined {
  const plain = stripMention(text)
  return SMALL_TALK.find(([pattern]) => pattern.test(plain))?.[1]
}

/** Whether the assistant is spoken to by name. Not within a word or an address (`me@assistant.example`). */
export function mentionsAssistant(text: string): boolean {
  return /(^|[^\p{L}\p{N}_.@])@assistant(?![\p{L}\p{N}_@-]|\.\w)/iu.test(text)
}

/** The message without the name it begins or ends with. */
export function stripMention(text: string): string {
  return text.replace(/(^|\s)@assistant\b[,:]?\s*/giu, ' ').trim()
}
