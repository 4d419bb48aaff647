package io.sallyport.kernel;

/**
 * One kind of expected refusal. Implemented by enums, one row a problem; becomes problem+json (RFC 9457), EST text or an
 * ACME URN only at the edge.
 */
public interface Problem {
  /** The stable name, lower-case words joined by hyphens; the last part of the problem's type URI. */
  String slug();

  /** The HTTP status that answers it, 400 to 599. */
  int status();

  /** A short summary that does not change from occurrence to occurrence. */
  String title();
}
