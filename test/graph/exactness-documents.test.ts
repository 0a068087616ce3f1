import { type Scenario, testScenarios } from './scenarios.ts'

/** As exactness.test.ts, for documents. */
const scenarios: Scenario[] = [
  {
    name: 'anchors: headings inside of other blocks and in HTML, before any section, the top, lines',
    files: {
      'a.md': `<a name="start"></a>
[one](#quoted) [two](#in-a-list) [three](#made--in-html) [four](#top) [five](b.md#L3-L5) [six](#start) [seven](#made--in-html-1) [eight](#never)

# First

> ## Quoted

- ### In a *list*

<h2 align="center">Made &amp; <code>in</code> HTML</h2>

## Made & in HTML

<!-- <a href="never.md"></a> <h2>Never</h2> -->
`,
      'b.md': 'text\n',
    },
    has: [
      'links a.md -> a.md#first',
      'links a.md -> a.md#made--in-html-1',
      'links a.md -> a.md',
      'links a.md -> b.md',
      'links a.md -> unresolved:a.md#never unresolved',
    ],
    not: ['unresolved unresolved:never.md', 'unresolved unresolved:a.md#made', 'unresolved unresolved:a.md#quoted'],
  },
]

testScenarios(scenarios)
