// What the peer is told by its environment.

function needed(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") {
    throw new Error(`${name} is not set`);
  }
  return value;
}

export const settings = {
  port: Number(needed("PORT")),
  /** The folder of the database's socket. */
  databaseHost: needed("PGHOST"),
  databaseUser: needed("PGUSER"),
  database: needed("PGDATABASE"),
  /** The keys of access tokens, as a JWK set in a file. */
  keys: needed("JWKS"),
  issuer: needed("ISSUER"),
  /** The key that seals answers: 64 hexadecimal digits in a file. */
  sealingKey: needed("SEALING_KEY"),
};
