import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { isCode } from '../../src/platform/index.ts';
import { CredentialSource, type CredentialPlaces } from '../../src/storage/s3/credentials.ts';
import { parseProfiles } from '../../src/storage/s3/shared-files.ts';

interface Files {
  readonly credentials?: string;
  readonly config?: string;
}

function home(t: TestContext, { credentials, config }: Files): string {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-home-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, '.aws'));
  if (credentials !== undefined) writeFileSync(join(folder, '.aws', 'credentials'), credentials);
  if (config !== undefined) writeFileSync(join(folder, '.aws', 'config'), config);
  return folder;
}

function sourceOf(t: TestContext, files: Files, places: Partial<CredentialPlaces> = {}): CredentialSource {
  return new CredentialSource({ environment: {}, homeFolder: home(t, files), ...places });
}

async function refusal(source: CredentialSource): Promise<Readonly<Record<string, unknown>>> {
  const error: unknown = await source.current().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert(isCode(error, 'storage.denied'), String(error));
  return error.facts;
}

const ofEnvironment = { AWS_ACCESS_KEY_ID: 'AKIDENV', AWS_SECRET_ACCESS_KEY: 'env-secret' };
const credentials = `# comment
[default]
aws_access_key_id = AKIDDEFAULT
aws_secret_access_key = default/secret=+

[night]
aws_access_key_id=AKIDNIGHT
aws_secret_access_key=night-secret
aws_session_token = token==
`;

describe('keys are found', () => {
  test('in the environment, with a session', async (t) => {
    const source = sourceOf(t, { credentials }, { environment: { ...ofEnvironment, AWS_SESSION_TOKEN: 'session', AWS_PROFILE: 'night' } });
    assert.deepEqual(await source.current(), { accessKeyId: 'AKIDENV', secretAccessKey: 'env-secret', sessionToken: 'session' });
  });

  test('in the profile that was named, whatever the environment has', async (t) => {
    const source = sourceOf(t, { credentials }, { environment: ofEnvironment, profile: 'night' });
    assert.deepEqual(await source.current(), { accessKeyId: 'AKIDNIGHT', secretAccessKey: 'night-secret', sessionToken: 'token==' });
  });

  test('in the default profile, and in that of AWS_PROFILE', async (t) => {
    const isDefault = { accessKeyId: 'AKIDDEFAULT', secretAccessKey: 'default/secret=+' };
    assert.deepEqual(await sourceOf(t, { credentials }).current(), isDefault);
    assert.equal((await sourceOf(t, { credentials }, { environment: { AWS_PROFILE: 'night' } }).current()).accessKeyId, 'AKIDNIGHT');
  });

  test('in the file of settings, and in files elsewhere', async (t) => {
    const config = '[profile night]\naws_access_key_id = AKIDCONFIG\naws_secret_access_key = x\nregion = ap-southeast-3\n';
    const places = { environment: { AWS_PROFILE: 'night' } };
    const source = sourceOf(t, { config }, places);
    assert.equal((await source.current()).accessKeyId, 'AKIDCONFIG');
    assert.equal(await source.region(), 'ap-southeast-3');
    const elsewhere = join(home(t, { credentials }), '.aws', 'credentials');
    const environment = { AWS_SHARED_CREDENTIALS_FILE: elsewhere };
    assert.equal((await sourceOf(t, {}, { environment }).current()).accessKeyId, 'AKIDDEFAULT');
    assert.equal((await sourceOf(t, {}, { credentialsFile: elsewhere }).current()).accessKeyId, 'AKIDDEFAULT');
  });

  test('and the region is that of the environment before that of the profile, if it can be one', async (t) => {
    const config = '[default]\nregion = eu-west-1\n';
    assert.equal(await sourceOf(t, { config }, { environment: { AWS_DEFAULT_REGION: 'us-west-2' } }).region(), 'us-west-2');
    assert.equal(await sourceOf(t, { config }, { environment: { AWS_REGION: 'evil.example/' } }).region(), undefined);
    assert.equal(await sourceOf(t, { config }).region(), 'eu-west-1');
  });
});

describe('who has no keys is told what is missing', () => {
  test('where nothing is', async (t) => {
    const source = sourceOf(t, {});
    const { reason, profile, path } = await refusal(source);
    assert.deepEqual([reason, profile], ['credentials-missing', 'default']);
    assert.match(String(path), /credentials$/);
  });

  for (const setting of ['sso_session', 'role_arn', 'credential_process', 'web_identity_token_file'])
    test(`where they would come by ${setting}`, async (t) => {
      const config = `[profile night]\n${setting} = something\nregion = eu-west-1\n`;
      const { reason, setting: named } = await refusal(sourceOf(t, { config }, { profile: 'night' }));
      assert.deepEqual([reason, named], ['credentials-unsupported', setting]);
    });

  test('where one half is missing, or a line was pasted wrong, and no half of it is shown', async (t) => {
    for (const places of [
      { environment: { AWS_ACCESS_KEY_ID: 'AKIDENV' } },
      { environment: { AWS_SECRET_ACCESS_KEY: 'env-secret' } },
      { environment: { ...ofEnvironment, AWS_SECRET_ACCESS_KEY: 'env-secret\nHost: evil' } },
      { profile: 'night' },
    ]) {
      const source = sourceOf(t, { credentials: '[night]\naws_secret_access_key = env-secret\n' }, places);
      const facts = await refusal(source);
      assert.equal(facts['reason'], 'credentials-incomplete');
      assert(!JSON.stringify(facts).includes('env-secret'));
    }
  });

  test('a file that cannot be read is named', async (t) => {
    const folder = home(t, {});
    const { reason, path } = await refusal(sourceOf(t, {}, { credentialsFile: join(folder, '.aws') }));
    assert.deepEqual([reason, path], ['credentials-unreadable', join(folder, '.aws')]);
  });

  test('a failure is not kept: the file may be right the next time', async (t) => {
    const folder = home(t, {});
    const source = new CredentialSource({ environment: {}, homeFolder: folder });
    await refusal(source);
    writeFileSync(join(folder, '.aws', 'credentials'), credentials);
    assert.equal((await source.current()).accessKeyId, 'AKIDDEFAULT');
  });
});

test('what is indented belongs to the line before, and sections of other kinds are none of ours', () => {
  const text = '\ufeff[default]\r\nregion = eu-west-1 ; comment\r\ns3 =\r\n  region = nested\r\n[sso-session x]\r\nregion = other\r\n';
  const profiles = parseProfiles(text);
  assert.equal(profiles.get('default')?.get('region'), 'eu-west-1');
  assert.equal(profiles.get('x'), undefined);
});
