package io.sallyport.boot;

/** Why the server does not start, in sentences for the one who starts it. */
final class StartRefused extends RuntimeException {
  private static final long serialVersionUID = 1L;

  StartRefused(String sentences) {
    super(sentences, null, false, false);
  }
}
