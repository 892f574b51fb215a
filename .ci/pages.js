// Opens each page of a folder in Chromium, and one of each kind also dark; see .ci/pages.
const fs = require("fs");
const path = require("path");
const { pathToFileURL } = require("url");
const { chromium } = require("playwright-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const [site, profile, pictures] = process.argv.slice(2);
const address = (name) => pathToFileURL(path.join(site, name)).href;
const wrong = [];

const launch = (more) =>
  chromium.launchPersistentContext(profile, {
    executablePath: "/usr/bin/chromium",
    headless: true,
    viewport: { width: 1200, height: 800 },
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    ...more,
  });

// watch notes what a page says on its console, and each request that is not for a file.
function watch(context, page) {
  page.on("console", (m) => wrong.push(`${page.url()}: console: ${m.text()}`));
  page.on("pageerror", (e) => wrong.push(`${page.url()}: ${e}`));
  context.on("request", (r) => {
    if (!/^(file:|data:)/.test(r.url())) wrong.push(`${page.url()} asks for ${r.url()}`);
  });
}

async function main() {
  const context = await launch({ bypassCSP: true }); // so that axe can be put in
  const page = context.pages()[0];
  watch(context, page);
  const names = fs.readdirSync(site).filter((n) => n.endsWith(".html")).sort();
  const kind = (n) => n.match(/^(example|rewritten|skill)-/)?.[1];
  const first = names.filter((n) => !kind(n) || n === names.find((m) => kind(m) === kind(n)));
  for (const scheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: scheme });
    // dark pages differ in their colours only, and those of a kind have the same
    for (const name of scheme === "light" ? names : first) {
      await page.goto(address(name));
      await page.evaluate(axe);
      const rules = scheme === "light" ? {} : { runOnly: ["color-contrast"] };
      const found = await page.evaluate((rules) => axe.run(document, { resultTypes: ["violations"], ...rules }), rules);
      for (const v of found.violations) {
        wrong.push(`${name}, ${scheme}: ${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.target + " " + n.failureSummary).join("; ")}`);
      }
    }
    if (pictures) {
      await page.goto(address("release.html"));
      await page.locator("#flow").scrollIntoViewIfNeeded();
      await page.locator("#flow").evaluate((e) => window.scrollTo(0, e.getBoundingClientRect().top + window.scrollY - 20));
      await page.screenshot({ path: path.join(pictures, `page-${scheme}.png`) });
    }
  }
  await context.close();
  await strict();
  for (const w of wrong) console.log(w);
  if (wrong.length) process.exit(1);
  console.log(`${names.length} pages light, ${first.length} dark: axe finds nothing, the search finds, nothing leaves`);
}

// strict opens pages under their own policy, and searches: what the policy stops would
// stand on the console.
async function strict() {
  const context = await launch({});
  const page = context.pages()[0];
  watch(context, page);
  for (const name of ["release.html", "index.html"]) await page.goto(address(name));
  await search(page);
  await context.close();
}

// search types a word on the first page, as a person does, and follows what is found.
async function search(page) {
  await page.goto(address("index.html"));
  await page.fill("#q", "idempotent writes");
  await page.press("#q", "Enter");
  await page.waitForURL(/search\.html\?q=/);
  const shown = page.locator(".results li:visible");
  const count = await shown.count();
  if (count < 1 || count > 60) wrong.push(`the search finds ${count} sections`);
  await shown.first().locator("a").click();
  if (!/operations\.html#idempotent-writes$/.test(page.url())) wrong.push(`the first that is found is ${page.url()}`);
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
