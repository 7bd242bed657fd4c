declare module 'virtual:europe' {
  /** Paths in steps of the grid of projection.ts; the key '' holds the land of other countries. */
  const europe: { countries: Record<string, string>; borders: string };
  export default europe;
}
declare module '*.css';
