// Runs the modules that are named, one after the other, and says how each went.
import { basename, dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const files = process.argv.slice(2).map((file) => resolve(file));
process.chdir(dirname(files[0])); // what they write stays with them
for (const file of files) {
  const name = basename(file, '.js');
  try {
    await import(pathToFileURL(file));
    console.log(`worked: ${name}`);
  } catch (error) {
    console.log(`failed: ${name}: ${error} ${(await error?.response?.text?.()) ?? ''}`);
  }
}
