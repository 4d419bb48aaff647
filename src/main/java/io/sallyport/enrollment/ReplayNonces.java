package io.sallyport.enrollment;

/** Nonces against replay (RFC 8555 §6.5), good on every node of the server, each for one request. */
public interface ReplayNonces {
  /** A fresh one, from memory. */
  String next();

  /** Spends one; refuses with {@code bad-nonce} what this server did not make, made too long ago, or saw before. */
  void spend(String nonce);
}
