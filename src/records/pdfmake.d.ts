/** What we use of pdfmake 0.3 under Node. The package has no types of its own, and those made by others bring the DOM along. */
declare module 'pdfmake' {
  interface CreatedPdf {
    getBuffer(): Promise<Buffer>;
  }
  interface PdfMake {
    setFonts(fonts: Readonly<Record<string, Readonly<Record<'normal' | 'bold' | 'italics' | 'bolditalics', string>>>>): void;
    /** Whether an address may be loaded. */
    setUrlAccessPolicy(isAllowed: (url: string) => boolean): void;
    /** Whether a file may be read. */
    setLocalAccessPolicy(isAllowed: (path: string) => boolean): void;
    createPdf(definition: import('./document-writers.ts').PdfDocument): CreatedPdf;
  }
  const pdfmake: PdfMake;
  export default pdfmake;
}
