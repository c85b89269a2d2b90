// As `built-host.ts`. A host keeps nothing of the environment but what it needs, and with it goes what Node has to load under Wine; its
// runners get its flags.
import process from 'node:process';

const wine = new URL('../../scripts/windows/wine-sockets.mjs', import.meta.url).href;
process.execArgv.push('--import', wine);
await import(wine);
await import('./built-host.ts');
