// Runs the modules that are named, one after the other, and says how each went.
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';

for (const file of process.argv.slice(2)) {
  const name = basename(file, '.js');
  try {
    await import(pathToFileURL(file));
    console.log(`worked: ${name}`);
  } catch (error) {
    console.log(`failed: ${name}: ${error} ${(await error?.response?.text?.()) ?? ''}`);
  }
}
