// Puts what a script made into its place on a page: between <!-- name --> and <!-- /name -->.
import { readFileSync, writeFileSync } from 'node:fs';

/** Throws where the page has no such place. */
export function fillIn(file, contents) {
  let text = readFileSync(file, 'utf8');
  for (const [name, content] of Object.entries(contents)) {
    const place = new RegExp(`(<!-- ${name} -->)[^]*?(<!-- /${name} -->)`);
    if (!place.test(text)) throw new Error(`Expected <!-- ${name} --> and <!-- /${name} --> in ${file}.`);
    text = text.replace(place, (_, begin, end) => `${begin}\n${content}\n${end}`);
  }
  writeFileSync(file, text);
}
