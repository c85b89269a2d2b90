import { readdir } from 'node:fs/promises';
import { systemCode } from './errors.ts';

/** In no order. A folder that is not there has none. @throws the system's errors */
export async function namesInFolder(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}
