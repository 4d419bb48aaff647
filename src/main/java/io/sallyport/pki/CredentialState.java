package io.sallyport.pki;

/** How far a recorded serial came. */
enum CredentialState {
  /** Recorded, not signed yet. */
  PREPARED,
  ISSUED,
  /** Revoked, or never finished and closed. */
  REVOKED
}
