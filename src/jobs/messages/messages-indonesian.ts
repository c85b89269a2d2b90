import { faultWords, formatBytes } from '../../platform/index.ts';
import { because, ofAccount, inFile, minutes, shortId, shortIds } from './fact-phrases.ts';
import type { FactReader, Message, Phrasebook } from './phrasebook.ts';

const seeRepository =
  'Periksa yang diberikan dengan --repo (-r) atau RESTIC_REPOSITORY, dan pastikan disk atau folder berbagi sudah terpasang. Repositori baru dibuat dengan "cadangan init".';
const checkStorage =
  'Pastikan disk atau folder berbagi terpasang dan jaringan berfungsi, lalu jalankan lagi perintah yang sama: yang sudah tersimpan akan dipakai.';
const runCheck = 'Jalankan "cadangan check --read-data" untuk melihat apa yang terdampak.';

/** The same in Indonesian, with the words of Google's and Microsoft's Indonesian interfaces. */
export const indonesian: Phrasebook = {
  errors: {
    'repository.missing': (facts) => ({ what: `Tidak ada repositori di ${at(facts)}.`, next: seeRepository }),
    'repository.exists': (facts) => ({
      what: `Tidak dapat membuat repositori di ${at(facts)}: sudah ada repositori di sana.`,
      next: 'Gunakan yang itu, atau sebutkan folder kosong.',
    }),
    'repository.wrong-password': (facts) => ({
      what: `Tidak dapat membuka repositori di ${at(facts)}: kata sandi salah.`,
      next: 'Tidak ada kunci repositori ini yang cocok. Periksa kata sandi, dan apakah ini repositori yang dimaksud.',
    }),
    'repository.locked': lockedMessage,
    'repository.lock-lost': (facts) => ({
      what: `Dihentikan: penguncian repositori di ${at(facts)} hilang${because(facts)}.`,
      next: 'Mungkin program lain menghapusnya, atau repositori terlalu lama tidak terjangkau. Jalankan lagi perintah yang sama.',
    }),
    'repository.damaged': (facts) => ({
      what: `Repositori rusak: ${[damagedThing(facts), facts.plain('reason')].filter((part) => part !== undefined).join(': ') || 'tidak dapat dibaca'}.`,
      next: runCheck,
    }),
    'repository.unsupported': (facts) => ({
      what: `Repositori ini memerlukan program yang lebih baru: ${facts.plain('kind') ?? 'isinya'} memiliki versi ${facts.plain('version') ?? 'yang tidak diketahui'}.`,
      next: 'Perbarui Cadangan.',
    }),
    'repository.self-test': (facts) => ({
      what: `Node.js ini salah menghitung ${facts.plain('primitive') ?? 'kriptografinya'}; tidak ada yang dikerjakan.`,
      next: 'Gunakan rilis Node.js yang lain, dan uji memori mesin ini.',
    }),
    'repository.verification': () => ({
      what: 'Dihentikan: data yang baru saja dienkripsi tidak terbaca kembali sama. Tidak ada yang salah tersimpan.',
      next: 'Ini menandakan memori atau prosesor bermasalah. Uji perangkat keras sebelum mencadangkan lagi.',
    }),
    'storage.unreachable': (facts) => ({
      what: `Tidak dapat menjangkau repositori di ${at(facts)}${inFile(facts)}${because(facts)}.`,
      next: checkStorage,
    }),
    'storage.full': (facts) => ({
      what: `Tidak ada ruang tersisa di ${at(facts)}${freeSpace(facts)}.`,
      next: 'Kosongkan ruang di sana, lalu jalankan lagi perintah yang sama: yang sudah tersimpan akan dipakai.',
    }),
    'storage.denied': (facts) => ({
      what: `Tidak diizinkan mengakses ${at(facts)}${inFile(facts)}${because(facts)}.`,
      next: 'Periksa izin pengguna ini di sana. Untuk sekadar membaca repositori yang tidak dapat ditulisi, tambahkan --no-lock.',
    }),
    'storage.not-found': (facts) => ({
      what: `Satu berkas repositori di ${at(facts)} hilang: ${facts.plain('file') ?? 'tanpa nama'}.`,
      next: runCheck,
    }),
    'storage.invalid-location': (facts) => ({
      what: `Tidak dapat memakai ${facts.quoted('location', 'lokasi ini')} sebagai repositori: ${facts.plain('reason') ?? 'tidak dipahami'}.`,
      next: `Yang dipahami: ${facts.list('supported').join(', ')}.`,
    }),
    'source.missing': (facts) => ({
      what: `Tidak ada yang dicadangkan: ${
        facts
          .list('paths')
          .map((path) => `"${path}"`)
          .join(', ') || 'sumbernya'
      } tidak ada.`,
      next: 'Periksa sumbernya. Tidak ada snapshot yang dibuat.',
    }),
    'source.unsupported': (facts) => ({
      what: `Ditolak mencadangkan ${facts.quoted('path', 'sebuah sumber')}${because(facts)}.`,
      next: 'Tuliskan lokasi lengkapnya, mulai dari drive atau folder berbaginya, misalnya C:\\Data atau \\\\server\\share\\Data. Tidak ada snapshot yang dibuat.',
    }),
    'source.contains-repository': (facts) => ({
      what: `Ditolak: repositori tidak dicadangkan ke dalam dirinya sendiri; ${at(facts)} terletak di dalam sumber.`,
      next: `Kecualikan dengan --exclude ${facts.quoted('path', 'PATH')}. Tidak ada snapshot yang dibuat.`,
    }),
    'source.empty': () => ({
      what: 'Tidak ada yang dicadangkan: semuanya dikecualikan.',
      next: 'Periksa pola pengecualian. Tidak ada snapshot yang dibuat.',
    }),
    'snapshot.not-found': (facts) => ({
      what: `Tidak ada snapshot ${facts.quoted('snapshot', 'dengan nama itu')}.`,
      next: 'Lihat "cadangan snapshots" untuk yang ada; penyaring (--host, --tag, --path) berlaku untuk "latest".',
    }),
    'snapshot.ambiguous': (facts) => ({
      what: `Beberapa snapshot berawalan ${facts.quoted('snapshot')}: ${shortIds(facts)}.`,
      next: 'Tuliskan id lebih lengkap.',
    }),
    'path.not-found': (facts) => ({
      what: `${facts.quoted('path', 'Lokasi itu')} tidak ada dalam snapshot${because(facts)}.`,
      next: 'Lihat "cadangan ls" untuk isinya; lokasi diawali dengan /.',
    }),
    'target.unsafe': (facts) => ({
      what: `Ditolak: tidak memulihkan ke ${facts.quoted('target', 'tujuan itu')}${because(facts)}.`,
      next: 'Sebutkan folder tujuan lain dengan --target.',
    }),
    'target.denied': (facts) => ({
      what: `Tidak diizinkan menulis ke ${facts.quoted('target', 'tujuan')}${because(facts)}.`,
      next: 'Periksa izin di sana, atau sebutkan folder tujuan lain dengan --target.',
    }),
    'target.full': (facts) => ({
      what: `Tidak ada ruang tersisa di ${facts.quoted('target', 'tujuan')}${freeSpace(facts)}.`,
      next: 'Kosongkan ruang di sana dan jalankan lagi perintah yang sama: berkas yang sudah benar tidak ditulis lagi.',
    }),
    'password.missing': (facts) => ({
      what: `${facts.plain('file') === undefined ? 'Kata sandi tidak diberikan' : `Tidak dapat mengambil kata sandi dari ${facts.quoted('file')}`}${because(facts)}.`,
      next: 'Gunakan --password-file, --password-command, RESTIC_PASSWORD, atau ketikkan di terminal.',
    }),
    'password.exposed': (facts) => ({
      what: `Berkas kata sandi ${facts.quoted('file', 'set itu')} dapat dibaca oleh selain pemiliknya${facts.plain('mode') === undefined ? '' : ` (mode ${facts.plain('mode')})`}; berkas itu tidak dipakai.`,
      next: 'Cabut hak baca mereka (chmod 600), dan ganti kata sandinya bila mungkin sudah ada yang membacanya.',
    }),
    'password.empty': () => ({ what: 'Kata sandi kosong tidak melindungi apa pun.', next: 'Berikan yang tidak kosong.' }),
    'key.last': (facts) => ({
      what: `Ditolak: kunci ${shortId(facts.plain('key'))} tidak dihapus, karena dengan kunci itulah repositori dibuka.`,
      next: 'Buka repositori dengan kata sandi lain, atau ganti yang ini dengan "cadangan key passwd".',
    }),
    'key.not-found': (facts) => ({
      what: `Tidak ada kunci ${facts.quoted('key', 'dengan nama itu')}.`,
      next: 'Lihat "cadangan key list".',
    }),
    'key.ambiguous': (facts) => ({
      what: `Beberapa kunci berawalan ${facts.quoted('key')}: ${shortIds(facts)}.`,
      next: 'Tuliskan id lebih lengkap.',
    }),
    'arguments.invalid': argumentsMessage,
    'config.invalid': (facts) => ({
      what: `Tidak dapat memakai konfigurasi${facts.plain('path') === undefined ? '' : ` ${facts.quoted('path')}`}${inLine(facts)}${because(facts)}.`,
      next: 'Perbaiki di sana; VS Code menandai tempatnya.',
    }),
    'config.changed': (facts) => ({
      what: `Konfigurasi ${facts.quoted('path', 'itu')} sementara itu diubah pihak lain. Tidak ada yang ditulis.`,
      next: 'Coba lagi.',
    }),
    'config.denied': (facts) => ({
      what: `Tidak dapat membaca atau menulis konfigurasi ${facts.quoted('path', 'itu')}${because(facts)}.`,
      next: 'Periksa izin pengguna ini di sana.',
    }),
    'set.unknown': (facts) => ({
      what: `Tidak ada set cadangan ${facts.quoted('set', 'dengan nama itu')} dalam konfigurasi.`,
      next: 'Periksa namanya, dan apakah ada kesalahan dalam konfigurasi.',
    }),
    'set.exists': (facts) => ({ what: `Set cadangan ${facts.quoted('set', 'dengan nama itu')} sudah ada.`, next: 'Pilih nama lain.' }),
    'offsite.unknown': (facts) => ({
      what: `Tidak ada salinan eksternal ${facts.quoted('copy', 'dengan nama itu')} dalam konfigurasi.`,
      next: 'Periksa namanya di bawah "offsiteCopies", dan apakah ada kesalahan dalam konfigurasi.',
    }),
    'offsite.exists': (facts) => ({
      what: `Salinan eksternal ${facts.quoted('copy', 'dengan nama itu')} sudah ada.`,
      next: 'Pilih nama lain.',
    }),
    'offsite.other-repository': (facts) => ({
      what: `Ditolak: isi ${at(facts)} milik repositori lain, bukan ${facts.quoted('source', 'yang ini')}, atau milik keduanya${facts.plain('file') === undefined ? '' : ` (${facts.quoted('file')})`}. Tidak ada yang dihapus di sana.`,
      next: 'Beri kedua repositori folder masing-masing: sebutkan folder lain ("to") untuk salah satunya. Berkasnya yang sudah ada di folder itu kemudian dapat dihapus di drive.google.com.',
    }),
    'offsite.source-doubtful': (facts) => ({
      what: `Tidak ada yang disalin: repositori di ${at(facts)} tidak seperti seharusnya${because(facts)}.`,
      next: 'Pastikan disk atau folder berbagi terpasang dan "cadangan check" tidak menemukan kesalahan. Salinan di Google Drive tetap seperti semula.',
    }),
    'offsite.busy': (facts) => ({
      what: `Salinan eksternal ${facts.quoted('copy', 'dengan nama itu')} sedang dikerjakan proses lain${because(facts)}.`,
      next: 'Tunggu sampai selesai, atau biarkan proses itu mengerjakannya.',
    }),
    'schedule.not-running': (facts) => ({
      what: `Set backup tidak dapat dijalankan di sini${because(facts)}.`,
      next: 'Pastikan folder keadaan dapat ditulis, lalu coba lagi.',
    }),
    'host.older': () => ({
      what: 'Sebuah jendela VS Code dengan Cadangan versi lama sedang menjalankan jadwal.',
      next: 'Muat ulang jendela itu; setelah itu versi ini mengambil alih.',
    }),
    'host.outdated': (facts) => ({
      what: `Proses Cadangan yang dimulai di sini memakai versi ${facts.plain('version') ?? 'lama'}; program ini memakai ${facts.plain('wanted') ?? 'versi yang lebih baru'}.`,
      next: 'Muat ulang jendela VS Code di mesin ini. Jika tidak membantu, pasang ulang Cadangan.',
    }),
    'host.crash-loop': (facts) => ({
      what: `Host Cadangan, proses yang melakukan pekerjaan, berhenti ${facts.plain('starts') ?? 'beberapa'} kali segera setelah dimulai; dicoba lagi dalam ${minutes(facts, 'waitMs')} mnt.`,
      next: `${facts.quoted('path', 'host.log di folder keadaan')}, dan host.out di sampingnya, menyebutkan sebabnya.`,
    }),
    'host.taken': (facts) => ({
      what: `Proses Cadangan lain sudah melayani ${facts.quoted('path', 'folder keadaan ini')}.`,
      next: 'Gunakan proses itu; proses kedua di sampingnya akan menjalankan setiap jadwal dua kali.',
    }),
    'host.unreachable': (facts) => ({
      what: `Proses Cadangan yang melayani ${facts.quoted('path', 'folder keadaan ini')} tidak dapat diajak bicara${because(facts)}.`,
      next: 'Muat ulang jendela VS Code di mesin ini, agar semuanya memakai versi yang sama.',
    }),
    'state.in-use': (facts) => ({
      what: `${facts.quoted('path', 'Folder keadaan')} sedang dipakai oleh ${facts.quoted('host', 'mesin lain')}, proses ${facts.plain('process') ?? 'tidak diketahui'}.`,
      next: 'Beri setiap mesin dan kontainer folder keadaannya sendiri: CADANGAN_STATE menyebutkannya.',
    }),
    'state.moved': (facts) => ({
      what: `Rekaman dan pengaturan ${facts.quoted('path', 'folder keadaan ini')} telah dipindahkan ke layanan sistem${facts.plain('to') === undefined ? '' : ` (${facts.quoted('to')})`}.`,
      next: 'Periksa dengan "cadangan service status" apakah layanan itu berjalan. Di sini tidak ada lagi yang ditulis.',
    }),
    'service.unsupported': (facts) => ({
      what: `Layanan tidak dapat dipasang atau dijalankan seperti itu: ${facts.plain('reason') ?? 'tidak dikenal di sini'}.`,
      next: 'Lihat docs/service.id.md untuk apa yang mungkin di sistem ini.',
    }),
    'service.unsafe': (facts) => ({
      what: `Layanan tidak dimulai: ${facts.quoted('path', 'berkas yang dipakainya')} dapat diubah oleh selain administrator (${facts.plain('reason') ?? 'tidak diketahui'}).`,
      next: 'Jadikan berkas itu dan folder di atasnya milik root, dan jangan izinkan orang lain menulis di sana (chown root, chmod go-w).',
    }),
    'service.manager': (facts) => ({
      what: `${facts.quoted('program', 'Program sistem')} gagal${facts.plain('reason') === undefined ? '' : `: ${facts.plain('reason')}`}.`,
      next: 'Perbaiki yang disebutkannya, lalu jalankan perintah yang sama lagi: yang sudah selesai tidak diulang.',
    }),
    'service.not-running': () => ({
      what: 'Layanan mesin ini tidak berjalan, dan tidak ada yang dimulai di sampingnya.',
      next: 'Jalankan layanan itu (systemctl start cadangan), atau periksa dengan "cadangan service status" apa yang salah.',
    }),
    'rights.denied': () => ({
      what: 'Layanan mesin ini hanya mengizinkan administrator melakukannya. Anggota grupnya melihat status dan rekaman, memulai set yang dikonfigurasi, dan menghentikan proses yang mereka mulai sendiri.',
      next: 'Mintalah kepada administrator, atau jalankan perintah dengan sudo. Untuk melihat isi snapshot, nama Anda harus ada dalam "readers" set itu.',
    }),
    'service.denied': (facts) => ({
      what: `Layanan sistem hanya dapat diubah oleh administrator${facts.plain('path') === undefined ? '' : ` (${facts.quoted('path')}: ${facts.plain('reason') ?? 'ditolak'})`}.`,
      next: 'Jalankan perintah itu dengan sudo, atau dengan --user untuk layanan Anda sendiri.',
    }),
    'file.too-large': (facts) => ({
      what: `${facts.quoted('path', 'Berkas itu')} terlalu besar untuk ini (${facts.plain('sizeBytes') ?? 'lebih banyak'} bita; paling banyak ${facts.plain('maxBytes') ?? 'lebih sedikit'}).`,
      next: 'Pulihkan ke sebuah folder, lalu buka di sana.',
    }),
    'command.failed': (facts) => ({
      what: `Tidak ada yang dicadangkan atau disalin: program ${facts.quoted('program', 'yang mendahuluinya')} gagal${because(facts)}.`,
      next: 'Perbaiki program yang disebut "before" dalam konfigurasi. Keluarannya ada dalam rekaman.',
    }),
    'records.busy': (facts) => ({
      what: `Rekaman di ${facts.quoted('folder', 'folder ini')} sedang dipakai proses lain.`,
      next: 'Tidak ada yang direkam. Akhiri proses itu bila macet, lalu jalankan lagi perintah yang sama.',
    }),
    'records.key': (facts) => ({
      what: `Kunci instalasi ini, ${facts.quoted('path', 'sebuah berkas')}, tidak dapat dipakai.`,
      next: 'Kembalikan dari salinannya. Bila tidak ada, pindahkan berkas itu: rekaman berlanjut dengan kunci baru, dan verifikasinya menunjukkan sejak kapan.',
    }),
    'record.not-found': (facts) => ({
      what: `Tidak ada rekaman ${facts.quoted('record', 'dengan nomor itu')}.`,
      next: 'Lihat "cadangan records list".',
    }),
    'pack.invalid': (facts) => ({
      what: `${facts.quoted('path', 'Berkas itu')} tidak dapat dipakai sebagai paket audit${because(facts)}.`,
      next: 'Periksa apakah itu berkas utuh seperti yang dibuat "cadangan records pack".',
    }),
    'host.lost': (facts) => ({
      what: `Host Cadangan, proses yang melakukan pekerjaan, berhenti tanpa diduga${because(facts)}.`,
      next: 'Host itu dimulai lagi dengan sendirinya. Jalankan lagi perintah yang sama: yang sudah tersimpan akan dipakai.',
    }),
    'drive.not-set-up': (facts) => ({
      what: `Google Drive belum disiapkan${because(facts)}.`,
      next: 'Panduan docs/google-drive.id.md menjelaskan langkahnya: klien OAuth atau kunci akun layanan, dan "googleDrive" dalam konfigurasi.',
    }),
    'drive.sign-in-failed': (facts) => ({
      what: `Tidak ada yang masuk ke Google Drive${because(facts)}.`,
      next: 'Jalankan lagi "cadangan drive sign-in" dan setujui yang diminta halaman itu.',
    }),
    'drive.signed-out': (facts) => ({
      what: `Belum masuk ke Google Drive${ofAccount(facts)}${because(facts)}.`,
      next: 'Jalankan "cadangan drive sign-in". Tidak ada yang hilang; salinan dilanjutkan dari yang terakhir. Jika terjadi setiap minggu, klien OAuth masih berstatus "Testing".',
    }),
    'drive.wrong-account': (facts) => ({
      what: `Ditolak: masuk sebagai ${facts.quoted('account', 'akun lain')}, padahal akun yang ditunjuk adalah ${facts.quoted('designatedAccount', 'yang lain')}.`,
      next: 'Jalankan "cadangan drive sign-in" dan pilih akun yang ditunjuk, atau ubah "googleDrive.account" dalam konfigurasi.',
    }),
    'drive.full': (facts) => ({
      what: `Google Drive tidak dapat menampung lagi${ofAccount(facts)}${because(facts)}.`,
      next: 'Kosongkan ruang di sana (sampah ikut dihitung) atau tambah kapasitas, lalu jalankan lagi perintah yang sama: yang sudah tersimpan akan dipakai.',
    }),
    'drive.daily-volume': (facts) => ({
      what: `Google tidak menerima data lagi hari ini${ofAccount(facts)}: batasnya 750 GB sehari.`,
      next: 'Tunggu; proses berlanjut sendiri kira-kira sehari kemudian. Yang sudah tersimpan akan dipakai.',
    }),
    'drive.rate-limited': (facts) => ({
      what: `Google meminta permintaan dikurangi${because(facts)}.`,
      next: 'Tunggu beberapa menit, lalu jalankan lagi perintah yang sama.',
    }),
    'drive.unavailable': (facts) => ({
      what: `Google Drive tidak dapat dijangkau${because(facts)}.`,
      next: 'Periksa jaringan dan proksi ("proxy" di bawah "googleDrive"), lalu jalankan lagi perintah yang sama: yang sudah tersimpan akan dipakai.',
    }),
    'drive.denied': (facts) => ({
      what: `Google Drive tidak mengizinkan ini${ofAccount(facts)}${because(facts)}.`,
      next: 'Periksa hak akun ini di folder atau drive bersama itu, dan apakah izinnya dicentang saat masuk.',
    }),
    'drive.not-found': (facts) => ({
      what: `Berkas itu tidak ada di Google Drive${inFile(facts)}${because(facts)}.`,
      next: 'Hanya berkas yang dibuat dengan klien OAuth ini yang terlihat. Periksa folder dan kliennya.',
    }),
    'drive.download-refused': (facts) => ({
      what: `Google menolak pengunduhan${inFile(facts)}${because(facts)}.`,
      next: 'Kuota unduhan pulih setelah kira-kira sehari. Sementara itu pulihkan dari server cadangan.',
    }),
    'drive.altered': (facts) => ({
      what: `Yang disimpan Google Drive bukan yang dikirim${inFile(facts)}${because(facts)}. Berkas itu dihapus lagi di sana.`,
      next: 'Jalankan lagi perintah yang sama. Jika tetap begitu, uji jaringan, memori, dan disk mesin ini.',
    }),
    aborted: () => ({ what: 'Dihentikan sebelum selesai.', next: 'Yang sudah tersimpan dipakai oleh cadangan berikutnya.' }),
  },
  unknown: (text) => ({
    what: `Terjadi sesuatu yang tidak terduga: ${text}`,
    next: 'Ini kesalahan dalam Cadangan. Jalankan lagi perintah itu dengan --verbose dan laporkan isinya.',
  }),
  cause: (text) => `  karena: ${text}`,
  faultWords: faultWords.id,
};

function at(facts: FactReader): string {
  return facts.quoted('location', 'lokasi ini');
}

function inLine(facts: FactReader): string {
  const line = facts.plain('line');
  return line === undefined ? '' : `, baris ${line}, kolom ${facts.plain('column') ?? '1'}`;
}

function freeSpace(facts: FactReader): string {
  const free = facts.size('freeBytes');
  const needed = facts.size('neededBytes');
  if (free === undefined) return '';
  return needed === undefined ? `: sisa ${formatBytes(free)}` : `: sisa ${formatBytes(free)}, perlu ${formatBytes(needed)}`;
}

function lockedMessage(facts: FactReader): Message {
  const holder = [facts.plain('holderUser'), facts.plain('holderHost')].filter((part) => part !== undefined).join('@');
  const since = facts.plain('since')?.slice(0, 19).replace('T', ' ');
  const process = facts.plain('holderPid');
  const kind = facts.plain('exclusive') === 'true' ? ' secara eksklusif' : '';
  return {
    what: `Repositori di ${at(facts)} dikunci${kind} oleh ${holder || 'pihak lain'}${process === undefined ? '' : `, proses ${process}`}${since === undefined ? '' : `, sejak ${since}`}.`,
    next: 'Tunggu sampai selesai (--retry-lock 10m melakukannya). Jika program itu pasti sudah tidak ada, jalankan "cadangan unlock".',
  };
}

function damagedThing(facts: FactReader): string | undefined {
  const blob = facts.plain('blob');
  if (facts.plain('path') !== undefined) return `isi ${facts.quoted('path')}`;
  const pack = facts.plain('pack');
  if (blob !== undefined)
    return `blob ${facts.plain('type') ?? 'data'} ${blob.slice(0, 16)}${pack === undefined ? '' : ` dalam pack ${shortId(pack)}`}`;
  const kind = facts.plain('kind');
  const name = facts.plain('name');
  return kind === undefined || name === undefined ? kind : `${kind}/${name}`;
}

const subjects = { option: 'opsi', argument: 'argumen', value: 'nilai', file: 'berkas', pattern: 'pola' } as const;

function argumentsMessage(facts: FactReader): Message {
  const named = Object.entries(subjects).flatMap(([name, word]) =>
    facts.plain(name) === undefined ? [] : [`${word} ${facts.quoted(name)}`],
  );
  const about = named.length === 0 ? '' : `${named.join(', ')}: `;
  return {
    what: `Tidak dapat memakai argumen: ${about}${facts.plain('reason') ?? 'tidak sah'}.`,
    next: 'Lihat "cadangan help", atau "cadangan help" dengan nama perintahnya.',
  };
}
