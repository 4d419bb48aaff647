package io.sallyport.admin.api;

/** What all of {@code /api/v1} has in common. */
final class Api {
  static final String V1 = "/api/v1";

  /** RFC 9512. */
  static final String YAML = "application/yaml";

  private Api() {}
}
