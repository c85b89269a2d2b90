#!/usr/bin/env node
// What `cadangan` starts. It says in plain words that Node is too old, before anything is loaded that such a Node cannot even read; so it
// is in the syntax of 2009, and a file of its own: of a file with newer syntax an old Node runs no line.
// @ts-check
'use strict';

// zstd is what came last of all that we need (22.15, 23.8); the kernel's relaxed SIMD came with 22.0.
if (typeof require('zlib').createZstdCompress === 'function') {
  keepCompiled();
  require('./cli-main.js');
} else {
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

/**
 * Node keeps what it has compiled of the program for the next time, which is a third of the start. What it finds there it runs: so it lies
 * where nobody else can write, and not in another user's home (sudo may keep that). Without such a place it goes on without.
 */
function keepCompiled() {
  try {
    var fs = require('fs');
    var home = require('os').homedir();
    var isMine = function (/** @type {string} */ folder) {
      var found = fs.statSync(folder);
      return process.geteuid === undefined || (found.uid === process.geteuid() && (found.mode & 18) === 0); // 18: others may write
    };
    if (!isMine(home)) return;
    var folder = require('path').join(cachesOf(home), 'cadangan', 'compiled');
    fs.mkdirSync(folder, { recursive: true, mode: 448 }); // 448: nobody but the owner
    if (isMine(folder)) require('module').enableCompileCache(folder);
  } catch (_) {
    // a start that takes longer
  }
}

/** @param {string} home @returns {string} where programs of this system keep what can be made again */
function cachesOf(home) {
  if (process.platform === 'win32') return process.env.LOCALAPPDATA || home + '\\AppData\\Local';
  if (process.platform === 'darwin') return home + '/Library/Caches';
  var named = process.env.XDG_CACHE_HOME || '';
  return named.charAt(0) === '/' ? named : home + '/.cache';
}
