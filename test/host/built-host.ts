// The host as it is built, from where it lies. Of its sources, a module each, Windows' Node makes a host in five seconds under Wine: many
// tests start a dozen hosts and runners. A built one would be copied into the state folder first (`placeProgram`), which this file spares.
import process from 'node:process';

// A host keeps nothing of the environment but what it needs, and with it goes what Node has to load under Wine; its runners get its flags.
const wine = new URL('../../scripts/windows/wine-sockets.mjs', import.meta.url).href;
process.execArgv.push('--import', wine);
await import(wine);
await import(new URL('../../dist/host.js', import.meta.url).href);
