package io.sallyport.pki;

/** How far a recorded serial came. */
enum CredentialState {
  /** Recorded, not signed yet. */
  PREPARED,
  ISSUED,
  /** Revoked for good or on hold, or never finished and closed. */
  REVOKED
}
