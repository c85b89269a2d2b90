import { faultWords, formatBytes, isRemote } from '../../platform/index.ts';
import { because, ofAccount, inFile, minutes, shortId, shortIds, unheeded } from './fact-phrases.ts';
import type { FactReader, Message, Phrasebook } from './phrasebook.ts';

const seeRepository =
  'Periksa yang diberikan dengan --repo (-r) atau RESTIC_REPOSITORY, dan pastikan disk atau folder berbagi sudah terpasang. Repositori baru dibuat dengan "cadangan init".';
const checkStorage =
  'Pastikan disk atau folder berbagi terpasang dan jaringan berfungsi, lalu jalankan lagi perintah yang sama: yang sudah tersimpan akan dipakai.';
const checkServer =
  'Periksa alamat dan jaringan, dan pastikan servernya menyala; lalu jalankan lagi perintah yang sama: yang sudah tersimpan akan dipakai.';
const beginAnew = 'Untuk menyalin semuanya lagi dari repositori, jalankan "cadangan offsite sync --begin-anew".';
const notGoogle =
  'Ada yang menjawab sebagai ganti Google di tengah jalan: proksi yang meminta masuk, penyaring, atau halaman jaringan. Izinkan www.googleapis.com, oauth2.googleapis.com, dan accounts.google.com, atau sebutkan proksi yang benar ("proxy" di bawah "googleDrive").';
const otherCertificate =
  'Ada yang menunjukkan sertifikat yang tidak dijamin siapa pun di sini (pemeriksaan TLS), atau jam mesin ini salah. Tambahkan otoritas sertifikat perusahaan Anda ke sertifikat sistem, atau sebutkan berkasnya dalam NODE_EXTRA_CA_CERTS; layanan membacanya saat dimulai.';
const runCheck = 'Jalankan "cadangan check --read-data" untuk melihat apa yang terdampak.';

/** The same in Indonesian, with the words of Google's and Microsoft's Indonesian interfaces. */
export const indonesian: Phrasebook = {
  errors: {
    'repository.missing': (facts) => ({ what: `Tidak ada repositori di ${at(facts)}.`, next: seeRepository }),
    'storage.no-repository': (facts) =>
      facts.plain('missing') === 'bucket'
        ? {
            what: `Tidak ada repositori di ${at(facts)}: bucket itu tidak ada.`,
            next: 'Periksa namanya dan nama servernya. "cadangan init" membuatnya, bila kunci akses ini boleh.',
          }
        : { what: `Tidak ada repositori di ${at(facts)}.`, next: seeRepository },
    'repository.exists': (facts) => ({
      what: `Tidak dapat membuat repositori di ${at(facts)}: sudah ada repositori di sana.`,
      next: 'Gunakan yang itu, atau sebutkan folder kosong.',
    }),
    'repository.wrong-password': (facts) => ({
      what: `Tidak dapat membuka repositori di ${at(facts)}: kata sandi salah.`,
      next:
        facts.plain('keysUntried') === undefined
          ? 'Tidak ada kunci repositori ini yang cocok. Periksa kata sandi, dan apakah ini repositori yang dimaksud.'
          : `${facts.plain('keysTried')} kunci pertama tidak ada yang cocok; ${facts.plain('keysUntried')} lainnya tidak dicoba. Dengan kata sandi yang membukanya, "cadangan key remove" menghapus kunci yang tidak dipakai; "restic --key-hint" mencoba kunci tertentu.`,
    }),
    'repository.locked': lockedMessage,
    'repository.lock-lost': (facts) => ({
      what: `Dihentikan: penguncian repositori di ${at(facts)} hilang${because(facts)}.`,
      next: 'Mungkin program lain menghapusnya, atau repositori terlalu lama tidak terjangkau. Jalankan lagi perintah yang sama.',
    }),
    'repository.damaged': (facts) => ({
      what: `Repositori rusak: ${[damagedThing(facts), facts.plain('reason')].filter((part) => part !== undefined).join(': ') || 'tidak dapat dibaca'}.`,
      next: facts.plain('kind') === 'index' ? 'Jalankan "cadangan repair index": indeks dibuat baru dari pack.' : runCheck,
    }),
    'repository.pack-unknown': (facts) => ({
      what: `Tidak ada pack ${facts.plain('pack') ?? ''}, baik di penyimpanan maupun di indeks.`,
      next: 'Ambil id-nya dari "cadangan check --read-data".',
    }),
    'repository.index-wrong': (facts) => ({
      what: `Indeks dan pack tidak cocok: ada pack yang tidak ada, tidak utuh, atau tidak disebut (${facts.plain('count') ?? '1'}, misalnya ${facts.plain('pack') ?? 'satu'}).`,
      next: 'Jalankan "cadangan repair index" dahulu.',
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
    'prune.refused': pruneRefused,
    'prune.overdue': (facts) => ({
      what: `Yang tidak diperlukan snapshot mana pun sudah ${facts.plain('days') ?? 'banyak'} hari tidak dihapus dari repositori di ${at(facts)}: setiap kali gilirannya tiba, repositori sedang dipakai, tidak terjangkau, atau terkunci.`,
      next: 'Jalankan "cadangan prune" pada saat tidak ada pencadangan, dan sediakan saat seperti itu seminggu sekali. Kunci program yang sudah tidak ada dihapus dengan "cadangan unlock".',
    }),
    'storage.unreachable': (facts) => ({
      what: `Tidak dapat menjangkau repositori di ${at(facts)}${inFile(facts)}${because(facts)}.${unheeded(facts, 'Tidak diindahkan di ssh_config')}`,
      next: between(facts) ?? (isRemote(facts.plain('location') ?? '') ? checkServer : checkStorage),
    }),
    'storage.full': (facts) => ({
      what: `Tidak ada ruang tersisa di ${at(facts)}${freeSpace(facts)}.`,
      next: 'Kosongkan ruang di sana, lalu jalankan lagi perintah yang sama: yang sudah tersimpan akan dipakai.',
    }),
    'storage.denied': (facts) =>
      deniedForATime(facts) ??
      (facts.plain('reason') === 'login'
        ? {
            what: `Tidak dapat masuk ke "${facts.plain('host') ?? 'server'}" sebagai "${facts.plain('user') ?? 'pengguna ini'}", untuk ${at(facts)}: server tidak menerima satu pun dari ${facts.list('tried').join(', ') || 'kunci yang ada (tidak ada)'}.${unheeded(facts, 'Tidak diindahkan di ssh_config')}`,
            next: 'Periksa penggunanya. Tambahkan kunci publik ke ~/.ssh/authorized_keys pengguna itu di server, sebutkan kunci lain (IdentityFile di ~/.ssh/config), atau muat ke agen ("ssh-add").',
          }
        : {
            what: `Tidak diizinkan mengakses ${at(facts)}${inFile(facts)}${because(facts)}.`,
            next: 'Periksa izin pengguna ini di sana. Untuk sekadar membaca repositori yang tidak dapat ditulisi, tambahkan --no-lock.',
          }),
    'storage.unknown-host': (facts) => ({
      what: `Server "${facts.plain('host') ?? ''}", port ${facts.plain('port') ?? '22'}, belum dikenal: kunci ${facts.plain('keyType') ?? ''}-nya memiliki sidik jari ${facts.plain('fingerprint') ?? ''}${because(facts)}. Tidak ada yang dikirim ke sana.${unheeded(facts, 'Tidak diindahkan di ssh_config')}`,
      next: 'Bandingkan sidik jari itu dengan yang ditunjukkan server sendiri ("ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub" di sana), lalu hubungkan sekali dengan "ssh" dan setujui.',
    }),
    'storage.host-changed': (facts) => ({
      what: [
        `Ditolak menghubungi "${facts.plain('host') ?? ''}", port ${facts.plain('port') ?? '22'}: kuncinya lain dari yang dikenal${because(facts)}.`,
        `Yang ditunjukkan ${facts.plain('keyType') ?? 'kunci'} ${facts.plain('fingerprint') ?? ''};`,
        `yang dikenal ${facts.plain('knownKeyType') ?? ''} ${facts.plain('knownFingerprint') ?? ''}`,
        `(baris ${facts.plain('line') ?? ''} di ${facts.plain('file') ?? 'daftar server yang dikenal'}).${unheeded(facts, 'Tidak diindahkan di ssh_config')}`,
      ].join(' '),
      next: 'Mungkin ada pihak di tengah. Tanyakan kepada pengelola server; hanya bila kuncinya memang sengaja diganti, hapus baris itu dan hubungkan lagi.',
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
    'snapshot.protected': (facts) => ({
      what: `Snapshot ${shortId(facts.plain('snapshot'))} ${facts.plain('until') === undefined ? 'dilindungi' : `ditahan sampai ${facts.plain('until')}`}. Tidak ada yang dihapus.`,
      next: 'Tag-nya menyebutkan itu ("keep", atau "hold" dengan tanggal). Yang berwenang mencabutnya dengan "cadangan tag --remove".',
    }),
    'retention.held': (facts) => ({
      what: `Tidak ada snapshot yang dihapus: ${heldBecause(facts)}${moreHolds(facts)}.`,
      next: heldNext(facts),
    }),
    'path.not-found': (facts) => ({
      what: `${facts.quoted('path', 'Lokasi itu')} tidak ada dalam snapshot${because(facts)}.`,
      next: 'Lihat "cadangan ls" untuk isinya; lokasi diawali dengan /.',
    }),
    'path.unsupported': (facts) => ({
      what: `Lokasi ${facts.quoted('path', 'yang diberikan')} tidak dapat dipakai${because(facts)}.`,
      next: 'Tuliskan lokasi lengkapnya, mulai dari drive atau folder berbaginya, misalnya C:\\Data atau \\\\server\\share\\Data.',
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
    'target.not-synced': (facts) => ({
      what: `Yang dipulihkan ke ${facts.quoted('target', 'tujuan')} belum aman di disk (${facts.plain('reason') ?? 'gagal'}).`,
      next: 'Yang ditulis terakhir belum terhitung dipulihkan. Periksa disknya, lalu jalankan lagi perintah yang sama.',
    }),
    'home.unknown': (facts) => ({
      what: `Folder rumah pengguna ${facts.plain('uid') ?? ''} tidak diketahui: HOME tidak diatur, dan pengguna itu tidak ada dalam /etc/passwd.`,
      next: 'Atur HOME, atau CADANGAN_CONFIG dan CADANGAN_STATE.',
    }),
    'state.unusable': (facts) => ({
      what: `Tidak dapat memakai ${facts.quoted('path', 'berkas milik Cadangan sendiri')}${because(facts)}${belongsTo(facts)}.`,
      next: stateRemedy(facts),
    }),
    'password.missing': (facts) => ({
      what: `${facts.plain('file') === undefined ? 'Kata sandi tidak diberikan' : `Tidak dapat mengambil kata sandi dari ${facts.quoted('file')}`}${because(facts)}.`,
      next: 'Gunakan --password-file, --password-command, RESTIC_PASSWORD, atau ketikkan di terminal.',
    }),
    'password.exposed': (facts) => ({
      what: `Berkas kata sandi ${facts.quoted('file', 'set itu')} dapat dibaca oleh selain pemiliknya${facts.plain('mode') === undefined ? '' : ` (mode ${facts.plain('mode')})`}; berkas itu tidak dipakai.`,
      next: `Cabut hak baca mereka (${facts.plain('readers') === undefined ? 'chmod 600' : `icacls: ${facts.plain('readers')}`}), dan ganti kata sandinya bila mungkin sudah ada yang membacanya.`,
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
    'output.failed': (facts) =>
      facts.plain('file') === undefined
        ? {
            what: `Keluaran standar tidak tertulis utuh${because(facts)}.`,
            next: 'Pencadangan atau pemulihan tetap berjalan sampai selesai, begitu pula rekamannya.',
          }
        : {
            what: `Tidak dapat menulis ${facts.quoted('file')}${because(facts)}.`,
            next: 'Sebutkan berkas lain dengan --output, atau kosongkan ruang di sana.',
          },
    'config.invalid': (facts) => ({
      what: `Tidak dapat memakai konfigurasi${facts.plain('path') === undefined ? '' : ` ${facts.quoted('path')}`}${inLine(facts)}${because(facts)}.`.replace(
        '?.',
        '?',
      ),
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
      next: 'Beri kedua repositori folder masing-masing: sebutkan folder lain ("to") untuk salah satunya. Berkasnya yang sudah ada di folder itu kemudian dapat dihapus dengan tangan.',
    }),
    'offsite.source-doubtful': (facts) => ({
      what: `Tidak ada yang disalin: repositori di ${at(facts)} tidak seperti seharusnya${because(facts)}.`,
      next: 'Pastikan disk atau folder berbagi terpasang dan "cadangan check" tidak menemukan kesalahan. Salinan eksternal tetap seperti semula.',
    }),
    'offsite.folder-moved': (facts) => ({
      what: `Dihentikan: folder salinan tidak lagi di ${at(facts)}; sekarang ada di ${facts.quoted('seen', 'tempat lain')} di Google Drive. Tidak ada yang disalin.`,
      next: `Kembalikan nama atau tempatnya, atau sebutkan tempat barunya ("to") dalam konfigurasi. ${beginAnew}`,
    }),
    'offsite.folder-trashed': (facts) => ({
      what: `Dihentikan: folder salinan, ${at(facts)}, ada di sampah Google Drive, dengan ${facts.plain('files') ?? 'semua'} berkas. Tidak ada yang disalin.`,
      next: `Pulihkan di drive.google.com (Sampah, dalam 30 hari). ${beginAnew}`,
    }),
    'offsite.folder-unseen': (facts) => ({
      what: `Dihentikan: folder salinan, ${at(facts)}, tidak terlihat di Google Drive, padahal ada ${facts.plain('files') ?? 'semua'} berkas di sana. Tidak ada yang disalin.`,
      next: `Folder itu dihapus permanen, atau klien OAuth dibuat baru: Google hanya memperlihatkan kepada klien apa yang dibuatnya sendiri. Dengan berkas klien yang lama folder itu terlihat lagi. ${beginAnew}`,
    }),
    'offsite.files-gone': (facts) => ({
      what: `Dihentikan: dari ${facts.plain('files') ?? 'semua'} berkas yang ada di salinan ${at(facts)}, tinggal ${facts.plain('seen') ?? 'sedikit'}; ${facts.plain('trashed') ?? 'sebagian'} ada di sampah. Tidak ada yang disalin.`,
      next: `Lihat di tempatnya (disk atau folder berbagi yang terpasang, bucket, halaman Google Drive) apakah folder di dalamnya diganti nama, dipindahkan, atau dihapus, lalu kembalikan. ${beginAnew}`,
    }),
    'offsite.not-kept': (facts) =>
      facts.plain('reason') === 'config-held'
        ? {
            what: `Salinan di ${at(facts)} tidak dapat diperbarui lagi: sejak dimigrasikan repositori memiliki config lain, dan yang ada di sana tidak dapat diganti atau dihapus.`,
            next: 'Beri salinan itu tempat baru ("to" dalam konfigurasi): semuanya disalin ke sana. Yang ada di tempat lama tetap seperti adanya dan dapat dipulihkan.',
          }
        : {
            what: `Yang dikirim ke ${at(facts)} tidak tersimpan di sana seperti saat dikirim${inFile(facts)}${because(facts)}.`,
            next: 'Jalankan lagi perintah yang sama. Jika tetap begitu, uji disk server itu, jaringan, dan memori mesin ini; berkas dengan isi salah yang ditahan server append-only harus dihapus di server itu.',
          },
    'offsite.busy': (facts) => ({
      what: `Salinan eksternal ${facts.quoted('copy', 'dengan nama itu')} sedang dikerjakan proses lain${because(facts)}.`,
      next: 'Tunggu sampai selesai, atau biarkan proses itu mengerjakannya.',
    }),
    'time-zone.unusable': (facts) => ({
      what: `Zona waktu komputer ini ${facts.quoted('timeZone', 'yang disetel')} tidak dikenal dengan nama itu, sehingga hari dan rentang waktu tidak dapat ditentukan.`,
      next: 'Tulis zonanya dalam konfigurasi ("timeZone": "Asia/Jakarta"), atau sebutkan demikian dalam TZ.',
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
      what: `Layanan mesin tidak menjalankan apa pun yang dapat diubah oleh selain administrator: ${facts.quoted('path', 'berkas yang dipakainya')} (${facts.plain('reason') ?? 'tidak diketahui'}).`,
      next: 'Jadikan berkas itu dan folder di atasnya milik root, dan jangan izinkan orang lain menulis di sana (chown root, chmod go-w).',
    }),
    'service.no-new-rights': (facts) => ({
      what: `${facts.quoted('set', 'Sebuah set')} menjalankan ${facts.plain('program') ?? 'program yang membutuhkan hak lain'}, padahal di bawah layanan mesin tidak ada program yang memperoleh hak tambahan.`,
      next: 'Biarkan akun layanan mengerjakannya dengan haknya sendiri (di basis data: peran dengan nama itu), atau sebutkan akun yang memiliki hak itu dengan --run-as.',
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
    'file.in-use': (facts) => ({
      what: `${facts.quoted('path', 'Sebuah berkas')} sedang dipakai program lain, yang tidak kunjung melepaskannya.`,
      next: 'Tutup program yang membukanya. Jika pemindai virus atau program pencadangan lain yang memegangnya, kecualikan folder itu di sana. Lalu jalankan lagi perintah yang sama; pekerjaan terjadwal berjalan lagi dengan sendirinya.',
    }),
    'file.too-large': (facts) => ({
      what: `${facts.quoted('path', 'Berkas itu')} terlalu besar untuk ini (${facts.plain('sizeBytes') ?? 'lebih banyak'} byte; paling banyak ${facts.plain('maxBytes') ?? 'lebih sedikit'}).`,
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
    'records.sealed': (facts) => ({
      what: `Berkas riwayat yang disimpan, ${facts.quoted('file', 'salah satunya')}, tidak dapat dibuka${because(facts)}.`,
      next: 'Berkas itu disegel dengan kunci repositori di sampingnya. Berikan kata sandi repositori itu.',
    }),
    'records.not-kept': (facts) => ({
      what: `Tidak ada riwayat rekaman di ${facts.quoted('location', 'tempat itu')}.`,
      next: 'Sebutkan folder sebuah salinan eksternal, seperti "gdrive:Folder/Sub"; "records" salinan itu tidak boleh "off".',
    }),
    'records.several': (facts) => ({
      what: `Di ${facts.quoted('location', 'tempat itu')} ada beberapa riwayat: ${facts.quoted('chains', 'lebih dari satu')}.`,
      next: 'Pilih satu dengan --chain. README.txt dalam folder masing-masing menyebutkan milik siapa.',
    }),
    'records.contradicted': (facts) => ({
      what: `Tidak ada yang dibawa kembali dari ${facts.quoted('location', 'tempat itu')}${because(facts)}.`,
      next: 'Yang ada di sana tidak diubah. Lihatlah: di Google Drive versi lama sebuah berkas ada di sampah selama 30 hari; di tempat lain snapshot lama dengan tag "cadangan-records" memilikinya.',
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
      what: `Google Drive tidak dapat menampung lagi${ofAccount(facts)}${because(facts)}${freeSpace(facts)}.`,
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
      next:
        between(facts) ??
        'Periksa jaringan dan proksi ("proxy" di bawah "googleDrive"), lalu jalankan lagi perintah yang sama: yang sudah tersimpan akan dipakai.',
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
    'alert.unknown': (facts) => ({
      what: `Tidak ada penerima peringatan bernama ${facts.quoted('receiver')}.`,
      next: 'Nama-namanya ada di bawah "alerts" dalam konfigurasi; "cadangan alert status" menampilkannya.',
    }),
    'alert.unreachable': (facts) => ({
      what: `Peringatan tidak dapat mencapai ${facts.quoted('receiver', 'penerimanya')}${because(facts)}.`,
      next: 'Periksa alamat, jaringan, dan sertifikat yang ditunjukkan di sana; lalu jalankan "cadangan alert test".',
    }),
    'alert.refused': (facts) => ({
      what: `Peringatan untuk ${facts.quoted('receiver', 'penerimanya')} tidak diterima${because(facts)}.`,
      next: 'Periksa nama, kata sandi atau token, dan alamat di bawah "alerts"; lalu jalankan "cadangan alert test".',
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

/** Mengapa snapshot lama tetap ada. */
function heldBecause(facts: FactReader): string {
  switch (facts.plain('hold') ?? '') {
    case 'keeps-nothing':
      return `aturan tidak menyimpan satu pun dari ${facts.quoted('group', 'sebuah kelompok')}`;
    case 'empties':
      return `tidak akan ada yang tersisa dari ${facts.quoted('group', 'sebuah set')}`;
    case 'not-readable':
      return `${facts.quoted('file', 'sebuah berkas')} tidak dapat dibaca, sehingga tidak diketahui apa lagi yang ada`;
    case 'snapshots-missing':
      return `rekaman mengenal ${facts.plain('count') ?? 'beberapa'} snapshot yang tidak ada lagi di repositori (${shortId(facts.plain('snapshot'))})`;
    case 'sudden-change':
      return `cadangan ${facts.plain('time') ?? 'suatu malam'} berubah lebih dari biasanya: ${changeParts(facts)}`;
    case 'newest-backup':
      return `cadangan terbaru, dari ${facts.plain('time') ?? 'suatu tanggal'} (${shortId(facts.plain('snapshot'))}), akan terhapus, jadi jam keliru ketika salah satu cadangan dibuat, atau sekarang`;
    case 'future':
      return `cadangan dari ${facts.plain('time') ?? 'suatu tanggal'} (${shortId(facts.plain('snapshot'))}) bertanggal yang belum tiba, jadi jam keliru ketika cadangan itu dibuat, atau sekarang`;
    case 'clock-forward':
      return `jam dimajukan dari ${facts.plain('from') ?? 'suatu tanggal'} ke ${facts.plain('to') ?? 'tanggal lain'}, dan yang akan terhapus berasal dari sebelumnya`;
    case 'open':
      return `${facts.plain('nonconformity') ?? 'sebuah ketidaksesuaian'} menahannya sampai ditutup`;
    default:
      return 'ada yang tidak seperti biasanya';
  }
}

const changeWords: Readonly<Record<string, string>> = {
  changed: 'isinya tidak mirip lagi dengan sebelumnya',
  vanished: 'hilang',
  scrambled: 'tidak dapat dikompresi lagi, seakan-akan dienkripsi',
  renamed: 'diganti dengan ekstensi yang belum pernah ada',
};

function changeParts(facts: FactReader): string {
  const extensions = facts.list('extensions').slice(0, 3).join(', ');
  const parts = facts.list('what').map((what) => {
    const told = what === 'renamed' && extensions !== '' ? ` (${extensions})` : '';
    return `${facts.plain(what) ?? '0'} ${changeWords[what] ?? what}${told}`;
  });
  return `dari ${facts.plain('filesBefore') ?? '?'} berkas, ${parts.join(', ')}`;
}

function moreHolds(facts: FactReader): string {
  const more = facts.plain('more');
  return more === undefined ? '' : `; dan ${more} lagi`;
}

function heldNext(facts: FactReader): string {
  const look =
    facts.plain('hold') === 'sudden-change'
      ? 'Bandingkan cadangan itu dengan yang sebelumnya ("cadangan diff"), dan periksa sumbernya.'
      : 'Periksa dahulu.';
  return `${look} Dengan --release perintah tetap menghapusnya; yang ditahan jadwal berlanjut setelah ketidaksesuaiannya ditutup.`;
}

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
  if (facts.plain('unreadable') !== undefined)
    return {
      what: `Repositori di ${at(facts)} dikunci oleh ${facts.quoted('unreadable')}, yang tidak dapat dibaca.`,
      next: lockGoes(facts, 'Jika tidak ada yang sedang menulisnya, penguncian itu'),
    };
  return {
    what: `Repositori di ${at(facts)} dikunci${kind} oleh ${holder || 'pihak lain'}${process === undefined ? '' : `, proses ${process}`}${since === undefined ? '' : `, sejak ${since}`}.`,
    next: `Tunggu sampai selesai (--retry-lock 10m melakukannya). ${lockGoes(facts, 'Jika program itu sudah tidak ada, pengunciannya')}`,
  };
}

function lockGoes(facts: FactReader, lock: string): string {
  const at = facts.plain('goesAt')?.slice(0, 16).replace('T', ' ');
  return at === undefined
    ? 'Jika tidak ada program lain yang bekerja di repositori itu, "cadangan unlock --remove-all" menghapusnya.'
    : `${lock} hilang dengan sendirinya pada ${at}; "cadangan unlock --remove-all" langsung menghapusnya.`;
}

function belongsTo(facts: FactReader): string {
  return facts.plain('owner') === undefined ? '' : `; itu milik pengguna ${facts.plain('owner')}`;
}

function stateRemedy(facts: FactReader): string {
  const owner = facts.plain('owner');
  if (owner === undefined) return 'Periksa izin pengguna ini dan ruangnya di sana, atau sebutkan folder lain dengan CADANGAN_STATE.';
  if (facts.plain('uid') === '0')
    return `Jalankan perintah itu sebagai pengguna tersebut (sudo -u "#${owner}" cadangan ...), atau dengan keadaan milik root (sudo -H cadangan ...).`;
  return `Administrator dapat mengembalikannya: sudo chown -R ${facts.plain('uid')} ${facts.quoted('folder')}`;
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

/** What to do about what stands between this machine and Google, where that showed. */
function between(facts: FactReader): string | undefined {
  const what = facts.plain('between');
  return what === 'proxy' ? notGoogle : what === 'certificate' ? otherCertificate : undefined;
}

/** Tidak ada yang dihapus; yang disebut ialah blob, pack, atau snapshot. */
function pruneRefused(facts: FactReader): Message {
  const count = facts.plain('count') ?? '0';
  const examples = `${facts.list('examples').join(', ')}${Number(count) > facts.list('examples').length ? ' …' : ''}`;
  const nothing = `Tidak ada yang dihapus dari repositori di ${at(facts)}`;
  switch (facts.plain('reason') ?? '') {
    case 'packs-missing':
      return {
        what: `${nothing}: ${count} pack yang diperlukan snapshot hilang (${examples}).`,
        next: 'Jalankan "cadangan check" untuk melihat berkas mana yang terkena. Kembalikan pack itu dari salinan, atau jalankan "cadangan repair index", lalu "cadangan repair snapshots".',
      };
    case 'pack-size':
      return {
        what: `${nothing}: panjang ${count} pack tidak seperti kata indeks (${examples}).`,
        next: 'Jalankan "cadangan repair index", lalu "cadangan check".',
      };
    case 'changing':
      return {
        what: `${nothing}: ${count} snapshot muncul atau hilang selama itu (${examples}), padahal repositori terkunci.`,
        next: 'Mungkin daftar dari penyimpanan terlambat, atau ada program yang mengabaikan kunci itu. Jalankan lagi perintah yang sama.',
      };
    case 'snapshots-missing':
      return {
        what: `${nothing}: ${count} snapshot yang dikenal rekaman sudah tidak ada (${examples}), dan prune akan menghapus apa yang diperlukannya.`,
        next: 'Jalankan "cadangan records nonconformities": keputusan di sana melepaskannya. Jika memang boleh tidak ada, jalankan perintah yang sama dengan --release; "cadangan recover" menemukan isinya.',
      };
    case 'no-snapshots':
      return {
        what: `${nothing}: ada data cadangan di sana dan tidak satu pun snapshot, sehingga prune akan menghapus semuanya.`,
        next: 'Jika snapshot hilang, kembalikan dari salinan, atau jalankan "cadangan recover". Jika semuanya boleh dihapus, jalankan perintah yang sama dengan --release.',
      };
    default:
      return {
        what: `${nothing}: ${count} blob yang diperlukan snapshot tidak ada di indeks maupun pack (${examples}).`,
        next: 'Jalankan "cadangan check" untuk melihat berkas mana yang terkena, dan "cadangan repair index" jika satu berkas indeks hilang.',
      };
  }
}

/** What no right changes: a clock that is off, a lock whose time has to pass. */
function deniedForATime(facts: FactReader): Message | undefined {
  const until = facts.plain('until');
  const ours = facts.plain('ours');
  if (ours !== undefined)
    return {
      what: `${at(facts)} menolak permintaan: jam komputer ini menunjukkan ${ours}, jam server ${facts.plain('theirs') ?? 'tidak diketahui'}.`,
      next: 'Betulkan jam yang salah, dan jaga agar tetap benar (NTP, "timedatectl set-ntp true"). Server menolak permintaan yang meleset lebih dari 15 menit.',
    };
  if (until !== undefined)
    return {
      what: `Sebuah berkas repositori di ${at(facts)} tidak dapat dihapus sampai ${until}${inFile(facts)}: penyimpanan menguncinya.`,
      next: 'Tidak seorang pun dapat menghapusnya sebelum itu, dan tidak ada yang salah: retensi dan prune mengambilnya setelah waktu itu lewat.',
    };
  return undefined;
}
