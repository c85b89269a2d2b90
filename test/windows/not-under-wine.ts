export const notUnderWine: readonly { file: string; test?: string; why: string }[] = [];
export const notTriedUnderWine: readonly string[] = [];
