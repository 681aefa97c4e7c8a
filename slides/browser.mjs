// The browser that `.ci/slides` has found, without anything to be seen of it.
import { createRequire } from "node:module";
import { join } from "node:path";

export function openBrowser() {
  const require = createRequire(join(process.env.SLIDES_TOOLS, "package.json"));
  return require("puppeteer-core").launch({
    executablePath: process.env.CHROME_PATH,
    // Root has no sandbox to be put into.
    args: process.env.CHROME_NO_SANDBOX ? ["--no-sandbox"] : [],
  });
}
