import { writeFileSync } from 'node:fs';
import process from 'node:process';

/*
 * What a host does before anything else of it is loaded. A Node that knows `--disable-sigusr1` (22.14, 23.7 and later) blocks that signal;
 * an older one opens an inspector as long as nobody listens.
 */

process.on('SIGUSR1', () => undefined);

// core(5): of a core that is written in spite of its limit (to a pipe, say) no memory is a part: keys lie there.
try {
  writeFileSync('/proc/self/coredump_filter', '0', { flag: 'r+' }); // never made where there is none
} catch {
  // another system, a kernel without it, or a /proc that is closed to us
}
