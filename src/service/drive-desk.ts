import type { DriveStatus } from './protocol.ts';
import { CopyDesk, type CopyDeskOptions } from './copy-desk.ts';
import { GoogleAccount } from './google-account.ts';

/** The account on Google Drive, and the off-site copies, wherever they lie. */
export class DriveDesk {
  readonly account: GoogleAccount;
  readonly copies: CopyDesk;
  readonly #onChange: () => void;

  constructor(options: Omit<CopyDeskOptions, 'account'>) {
    this.#onChange = options.onChange;
    this.account = new GoogleAccount({
      ...options,
      onSignIn: async () => {
        await this.copies.matchKeepers();
        options.onChange();
      },
    });
    this.copies = new CopyDesk({ ...options, account: this.account });
  }

  async status(): Promise<DriveStatus> {
    const copies = await this.copies.infos();
    return { ...(await this.account.status()), copies };
  }

  async configurationChanged(): Promise<void> {
    this.account.forget();
    await this.copies.matchKeepers();
    this.#onChange();
  }

  async close(): Promise<void> {
    await Promise.all([this.copies.close(), this.account.close()]);
  }
}
