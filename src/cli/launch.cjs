#!/usr/bin/env node
// What `cadangan` starts. It says in plain words that Node is too old, before anything is loaded that such a Node cannot even read; so it
// is in the syntax of 2009, and a file of its own: of a file with newer syntax an old Node runs no line.
// @ts-check
'use strict';

// zstd is what came last of all that we need (22.15, 23.8); the kernel's relaxed SIMD came with 22.0.
if (typeof require('zlib').createZstdCompress === 'function') require('./cli-start.js');
else {
  process.stderr.write(
    'Cadangan needs Node.js 22.15 or newer, of 23 at least 23.8; this is ' + process.version + '. Install a newer one.\n',
  );
  process.stderr.write(
    'Cadangan memerlukan Node.js 22.15 atau lebih baru, untuk versi 23 minimal 23.8; ini ' +
      process.version +
      '. Pasang yang lebih baru.\n',
  );
  process.exitCode = 1;
}
