// What the Node SDKs are told to do: scenes come in as JSON, what became of them goes out as JSON.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const FIELDS = {
  userId: 'user_id', anonymousId: 'anonymous_id', groupId: 'group_id', previousId: 'previous_id',
  category: 'category', name: 'name', event: 'event', properties: 'properties', traits: 'traits',
}

export const play = JSON.parse(readFileSync(0, 'utf8'))

/** Runs in Node and, as text, in a page: every `Date` from then on shows a wrong time. */
export function wrongClock(seconds) {
  const Right = globalThis.Date
  const offset = seconds * 1000
  globalThis.Date = class Date extends Right {
    constructor(...given) {
      if (given.length) super(...given)
      else super(Right.now() + offset)
    }
    static now() {
      return Right.now() + offset
    }
  }
}

/** A call as the Node SDKs take it. */
export function message(call) {
  const named = Object.entries(FIELDS).filter(([, from]) => from in call)
  const fields = Object.fromEntries(named.map(([to, from]) => [to, call[from]]))
  return 'at' in call ? { ...fields, timestamp: new Date(Date.now() + call.at * 1000) } : fields
}

export const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000))

export const versionOf = (name) =>
  createRequire(import.meta.url)(`../node_modules/${name}/package.json`).version

/** Every scene with `perform`, one after the other. */
export async function tell(name, perform) {
  const scenes = {}
  for (const [scene, told] of Object.entries(play.scenes)) scenes[scene] = await perform(told)
  process.stdout.write(JSON.stringify({ version: versionOf(name), scenes }), () => process.exit(0))
}
