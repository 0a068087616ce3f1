/**
 * Strongly connected components with more than one member, or with an edge to itself (Tarjan, "Depth-first search and linear graph algorithms",
 * 1972), without recursion: graphs are deeper than the stack.
 * @returns the component number of each node that lies in a cycle, in the order in which they are met
 */
export function findCycles(size: number, targets: readonly (readonly number[])[]): Map<number, number> {
  const index = new Int32Array(size).fill(-1)
  const low = new Int32Array(size)
  const onStack = new Uint8Array(size)
  const stack: number[] = []
  const member = new Map<number, number>()
  let counter = 0
  let components = 0

  const enter = (node: number) => {
    index[node] = counter
    low[node] = counter
    counter++
    stack.push(node)
    onStack[node] = 1
  }

  function leave(node: number): void {
    if (low[node] !== index[node]) return
    const component: number[] = []
    let last: number
    do {
      last = stack.pop() as number
      onStack[last] = 0
      component.push(last)
    } while (last !== node)
    if (component.length === 1 && !targets[node]?.includes(node)) return
    for (const item of component) member.set(item, components)
    components++
  }

  for (let root = 0; root < size; root++) {
    if (index[root] !== -1) continue
    const work: { node: number; next: number }[] = [{ node: root, next: 0 }]
    enter(root)
    while (work.length > 0) {
      const frame = work[work.length - 1] as { node: number; next: number }
      const { node } = frame
      const target = targets[node]?.[frame.next++]
      if (target === undefined) {
        work.pop()
        const parent = work[work.length - 1]?.node
        if (parent !== undefined) low[parent] = Math.min(low[parent] as number, low[node] as number)
        leave(node)
      } else if (index[target] === -1) {
        enter(target)
        work.push({ node: target, next: 0 })
      } else if (onStack[target]) low[node] = Math.min(low[node] as number, index[target] as number)
    }
  }
  return member
}
