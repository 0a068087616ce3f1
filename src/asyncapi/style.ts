/** The style sheet of the page /docs/websocket: light and dark, no scripts, no fonts from elsewhere. */
export const PAGE_CSS = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#fbfcfc, #0e1716); --card: light-dark(#ffffff, #14211f); --line: light-dark(#dde5e3, #263735);
  --text: light-dark(#1b2b29, #d9e6e3); --soft: light-dark(#5b6d6a, #8fa5a1); --accent: light-dark(#0f766e, #4fd1c0);
  --code: light-dark(#f0f5f4, #0a1211); --bar: #12302c;
}
* { box-sizing: border-box; }
html { scroll-padding-top: 72px; scroll-behavior: smooth; }
body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.6 system-ui, sans-serif; }
header { position: sticky; top: 0; z-index: 2; display: flex; align-items: center; gap: 16px; padding: 10px 28px; background: var(--bar); color: #fff; }
header .mark { display: grid; place-items: center; width: 32px; height: 32px; border-radius: 9px; background: #0f766e; font-weight: 700; }
header strong { font-size: 19px; }
header nav { margin-inline-start: auto; display: flex; gap: 20px; font-size: 14px; }
header a { color: #bfe5df; text-decoration: none; }
header a:hover { color: #fff; }
.page { display: grid; grid-template-columns: 230px minmax(0, 1fr); gap: 44px; max-width: 1240px; margin: 0 auto; padding: 32px 28px 96px; }
aside { position: sticky; top: 84px; align-self: start; max-height: calc(100vh - 110px); overflow: auto; font-size: 14px; }
aside h2 { margin: 18px 0 4px; padding: 0; border: 0; font-size: 12px; letter-spacing: .07em; text-transform: uppercase; color: var(--soft); }
aside ul { list-style: none; margin: 0; padding: 0; }
aside a { display: block; padding: 2px 0; color: var(--text); text-decoration: none; font-family: ui-monospace, monospace; font-size: 13px; }
aside a:hover { color: var(--accent); }
main > p { max-width: 78ch; }
h1 { margin: 0 0 8px; font-size: 32px; line-height: 1.2; letter-spacing: -.01em; }
h2 { margin: 52px 0 14px; padding-top: 20px; border-top: 1px solid var(--line); font-size: 23px; }
article { margin: 0 0 18px; padding: 18px 22px; background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
article h3 { margin: 0; font: 600 17px ui-monospace, monospace; }
article h3 a { color: inherit; text-decoration: none; }
article p { margin: 6px 0 0; color: var(--soft); }
article h4 { margin: 16px 0 4px; font-size: 12px; letter-spacing: .06em; text-transform: uppercase; color: var(--soft); }
.way { float: right; padding: 1px 9px; border-radius: 99px; border: 1px solid var(--line); font-size: 12px; color: var(--soft); }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; margin-top: 12px; font-size: 14px; }
th { padding: 4px 14px 4px 0; text-align: start; font-weight: 600; color: var(--soft); font-size: 12px; }
td { padding: 6px 14px 6px 0; border-top: 1px solid var(--line); vertical-align: top; }
td:first-child { white-space: nowrap; }
.need::after { content: ' *'; color: var(--accent); }
code, pre { font-family: ui-monospace, monospace; font-size: 13px; }
code { overflow-wrap: anywhere; }
p code, td code { padding: 1px 5px; border-radius: 5px; background: var(--code); }
pre { margin: 14px 0 0; padding: 12px 14px; overflow-x: auto; border-radius: 8px; background: var(--code); line-height: 1.5; }
a { color: var(--accent); }
.type { color: var(--soft); }
@media (max-width: 860px) {
  .page { grid-template-columns: minmax(0, 1fr); gap: 8px; padding: 20px 16px 64px; }
  aside { position: static; max-height: none; }
  aside ul { display: flex; flex-wrap: wrap; gap: 0 14px; }
  header nav { gap: 12px; }
  header { padding: 10px 16px; }
}
`
