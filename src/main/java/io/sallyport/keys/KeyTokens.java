package io.sallyport.keys;

/** The PKCS#11 tokens that keys are kept in. */
public interface KeyTokens {
  /**
   * Logs in to every token that is set up; does nothing without one. Refuses with {@code unavailable}, and says what to do,
   * when a token is not there, refuses its PIN (which is not tried again then), or is not set up though keys are in it.
   */
  void require();
}
